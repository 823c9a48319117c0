"""Of a tenant that is deleted nothing works, and after its time nothing is left, wherever it stood."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from tenantry.app import App
from tenantry.audit.events import SYSTEM_TENANT
from tenantry.core.caller import Audience
from tenantry.core.clock import DAY, HOUR
from tenantry.core.errors import AlreadyExists, Forbidden, InvalidToken, NotFound
from tenantry.core.ids import TenantId
from tenantry.directory import tenant_purging
from tenantry.directory.sessions import find_session
from tenantry.directory.tenants import create_tenant, delete_tenant, list_deleted_tenants, restore_tenant
from tenantry.housekeeping import KEPT, TENANTS_KEPT, tidy
from tenantry.store import Store
from tenantry.store.ending import tenant_purging as rows_of_tenants
from tenantry.store.ending.tenant_purging import Owned
from tenantry.store.schema import metadata
from tenantry.tokens.callers import authenticate
from tests.support.app import an_app
from tests.support.builders import (
    HASHER,
    OPERATOR,
    a_connector,
    a_grant,
    a_tenant,
    a_user,
    an_access_token,
    as_user,
)
from tests.support.clock import NOON, FakeClock
from tests.support.portal import sign_in
from tests.support.town import Town
from tests.support.trail import types_of

OWNED = [table for table in metadata.sorted_tables if table.info["kind"] == "owned"]


async def _delete(store: Store, tenant_id: TenantId, now: int = NOON) -> None:
    async with store.write() as tx:
        await delete_tenant(tx, OPERATOR, tenant_id, now)


async def _left(store: Store, *values: str) -> dict[str, int]:
    """Rows of any table in which one of the values stands, but in the trails of others."""
    left: dict[str, int] = {}
    for table in metadata.sorted_tables:
        if table.name in ("audit_events", "audit_seals"):
            where = "tenant_id = :value"
        else:
            texts = [column.name for column in table.columns if isinstance(column.type, sa.Text)]
            where = " OR ".join(f"{name} = :value" for name in texts)
        for value in values:
            async with store.read() as read:
                count = await read.one_or_none(int, f"SELECT COUNT(*) FROM {table.name} WHERE {where}", value=value)
            if count:
                left[table.name] = left.get(table.name, 0) + count
    return left


async def _everything(store: Store) -> set[tuple[object, ...]]:
    """Each row of each table, behind the name of the table."""
    found: set[tuple[object, ...]] = set()
    async with store.read() as read:
        for table in metadata.sorted_tables:
            rows = await read.all(lambda *row: row, f"SELECT * FROM {table.name}")
            found |= {
                (table.name, *(bytes(cell) if isinstance(cell, memoryview) else cell for cell in row)) for row in rows
            }
    return found


async def test_nothing_is_left_of_a_tenant_in_any_table_and_nothing_of_others_goes(
    store: Store, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenant_purging, "BATCH", 2)
    home = town.home
    own = {home.tenant.id, home.tenant.domain}
    managed: set[str] = {enterprise.id for enterprise in home.relations.managed}
    for enterprise in home.relations.managed:
        async with store.read() as read:
            sql = "SELECT id FROM managed_accounts WHERE tenant_id = :tenant_id"
            managed |= set(await read.all(str, sql, tenant_id=enterprise.tenant_id))
    await _delete(store, home.tenant.id, NOON - 1)
    before = await _everything(store)
    assert {table.name for table in OWNED} <= (await _left(store, *own)).keys()
    due = NOON - 1 + TENANTS_KEPT
    assert await tenant_purging.purge_tenants(store, OPERATOR, due - 1, kept=TENANTS_KEPT, pause=0) == 0
    assert await tenant_purging.purge_tenants(store, OPERATOR, due, kept=TENANTS_KEPT, pause=0) == 1
    assert await _left(store, *own) == {}
    after = await _everything(store)
    apps = {row[1] for row in before if row[0] == "connectors" and home.tenant.id in row}
    for row in before - after:
        assert not {*own, *managed, *apps}.isdisjoint(row), f"another's: {row}"
    assert sorted(str(row[0]) for row in after - before) == ["audit_events", "sessions", "sessions"], (
        "nobody acts in it"
    )


def test_every_table_that_tenants_own_is_purged_with_its_key_and_before_what_it_points_to() -> None:
    columns = {table.name: list(table.primary_key.columns.keys()) for table in OWNED}
    keys = {name: ", ".join(of_table[1:] or of_table) for name, of_table in columns.items()}
    assert {rows.table: rows.keys for rows in Owned} == keys
    order = [rows.table for rows in Owned]
    for table in OWNED:
        for constraint in table.foreign_key_constraints:
            target = constraint.referred_table.name
            if target in order and target != table.name:
                assert order.index(table.name) < order.index(target)


def test_every_reference_table_with_a_tenant_in_it_is_known_here() -> None:
    """A new one has to be thought of in `delete_last`."""
    references = [table for table in metadata.sorted_tables if table.info["kind"] == "reference"]
    found = {
        table.name
        for table in references
        if any(key.column.table.name in ("tenants", "connectors") for key in table.foreign_keys)
    }
    connectors = {"connectors", "connector_secrets", "service_account_keys"}
    assert found == {*connectors, "domains", "enterprises", "shared_callbacks"}


async def _refused(app: App, token: str) -> None:
    async with app.deps.store.read() as read:
        with pytest.raises(InvalidToken):
            await authenticate(
                read,
                app.deps.keys,
                token,
                issuer=app.deps.settings.issuer,
                audience=Audience.KAIZALA,
                origin=OPERATOR.origin,
                now=NOON,
                leeway=0,
            )


async def test_sessions_and_tokens_are_refused_as_soon_as_deletion_is_asked_for(store: Store) -> None:
    app, tenant = await an_app(store), await a_tenant(store)
    user, connector = await a_user(store, tenant), await a_connector(store, tenant)
    grant = await a_grant(store, connector, user)
    token = an_access_token(app, connector, Audience.KAIZALA, user=user, grant=grant)
    session = await sign_in(app, user)
    await _delete(store, tenant.id)
    await _refused(app, token)
    async with store.read() as read:
        assert await find_session(read, HASHER, session, NOON) is None
    with pytest.raises(AlreadyExists):
        async with store.write() as tx:
            await create_tenant(tx, OPERATOR, name="B", initial_domain=tenant.domain, now=NOON)
    async with store.write() as tx:
        await restore_tenant(tx, OPERATOR, tenant.id, NOON + HOUR, kept=DAY)
    async with store.read() as read:
        assert await find_session(read, HASHER, session, NOON) is not None
    system = await types_of(store, SYSTEM_TENANT)
    assert [kind for kind in system if kind.startswith("tenant.")] == ["tenant.deleted", "tenant.restored"]
    assert (await types_of(store, tenant.id))[-1] == "tenant.restored"
    await app.close()


async def test_who_is_not_the_operator_neither_deletes_nor_restores_a_tenant(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    async with store.write() as tx:
        with pytest.raises(Forbidden):
            await delete_tenant(tx, as_user(user), tenant.id, NOON)
        with pytest.raises(Forbidden):
            await restore_tenant(tx, as_user(user), tenant.id, NOON, kept=DAY)


async def test_a_tenant_whose_time_is_over_is_not_restored_and_its_domain_is_free_after_the_purge(store: Store) -> None:
    tenant = await a_tenant(store)
    await _delete(store, tenant.id)
    for moment, kept in ((NOON + TENANTS_KEPT, TENANTS_KEPT), (NOON, 0)):
        async with store.write() as tx:
            with pytest.raises(NotFound):
                await restore_tenant(tx, OPERATOR, tenant.id, moment, kept=kept)
    await tidy(store, OPERATOR, FakeClock(NOON + TENANTS_KEPT), KEPT, TENANTS_KEPT)
    async with store.write() as tx:
        again = await create_tenant(tx, OPERATOR, name="B", initial_domain=tenant.domain, now=NOON)
    assert again != tenant.id
    assert (await types_of(store, SYSTEM_TENANT))[-1] == "tenant.purged"


async def test_a_purge_that_is_broken_off_anywhere_is_taken_up_by_the_next_round(
    store: Store, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = town.deleted.tenant
    rows = list(Owned)
    real: Any = rows_of_tenants.delete_some

    for broken in rows[::6]:

        async def break_off(to: Store, of: Owned, *args: Any, broken: Owned = broken) -> int:
            if of is broken:
                raise ConnectionError
            done: int = await real(to, of, *args)
            return done

        monkeypatch.setattr(rows_of_tenants, "delete_some", break_off)
        with pytest.raises(ConnectionError):
            await tidy(store, OPERATOR, FakeClock(NOON + TENANTS_KEPT), KEPT, TENANTS_KEPT)
    monkeypatch.setattr(rows_of_tenants, "delete_some", real)
    clock = FakeClock(NOON + TENANTS_KEPT)
    rounds = await asyncio.gather(*[tidy(store, OPERATOR, clock, KEPT, TENANTS_KEPT) for _ in range(3)])
    assert sum(each["tenants"] for each in rounds) == 1
    assert await _left(store, gone.id, gone.domain) == {}
    assert (await types_of(store, SYSTEM_TENANT)).count("tenant.purged") == 1


async def test_a_tenant_whose_purge_has_begun_is_not_restored_though_the_time_for_it_is_made_longer(
    store: Store, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came back would be a part of it, without whatever went first."""
    gone = town.deleted.tenant
    real: Any = rows_of_tenants.delete_some

    async def break_off(to: Store, of: Owned, *args: Any) -> int:
        if of is Owned.USERS:
            raise ConnectionError
        done: int = await real(to, of, *args)
        return done

    monkeypatch.setattr(rows_of_tenants, "delete_some", break_off)
    with pytest.raises(ConnectionError):
        await tidy(store, OPERATOR, FakeClock(NOON + TENANTS_KEPT), KEPT, TENANTS_KEPT)
    monkeypatch.setattr(rows_of_tenants, "delete_some", real)
    with pytest.raises(NotFound):
        async with store.write() as tx:
            await restore_tenant(tx, OPERATOR, gone.id, NOON + TENANTS_KEPT, kept=10 * TENANTS_KEPT)
    async with store.read() as read:
        assert gone.id not in [each.id for each in await list_deleted_tenants(read, limit=1000)]
    purged = await tenant_purging.purge_tenants(store, OPERATOR, NOON + TENANTS_KEPT, kept=10 * TENANTS_KEPT, pause=0)
    assert purged == 1, "what was begun is finished, however long others are kept by now"


async def test_a_purge_that_finds_the_tenant_restored_takes_nothing_of_it(
    store: Store, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = town.deleted.tenant
    due: Any = rows_of_tenants.list_due

    async def restored_meanwhile(*args: Any) -> Any:
        found = await due(*args)
        async with store.write() as tx:
            await restore_tenant(tx, OPERATOR, gone.id, NOON, kept=DAY)
        return found

    before = await _left(store, gone.id, gone.domain)
    monkeypatch.setattr(rows_of_tenants, "list_due", restored_meanwhile)
    assert await tenant_purging.purge_tenants(store, OPERATOR, NOON + DAY, kept=DAY, pause=0) == 0
    after = await _left(store, gone.id, gone.domain)
    assert {name: count for name, count in before.items() if after.get(name, 0) < count} == {}
