"""What depends on one connector, token, relationship, user or device. Counts stop at `most`, lists at `limit`."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import ConnectorId, ManagedAccountId, TenantId, UserId
from tenantry.store.engine.interface import Read


class ConnectorCounts(NamedTuple):
    """How much hangs on a connector: live tokens by reach, live secrets and keys, the enterprises that a service
    account acts for, and webhooks that send.
    """

    tenant_tokens: int
    user_tokens: int
    group_tokens: int
    secrets: int
    keys: int
    enterprises: int
    webhooks: int


class UserCounts(NamedTuple):
    """How much hangs on a user: live sessions, tokens that the user gave, groups that it administers, connectors that
    it registered, live devices.
    """

    sessions: int
    tokens: int
    groups: int
    connectors: int
    devices: int


class Named(NamedTuple):
    """A thing with its id and its name."""

    id: str
    name: str


class LeftConnector(NamedTuple):
    """A connector that acts on without the user who registered it: how many directory roles it holds itself, and how
    many live tokens of others.
    """

    id: str
    name: str
    roles: int
    tokens: int


class AccountOfDevice(NamedTuple):
    """A live device and its account. `user_id` is None when the account is not tied to a user."""

    android_id: str
    model: str | None
    provisioned_at: int | None
    account_id: ManagedAccountId
    account_name: str
    enterprise_id: str
    enterprise_name: str
    management_type: str
    device_count: int
    user_id: str | None


async def count_of_connector(
    read: Read, tenant_id: TenantId, connector_id: ConnectorId, now: Micros, most: int
) -> ConnectorCounts:
    """Count what depends on one connector of the tenant."""
    [counts] = await read.all(
        ConnectorCounts,
        """
        SELECT
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.connector_id = :connector_id
                AND t.reach = 'tenant' AND t.revoked_at IS NULL AND t.expires_at > :now LIMIT :most) n
            ) AS tenant_tokens,
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.connector_id = :connector_id
                AND t.reach = 'user' AND t.revoked_at IS NULL AND t.expires_at > :now LIMIT :most) n
            ) AS user_tokens,
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.connector_id = :connector_id
                AND t.reach = 'group' AND t.revoked_at IS NULL AND t.expires_at > :now LIMIT :most) n
            ) AS group_tokens,
            (SELECT COUNT(*) FROM connector_secrets s WHERE s.connector_id = :connector_id AND s.ended_at IS NULL
             AND (s.expires_at IS NULL OR s.expires_at > :now)) AS secrets,
            (SELECT COUNT(*) FROM service_account_keys k WHERE k.connector_id = :connector_id
             AND k.revoked_at IS NULL) AS keys,
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM enterprises e WHERE (e.tenant_id = :tenant_id OR e.emm_tenant_id = :tenant_id)
                AND e.service_account_id = :connector_id AND e.unenrolled_at IS NULL LIMIT :most) n
            ) AS enterprises,
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM webhooks w WHERE w.tenant_id = :tenant_id AND w.connector_id = :connector_id
                AND w.deleted_at IS NULL AND w.disabled_at IS NULL AND w.expires_at > :now LIMIT :most) n
            ) AS webhooks
        """,
        tenant_id=tenant_id,
        connector_id=connector_id,
        now=now,
        most=most,
    )
    return counts


async def count_issued(
    read: Read,
    tenant_id: TenantId,
    from_id: str,
    most: int,
    *,
    connector_id: str | None = None,
    grant_id: str | None = None,
) -> int:
    """Access tokens issued since `from_id` to the connector or by the grant, among the newest `most` of the tenant."""
    [events] = await read.all(
        int,
        """
        SELECT COUNT(*) FROM (
            SELECT e.connector_id, e.grant_id FROM audit_events e
            WHERE e.tenant_id = :tenant_id AND e.id >= :from_id AND e.type = 'access_token.issued'
            ORDER BY e.id DESC LIMIT :most) newest
        WHERE newest.connector_id = CAST(:connector_id AS TEXT) OR newest.grant_id = CAST(:grant_id AS TEXT)
        """,
        tenant_id=tenant_id,
        from_id=from_id,
        most=most,
        connector_id=connector_id,
        grant_id=grant_id,
    )
    return events


async def count_done_by_partner(
    read: Read, tenant_id: TenantId, partner_tenant_id: TenantId, from_id: str, most: int
) -> int:
    """What the partner did here since `from_id`, among the newest `most` events that are not tokens."""
    [events] = await read.all(
        int,
        """
        SELECT COUNT(*) FROM (
            SELECT e.partner_tenant_id FROM audit_events e
            WHERE e.tenant_id = :tenant_id AND e.id >= :from_id
              AND e.type <> 'access_token.issued' AND e.type <> 'device_token.issued'
            ORDER BY e.id DESC LIMIT :most) newest
        WHERE newest.partner_tenant_id = :partner_tenant_id
        """,
        tenant_id=tenant_id,
        partner_tenant_id=partner_tenant_id,
        from_id=from_id,
        most=most,
    )
    return events


async def count_of_user(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros, most: int) -> UserCounts:
    """Count what depends on one user of the tenant."""
    [counts] = await read.all(
        UserCounts,
        """
        SELECT
            (SELECT COUNT(*) FROM sessions s WHERE s.tenant_id = :tenant_id AND s.user_id = :user_id
             AND s.ended_at IS NULL AND s.expires_at > :now) AS sessions,
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.user_id = :user_id
                AND t.revoked_at IS NULL AND t.expires_at > :now LIMIT :most) n) AS tokens,
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM group_members m WHERE m.tenant_id = :tenant_id AND m.user_id = :user_id
                AND m.role = 'admin' LIMIT :most) n) AS groups,
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM connectors c WHERE c.tenant_id = :tenant_id AND c.created_by = :user_id
                AND c.deleted_at IS NULL LIMIT :most) n) AS connectors,
            (SELECT COALESCE(SUM(a.device_count), 0) FROM managed_accounts a WHERE a.tenant_id = :tenant_id
             AND a.user_id = :user_id AND a.deleted_at IS NULL) AS devices
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        now=now,
        most=most,
    )
    return UserCounts(*(int(count) for count in counts))


