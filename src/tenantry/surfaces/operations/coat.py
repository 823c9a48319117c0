"""What the addresses for whoever runs the server have in common: JSON, and nobody is proven."""

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
    """The store does not answer now."""

    reason: str
    status: str = "not ready"


class OperationsCoat(Coat):
    """Where they are from is what lets them in."""

    door: ClassVar[Audience | None] = None
    errors: ClassVar[tuple[type, ...]] = (Refusal, NotReady)
    security: ClassVar[dict[str, Any]] = {}

    def dress(self, ask: Ask, operation: Operation, value: Any) -> Answer:
        """JSON."""
        return json_answer(operation.status, msgspec.json.encode(value), operation.headers)

    def refuse(self, ask: Ask, error: DomainError) -> Answer | None:
        """Only the store can fail here: 503 with Retry-After."""
        if not isinstance(error, StoreBusy):
            return None
        body = {"status": "not ready", "reason": error.public}
        return json_answer(503, msgspec.json.encode(body), [(b"retry-after", b"%d" % error.retry_after)])

    def no_route(self, ask: Ask, allowed: list[str]) -> Answer:
        """Their addresses are known one by one, so it is the method that is wrong."""
        return json_answer(405, b'{"error":"method_not_allowed"}')

    def fail(self, ask: Ask) -> Answer:
        """With the id under which the log has it."""
        return bug_answer(ask.origin.correlation_id)

    def statuses(self) -> set[int]:
        """404 for whoever is not let in."""
        return {404, 503}


OPERATIONS = Surface("operations", "Watching the server", OperationsCoat())
