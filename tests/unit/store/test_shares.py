"""Who waits for a share of the store: the tenant that asks for much, and not the one beside it."""

from __future__ import annotations

import asyncio

import pytest

from tenantry.core.errors import StoreBusy
from tenantry.store.engine.shares import NOBODY, Shares


async def test_one_owner_gets_its_share_and_another_what_is_left() -> None:
    shares = Shares(3, 2, patience=0.01)
    for _ in range(2):
        await shares.take("a")
    with pytest.raises(StoreBusy):
        await shares.take("a")
    await shares.take("b")
    with pytest.raises(StoreBusy):
        await shares.take("c")
    shares.give("a")
    await shares.take("c")


async def test_who_waits_is_served_in_turn_by_owner_and_then_by_age() -> None:
    shares = Shares(1, 1, patience=5)
    await shares.take("a")
    served: list[str] = []

    async def ask(owner: str, name: str) -> None:
        await shares.take(owner)
        served.append(name)
        shares.give(owner)

    waiting = [asyncio.create_task(ask(name[0], name)) for name in ("a1", "a2", "a3", "b1", "b2")]
    await asyncio.sleep(0)
    shares.give("a")
    await asyncio.gather(*waiting)
    assert served == ["a1", "b1", "a2", "b2", "a3"]


async def test_who_gives_up_waiting_takes_nothing_from_anybody() -> None:
    shares = Shares(1, 1, patience=5)
    await shares.take("a")
    waiting = [asyncio.create_task(shares.take(owner)) for owner in ("a", "b", NOBODY)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    shares.give("a")  # to b, who is cancelled in the same round
    waiting[1].cancel()
    await asyncio.wait(waiting)
    assert not waiting[2].cancelled()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(shares.take("a"), 0.01)
    shares.give(NOBODY)
    await shares.take("a")


async def test_what_is_nobodys_is_bounded_by_the_whole_only() -> None:
    shares = Shares(3, 1, patience=0.01)
    for _ in range(3):
        await shares.take(NOBODY)
    with pytest.raises(StoreBusy):
        await shares.take("a")
