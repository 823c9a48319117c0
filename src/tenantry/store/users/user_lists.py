"""Pages of the `users` table: the members of a tenant, by sign-in name or by display name, upwards or downwards."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read
from tenantry.store.engine.pages import Position
from tenantry.store.users.users import User


class _Order(NamedTuple):
    """Which rows come after a position, and in what order. `start` is the position before all rows: upwards it has the
    least key, downwards None, since nobody knows the greatest key.
    """

    after: str
    by: str
    start: Position | tuple[None, None]


class Order(_Order, Enum):
    """By `upn_key`, or by `display_name` in the order of the database."""

    NAME = _Order("(upn_key, id) > (:key, :id)", "upn_key, id", ("", ""))
    NAME_DOWNWARDS = _Order(
        "(CAST(:key AS TEXT) IS NULL OR (upn_key, id) < (:key, :id))", "upn_key DESC, id DESC", (None, None)
    )
    DISPLAY_NAME = _Order("(display_name, id) > (:key, :id)", "display_name, id", ("", ""))
    DISPLAY_NAME_DOWNWARDS = _Order(
        "(CAST(:key AS TEXT) IS NULL OR (display_name, id) < (:key, :id))", "display_name DESC, id DESC", (None, None)
    )


async def list_members(
    read: Read, tenant_id: TenantId, order: Order, *, deleted_after: Micros | None, after: Position | None, limit: int
) -> list[User]:
    """At most `limit` members after the position, or from the start when it is None.

    With `deleted_after` None it lists members that are not deleted, otherwise those deleted after that instant.
    """
    key, row_id = after or order.start
    return await read.all(
        User,
        f"""
        SELECT tenant_id, id, user_principal_name, upn_key, user_type, display_name, given_name, family_name,
               usage_location, immutable_id, phone_number, created_at, updated_at, disabled_at, deleted_at
        FROM users
        WHERE tenant_id = :tenant_id AND {order.after} AND user_type = 'member'
          AND CASE WHEN CAST(:deleted_after AS BIGINT) IS NULL THEN deleted_at IS NULL
                   ELSE deleted_at > :deleted_after END
        ORDER BY {order.by} LIMIT :limit
        """,
        tenant_id=tenant_id,
        deleted_after=deleted_after,
        key=key,
        id=row_id,
        limit=limit,
    )