async def list_connectors_of_user(
    read: Read, tenant_id: TenantId, user_id: UserId, now: Micros, *, limit: int, most: int
) -> list[Named]:
    """At most `limit` connectors that hold a live token of the user's, looking at `most` tokens."""
    return await read.all(
        Named,
        """
        SELECT DISTINCT c.id, c.name
        FROM (SELECT t.connector_id FROM grants t WHERE t.tenant_id = :tenant_id AND t.user_id = :user_id
              AND t.revoked_at IS NULL AND t.expires_at > :now LIMIT :most) held
        JOIN connectors c ON c.id = held.connector_id AND c.tenant_id = :tenant_id AND c.deleted_at IS NULL
        ORDER BY c.name, c.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        now=now,
        limit=limit,
        most=most,
    )


async def list_led_alone(read: Read, tenant_id: TenantId, user_id: UserId, *, limit: int, most: int) -> list[Named]:
    """At most `limit` groups of which the user is the only admin, looking at `most` of the groups it administers."""
    return await read.all(
        Named,
        """
        SELECT g.id, g.name
        FROM (SELECT m.group_id FROM group_members m WHERE m.tenant_id = :tenant_id AND m.user_id = :user_id
              AND m.role = 'admin' LIMIT :most) led
        JOIN groups g ON g.tenant_id = :tenant_id AND g.id = led.group_id AND g.deleted_at IS NULL
        WHERE NOT EXISTS (
            SELECT 1 FROM group_members o WHERE o.tenant_id = :tenant_id AND o.group_id = g.id AND o.role = 'admin'
            AND o.user_id <> :user_id)
        ORDER BY g.name, g.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        limit=limit,
        most=most,
    )


async def find_device(
    read: Read, tenant_id: TenantId, account_id: ManagedAccountId, android_id: str
) -> AccountOfDevice | None:
    """A live device of a live account."""
    return await read.one_or_none(
        AccountOfDevice,
        """
        SELECT d.android_id, d.model, d.provisioned_at, a.id AS account_id,
               COALESCE(a.display_name, a.account_identifier, a.primary_email, a.id) AS account_name, a.enterprise_id,
               e.name AS enterprise_name, a.management_type, a.device_count, a.user_id
        FROM devices d
        JOIN managed_accounts a ON a.tenant_id = :tenant_id AND a.id = d.managed_account_id AND a.deleted_at IS NULL
        JOIN enterprises e ON e.id = a.enterprise_id AND e.unenrolled_at IS NULL
        WHERE d.tenant_id = :tenant_id AND d.managed_account_id = :account_id AND d.android_id = :android_id
          AND d.provisioned_at IS NOT NULL AND d.removed_at IS NULL
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        android_id=android_id,
    )


async def list_left_connectors(
    read: Read, tenant_id: TenantId, user_id: UserId, now: Micros, *, limit: int, most: int
) -> list[LeftConnector]:
    """At most `limit` connectors of the user's that hold a role, or a live token that somebody else gave."""
    return await read.all(
        LeftConnector,
        """
        SELECT l.id, l.name, l.roles, l.tokens
        FROM (SELECT c.id, c.name,
                     (SELECT COUNT(*) FROM connector_roles r
                      WHERE r.tenant_id = :tenant_id AND r.connector_id = c.id
                        AND (r.expires_at IS NULL OR r.expires_at > :now)) AS roles,
                     (SELECT COUNT(*) FROM (
                         SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.connector_id = c.id
                         AND t.user_id <> :user_id AND t.revoked_at IS NULL AND t.expires_at > :now LIMIT :most
                     ) n) AS tokens
              FROM connectors c
              WHERE c.tenant_id = :tenant_id AND c.created_by = :user_id AND c.deleted_at IS NULL) l
        WHERE l.roles > 0 OR l.tokens > 0
        ORDER BY l.roles DESC, l.name, l.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        now=now,
        limit=limit,
        most=most,
    )


async def count_left_webhooks(read: Read, tenant_id: TenantId, created_by: str, now: Micros, most: int) -> int:
    """Webhooks that `created_by` registered by hand and that tell their receivers, at most `most`."""
    [webhooks] = await read.all(
        int,
        """
        SELECT COUNT(*) FROM (
            SELECT 1 FROM webhooks w
            WHERE w.tenant_id = :tenant_id AND w.created_by = :created_by AND w.connector_id IS NULL
              AND w.deleted_at IS NULL AND w.disabled_at IS NULL AND w.expires_at > :now LIMIT :most) n
        """,
        tenant_id=tenant_id,
        created_by=created_by,
        now=now,
        most=most,
    )
    return webhooks
