"""Limits how much of the store one tenant uses at once, so that a tenant's many requests delay itself only."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tenantry.core.errors import StoreBusy

NOBODY = ""
"""The owner of statements that belong to no tenant, such as those that find a domain. Only `whole` limits them."""


class Shares:
    """At most `whole` shares at once, and `each` for one owner. Owners who wait are served in turn, each from its
    oldest request on.
    """

    def __init__(self, whole: int, each: int, patience: float) -> None:
        self._whole = whole
        self._each = each
        self._patience = patience
        self._taken = 0
        self._held: dict[str, int] = {}
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def take(self, owner: str) -> None:
        """Wait for a share, which has to be given back. Raises StoreBusy after `patience` seconds."""
        if not self._is_free(owner) or owner in self._waiting:
            await self._wait(owner)
        else:
            self._note(owner)

    def give(self, owner: str) -> None:
        """Give a share back, which goes to the next that waits."""
        self._taken -= 1
        left = self._held[owner] - 1
        if left:
            self._held[owner] = left
        else:
            del self._held[owner]
        self._let_in()

    @asynccontextmanager
    async def turn(self, owner: str) -> AsyncIterator[None]:
        """Have a share for the length of a block. Raises StoreBusy."""
        await self.take(owner)
        try:
            yield
        finally:
            self.give(owner)

    def _is_free(self, owner: str) -> bool:
        return self._taken < self._whole and (owner == NOBODY or self._held.get(owner, 0) < self._each)

    def _note(self, owner: str) -> None:
        self._taken += 1
        self._held[owner] = self._held.get(owner, 0) + 1

    async def _wait(self, owner: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        try:
            async with asyncio.timeout(self._patience):
                await turn
        except BaseException as exc:
            if turn.done() and not turn.cancelled():  # it was given, to nobody any more
                self.give(owner)
            else:
                self._leave(owner, turn)
            if isinstance(exc, TimeoutError):
                raise StoreBusy(internal="waited too long for a share of the store") from exc
            raise

    def _leave(self, owner: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(owner)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._waiting[owner]

    def _let_in(self) -> None:
        """Give free shares to those who wait. The owner who is served goes to the end of the line."""
        for owner in list(self._waiting):
            if self._taken >= self._whole:
                return
            if not self._is_free(owner):
                continue
            queue = self._waiting.pop(owner)
            turn = queue.popleft()
            if queue:
                self._waiting[owner] = queue
            if turn.done():  # cancelled in this very round of the loop
                continue
            self._note(owner)
            turn.set_result(None)
