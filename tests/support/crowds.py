"""Large shapes, made with a few statements."""

from __future__ import annotations

import hashlib

from tenantry.core.clock import HOUR, Micros
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.store.engine.interface import Store

_NUMBERS = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)
"""


def crowd_id(kind: int, number: int) -> str:
    """The id that the statements give to the row with this number."""
    return f"{10_000_000 + number}-{kind:04}-4000-8000-000000000000"


async def many_members(store: Store, tenant_id: TenantId, group_id: GroupId, many: int, now: Micros) -> None:
    """Users who are in the group."""
    await many_users(store, tenant_id, many, now)
    await let_all_in(store, tenant_id, group_id, many, now)


async def many_users(store: Store, tenant_id: TenantId, many: int, now: Micros) -> None:
    """Their ids are `crowd_id(1, …)`."""
    async with store.write() as tx:
        await tx.run(
            f"""
            INSERT INTO users (tenant_id, id, user_principal_name, upn_key, user_type, display_name, display_key,
                               created_at, updated_at)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(10000000 + i AS TEXT) || '-0001-4000-8000-000000000000',
                   'crowd' || i || '@crowd.example', 'crowd' || i || '@crowd.example', 'member', 'Crowd ' || i,
                   'crowd ' || i, CAST(:now AS BIGINT), CAST(:now AS BIGINT) FROM n
            """,
            tenant_id=tenant_id,
            many=many,
            now=now,
        )


async def let_all_in(
    store: Store, tenant_id: TenantId, group_id: GroupId, many: int, now: Micros, role: str = "member"
) -> None:
    """The first users of `many_users`."""
    async with store.write() as tx:
        await tx.run(
            f"""
            INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at, member_key)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(:group_id AS TEXT),
                   CAST(10000000 + i AS TEXT) || '-0001-4000-8000-000000000000', CAST(:role AS TEXT),
                   CAST(:now AS BIGINT), 'crowd ' || i FROM n
            """,
            tenant_id=tenant_id,
            group_id=group_id,
            role=role,
            many=many,
            now=now,
        )


async def many_places(store: Store, tenant_id: TenantId, user_id: UserId, many: int, now: Micros) -> None:
    """In the wide ones of `many_groups`."""
    async with store.write() as tx:
        await tx.run(
            f"""
            INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at, member_key)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(10000000 + i AS TEXT) || '-0003-4000-8000-000000000000',
                   CAST(:user_id AS TEXT), 'member', CAST(:now AS BIGINT), 'mal' FROM n
            """,
            tenant_id=tenant_id,
            user_id=user_id,
            many=many,
            now=now,
        )


async def many_sessions(
    store: Store, tenant_id: TenantId, user_id: UserId, many: int, now: Micros, acting: TenantId | None = None
) -> None:
    """That nobody has the cookie of; acting for that customer."""
    async with store.write() as tx:
        await tx.run_many(
            """
            INSERT INTO sessions (tenant_id, session_hash, id, user_id, amr, address, browser, acting_tenant_id,
                                  created_at, expires_at)
            VALUES (:tenant_id, :hash, :id, :user_id, 'pwd mfa', '', '', :acting, :now, :expires_at)
            """,
            [
                {
                    "tenant_id": tenant_id,
                    "hash": hashlib.sha256(f"{user_id}{number}".encode()).digest(),
                    "id": f"{user_id}{number}",
                    "user_id": user_id,
                    "acting": acting,
                    "now": now,
                    "expires_at": now + 10 * HOUR,
                }
                for number in range(many)
            ],
        )


async def many_events(store: Store, tenant_id: TenantId, partner_id: TenantId | None, many: int, now: Micros) -> None:
    """Of a trail: the users of `many_users` were made, by a partner's user or by the organisation's own."""
    async with store.write() as tx:
        await tx.run(
            f"""
            INSERT INTO audit_events (tenant_id, id, at, type, actor, partner_tenant_id, correlation_id, address, data)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), '0' || CAST(10000000 + i AS TEXT) || '00000000000000000',
                   CAST(:now AS BIGINT), 'user.created', 'user:x', CAST(:partner_id AS TEXT), 'crowd', '',
                   '{{"type":"user.created","user_id":"' || CAST(10000000 + i AS TEXT)
                   || '-0001-4000-8000-000000000000"}}' FROM n
            """,
            tenant_id=tenant_id,
            partner_id=partner_id,
            many=many,
            now=now,
        )


async def many_roles(
    store: Store, tenant_id: TenantId, role_id: str, given_by: TenantId | None, many: int, now: Micros
) -> None:
    """Of the first users of `many_members`, for good."""
    async with store.write() as tx:
        await tx.run(
            f"""
            INSERT INTO role_assignments (tenant_id, user_id, role_id, created_at, given_by)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(10000000 + i AS TEXT) || '-0001-4000-8000-000000000000',
                   CAST(:role_id AS TEXT), CAST(:now AS BIGINT), CAST(:given_by AS TEXT) FROM n
            """,
            tenant_id=tenant_id,
            role_id=role_id,
            given_by=given_by,
            many=many,
            now=now,
        )


async def many_linked(store: Store, tenant_id: TenantId, provider_id: str, issuer: str, many: int, now: Micros) -> None:
    """Accounts at an identity provider of the first users of `many_members`."""
    async with store.write() as tx:
        await tx.run(
            f"""
            INSERT INTO linked_identities (tenant_id, provider_id, issuer, subject, user_id, created_at)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(:provider_id AS TEXT), CAST(:issuer AS TEXT),
                   'subject ' || i, CAST(10000000 + i AS TEXT) || '-0001-4000-8000-000000000000', CAST(:now AS BIGINT)
            FROM n
            """,
            tenant_id=tenant_id,
            provider_id=provider_id,
            issuer=issuer,
            many=many,
            now=now,
        )


async def many_grants(
    store: Store,
    tenant_id: TenantId,
    connector_id: str,
    user_id: str,
    many: int,
    now: Micros,
    group_id: GroupId | None = None,
) -> None:
    """Live grants of one user to one connector, for the user's groups or for one."""
    async with store.write() as tx:
        await tx.run(
            f"""
            INSERT INTO grants (tenant_id, id, connector_id, user_id, reach, group_id, permissions, amr, created_at,
                                expires_at)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(:user_id AS TEXT) || i, CAST(:connector_id AS TEXT),
                   CAST(:user_id AS TEXT), CAST(:reach AS TEXT), CAST(:group_id AS TEXT), 'groupinfo.read', 'pwd',
                   CAST(:now AS BIGINT) - :many + i, CAST(:now AS BIGINT) + 3600000000 FROM n
            """,
            tenant_id=tenant_id,
            reach="user" if group_id is None else "group",
            group_id=group_id,
            connector_id=connector_id,
            user_id=user_id,
            many=many,
            now=now,
        )


