"""What the device side does with every request and every answer: it has Google's form of errors, and authenticates no
caller.

Source: Play EMM contract §3.3, §3.4, §7.1.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import msgspec

from tenantry.core.caller import Audience
from tenantry.core.errors import DomainError, RateLimited, StoreBusy
from tenantry.surfaces.device import errors
from tenantry.surfaces.operation import Ask, Coat, Operation, Surface
from tenantry.surfaces.shared.answers import Answer, bug_answer
from tenantry.surfaces.shared.body import parse_json, read_body
from tenantry.surfaces.shared.google_error import GoogleErrorBody, body_of
from tenantry.surfaces.shared.loose import read_loosely

T = TypeVar("T")

_JSON = (b"content-type", errors.JSON.encode())
_LARGEST_BODY = 65_536  # four times what all fields can hold: parsing is work that strangers ask for


class DeviceCoat(Coat):
    """The form of requests, answers and errors. The token that a device brings is the permission."""

    door: ClassVar[Audience | None] = None
    errors: ClassVar[tuple[type, ...]] = (GoogleErrorBody,)
    security: ClassVar[dict[str, Any]] = {}

    async def read(self, ask: Ask, shape: type[T]) -> T:
        """Read the body. Raises InvalidValue that names the field, PayloadTooLarge."""
        settings = ask.deps.settings
        raw = await read_body(ask.receive, min(_LARGEST_BODY, settings.body_limit_bytes))
        return read_loosely(parse_json(raw, depth_limit=settings.json_depth_limit), shape)

    def dress(self, ask: Ask, operation: Operation, value: Any) -> Answer:
        """Answer JSON."""
        named = (b"x-correlation-id", ask.origin.correlation_id.encode())
        return Answer(operation.status, msgspec.json.encode(value), [_JSON, *operation.headers, named])

    def refuse(self, ask: Ask, error: DomainError) -> Answer | None:
        """Make the response by the table in errors.py; a kind listed there as NEVER is a bug."""
        wire = errors.TABLE[type(error)]
        if wire is errors.NEVER:
            return None
        headers = [_JSON, (b"x-correlation-id", ask.origin.correlation_id.encode())]
        if isinstance(error, StoreBusy | RateLimited):
            headers.append((b"retry-after", b"%d" % error.retry_after))
        return Answer(wire.code, body_of(wire, error), headers)

    def no_route(self, ask: Ask, allowed: list[str]) -> Answer:
        """Answer 405 where the address takes other methods, else 404."""
        return Answer(*errors.no_route(is_there=bool(allowed)), [_JSON])

    def fail(self, ask: Ask) -> Answer:
        """Make the response to a bug, with the id under which the log has it."""
        return bug_answer(ask.origin.correlation_id)

    def statuses(self) -> set[int]:
        """The statuses that the table in errors.py has."""
        return {wire.code for wire in errors.TABLE.values() if wire is not errors.NEVER}


DEVICE = Surface("device", "Device side", DeviceCoat())
