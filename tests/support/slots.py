"""A slot whose outcome a task can wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tenantry.store import LoneTx
from tenantry.store.engine.interface import Store


class WaitedSlot:
    """Does `work`, which answers whether to keep what it did. `outcome`: whether it is kept; raises why it is not."""

    def __init__(self, work: Callable[[LoneTx], Awaitable[bool]]) -> None:
        self._work = work
        self.outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.steps: list[str] = []

    async def work(self, tx: LoneTx) -> bool:
        self.steps.append("work")
        return await self._work(tx)

    def prepare(self) -> None:
        self.steps.append("prepare")

    def keep(self) -> None:
        self.steps.append("keep")
        self.outcome.set_result(True)

    def give_up(self) -> None:
        self.steps.append("give up")
        self.outcome.set_result(False)

    def fail(self, error: BaseException) -> None:
        self.steps.append("fail")
        self.outcome.set_exception(error)


async def in_a_slot(store: Store, work: Callable[[LoneTx], Awaitable[bool]]) -> bool:
    """Whether what `work` did is durable, in a store that takes slots."""
    slot = WaitedSlot(work)
    assert store.queue(slot)
    return await slot.outcome
