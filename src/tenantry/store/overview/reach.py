"""Who can reach what in a tenant, a page at a time: partners and administrators on one side, connectors on the other.

Each statement reads a bounded number of rows; counts stop at `most`.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read


class PartnerPath(NamedTuple):
    """A partner's way in. `kind`: relationship, or enterprise for the EMM of one. `role_ids` are divided by blanks."""

    kind: str
    id: str
    name: str
    partner_id: str
    partner_name: str
    role_ids: str
    status: str
    ends_at: int | None
    name_key: str


class Holder(NamedTuple):
    """A user of the tenant with a directory role. `of_all` counts assignments."""

    user_id: str
    name: str
    role_id: str
    ends_at: int | None
    of_all: int


class ConnectorPath(NamedTuple):
    """A connector and its live tokens, by reach. A `grant` is one of them, and a `giver` the user who gave that one."""

    id: str
    name: str
    kind: str
    permissions: str
    deactivated_at: int | None
    name_key: str
    tenant_tokens: int
    user_tokens: int
    group_tokens: int
    tenant_grant: str | None
    user_grant: str | None
    tenant_giver: str | None
    user_giver: str | None
    user_giver_id: str | None


class GroupToken(NamedTuple):
    """A live token for one group and those below it."""

    id: str
    connector_id: str
    group_id: str
    group_name: str
    giver: str


class Totals(NamedTuple):
    """How much there is to reach. `managed` counts enterprises of live customers whose EMM the tenant is; `customers`
    the live customers with a live relationship.
    """

    users: int
    groups: int
    devices: int
    managed: int
    customers: int


