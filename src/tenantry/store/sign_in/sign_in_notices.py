"""The `sign_in_notices` table: what users are told about changes to how they sign in."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class Notice(NamedTuple):
    """One row. `what` is a word of directory/notices.py, `by_whom` a subject as in the trail."""

    what: str
    by_whom: str
    created_at: int


async def insert(
    tx: Tx, tenant_id: TenantId, user_id: UserId, *, id: str, what: str, by_whom: str, now: Micros
) -> None:
    """Add a notice."""
    await tx.run(
        """
        INSERT INTO sign_in_notices (tenant_id, user_id, id, what, by_whom, created_at)
        VALUES (:tenant_id, :user_id, :id, :what, :by_whom, :now)
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        id=id,
        what=what,
        by_whom=by_whom,
        now=now,
    )


async def list_of_user(read: Read, tenant_id: TenantId, user_id: UserId, since: Micros, limit: int) -> list[Notice]:
    """The user's notices since then, newest first."""
    return await read.all(
        Notice,
        """
        SELECT what, by_whom, created_at FROM sign_in_notices
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND created_at > :since
        ORDER BY created_at DESC, id LIMIT :limit
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        since=since,
        limit=limit,
    )


async def delete_past(tx: Tx, tenant_id: TenantId, user_id: UserId, before: Micros) -> None:
    """Delete the user's notices from before then."""
    await tx.run(
        "DELETE FROM sign_in_notices WHERE tenant_id = :tenant_id AND user_id = :user_id AND created_at <= :before",
        tenant_id=tenant_id,
        user_id=user_id,
        before=before,
    )
