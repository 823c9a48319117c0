"""Whether the store answers. Touches no table."""

from __future__ import annotations

from tenantry.store.engine.interface import Read


async def ping(read: Read) -> None:
    """Raises StoreBusy or StoreUnavailable when it does not answer."""
    await read.one_or_none(int, "SELECT 1")


async def count_others(read: Read) -> int:
    """Connections of Tenantry to this database beside the own; those of other programs do no harm. PostgreSQL only."""
    found = await read.one_or_none(
        int,
        """
        SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'tenantry' AND pid <> pg_backend_pid()
        """,
    )
    return found or 0
