"""Which webhooks are told of a change: the live ones of the group that changed, and of its tenant."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read
from tenantry.store.outbox.webhooks import CONNECTOR_IS_LIVE


class Subscribed(NamedTuple):
    """A webhook that an event may be for."""

    id: str
    event_types: str
    context: str | None


class SubscribedOverUser(NamedTuple):
    """A webhook that may be told of a user, and one of that user's groups that it listens to."""

    id: str
    event_types: str
    context: str | None
    group_id: GroupId


async def list_subscribed(read: Read, tenant_id: TenantId, group_id: str, now: Micros) -> list[Subscribed]:
    """Live webhooks of the group and of the tenant, oldest first. It is one look at an index when there are none."""
    return await read.all(
        Subscribed,
        f"""
        SELECT w.id, w.event_types, w.context FROM webhooks w
        WHERE w.tenant_id = :tenant_id AND w.object_type IN ('group', 'tenant')
          AND w.object_id IN (:group_id, :tenant_id)
          AND w.deleted_at IS NULL AND w.disabled_at IS NULL AND w.expires_at > :now AND {CONNECTOR_IS_LIVE}
        ORDER BY w.created_at, w.id
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        now=now,
    )


async def has_live(read: Read, tenant_id: TenantId, now: Micros) -> bool:
    """Whether the tenant has a live webhook. It is one look at an index when there is none."""
    found = await read.one_or_none(
        str,
        """
        SELECT id FROM webhooks
        WHERE tenant_id = :tenant_id AND deleted_at IS NULL AND disabled_at IS NULL AND expires_at > :now LIMIT 1
        """,
        tenant_id=tenant_id,
        now=now,
    )
    return found is not None


async def list_subscribed_over_user(
    read: Read, tenant_id: TenantId, user_id: UserId, *, first: GroupId, last: GroupId, at: Micros
) -> list[SubscribedOverUser]:
    """Webhooks that were there and live at the time `at`, beside each of the user's groups from `first` to `last` that
    they listen to; a webhook of the tenant stands beside each. By group, the oldest webhook first.
    """
    return await read.all(
        SubscribedOverUser,
        f"""
        SELECT w.id, w.event_types, w.context, m.group_id
        FROM group_members m
        JOIN webhooks w ON w.tenant_id = :tenant_id AND w.object_type IN ('group', 'tenant')
             AND w.object_id IN (m.group_id, :tenant_id)
        WHERE m.tenant_id = :tenant_id AND m.user_id = :user_id AND m.group_id >= :first AND m.group_id <= :last
          AND w.deleted_at IS NULL AND w.disabled_at IS NULL AND w.created_at <= :at AND w.expires_at > :at
          AND {CONNECTOR_IS_LIVE}
        ORDER BY m.group_id, w.created_at, w.id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        first=first,
        last=last,
        at=at,
    )
