"""What is common to all requests and answers of Partner Center.

Clients send slashes at the end, double slashes, `/v1.0`, and the fixed words of a path in any letter case (Partner
Center contract §0 #1-#2). One client drops the path of its base address, so the vendor's own paths, from the root on,
lead here as well (Partner Center contract §5). Every answer has the vendor's headers.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, ClassVar, TypeVar

import msgspec

from tenantry.core.caller import Audience, Caller
from tenantry.core.clock import SECOND
from tenantry.core.errors import DomainError, InvalidToken
from tenantry.core.ids import TenantId, UserId, new_guid
from tenantry.surfaces.operation import Ask, Coat, Operation, Surface
from tenantry.surfaces.partner_center import errors, graph, wire
from tenantry.surfaces.partner_center.not_offered import NOT_OFFERED
from tenantry.surfaces.shared.answers import Answer, header
from tenantry.surfaces.shared.bearer import bearer_token_of
from tenantry.surfaces.shared.body import parse_json, read_body
from tenantry.surfaces.shared.convert import read_any_case
from tenantry.surfaces.shared.loose import read_loosely
from tenantry.tokens.callers import authenticate
from tenantry.tokens.verify import WRONG_AUDIENCE

ROOT = "/partnercenter/v1"

T = TypeVar("T")

_JSON = (b"content-type", errors.JSON.encode())
_SANE = re.compile(r"[A-Za-z0-9{][A-Za-z0-9._{}-]{0,63}")


class PartnerCenterCoat(Coat):
    """The vendor's form of requests, answers and errors."""

    door: ClassVar[Audience | None] = Audience.PARTNER_CENTER
    errors: ClassVar[tuple[type, ...]] = (errors.Error, errors.Message)
    security: ClassVar[dict[str, Any]] = {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token of a user of the partner who had a second factor.",
    }

    request_id_header: ClassVar[str] = "MS-RequestId"

    def spell(self, path: str) -> str:
        """The path below `/partnercenter`, with single slashes, none at the end, in lower case (identifiers are GUIDs),
        and with `v1` for `v1.0`.
        """
        segments = [segment.lower() for segment in path.split("/") if segment]
        if segments[:1] != ["partnercenter"]:
            segments.insert(0, "partnercenter")
        if segments[1:2] == ["v1.0"]:
            segments[1] = "v1"
        return "/" + "/".join(segments)

    async def enter(self, ask: Ask) -> Answer | None:
        """Answer the paths that Microsoft Graph has at the root of this host."""
        return graph.not_offered(ask.scope) if graph.is_graph(ask.scope["path"]) else None

    async def authenticate(self, ask: Ask, operation: Operation) -> Caller:
        """Authenticate the caller. Raises InvalidToken.

        A user's token must be for Partner Center. A connector alone may come with a token for the directory graph,
        which the vendor's page tells it to get (Partner Center contract §1.2), and learns here that it needs a user.
        """
        token = bearer_token_of(ask.scope)
        if token is None:
            raise InvalidToken(errors.NO_TOKEN)
        try:
            return await _caller_of(ask, token, Audience.PARTNER_CENTER)
        except InvalidToken as refused:
            if refused.reason != WRONG_AUDIENCE:
                raise
            caller = await _caller_of(ask, token, Audience.DIRECTORY_GRAPH)
            if caller.user_id is not None:
                raise refused from None
            return msgspec.structs.replace(caller, audience=Audience.PARTNER_CENTER)

    def read_value(self, name: str, raw: str, kind: Any) -> Any:
        """The value of the path. Raises InvalidValue when it must be a GUID and is none."""
        if kind is TenantId:
            return wire.read_customer(raw)
        return wire.read_user(raw) if kind is UserId else raw

    def read_query(self, ask: Ask, shape: type[T]) -> T:
        """Read the query, whose names come in any letter case."""
        return read_any_case(ask.scope["query_string"], shape)

    async def read(self, ask: Ask, shape: type[T]) -> T:
        """Read the body, also JSON whose keys have no quotes, as the vendor's own sample has it."""
        settings = ask.deps.settings
        raw = await read_body(ask.receive, settings.body_limit_bytes, header(ask.scope, b"content-length"))
        return read_loosely(parse_json(raw, depth_limit=settings.json_depth_limit, lenient=True), shape)

    def request_id(self, ask: Ask) -> str | None:
        """The request's id. It is the same in any letter case."""
        sent = sent_request_id(ask)
        return sent and sent.lower()

    def repeat(self, ask: Ask, status: int, body: bytes) -> Answer:
        """Make the response to a repeated request, with the headers that every answer has."""
        return Answer(status, body, [_JSON, *self.welcome(ask)])

    def dress(self, ask: Ask, operation: Operation, value: Any) -> Answer:
        """Answer JSON, or no body."""
        if value is None:
            return Answer(operation.status, b"", self.welcome(ask))
        return Answer(operation.status, msgspec.json.encode(value), [_JSON, *self.welcome(ask)])

    def refuse(self, ask: Ask, error: DomainError) -> Answer | None:
        """Make the response by the table in errors.py; a kind listed there as NEVER is a bug."""
        answer = errors.answer_of(error)
        if answer is None:
            return None
        headers = [_JSON, *self.welcome(ask)]
        if answer.status == 401:
            headers.append((b"www-authenticate", _challenge(ask, error)))
        retry_after = getattr(error, "retry_after", None)
        if retry_after is not None:
            headers.append((b"retry-after", b"%d" % retry_after))
        return Answer(answer.status, answer.body.encode(), headers)

    def no_route(self, ask: Ask, allowed: list[str]) -> Answer:
        """Say of a vendor's operation that it is not offered: clients would take 404 for a customer or user that does
        not exist.
        """
        status, body = errors.no_route(ask.scope["method"], self.spell(ask.scope["path"]), bool(allowed))
        return Answer(status, body.encode(), [_JSON, *self.welcome(ask)])

    def welcome(self, ask: Ask) -> list[tuple[bytes, bytes]]:
        """The headers that every answer has."""
        request_id = sent_request_id(ask) or new_guid()
        correlation_id = ask.origin.correlation_id.encode()
        return [
            (b"ms-requestid", request_id.encode()),
            (b"ms-correlationid", correlation_id),
            (b"ms-cv", _vector(correlation_id)),
            (b"ms-serverid", b"1"),
            (b"cache-control", b"no-store"),
        ]

    def fail(self, ask: Ask) -> Answer:
        """Make the response to a bug, with the id under which the log has it."""
        return Answer(500, errors.unexpected(ask.origin.correlation_id).encode(), [_JSON, *self.welcome(ask)])

    def statuses(self) -> set[int]:
        """The statuses that the table in errors.py has."""
        return {line.status for line in errors.TABLE.values() if line is not errors.NEVER}


