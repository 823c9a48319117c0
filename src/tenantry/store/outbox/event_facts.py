"""What events say of the people and groups that they are about, deleted ones too."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read


class PersonFacts(NamedTuple):
    """A user, as events name one. `number` is the best known phone: a verified one before one that is not."""

    display_name: str
    number: str | None


class GroupFacts(NamedTuple):
    name: str
    group_type: str
    image_url: str | None


async def find_person(read: Read, tenant_id: TenantId, user_id: UserId) -> PersonFacts | None:
    """The user, deleted or not."""
    return await read.one_or_none(
        PersonFacts,
        """
        SELECT u.display_name,
               (SELECT p.number FROM phones p WHERE p.tenant_id = :tenant_id AND p.user_id = u.id
                ORDER BY CASE WHEN p.verified_at IS NULL THEN 1 ELSE 0 END, p.number LIMIT 1) AS number
        FROM users u WHERE u.tenant_id = :tenant_id AND u.id = :user_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def find_group(read: Read, tenant_id: TenantId, group_id: GroupId) -> GroupFacts | None:
    """The group, deleted or not."""
    return await read.one_or_none(
        GroupFacts,
        "SELECT name, group_type, image_url FROM groups WHERE tenant_id = :tenant_id AND id = :group_id",
        tenant_id=tenant_id,
        group_id=group_id,
    )
