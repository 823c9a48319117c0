"""A few places, shared fairly: who has waited longest since the last turn comes next, however many others ask for."""

from __future__ import annotations

import asyncio

import pytest

from tenantry.core.fair_shares import FairShares, NoTurn


async def _ask(shares: FairShares, owner: str, turns: list[str]) -> None:
    await shares.take(owner, 10)
    turns.append(owner)


async def test_owners_take_turns_whichever_queue_is_longest() -> None:
    shares, turns = FairShares(1, 1), list[str]()
    await shares.take("a", 1)
    asking = [asyncio.create_task(_ask(shares, owner, turns)) for owner in "aaabbc"]
    await asyncio.sleep(0)
    running = "a"
    for _ in asking:
        shares.give_back(running)
        await asyncio.sleep(0)
        running = turns[-1]
    assert turns == ["a", "b", "c", "a", "b", "a"]
    await asyncio.gather(*asking)


async def test_an_owner_has_so_many_at_once_and_one_while_half_of_all_are_taken() -> None:
    shares = FairShares(6, 3)
    for _ in range(3):
        await shares.take("a", 1)
    with pytest.raises(NoTurn):
        await shares.take("a", 0.01)
    await shares.take("b", 1)
    with pytest.raises(NoTurn):
        await shares.take("b", 0.01)
    await shares.take("c", 1)
    await shares.take("d", 1)
    with pytest.raises(NoTurn):
        await shares.take("e", 0.01)
    shares.give_back("a")
    await shares.take("e", 1)


async def test_who_gives_up_waiting_leaves_no_place_taken() -> None:
    shares = FairShares(1, 1)
    await shares.take("a", 1)
    waiting = asyncio.create_task(shares.take("b", 10))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    shares.give_back("a")
    await shares.take("c", 1)
    shares.give_back("c")
    turn = asyncio.create_task(shares.take("d", 10))
    await asyncio.sleep(0)
    await turn


async def test_a_queue_that_is_full_says_so_at_once() -> None:
    shares = FairShares(1, 1, 2)
    await shares.take("a", 1)
    waiting = [asyncio.create_task(shares.take("a", 10)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(NoTurn):
        await shares.take("a", 10)
    for _ in range(3):
        shares.give_back("a")
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
