"""What Kaizala's wire does with every request and every answer. Source: Kaizala contract §0.

Clients append `v1/...` or `/v1/...` to a root that ends with a slash, in any letter case, with or without a final
slash. Ids of groups, users and connectors are lower-case GUIDs, so a path in lower case keeps them whole.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qsl

import msgspec

from tenantry.core.caller import Audience, Caller, CallerKind
from tenantry.core.errors import DomainError, NotFound
from tenantry.core.ids import TenantId
from tenantry.surfaces.kaizala import cors, errors, wire
from tenantry.surfaces.kaizala.callers import caller_of
from tenantry.surfaces.kaizala.not_offered import NOT_OFFERED
from tenantry.surfaces.operation import Ask, Coat, Operation, Surface
from tenantry.surfaces.shared.answers import Answer, header
from tenantry.surfaces.shared.body import LARGEST_OF_STRANGERS, parse_json, read_body
from tenantry.surfaces.shared.long_answers import Stream
from tenantry.surfaces.shared.loose import read_loosely

ROOT = "/kaizala/v1"

T = TypeVar("T")

_JSON = (b"content-type", b"application/json")
_SLASHES = re.compile("/{2,}")


class KaizalaCoat(Coat):
    """The vendor's form of requests, answers and errors."""

    door: ClassVar[Audience | None] = Audience.KAIZALA
    errors: ClassVar[tuple[type, ...]] = (errors.Error,)
    security: ClassVar[dict[str, Any]] = {
        "type": "apiKey",
        "in": "header",
        "name": "accessToken",
        "description": "An access token, which `GET /kaizala/v1/accessToken` gives. `Authorization: Bearer` does too.",
    }

    def spell(self, path: str) -> str:
        """The path with single slashes, none at the end, in lower case."""
        return _SLASHES.sub("/", path).rstrip("/").lower() or "/"

    async def enter(self, ask: Ask) -> Answer | None:
        """Answer a browser's CORS preflight request."""
        return cors.preflight(ask.deps.settings, ask.scope)

    async def authenticate(self, ask: Ask, operation: Operation) -> Caller:
        """Authenticate the caller. Raises InvalidToken, RateLimited."""
        return await caller_of(ask, operation)

    def read_value(self, name: str, raw: str, kind: Any) -> Any:
        """The GUID without its `@n`. Raises NotFound for a text that cannot be one."""
        found = wire.parse_id(raw)
        if found is None:
            raise NotFound(name.removesuffix("_id"))
        return found

    def read_query(self, ask: Ask, shape: type[T]) -> T:
        """Read the query, whose names come in any letter case. Raises InvalidValue that names the parameter."""
        query = parse_qsl(ask.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return read_loosely(dict(query), shape)

    async def read(self, ask: Ask, shape: type[T]) -> T:
        """Read a body that need not be strict JSON; only an authenticated caller may send a long one."""
        return read_loosely(self._parsed(ask, await _read_raw(ask)), shape)

    async def read_or_nothing(self, ask: Ask, shape: type[T]) -> T:
        """As `read`; a body of blanks counts as an empty object."""
        raw = await _read_raw(ask)
        return read_loosely(self._parsed(ask, raw) if raw.strip() else {}, shape)

    def _parsed(self, ask: Ask, raw: bytes) -> Any:
        return parse_json(raw, depth_limit=ask.deps.settings.json_depth_limit, lenient=True)

    def dress(self, ask: Ask, operation: Operation, value: Any) -> Answer:
        """Answer a JSON object; one with a long list is sent in parts."""
        headers = [_JSON, *operation.headers, *self.welcome(ask)]
        if isinstance(value, Stream):
            return Answer(operation.status, b"", headers, stream=value)
        return Answer(operation.status, msgspec.json.encode(value), headers)

    def refuse(self, ask: Ask, error: DomainError) -> Answer | None:
        """Make the response by the table in errors.py; a kind listed there as NEVER is a bug."""
        line = errors.line_of(error)
        if line is None:
            return None
        headers = [_JSON, *self.welcome(ask)]
        retry_after = getattr(error, "retry_after", None)
        if retry_after is not None:
            headers.append((b"retry-after", b"%d" % retry_after))
        return Answer(line.status, errors.body_of(line, error), headers)

    def no_route(self, ask: Ask, allowed: list[str]) -> Answer:
        """Say of a vendor's operation that it is not offered: clients take 404 `NotFound` for a group, or something in
        it, that is gone.
        """
        missing = NOT_OFFERED.find(ask.scope["method"], self.spell(ask.scope["path"]))
        line, text = errors.no_route(missing, is_there=bool(allowed))
        return Answer(line.status, errors.body(line, text), [_JSON, *self.welcome(ask)])

    def welcome(self, ask: Ask) -> list[tuple[bytes, bytes]]:
        """The headers that every answer has."""
        correlation_id = (b"x-correlation-id", ask.origin.correlation_id.encode())
        return [*cors.headers(ask.deps.settings, ask.scope), correlation_id]

    def fail(self, ask: Ask) -> Answer:
        """Make the response to a bug, with the id under which the log has it."""
        return Answer(errors.BUG.status, errors.unexpected(ask.origin.correlation_id), [_JSON, *self.welcome(ask)])

    def statuses(self) -> set[int]:
        """The statuses that the table in errors.py has."""
        return {line.status for line in errors.TABLE.values() if line is not errors.NEVER}


KAIZALA = Surface("kaizala", "Kaizala API", KaizalaCoat(), not_offered=[NOT_OFFERED])


def tenant_of(ask: Ask) -> TenantId:
    """The tenant of an authenticated caller. Raises NotFound for a caller without one."""
    if ask.caller.tenant_id is None:
        raise NotFound("tenant")
    return ask.caller.tenant_id


async def _read_raw(ask: Ask) -> bytes:
    limit = ask.deps.settings.body_limit_bytes
    if ask.caller.kind is CallerKind.ANONYMOUS:
        limit = min(LARGEST_OF_STRANGERS, limit)
    return await read_body(ask.receive, limit, header(ask.scope, b"content-length"))
