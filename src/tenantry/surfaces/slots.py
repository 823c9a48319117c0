"""Hot operations as slots: their work is done in the writers' turn, without a task for each request.

A request takes these steps: what `running.py` does before a handler, at once; the operation's own work, in the writers'
turn with that of others; its answer, made while all of it is committed; and when that is durable, the answer is sent.
Whatever is no plain success is refused by `running.py`, or answered by the operation's handler.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from starlette.types import Message, Scope

from tenantry.surfaces.router import Found
from tenantry.surfaces.running import begin, refuse
from tenantry.surfaces.shared.answers import Answer
from tenantry.surfaces.shared.failures import check_failures

if TYPE_CHECKING:
    from tenantry.surfaces.operation import Ask
    from tenantry.surfaces.shared.deps import Deps


class Exchange(Protocol):
    """The HTTP request behind a slot. Each is answered by exactly one of these, which raise nothing."""

    def reply(self, answer: Answer) -> None:
        """Send the answer."""

    def reply_later(self, answer: Coroutine[Any, Any, Answer]) -> None:
        """Send what a task makes of it."""

    def hand_on(self) -> None:
        """Have it answered as a request without a slot."""


class RequestSlot:
    """One request among the writers: a `Slot` of the store."""

    __slots__ = ("_answer", "_ask", "_error", "_exchange", "_found", "_part", "work")

    def __init__(self, found: Found, ask: Ask, exchange: Exchange) -> None:
        """Raises DomainError for what is refused without a transaction."""
        self._found, self._ask, self._exchange = found, ask, exchange
        surface, operation, _ = found
        if operation.guesses:
            check_failures(ask.deps, surface.name, ask.origin)
        assert operation.slot is not None  # noqa: S101 - the protocol has looked
        self._part = operation.slot(ask)
        self.work = self._part.work
        self._answer: Answer | None = None
        self._error: BaseException | None = None

    def prepare(self) -> None:
        """Make the answer."""
        surface, operation, _ = self._found
        try:
            self._answer = surface.coat.dress(self._ask, operation, self._part.value())
        except Exception as error:  # noqa: BLE001 - refused, or logged in full
            self._error = error

    def keep(self) -> None:
        """Send the answer."""
        if self._answer is None:
            self.fail(self._error or RuntimeError("a slot was kept that was not prepared"))
        else:
            self._exchange.reply(self._answer)

    def give_up(self) -> None:
        """Leave it to the operation's handler."""
        self._exchange.hand_on()

    def fail(self, error: BaseException) -> None:
        """Refuse it."""
        surface, operation, _ = self._found
        self._exchange.reply_later(refuse(surface, self._ask, operation, error))


def start(deps: Deps, found: Found, scope: Scope, exchange: Exchange) -> None:
    """Have a request answered whose operation has a slot. Raises nothing."""
    surface, operation, _ = found
    ask = begin(deps, scope, _nothing)
    ask.operation = operation
    try:
        slot = RequestSlot(found, ask, exchange)
        is_queued = deps.store.queue(slot)
    except Exception as error:  # noqa: BLE001 - refused, or logged in full
        exchange.reply_later(refuse(surface, ask, operation, error))
        return
    if not is_queued:
        exchange.hand_on()


async def _nothing() -> Message:
    """What is left of a body that has been read, or is not looked at."""
    return {"type": "http.disconnect"}
