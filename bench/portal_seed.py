"""Seeds what `bench.portal` looks at: one large tenant among many. Rows are copies of one, written past the store."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from tenantry.core.clock import DAY, Micros, system_clock
from tenantry.core.ids import EnterpriseId, GroupId, ManagedAccountId, TenantId, UserId
from tenantry.store.engine.new_sqlite import create_tables

TENANT = TenantId("00000000-0000-4000-8000-000000000001")
DANA = UserId("00000000-0000-4000-8000-0000000000da")
CROWD = GroupId("00000000-0000-4000-8000-0000000000c0")
BROADCAST = GroupId("00000000-0000-4000-8000-0000000000b0")
ENTERPRISE = EnterpriseId("LC00000001")

_YEAR = 365 * DAY
_CROWD = 100_000
"""Members of one group, and subscribers of another."""
_NAMES = [
    *("ana", "ben", "chen", "dana", "erik", "fatima", "goran", "hana", "igor", "jana", "kofi", "lena", "mia"),
    *("nora", "omar", "priya", "quinn", "rosa", "sam", "tara", "uma", "vera", "wei", "xenia", "yusuf", "zoe"),
]
_COUNT = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
_ID = "printf('%08x-0000-4000-8000-000000000000', {number} * 2654435761 % 4294967296)"
"""Makes an id of a number, so that ids are in another order than names."""
_NAME = "name_of(i) || ' ' || name_of(i / 26) || ' ' || i"


class Size(NamedTuple):
    users: int
    tenants: int
    groups: int
    accounts: int


def account_id(number: int) -> ManagedAccountId:
    """The id of the account `asset-{number}`."""
    return ManagedAccountId(str(10**18 + number))


def seed(path: Path, size: Size) -> None:
    """Make the file. Takes minutes; it gets its name when everything is in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    half.unlink(missing_ok=True)
    create_tables(half)
    db = sqlite3.connect(half, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -500000")
    db.create_function("name_of", 1, lambda number: _NAMES[number * 7919 % len(_NAMES)], deterministic=True)
    now = system_clock()
    db.execute("BEGIN")  # without savepoints, whose undo log would grow with the table
    _tenants(db, size.tenants, now)
    _users(db, size.users, now)
    _groups(db, size, now)
    _accounts(db, size.accounts, now)
    db.execute("COMMIT")
    db.close()
    half.rename(path)


def _tenants(db: sqlite3.Connection, tenants: int, now: Micros) -> None:
    """Insert tenants, all of them customers of the first."""
    db.execute(
        f"""
        INSERT INTO tenants (id, name, name_key, country, created_at)
        {_COUNT.format(last=tenants)}
        SELECT printf('00000000-0000-4000-8000-%012d', i), 'Tenant ' || i, 'tenant ' || i, 'US', {now} FROM n
        WHERE i > 0
        """
    )
    db.execute(
        f"""
        INSERT INTO partner_customers (tenant_id, customer_tenant_id, name_key, is_reseller, created_at)
        SELECT '{TENANT}', id, LOWER(name), 1, {now - _YEAR} FROM tenants WHERE id <> '{TENANT}'
        """
    )
    db.execute(
        f"""
        INSERT INTO partner_relationships (tenant_id, id, customer_tenant_id, status, expires_at)
        SELECT '{TENANT}', id, id, 'active', {now + _YEAR} FROM tenants WHERE id <> '{TENANT}'
        """
    )


def _users(db: sqlite3.Connection, users: int, now: Micros) -> None:
    """Insert users, of whom one in a hundred is deleted, and an event in the trail for each."""
    db.execute(
        f"""
        INSERT INTO users (tenant_id, id, user_principal_name, upn_key, user_type, display_name, display_key,
                           created_at, updated_at, deleted_at)
        {_COUNT.format(last=users - 1)}
        SELECT '{TENANT}', {_ID.format(number="i")},
               'user' || i || '@bench.example', 'user' || i || '@bench.example', 'member', {_NAME}, {_NAME},
               {now - _YEAR}, {now}, CASE WHEN i % 100 = 0 THEN {now} END
        FROM n
        """
    )
    db.execute(
        """
        INSERT INTO users (tenant_id, id, user_principal_name, upn_key, user_type, display_name, display_key,
                           created_at, updated_at)
        VALUES (?, ?, 'dana@bench.example', 'dana@bench.example', 'member', 'Dana', 'dana', ?, ?)
        """,
        (TENANT, DANA, now, now),
    )
    db.execute(
        f"""
        INSERT INTO audit_events (tenant_id, id, at, type, actor, correlation_id, address, data)
        {_COUNT.format(last=users - 1)}
        SELECT '{TENANT}', printf('%014x%012x', {now - _YEAR} + i, i), {now - _YEAR} + i,
               CASE WHEN i % 50 = 0 THEN 'role.assigned' ELSE 'access_token.issued' END,
               'user:' || CASE WHEN i % 1000 = 0 THEN '{DANA}' ELSE i END, 'request-' || (i / 50), '', '{{}}'
        FROM n
        """
    )


def _groups(db: sqlite3.Connection, size: Size, now: Micros) -> None:
    """Insert groups of three members, of which Dana administers one in a thousand and one in a hundred is deleted; and
    two large ones.
    """
    db.execute(
        f"""
        INSERT INTO groups (tenant_id, id, name, name_key, welcome_message, group_type, created_at, updated_at,
                            deleted_at)
        {_COUNT.format(last=size.groups - 1)}
        SELECT '{TENANT}', {_ID.format(number="i")}, {_NAME}, {_NAME}, '', 'group', {now - _YEAR}, {now},
               CASE WHEN i % 100 = 50 THEN {now} END
        FROM n
        """
    )
    db.executemany(
        """
        INSERT INTO groups (tenant_id, id, name, name_key, welcome_message, group_type, created_at, updated_at)
        VALUES (?, ?, ?, ?, '', ?, ?, ?)
        """,
        [
            (TENANT, CROWD, "All staff", "all staff", "group", now - _YEAR, now),
            (TENANT, BROADCAST, "News", "news", "connect_group", now - _YEAR, now),
        ],
    )
    db.execute(
        f"""
        INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at)
        {_COUNT.format(last=3 * size.groups - 1)}
        SELECT '{TENANT}', {_ID.format(number="(i / 3)")}, {_ID.format(number=f"(i % {size.users})")},
               CASE WHEN i % 3 = 0 THEN 'admin' ELSE 'member' END, {now}
        FROM n
        """
    )
    db.execute(
        f"""
        INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at)
        {_COUNT.format(last=size.groups // 1000 - 1)}
        SELECT '{TENANT}', {_ID.format(number="(i * 1000)")}, '{DANA}', 'admin', {now} FROM n
        """
    )
    for group_id, role in ((CROWD, "member"), (BROADCAST, "subscriber")):
        db.execute(
            f"""
            INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at)
            {_COUNT.format(last=min(_CROWD, size.users) - 1)}
            SELECT '{TENANT}', '{group_id}', {_ID.format(number="i")}, '{role}', {now} FROM n
            """
        )
        db.execute(
            "INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at) VALUES (?, ?, ?, 'admin', ?)",
            (TENANT, group_id, DANA, now),
        )
    db.execute(
        """
        UPDATE group_members SET member_key = u.display_key FROM users u
        WHERE u.tenant_id = group_members.tenant_id AND u.id = group_members.user_id AND u.deleted_at IS NULL
        """
    )


def _accounts(db: sqlite3.Connection, accounts: int, now: Micros) -> None:
    """Insert accounts with a device and an unused token each, in one enterprise."""
    db.execute(
        "INSERT INTO enterprises (id, tenant_id, emm_tenant_id, name, created_at) VALUES (?, ?, ?, 'Bench', ?)",
        (ENTERPRISE, TENANT, TENANT, now),
    )
    db.execute(
        f"""
        INSERT INTO managed_accounts (tenant_id, id, enterprise_id, management_type, account_type, account_identifier,
                                      search_key, display_name, device_count, created_at, updated_at)
        {_COUNT.format(last=accounts - 1)}
        SELECT '{TENANT}', CAST(1000000000000000000 + i AS TEXT), '{ENTERPRISE}', 'emm_managed', 'user_account',
               'asset-' || i, 'asset-' || i, {_NAME}, 1, {now - _YEAR}, {now}
        FROM n
        """
    )
    db.execute(
        f"""
        INSERT INTO devices (tenant_id, managed_account_id, android_id, enterprise_id, model, account_state, created_at)
        {_COUNT.format(last=accounts - 1)}
        SELECT '{TENANT}', CAST(1000000000000000000 + i AS TEXT), printf('%016x', i), '{ENTERPRISE}', 'Pixel 8',
               'enabled', {now}
        FROM n
        """
    )
    db.execute(
        f"""
        INSERT INTO device_tokens (tenant_id, token_hash, enterprise_id, managed_account_id, created_at, expires_at)
        {_COUNT.format(last=accounts - 1)}
        SELECT '{TENANT}', randomblob(32), '{ENTERPRISE}', CAST(1000000000000000000 + i AS TEXT), {now}, {now + _YEAR}
        FROM n
        """
    )
