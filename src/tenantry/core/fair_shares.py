"""Shares a few threads fairly among owners, so that an owner who asks for much delays nobody else.

1. Each owner runs at most `of_one` at once; where that is less than all, one only while half of the places are taken.
2. The next place goes to the owner who has waited longest since its last turn, not to the longest queue.
3. A caller that gets no place in time, or finds its owner's queue full, gets NoTurn.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class NoTurn(Exception):
    """There was no place in time."""


class FairShares:
    """At most `most` places, which owners in one event loop share."""

    def __init__(self, most: int, of_one: int, waiting_of_one: int = 50) -> None:
        self._most, self._of_one, self._waiting_of_one = most, of_one, waiting_of_one
        self._running: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, owner: str, seconds: float) -> None:
        """Wait for a place, which is the owner's until `give_back`. Raises NoTurn."""
        if owner not in self._waiting and self._may_run(owner):
            self._running[owner] += 1
            return
        queue = self._waiting.setdefault(owner, deque())
        if len(queue) >= self._waiting_of_one:
            raise NoTurn
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if turn.done() and not turn.cancelled():
                self.give_back(owner)  # the place came at the same moment
            else:
                self._leave(owner, turn)
            if isinstance(error, TimeoutError):
                raise NoTurn from None
            raise

    def give_back(self, owner: str) -> None:
        """Free the owner's place. Whoever is next gets it."""
        self._running[owner] -= 1
        if not self._running[owner]:
            del self._running[owner]
        while (following := next((each for each in self._waiting if self._may_run(each)), None)) is not None:
            queue = self._waiting[following]
            turn = queue.popleft()
            if queue:
                self._waiting.move_to_end(following)
            else:
                del self._waiting[following]
            self._running[following] += 1
            turn.set_result(None)

    def _may_run(self, owner: str) -> bool:
        busy, of_one = self._running.total(), self._of_one
        if self._most // 2 <= busy and of_one < self._most:
            of_one = 1
        return busy < self._most and self._running[owner] < of_one

    def _leave(self, owner: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(owner)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._waiting[owner]


class FairThreads:
    """Threads, made as they are needed, that owners share fairly."""

    def __init__(self, name: str, most: int, of_one: int, waiting_of_one: int = 50) -> None:
        self._threads = ThreadPoolExecutor(most, name)
        self._shares = FairShares(most, of_one, waiting_of_one)

    async def take(self, owner: str, seconds: float) -> None:
        """Wait for a thread, for `work` to use. Raises NoTurn."""
        await self._shares.take(owner, seconds)

    async def work(self, owner: str, work: Callable[[], T]) -> T:
        """Run the work in the thread that was taken, which stays taken until it is done, awaited or not."""
        loop = asyncio.get_running_loop()

        def give_back(_done: Any) -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._shares.give_back, owner)

        try:
            working = self._threads.submit(work)
        except BaseException:
            self._shares.give_back(owner)
            raise
        working.add_done_callback(give_back)
        return await asyncio.wrap_future(working)

    def close(self) -> None:
        """Let the threads go, after what they are at."""
        self._threads.shutdown(wait=True, cancel_futures=True)
