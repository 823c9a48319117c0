"""Which service a token is asked for: by AAD's `resource` (v1) or `scope` (v2), and which of our audiences that is.

Source: Partner Center contract §1.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tenantry.access.actions import Permission
from tenantry.core.caller import Audience
from tenantry.core.errors import InvalidScope
from tenantry.tokens.id_tokens import without_sign_in

PARTNER_CENTER = "https://api.partnercenter.microsoft.com"
GRAPH = "https://graph.microsoft.com"
_KNOWN = {
    PARTNER_CENTER: Audience.PARTNER_CENTER,
    "https://graph.windows.net": Audience.DIRECTORY_GRAPH,
    GRAPH: Audience.DIRECTORY_GRAPH,
}
_BARE = (".default", "user_impersonation")
_PERMISSIONS = tuple(f"/{word}" for word in _BARE)
_OF_GRAPH = re.compile(r"[A-Za-z]+(\.[A-Za-z-]+)+")
"""Scopes of Graph, such as `User.Read` and `Directory.AccessAsUser.All`, which its clients send without an address."""
_WORDS = frozenset({*_BARE, *Permission})


@dataclass(frozen=True, slots=True)
class Target:
    """The service that a token is for. `resource` is as the client wrote it, for v1's answer; `scope` is for v2's."""

    audience: Audience
    resource: str
    scope: str


def target_of(resource: str | None, scope: str | None, issuer: str) -> Target:
    """`resource` wins; neither means Partner Center. Raises InvalidScope, whose field says which one is unknown."""
    if resource is not None:
        return Target(_audience_of(resource, issuer, "resource"), resource, f"{resource}/user_impersonation")
    asked = without_sign_in(scope or "", _WORDS)
    named = {_resource_of(word) for word in asked}
    if len(named) > 1:
        raise InvalidScope("All scopes of one request must belong to one resource.", field="scope")
    found = named.pop() if named else PARTNER_CENTER
    audience = _audience_of(found, issuer, "scope")
    return Target(audience, found, " ".join(asked) or f"{found}/user_impersonation")


def names_resource(scope: str) -> bool:
    """Whether one of the words names a service in AAD's way: `https://host/.default`, `user_impersonation`."""
    return any(word.endswith(("user_impersonation", ".default")) for word in scope.split())


def _resource_of(word: str) -> str:
    """The address of the service, `https://host` for `https://host/.default`. A permission alone is one of Partner
    Center's, and a scope of Graph's is Graph's.
    """
    if word in _BARE:
        return PARTNER_CENTER
    for permission in _PERMISSIONS:
        if word.endswith(permission):
            return word.removesuffix(permission)
    resource, _, name = word.rpartition("/")
    if _OF_GRAPH.fullmatch(name) and resource.rstrip("/").lower() in ("", GRAPH):
        return resource or GRAPH
    raise _unknown(word, "scope")


def _audience_of(resource: str, issuer: str, field: str) -> Audience:
    bare = resource.rstrip("/").lower()
    audience = _KNOWN.get(bare)
    if audience is None and bare in (issuer.lower(), f"{issuer.lower()}/{Audience.PARTNER_CENTER}"):
        audience = Audience.PARTNER_CENTER
    if audience is None:
        raise _unknown(resource, field)
    return audience


def _unknown(name: str, field: str) -> InvalidScope:
    return InvalidScope(f"The resource principal named {name[:200]} was not found.", field=field)