async def many_groups(
    store: Store, tenant_id: TenantId, admin_id: str, parent_id: GroupId, many: int, now: Micros, *, deep: bool
) -> None:
    """Groups of one admin: each below the last (`deep`), or all right below `parent_id`, as they could be linked once.

    Their ids are `crowd_id(2 or 3, …)`.
    """
    kind = "0002" if deep else "0003"
    above = "i - 1" if deep else "0"
    async with store.write() as tx:
        await tx.run(
            f"""
            INSERT INTO groups (tenant_id, id, name, name_key, welcome_message, group_type, created_at, updated_at)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(10000000 + i AS TEXT) || '-{kind}-4000-8000-000000000000',
                   'Nest {kind} ' || i, 'nest {kind} ' || i, '', 'group', CAST(:now AS BIGINT), CAST(:now AS BIGINT)
            FROM n
            """,
            tenant_id=tenant_id,
            many=many,
            now=now,
        )
        await tx.run(
            f"""
            INSERT INTO group_links (tenant_id, parent_id, child_id, created_at)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT),
                   CASE WHEN {above} = 0 THEN CAST(:parent_id AS TEXT)
                        ELSE CAST(10000000 + {above} AS TEXT) || '-{kind}-4000-8000-000000000000' END,
                   CAST(10000000 + i AS TEXT) || '-{kind}-4000-8000-000000000000', CAST(:now AS BIGINT) FROM n
            """,
            tenant_id=tenant_id,
            parent_id=parent_id,
            many=many,
            now=now,
        )
        await tx.run(
            f"""
            INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at, member_key)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(10000000 + i AS TEXT) || '-{kind}-4000-8000-000000000000',
                   CAST(:admin_id AS TEXT), 'admin', CAST(:now AS BIGINT), 'mal' FROM n
            """,
            tenant_id=tenant_id,
            admin_id=admin_id,
            many=many,
            now=now,
        )


async def analyze(store: Store) -> None:
    """As PostgreSQL does by itself after a while; SQLite always plans by the numbers of store/engine/statistics.py."""
    if store.engine == "postgresql":
        async with store.write() as tx:
            await tx.run("ANALYZE")
