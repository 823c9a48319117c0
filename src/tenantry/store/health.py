"""Whether the store answers. Touches no table."""

from __future__ import annotations

from tenantry.store.engine import Read


async def ping(read: Read) -> None:
    """Raises StoreBusy or StoreUnavailable when it does not answer."""
    await read.one_or_none(int, "SELECT 1")