PARTNER_CENTER = Surface("partner_center", "Partner Center API", PartnerCenterCoat(), not_offered=[NOT_OFFERED])


def sent_request_id(ask: Ask) -> str | None:
    """`MS-RequestId` as the client sent it; None when it sent none or one that is no identifier."""
    sent = header(ask.scope, b"ms-requestid")
    return sent if sent and _SANE.fullmatch(sent) else None


async def _caller_of(ask: Ask, token: str, audience: Audience) -> Caller:
    deps = ask.deps
    async with deps.store.read() as read:
        return await authenticate(
            read,
            deps.keys,
            token,
            issuer=deps.settings.issuer,
            audience=audience,
            origin=ask.origin,
            now=ask.now,
            leeway=deps.settings.clock_leeway_seconds * SECOND,
        )


def _challenge(ask: Ask, error: DomainError) -> bytes:
    """The challenge of a 401 (RFC 6750 §3). The vendor's own scheme, `OAuth`, is none that clients know."""
    realm = f'Bearer realm="{ask.deps.settings.issuer}/partnercenter"'
    has_token = not isinstance(error, InvalidToken) or error.reason != errors.NO_TOKEN
    return (f'{realm}, error="invalid_token"' if has_token else realm).encode()


def _vector(correlation_id: bytes) -> bytes:
    """A correlation vector, as in `3TLmR9gz6EaCVCjR.0`: 16 characters of base64 that follow from the correlation id."""
    return base64.b64encode(hashlib.blake2b(correlation_id, digest_size=12).digest()) + b".0"
