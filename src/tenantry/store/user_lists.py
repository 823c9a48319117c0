"""Pages of the `users` table: the members of a tenant by name or display name, up or down.

`deleted_after` None: users that are not soft-deleted; else those soft-deleted after that instant. A page begins after
the position (key, id), which is the last row's of the page before; None: at the beginning.
"""

from __future__ import annotations

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine import Read
from tenantry.store.users import User

Position = tuple[str, str]


async def by_name(
    read: Read, tenant_id: TenantId, *, deleted_after: Micros | None, after: Position | None, limit: int
) -> list[User]:
    """By `upn_key`, upwards."""
    key, row_id = after or ("", "")
    return await read.all(
        User,
        """
        SELECT tenant_id, id, user_principal_name, upn_key, user_type, display_name, given_name, family_name,
               usage_location, immutable_id, phone_number, created_at, updated_at, disabled_at, soft_deleted_at
        FROM users
        WHERE tenant_id = :tenant_id AND (upn_key, id) > (:key, :id) AND user_type = 'member'
          AND CASE WHEN CAST(:deleted_after AS BIGINT) IS NULL THEN soft_deleted_at IS NULL
                   ELSE soft_deleted_at > :deleted_after END
        ORDER BY upn_key, id LIMIT :limit
        """,
        tenant_id=tenant_id,
        deleted_after=deleted_after,
        key=key,
        id=row_id,
        limit=limit,
    )


async def by_name_downwards(
    read: Read, tenant_id: TenantId, *, deleted_after: Micros | None, after: Position | None, limit: int
) -> list[User]:
    """By `upn_key`, downwards."""
    key, row_id = after or (None, None)
    return await read.all(
        User,
        """
        SELECT tenant_id, id, user_principal_name, upn_key, user_type, display_name, given_name, family_name,
               usage_location, immutable_id, phone_number, created_at, updated_at, disabled_at, soft_deleted_at
        FROM users
        WHERE tenant_id = :tenant_id AND user_type = 'member'
          AND (CAST(:key AS TEXT) IS NULL OR (upn_key, id) < (:key, :id))
          AND CASE WHEN CAST(:deleted_after AS BIGINT) IS NULL THEN soft_deleted_at IS NULL
                   ELSE soft_deleted_at > :deleted_after END
        ORDER BY upn_key DESC, id DESC LIMIT :limit
        """,
        tenant_id=tenant_id,
        deleted_after=deleted_after,
        key=key,
        id=row_id,
        limit=limit,
    )


async def by_display_name(
    read: Read, tenant_id: TenantId, *, deleted_after: Micros | None, after: Position | None, limit: int
) -> list[User]:
    """By `display_name`, upwards, in the order of the database."""
    key, row_id = after or ("", "")
    return await read.all(
        User,
        """
        SELECT tenant_id, id, user_principal_name, upn_key, user_type, display_name, given_name, family_name,
               usage_location, immutable_id, phone_number, created_at, updated_at, disabled_at, soft_deleted_at
        FROM users
        WHERE tenant_id = :tenant_id AND (display_name, id) > (:key, :id) AND user_type = 'member'
          AND CASE WHEN CAST(:deleted_after AS BIGINT) IS NULL THEN soft_deleted_at IS NULL
                   ELSE soft_deleted_at > :deleted_after END
        ORDER BY display_name, id LIMIT :limit
        """,
        tenant_id=tenant_id,
        deleted_after=deleted_after,
        key=key,
        id=row_id,
        limit=limit,
    )


async def by_display_name_downwards(
    read: Read, tenant_id: TenantId, *, deleted_after: Micros | None, after: Position | None, limit: int
) -> list[User]:
    """By `display_name`, downwards."""
    key, row_id = after or (None, None)
    return await read.all(
        User,
        """
        SELECT tenant_id, id, user_principal_name, upn_key, user_type, display_name, given_name, family_name,
               usage_location, immutable_id, phone_number, created_at, updated_at, disabled_at, soft_deleted_at
        FROM users
        WHERE tenant_id = :tenant_id AND user_type = 'member'
          AND (CAST(:key AS TEXT) IS NULL OR (display_name, id) < (:key, :id))
          AND CASE WHEN CAST(:deleted_after AS BIGINT) IS NULL THEN soft_deleted_at IS NULL
                   ELSE soft_deleted_at > :deleted_after END
        ORDER BY display_name DESC, id DESC LIMIT :limit
        """,
        tenant_id=tenant_id,
        deleted_after=deleted_after,
        key=key,
        id=row_id,
        limit=limit,
    )
