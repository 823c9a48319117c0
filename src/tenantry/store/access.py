"""The rows that a decision of `access` needs, from several tables. Each function is one statement within one tenant."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.ids import ConnectorId, GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read


class GroupStanding(NamedTuple):
    """A live group, and the user's role in it; None when the user is not in it."""

    group_id: GroupId
    role: str | None


async def find_group_standing(
    read: Read, tenant_id: TenantId, group_id: GroupId, user_id: UserId | None
) -> GroupStanding | None:
    """The group and the user's role in it; None when the tenant has no such group."""
    return await read.one_or_none(
        GroupStanding,
        """
        SELECT g.id AS group_id, m.role AS role
        FROM groups g
        LEFT JOIN group_members m
          ON m.tenant_id = g.tenant_id AND m.group_id = g.id AND m.user_id = :user_id
        WHERE g.tenant_id = :tenant_id AND g.id = :group_id AND g.deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
    )


MOST_ABOVE = 5_000
"""How many groups above one are looked at. It is more than the levels that groups may have today, since groups that
were linked before there was a limit may have more.
"""


async def is_within_group(read: Read, tenant_id: TenantId, group_id: GroupId, root_id: GroupId) -> bool:
    """Whether `group_id` is `root_id`, or is below it through live groups. It looks at the nearest MOST_ABOVE."""
    found = await read.one_or_none(
        str,
        """
        WITH RECURSIVE above (id) AS (
            SELECT id FROM groups WHERE tenant_id = :tenant_id AND id = :group_id
            UNION
            SELECT l.parent_id FROM group_links l JOIN above a ON l.child_id = a.id
            JOIN groups g ON g.tenant_id = :tenant_id AND g.id = l.parent_id AND g.deleted_at IS NULL
            WHERE l.tenant_id = :tenant_id
        )
        SELECT n.id FROM (SELECT id FROM above LIMIT :most) n WHERE n.id = :root_id
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        root_id=root_id,
        most=MOST_ABOVE,
    )
    return found is not None


async def find_bound_enterprise(
    read: Read,
    tenant_id: TenantId,
    *,
    connector_id: ConnectorId | None,
    emm_tenant_id: TenantId | None,
) -> str | None:
    """The lowest id among the customer's enterprises that this connector or its EMM tenant manages; None when there is
    none.
    """
    return await read.one_or_none(
        str,
        """
        SELECT id FROM enterprises
        WHERE tenant_id = :tenant_id AND unenrolled_at IS NULL
          AND (service_account_id = :connector_id OR emm_tenant_id = :emm_tenant_id)
        ORDER BY id LIMIT 1
        """,
        tenant_id=tenant_id,
        connector_id=connector_id,
        emm_tenant_id=emm_tenant_id,
    )