async def list_partner_paths(
    read: Read, tenant_id: TenantId, now: Micros, *, named_like: str, after: tuple[str, str], limit: int
) -> list[PartnerPath]:
    """At most `limit` ways in of live partners, requests that wait included, by the partner's name, after the
    position.
    """
    return await read.all(
        PartnerPath,
        """
        SELECT p.kind, p.id, p.name, p.partner_id, p.partner_name, p.role_ids, p.status, p.ends_at, p.name_key
        FROM (
            SELECT 'relationship' AS kind, r.id, r.display_name AS name, r.partner_tenant_id AS partner_id,
                   t.name AS partner_name, r.role_ids, r.status, r.expires_at AS ends_at, t.name_key,
                   r.name_key AS own_key
            FROM delegated_relationships r JOIN tenants t ON t.id = r.partner_tenant_id
            WHERE r.tenant_id = :tenant_id AND r.status IN ('active', 'approvalPending')
              AND r.expires_at > :now AND t.deleted_at IS NULL AND t.disabled_at IS NULL
            UNION ALL
            SELECT 'enterprise' AS kind, e.id, e.name, e.emm_tenant_id AS partner_id, t.name AS partner_name,
                   '' AS role_ids, 'active' AS status, CAST(NULL AS BIGINT) AS ends_at, t.name_key,
                   e.name_key AS own_key
            FROM enterprises e JOIN tenants t ON t.id = e.emm_tenant_id
            WHERE e.tenant_id = :tenant_id AND e.unenrolled_at IS NULL AND e.emm_tenant_id <> e.tenant_id
              AND t.deleted_at IS NULL AND t.disabled_at IS NULL
        ) p
        WHERE (p.name_key LIKE :named_like ESCAPE '!' OR p.own_key LIKE :named_like ESCAPE '!')
          AND (p.name_key, p.id) > (:after_name, :after_id)
        ORDER BY p.name_key, p.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        now=now,
        named_like=named_like,
        after_name=after[0],
        after_id=after[1],
        limit=limit,
    )


async def list_holders(read: Read, tenant_id: TenantId, now: Micros, *, named_like: str, limit: int) -> list[Holder]:
    """At most `limit` live assignments of directory roles to live users, by name."""
    return await read.all(
        Holder,
        """
        SELECT u.id AS user_id, u.display_name AS name, a.role_id, a.expires_at AS ends_at, COUNT(*) OVER () AS of_all
        FROM role_assignments a JOIN users u ON u.tenant_id = :tenant_id AND u.id = a.user_id
        WHERE a.tenant_id = :tenant_id AND (a.expires_at IS NULL OR a.expires_at > :now)
          AND u.deleted_at IS NULL AND u.disabled_at IS NULL
          AND (u.display_key LIKE :named_like ESCAPE '!' OR u.upn_key LIKE :named_like ESCAPE '!')
        ORDER BY u.display_name, u.id, a.role_id LIMIT :limit
        """,
        tenant_id=tenant_id,
        now=now,
        named_like=named_like,
        limit=limit,
    )


async def list_connector_paths(
    read: Read, tenant_id: TenantId, now: Micros, *, named_like: str, after: tuple[str, str], limit: int, most: int
) -> list[ConnectorPath]:
    """At most `limit` connectors that hold a live token or are service accounts, after (`name_key`, `id`), by name.

    `named_like` may also match the name of a group that one of the tokens is for.
    """
    return await read.all(
        ConnectorPath,
        """
        SELECT c.id, c.name, c.kind, c.permissions, c.deactivated_at, c.name_key, c.tenant_tokens, c.user_tokens,
               c.group_tokens, c.tenant_grant, c.user_grant, tu.display_name AS tenant_giver,
               uu.display_name AS user_giver, uu.id AS user_giver_id
        FROM (
            SELECT c.id, c.name, c.kind, c.permissions, c.deactivated_at, c.name_key,
                   (SELECT COUNT(*) FROM (
                        SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.connector_id = c.id
                        AND t.reach = 'tenant' AND t.revoked_at IS NULL AND t.expires_at > :now LIMIT :most) n
                   ) AS tenant_tokens,
                   (SELECT COUNT(*) FROM (
                        SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.connector_id = c.id
                        AND t.reach = 'user' AND t.revoked_at IS NULL AND t.expires_at > :now LIMIT :most) n
                   ) AS user_tokens,
                   (SELECT COUNT(*) FROM (
                        SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.connector_id = c.id
                        AND t.reach = 'group' AND t.revoked_at IS NULL AND t.expires_at > :now LIMIT :most) n
                   ) AS group_tokens,
                   (SELECT t.id FROM grants t WHERE t.tenant_id = :tenant_id AND t.connector_id = c.id
                    AND t.reach = 'tenant' AND t.revoked_at IS NULL AND t.expires_at > :now
                    ORDER BY t.expires_at DESC LIMIT 1) AS tenant_grant,
                   (SELECT t.id FROM grants t WHERE t.tenant_id = :tenant_id AND t.connector_id = c.id
                    AND t.reach = 'user' AND t.revoked_at IS NULL AND t.expires_at > :now
                    ORDER BY t.expires_at DESC LIMIT 1) AS user_grant
            FROM connectors c
            WHERE c.tenant_id = :tenant_id AND c.deleted_at IS NULL
              AND (c.kind = 'service_account' OR EXISTS (
                    SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.connector_id = c.id
                    AND t.reach IN ('tenant', 'user', 'group') AND t.revoked_at IS NULL AND t.expires_at > :now))
              AND (c.name_key LIKE :named_like ESCAPE '!' OR EXISTS (
                    SELECT 1 FROM grants t JOIN groups g ON g.tenant_id = :tenant_id AND g.id = t.group_id
                    WHERE t.tenant_id = :tenant_id AND t.connector_id = c.id AND t.reach = 'group'
                    AND t.revoked_at IS NULL AND t.expires_at > :now AND g.name_key LIKE :named_like ESCAPE '!'))
              AND (c.name_key, c.id) > (:after_name, :after_id)
            ORDER BY c.name_key, c.id LIMIT :limit
        ) c
        LEFT JOIN grants tg ON tg.tenant_id = :tenant_id AND tg.id = c.tenant_grant
        LEFT JOIN users tu ON tu.tenant_id = :tenant_id AND tu.id = tg.user_id
        LEFT JOIN grants ug ON ug.tenant_id = :tenant_id AND ug.id = c.user_grant
        LEFT JOIN users uu ON uu.tenant_id = :tenant_id AND uu.id = ug.user_id
        ORDER BY c.name_key, c.id
        """,
        tenant_id=tenant_id,
        now=now,
        named_like=named_like,
        after_name=after[0],
        after_id=after[1],
        limit=limit,
        most=most,
    )


async def list_group_tokens(
    read: Read, tenant_id: TenantId, now: Micros, *, first: tuple[str, str], last: tuple[str, str], limit: int
) -> list[GroupToken]:
    """At most `limit` tokens for single groups, of the connectors from `first` to `last` (`name_key`, `id`).

    CROSS JOIN makes SQLite begin with the few connectors; by itself it would look at every live grant.
    """
    return await read.all(
        GroupToken,
        """
        SELECT t.id, t.connector_id, t.group_id, g.name AS group_name, u.display_name AS giver
        FROM (
            SELECT t.id, t.connector_id, t.group_id, t.user_id, t.expires_at, c.name_key
            FROM connectors c CROSS JOIN grants t
            WHERE c.tenant_id = :tenant_id AND c.deleted_at IS NULL AND t.connector_id = c.id
              AND (c.name_key, c.id) >= (:first_name, :first_id) AND (c.name_key, c.id) <= (:last_name, :last_id)
              AND t.tenant_id = :tenant_id AND t.reach = 'group' AND t.revoked_at IS NULL AND t.expires_at > :now
            ORDER BY c.name_key, c.id, t.expires_at LIMIT :limit
        ) t
        JOIN groups g ON g.tenant_id = :tenant_id AND g.id = t.group_id AND g.deleted_at IS NULL
        JOIN users u ON u.tenant_id = :tenant_id AND u.id = t.user_id AND u.deleted_at IS NULL
        ORDER BY t.name_key, t.connector_id, t.expires_at
        """,
        tenant_id=tenant_id,
        now=now,
        first_name=first[0],
        first_id=first[1],
        last_name=last[0],
        last_id=last[1],
        limit=limit,
    )


async def count_things(read: Read, tenant_id: TenantId, now: Micros, most: int) -> Totals:
    """What there is to reach, each counted up to `most`."""
    [totals] = await read.all(
        Totals,
        """
        SELECT
            (SELECT COUNT(*) FROM (SELECT 1 FROM users u WHERE u.tenant_id = :tenant_id AND u.deleted_at IS NULL
                                   LIMIT :most) n) AS users,
            (SELECT COUNT(*) FROM (SELECT 1 FROM groups g WHERE g.tenant_id = :tenant_id AND g.deleted_at IS NULL
                                   LIMIT :most) n) AS groups,
            (SELECT COUNT(*) FROM (SELECT 1 FROM devices d WHERE d.tenant_id = :tenant_id AND d.removed_at IS NULL
                                   AND d.provisioned_at IS NOT NULL LIMIT :most) n) AS devices,
            (SELECT COUNT(*) FROM (SELECT 1 FROM enterprises e JOIN tenants t ON t.id = e.tenant_id
                                   WHERE e.emm_tenant_id = :tenant_id AND e.tenant_id <> :tenant_id
                                   AND e.unenrolled_at IS NULL AND t.deleted_at IS NULL AND t.disabled_at IS NULL
                                   LIMIT :most) n) AS managed,
            (SELECT COUNT(*) FROM (SELECT DISTINCT r.customer_tenant_id FROM partner_relationships r
                                   JOIN tenants t ON t.id = r.customer_tenant_id
                                   WHERE r.tenant_id = :tenant_id AND r.status = 'active'
                                   AND r.expires_at > :now AND t.deleted_at IS NULL AND t.disabled_at IS NULL
                                   LIMIT :most) n) AS customers
        """,
        tenant_id=tenant_id,
        now=now,
        most=most,
    )
    return totals
