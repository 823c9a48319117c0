"""What the operator's addresses have in common: they answer JSON, and authenticate no caller."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from tenantry.core.caller import Audience
from tenantry.core.errors import DomainError, StoreBusy
from tenantry.surfaces.operation import Ask, Coat, Operation, Surface
from tenantry.surfaces.shared.answers import Answer, bug_answer, json_answer


class Refusal(msgspec.Struct):
    """What went wrong, in one word."""

    error: str


class NotReady(msgspec.Struct):
    """The store does not answer at the moment."""

    reason: str
    status: str = "not ready"


class OperationsCoat(Coat):
    """The form of requests and answers. The address from which a request comes decides whether it is served."""

    door: ClassVar[Audience | None] = None
    errors: ClassVar[tuple[type, ...]] = (Refusal, NotReady)
    security: ClassVar[dict[str, Any]] = {}

    def dress(self, ask: Ask, operation: Operation, value: Any) -> Answer:
        """Answer JSON."""
        return json_answer(operation.status, msgspec.json.encode(value), operation.headers)

    def refuse(self, ask: Ask, error: DomainError) -> Answer | None:
        """Answer 503 with Retry-After, since only the store can fail here."""
        if not isinstance(error, StoreBusy):
            return None
        body = {"status": "not ready", "reason": error.public}
        return json_answer(503, msgspec.json.encode(body), [(b"retry-after", b"%d" % error.retry_after)])

    def no_route(self, ask: Ask, allowed: list[str]) -> Answer:
        """Answer 405: each of these addresses is routed by itself, so the address is there and the method is wrong."""
        return json_answer(405, b'{"error":"method_not_allowed"}')

    def fail(self, ask: Ask) -> Answer:
        """Make the response to a bug, with the id under which the log has it."""
        return bug_answer(ask.origin.correlation_id)

    def statuses(self) -> set[int]:
        """404, which a client gets that may not read."""
        return {404, 503}


OPERATIONS = Surface("operations", "Watching the server", OperationsCoat())
