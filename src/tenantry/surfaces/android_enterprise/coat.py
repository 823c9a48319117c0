"""What the Play EMM API does with every request and every answer.

Source: Play EMM contract §5.2 (requests), §5.3 (answers), §2 (`kind`), §5.5 (both kinds of bearer token). The values in
a path are percent-decoded after the path was split (§5.2). Since no id of ours has a slash in it, a path with an
encoded slash names nothing.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any, ClassVar, TypeVar

import msgspec

from tenantry.core import errors as kinds
from tenantry.core.caller import Audience, Caller
from tenantry.core.clock import SECOND
from tenantry.core.errors import DomainError, InvalidToken, PayloadTooLarge
from tenantry.core.ids import EnterpriseId, TenantId
from tenantry.devices.enterprises import require_enterprise
from tenantry.store.engine.interface import Read
from tenantry.surfaces.android_enterprise import errors
from tenantry.surfaces.android_enterprise.methods import CLOSED, MANAGEMENT, NOT_OFFERED
from tenantry.surfaces.android_enterprise.partial import parse_fields, select
from tenantry.surfaces.operation import Ask, Coat, Operation, Surface
from tenantry.surfaces.shared.answers import Answer, header
from tenantry.surfaces.shared.bearer import bearer_token_of
from tenantry.surfaces.shared.body import is_clean, parse_json, read_body
from tenantry.surfaces.shared.convert import convert, read_texts
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.google_error import GoogleErrorBody
from tenantry.tokens import base64url
from tenantry.tokens.assertions import authenticate_self_signed, bearer_audiences_of
from tenantry.tokens.callers import authenticate

SCOPE = "https://www.googleapis.com/auth/androidenterprise"
ROOT = "/androidenterprise/v1"

T = TypeVar("T")

_JSON = (b"content-type", errors.JSON.encode())
_LONGEST_QUERY = 65_536
_OVERRIDE = b"x-http-method-override"
_OVERRIDES = ("GET", "PUT", "PATCH", "DELETE")


class PlayEmmCoat(Coat):
    """Google's form of requests, answers and errors."""

    door: ClassVar[Audience | None] = Audience.ANDROID_ENTERPRISE
    errors: ClassVar[tuple[type, ...]] = (GoogleErrorBody,)
    security: ClassVar[dict[str, Any]] = {
        "type": "http",
        "scheme": "bearer",
        "description": f"An access token for the scope {SCOPE}, or a JWT that the service account signed itself.",
    }
    overrides: ClassVar[bool] = True

    async def enter(self, ask: Ask) -> Answer | None:
        """Refuse paths that can name nothing, and put the method that is meant in place of the one that was sent.

        A client sends a GET with a long URL as POST with `X-HTTP-Method-Override` and the query as form. Older clients
        send updates as PATCH, which means the same here as PUT: an update leaves what it does not name as it is.
        """
        scope = ask.scope
        if b"%2f" in scope.get("raw_path", b"").lower() or not is_clean(scope["path"]):
            return errors.not_served()
        override = (header(scope, _OVERRIDE) or "").upper()
        if scope["method"] == "POST" and override in _OVERRIDES:
            scope["method"] = override
            if override == "GET":
                try:
                    form = await read_body(ask.receive, _LONGEST_QUERY)
                except PayloadTooLarge:
                    return errors.not_served()
                scope["query_string"] += b"&" * bool(scope["query_string"]) + form
        if scope["method"] == "PATCH":
            scope["method"] = "PUT"
        return None

    def authenticate(self, ask: Ask, operation: Operation) -> Coroutine[Any, Any, Caller]:
        """Authenticate the caller, as `caller_of` does. Hot path: 1 read."""
        return caller_of(ask)

    def read_query(self, ask: Ask, shape: type[T]) -> T:
        """Read the query. Raises InvalidValue that names the parameter."""
        return read_texts(ask.scope["query_string"], shape)

    async def read(self, ask: Ask, shape: type[T]) -> T:
        """Read the JSON body. Raises InvalidValue that names the field, PayloadTooLarge."""
        settings = ask.deps.settings
        raw = await read_body(ask.receive, settings.body_limit_bytes, header(ask.scope, b"content-length"))
        return convert(parse_json(raw, depth_limit=settings.json_depth_limit), shape)

    async def owner_of(self, read: Read, ask: Ask, operation: Operation, values: Mapping[Any, Any]) -> TenantId:
        """The customer whose enterprise it is. Raises what `require_enterprise` does."""
        if EnterpriseId not in values:
            return await super().owner_of(read, ask, operation, values)
        return (await require_enterprise(read, ask.caller, operation.action, values[EnterpriseId], ask.now)).tenant_id

    def repeat(self, ask: Ask, status: int, body: bytes) -> Answer:
        """Make the response to a repeated request, with the id under which the log has this one."""
        return Answer(status, body, [_JSON, (b"x-correlation-id", ask.origin.correlation_id.encode())])

    def dress(self, ask: Ask, operation: Operation, value: Any) -> Answer:
        """Answer the resource with its `kind`, as far as the parameter `fields` asks for it; or 204 without a body,
        when there is no resource.
        """
        named = (b"x-correlation-id", ask.origin.correlation_id.encode())
        if value is None:
            return Answer(operation.status, b"", [*operation.headers, named])
        body = msgspec.json.encode(value)
        if ask.scope["query_string"]:
            wanted = read_texts(ask.scope["query_string"], _Standard).fields
            if wanted is not None:
                body = msgspec.json.encode(select(msgspec.json.decode(body), parse_fields(wanted)))
        return Answer(operation.status, body, [_JSON, *operation.headers, named])

    def refuse(self, ask: Ask, error: DomainError) -> Answer | None:
        """Make the response by the table in errors.py; a kind listed there as NEVER is a bug."""
        wire = errors.TABLE[type(error)]
        if wire is errors.NEVER:
            return None
        headers = [(b"x-correlation-id", ask.origin.correlation_id.encode())]
        if wire.code == 401:  # the client's HTTP library fails when the scheme has no parameter
            headers.append((b"www-authenticate", b'Bearer realm="tenantry"'))
        if isinstance(error, kinds.RateLimited | kinds.StoreBusy):
            headers.append((b"retry-after", b"%d" % error.retry_after))
        return errors.answer_of(wire, error, headers)

    def no_route(self, ask: Ask, allowed: list[str]) -> Answer:
        """Say of a method of the vendor's that it is not offered, since a client takes 404 for a resource that is gone.

        Where the client named another method in a header and that is not taken, the answer is 404 instead of 405: the
        address does take the POST that was sent.
        """
        asked = ask.scope["method"], ask.scope["path"]
        missing = NOT_OFFERED.find(*asked) or MANAGEMENT.find(*asked)
        if missing is not None:
            return errors.not_offered(missing.name, is_closed=missing.name in CLOSED)
        is_hidden = header(ask.scope, _OVERRIDE) is not None
        return errors.wrong_verb() if allowed and not is_hidden else errors.not_served()

    def fail(self, ask: Ask) -> Answer:
        """Make the response to a bug, with the id under which the log has it."""
        return errors.bug(ask.origin.correlation_id)

    def statuses(self) -> set[int]:
        """The statuses that the table in errors.py has."""
        return {wire.code for wire in errors.TABLE.values() if wire is not errors.NEVER}


