"""Recognises a browser in which a user signed in before, so that the user can still sign in when strangers have used up
the tries of the name.

Its cookie names the user and the time, under a keyed hash that also covers the name that was typed and the time when
the password was set. So it opens nothing, is good for one user, and is useless after every new password. It is made
anew at each sign-in. Garbage costs no read.
"""

from __future__ import annotations

import hmac
from typing import NamedTuple

from fastapi import Request, Response

from tenantry.core.clock import DAY, SECOND, Micros
from tenantry.core.ids import TenantId, UserId, parse_guid
from tenantry.core.normal_form import name_key
from tenantry.directory.own_password import find_password_date
from tenantry.settings import Settings
from tenantry.surfaces.shared.cookies import cookie_of
from tenantry.surfaces.shared.deps import Deps, deps_of

LIFETIME = 180 * DAY


class _Claim(NamedTuple):
    tenant_id: TenantId
    user_id: UserId
    made_at: Micros
    proof: str


async def find_known_user(request: Request, name: str) -> str | None:
    """The id of the user of this sign-in name, if the browser is one of that user's; None otherwise."""
    deps = deps_of(request)
    claim = _read(cookie_of(request, _cookie_name(deps.settings)))
    if claim is None or not 0 <= deps.clock() - claim.made_at < LIFETIME:
        return None
    async with deps.store.read() as read:
        set_at = await find_password_date(read, claim.tenant_id, claim.user_id)
    if set_at is None or not _is_proven(deps, claim, name, set_at):
        return None
    return claim.user_id


async def remember_browser(
    request: Request, response: Response, tenant_id: TenantId, user_id: UserId, name: str
) -> None:
    """Set the cookie, right after the password was checked."""
    deps = deps_of(request)
    async with deps.store.read() as read:
        set_at = await find_password_date(read, tenant_id, user_id)
    if set_at is None:
        return
    claim = _Claim(tenant_id, user_id, deps.clock(), "")
    value = f"{tenant_id}.{user_id}.{claim.made_at}.{_proofs(deps, claim, name, set_at)[0]}"
    response.set_cookie(
        _cookie_name(deps.settings),
        value,
        max_age=LIFETIME // SECOND,
        path="/",
        secure=deps.settings.issuer.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


def _read(raw: str) -> _Claim | None:
    parts = raw.split(".") if len(raw) <= 256 and raw.isascii() else []
    if len(parts) != 4 or not parts[2].isdecimal() or len(parts[2]) > 18:
        return None
    tenant_id, user_id = parse_guid(parts[0]), parse_guid(parts[1])
    if tenant_id is None or user_id is None:
        return None
    return _Claim(TenantId(tenant_id), UserId(user_id), int(parts[2]), parts[3])


def _is_proven(deps: Deps, claim: _Claim, name: str, set_at: Micros) -> bool:
    return any(hmac.compare_digest(claim.proof, each) for each in _proofs(deps, claim, name, set_at))


def _proofs(deps: Deps, claim: _Claim, name: str, set_at: Micros) -> list[str]:
    """The hashes by each pepper, the newest first."""
    text = f"browser {claim.tenant_id} {claim.user_id} {claim.made_at} {set_at} {name_key(name)}"
    return [each.hex() for each in deps.hasher.hashes(text)]


def _cookie_name(settings: Settings) -> str:
    return "__Host-tenantry-browser" if settings.issuer.startswith("https:") else "tenantry-browser"
