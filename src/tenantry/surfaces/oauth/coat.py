"""What the token endpoints and discovery do with every request and every answer.

Clients of a tenant's endpoints know AAD's errors, the others those of RFC 6749; both have the same keys in common.
Answers with tokens are never stored by caches (RFC 6749 §5.1). Source: Partner Center contract §1.2.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, TypeVar

import msgspec

from tenantry.access.actions import Action
from tenantry.core.caller import Audience
from tenantry.core.clock import MINUTE
from tenantry.core.errors import DomainError, NotFound
from tenantry.surfaces.oauth import errors
from tenantry.surfaces.oauth.form import read_form
from tenantry.surfaces.operation import Ask, Coat, Headers, Operation, Surface
from tenantry.surfaces.shared.answers import Answer, bug_answer
from tenantry.surfaces.shared.failures import counted_as

T = TypeVar("T")

FORM = "application/x-www-form-urlencoded"
NO_STORE: Headers = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
SURFACE = "oauth"

_JSON = (b"content-type", b"application/json")
_TENANT = re.compile(r"[A-Za-z0-9._{}-]{1,260}")
_NOWHERE = "address"


class OAuthCoat(Coat):
    """The form of requests, answers and errors. No caller is authenticated before the body is read, since the
    credentials are in it.
    """

    door: ClassVar[Audience | None] = None
    errors: ClassVar[tuple[type, ...]] = (errors.AadError, errors.RfcError)
    security: ClassVar[dict[str, Any]] = {}

    def spell(self, path: str) -> str:
        """The path without a slash at its end, with which clients send a tenant's token endpoint."""
        return path[:-1] if path.endswith("/token/") and path.count("/") > 3 else path

    async def enter(self, ask: Ask) -> Answer | None:
        """Refuse a path that cannot name a tenant."""
        first, _, rest = ask.scope["path"][1:].partition("/")
        return self.no_route(ask, []) if rest and not _TENANT.fullmatch(first) else None

    def read_value(self, name: str, raw: str, kind: Any) -> Any:
        """The tenant as it is written. Raises NotFound for a text that can be none."""
        if not _TENANT.fullmatch(raw):
            raise NotFound(_NOWHERE)
        return raw

    async def read(self, ask: Ask, shape: type[T]) -> T:
        """Read a form. Raises InvalidValue, PayloadTooLarge."""
        form = await read_form(ask.scope, ask.receive, ask.deps.settings.body_limit_bytes)
        return msgspec.convert(form, shape)

    def dress(self, ask: Ask, operation: Operation, value: Any) -> Answer:
        """Answer JSON. An answer with tokens has the id under which the log knows the request."""
        headers = [_JSON, *operation.headers]
        if operation.action is Action.OBTAIN_TOKEN:
            headers.append(_request_id(ask))
        return Answer(operation.status, msgspec.json.encode(value), headers)

    def refuse(self, ask: Ask, error: DomainError) -> Answer | None:
        """Make the response by the table in errors.py; a kind listed there as NEVER is a bug."""
        if isinstance(error, NotFound) and error.what == _NOWHERE:
            return self.no_route(ask, [])
        line = errors.line_of(error)
        if line is None:
            return None
        operation = ask.operation
        if operation is None:
            return Answer(line.status, errors.aad_body(error, line, ask.origin, ask.now), [_JSON])
        is_tenants = operation.path.startswith("/{tenant}/")
        body = errors.aad_body(error, line, ask.origin, ask.now) if is_tenants else errors.rfc_body(error, line)
        return Answer(line.status, body, [_JSON, *NO_STORE, _request_id(ask), *errors.headers_of(error)])

    def count_guess(self, ask: Ask, surface: str) -> None:
        """Count the guess for the client address, and for the client that the request names at this address only, so
        that nobody can lock that client out elsewhere.
        """
        super().count_guess(ask, surface)
        limit = ask.deps.settings.refusals_per_client_per_minute
        ask.deps.limits.hit(SURFACE, counted_as(ask.deps, ask.origin), ask.guessed, limit=limit, window=MINUTE)

    def no_route(self, ask: Ask, allowed: list[str]) -> Answer:
        """Answer 405 where the address takes other methods, else 404."""
        return Answer(*errors.no_route(allowed), [_JSON])

    def fail(self, ask: Ask) -> Answer:
        """Make the response to a bug, with the id under which the log has it."""
        return bug_answer(ask.origin.correlation_id)

    def statuses(self) -> set[int]:
        """The statuses that the table in errors.py has, and those of an address where nothing is."""
        return {404, *(line.status for line in errors.TABLE.values() if line is not errors.NEVER)}


OAUTH = Surface(SURFACE, "OAuth 2.0 and OpenID Connect", OAuthCoat())


def name_client(ask: Ask, client_id: str) -> None:
    """Count failures of this request against this client from here on. Raises RateLimited when it has too many at this
    address.
    """
    ask.guessed = client_id[:64]
    limit = ask.deps.settings.refusals_per_client_per_minute
    ask.deps.limits.check(SURFACE, counted_as(ask.deps, ask.origin), ask.guessed, limit=limit, window=MINUTE)


def _request_id(ask: Ask) -> tuple[bytes, bytes]:
    return b"x-ms-request-id", ask.origin.correlation_id.encode()