PLAY_EMM = Surface("android_enterprise", "Play EMM API", PlayEmmCoat(), not_offered=[NOT_OFFERED, MANAGEMENT])


class _Standard(msgspec.Struct):
    """Those of Google's standard query parameters that have an effect here."""

    fields: str | None = None


async def caller_of(ask: Ask) -> Caller:
    """The service account behind the bearer token, which is an access token of this server or a JWT that the service
    account signed itself. Raises InvalidToken. Hot path: 1 read.
    """
    raw = bearer_token_of(ask.scope)
    if raw is None:
        raise InvalidToken("missing", "Send an access token: Authorization: Bearer TOKEN.")
    deps, issuer = ask.deps, ask.deps.settings.issuer
    leeway = deps.settings.clock_leeway_seconds * SECOND
    async with deps.store.read() as read:
        if _is_access_token(deps, raw):
            return await authenticate(
                read,
                deps.keys,
                raw,
                issuer=issuer,
                audience=Audience.ANDROID_ENTERPRISE,
                origin=ask.origin,
                now=ask.now,
                leeway=leeway,
            )
        return await authenticate_self_signed(
            read,
            raw,
            accepted_audiences=bearer_audiences_of(issuer, deps.settings.assertion_audiences),
            required_scope=SCOPE,
            audience=Audience.ANDROID_ENTERPRISE,
            origin=ask.origin,
            now=ask.now,
            leeway=leeway,
        )


def _is_access_token(deps: Deps, raw: str) -> bool:
    """Whether the token's header says that it is an access token (RFC 9068 §2.1). This chooses the check that the token
    must pass, and decides nothing else.
    """
    head = raw.encode("utf-8", "replace").partition(b".")[0]
    if deps.keys.find_by_header(head) is not None:
        return True
    try:
        return msgspec.json.decode(base64url.decode(head) or b"", type=dict[str, Any]).get("typ") == "at+jwt"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True  # refused there like everything malformed
