"""However much one change is about, and however many of them a tenant asks for at once: nobody else waits for it.

As in `test_heavy_reads.py`; each round makes anew what is changed. `python -m bench.waits` does each change by itself.
"""

from __future__ import annotations

import pytest

from tests.security.conftest import Standing
from tests.support.waits.doing import Ready
from tests.support.waits.hall import Hall, Size
from tests.support.waits.heavy import Heavy, Who
from tests.support.waits.writes import WRITES

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIZE = Size(crowd=1_000, places=200, nested=50, rows=50, several=50)
SIXTEEN = ("delete-group", "delete-customers-user", "set-password")


async def _one_of_each(hall: Hall, many: int) -> list[Ready]:
    return [ready for heavy in WRITES for ready in await heavy.seed(hall, many)]


async def test_every_heavy_change_at_the_same_time_keeps_nobody_else_waiting(standing: Standing) -> None:
    heavy = Heavy("all", "all", Who.ADMINISTRATOR, _one_of_each, rest="untold_changes")
    await standing.require_short_waits(heavy, 1)


@pytest.mark.parametrize("heavy", [heavy for heavy in WRITES if heavy.name in SIXTEEN], ids=lambda heavy: heavy.name)
async def test_sixteen_of_a_heavy_change_at_once_keep_nobody_else_waiting(standing: Standing, heavy: Heavy) -> None:
    await standing.require_short_waits(heavy, 16)
