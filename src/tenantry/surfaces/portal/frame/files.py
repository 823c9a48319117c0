"""Files that people keep, made while they are sent (see `shared/long_answers.py`); files that people send."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from tenantry.core.errors import StoreBusy
from tenantry.core.fair_shares import NoTurn
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.long_answers import LongAnswer, Place

T = TypeVar("T")

PART = 250
"""How many rows of a file are read at once."""
TURN_SECONDS = 30.0
"""How long a file waits to be read. One of 8 MB takes less than a second."""


def csv_file(
    place: Place, lines: AsyncIterator[str], name: str, media_type: str = "text/csv; charset=utf-8"
) -> LongAnswer:
    """A file whose parts are these lines, each part of any length."""
    return place.answer(lines, media_type, {"Content-Disposition": f'attachment; filename="{name}"'})


async def read_in_turn(deps: Deps, tenant_id: str, read: Callable[[], T]) -> T:
    """What `read` makes of a file, in the thread for that, where tenants take turns. Raises what it does; StoreBusy."""
    try:
        await deps.files.take(tenant_id, TURN_SECONDS)
    except NoTurn:
        raise StoreBusy(internal="too many files wait to be read") from None
    return await deps.files.work(tenant_id, read)
