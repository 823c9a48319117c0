"""One heavy thing, once or sixteen times at once, and what others found meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import NamedTuple

from tests.support.crowds import analyze
from tests.support.waits.hall import Hall
from tests.support.waits.heavy import Heavy
from tests.support.waits.others import Server, Waited, others_asking

_REST_SECONDS = 3_600
_AFTERWARDS = 0.5
"""Seconds in which others go on: what was answered may not be over."""


class Measured(NamedTuple):
    """`seconds` until all was done, its rest included. `statuses`: how its own requests were answered; `wrong`: the end
    of one that was no success and not refused for being too much.
    """

    waited: Waited
    seconds: float
    statuses: Counter[int]
    wrong: str


async def measure(hall: Hall, server: Server, heavy: Heavy, at_once: int) -> Measured:
    """Make what it is done to, prepare it, and do it."""
    seeded = await heavy.seed(hall, at_once)
    await analyze(hall.store)
    prepared = [await ready(server) for ready in seeded]
    began = time.perf_counter()
    async with others_asking(server, hall.others) as found:
        began = time.perf_counter()
        answers = await asyncio.gather(*(do() for do in prepared))
        if heavy.rest is not None:
            await _rest(hall, heavy.rest)
        seconds = time.perf_counter() - began
        await asyncio.sleep(_AFTERWARDS)
    wrong = next((answer.text for answer in answers if answer.status >= 400 and answer.status not in (429, 503)), "")
    return Measured(found[0], seconds, Counter(answer.status for answer in answers), wrong)


async def _rest(hall: Hall, table: str) -> None:
    """Until the table has no row of the organisation any more."""
    sql = f"SELECT COUNT(*) FROM {table} WHERE tenant_id = :tenant_id"
    async with asyncio.timeout(_REST_SECONDS):
        while True:
            async with hall.store.read() as read:
                if await read.all(int, sql, tenant_id=hall.tenant.id) == [0]:
                    return
            await asyncio.sleep(0.2)
