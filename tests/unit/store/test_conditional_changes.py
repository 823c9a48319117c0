"""A change takes hold of a row in the state for it, and says so; one in any other state, or a neighbour, it leaves."""

from __future__ import annotations

import pytest

from tenantry.core.caller import Reach
from tenantry.core.ids import ConnectorId
from tenantry.store.devices import device_tokens, enterprises
from tenantry.store.engine.interface import Store, Tx
from tenantry.store.schema import metadata
from tenantry.store.sign_in import identity_providers, sign_ins
from tenantry.store.tenants.tenants import BEING_PURGED
from tests.support.builders import a_grant, an_enterprise
from tests.support.clock import NOON
from tests.support.stage import Stage, a_stage
from tests.support.town import ANDROID_IDS, Town
from tests.unit.store.changes import BEFORE, CHANGES, LATER, SILENT, TOUCHED

CONNECTOR_DELETED = "UPDATE connectors SET deleted_at = :now WHERE id = :connector"
GRANTS_REVOKED = "UPDATE grants SET revoked_at = :now WHERE tenant_id = :tenant"
GRANTS_ENDED = "UPDATE grants SET expires_at = :now WHERE tenant_id = :tenant"
GROUP_DELETED = "UPDATE groups SET deleted_at = :now WHERE tenant_id = :tenant AND id = :group"
LINK_ENDED = "UPDATE group_invitations SET ended_at = :now WHERE tenant_id = :tenant"
LINK_EXPIRED = "UPDATE group_invitations SET expires_at = :later WHERE tenant_id = :tenant"
ACCOUNT_DELETED = "UPDATE managed_accounts SET deleted_at = :now WHERE tenant_id = :tenant AND id = :account"
UNENROLLED = "UPDATE enterprises SET unenrolled_at = :now WHERE tenant_id = :tenant"
DEVICE_REMOVED = "UPDATE devices SET removed_at = :now WHERE tenant_id = :tenant"
DEVICE_NEVER_CAME = "UPDATE devices SET provisioned_at = NULL WHERE tenant_id = :tenant"
SESSION_ENDED = "UPDATE sessions SET ended_at = :now WHERE tenant_id = :tenant"
SESSION_EXPIRED = "UPDATE sessions SET expires_at = :later WHERE tenant_id = :tenant"
SIGN_IN_EXPIRED = "UPDATE sign_ins SET expires_at = :later WHERE tenant_id = :tenant"
TENANT_DISABLED = "UPDATE tenants SET disabled_at = :now WHERE id = :tenant"
TENANT_DELETED = "UPDATE tenants SET deleted_at = :now WHERE id = :tenant"
WEBHOOK_DELETED = "UPDATE webhooks SET deleted_at = :now WHERE tenant_id = :tenant AND id = :webhook"
USER_DISABLED = "UPDATE users SET disabled_at = :now WHERE tenant_id = :tenant AND id = :ann"
USER_ENABLED = "UPDATE users SET disabled_at = NULL WHERE tenant_id = :tenant AND id = :ann"
USER_DELETED = "UPDATE users SET deleted_at = :now WHERE tenant_id = :tenant AND id = :ann"
REVOKES = (
    "revoke grants of the proof",
    "revoke the oldest of the user",
    "revoke the user's oldest to the connector",
    "revoke the oldest of the group",
)

REFUSED = [
    ("deactivate connector", "UPDATE connectors SET deactivated_at = :now WHERE id = :connector"),
    ("deactivate connector", CONNECTOR_DELETED),
    ("set permissions", CONNECTOR_DELETED),
    ("set permissions", "UPDATE connectors SET permissions = 'media' WHERE id = :connector"),
    ("set permissions", "UPDATE connectors SET waiting_permissions = 'tenant_data' WHERE id = :connector"),
    ("set permissions", "UPDATE connectors SET waiting_since = :now WHERE id = :connector"),
    ("activate connector", "UPDATE connectors SET deactivated_at = NULL WHERE id = :connector"),
    ("activate connector", CONNECTOR_DELETED),
    ("delete connector", CONNECTOR_DELETED),
    ("hold connector", CONNECTOR_DELETED),
    ("end secret", "UPDATE connector_secrets SET ended_at = :now WHERE connector_id = :connector"),
    ("revoke key", "UPDATE service_account_keys SET revoked_at = :now"),
    ("bind service account", UNENROLLED),
    ("bind service account", "UPDATE connectors SET deleted_at = :now WHERE kind = 'service_account'"),
    ("bind service account", "UPDATE connectors SET kind = 'confidential' WHERE kind = 'service_account'"),
    ("bind service account", "UPDATE enterprises SET emm_tenant_id = tenant_id WHERE tenant_id = :tenant"),
    ("prolong grant", GRANTS_REVOKED),
    ("hold user", USER_DISABLED),
    ("hold user", USER_DELETED),
    ("hold group", GROUP_DELETED),
    ("revoke grant", GRANTS_REVOKED),
    ("revoke grants to the connector", GRANTS_REVOKED),
    ("revoke grants of the user", GRANTS_REVOKED),
    ("revoke grants of the user", GRANTS_ENDED),
    ("revoke the connector's grant of the group", GRANTS_REVOKED),
    ("revoke grants of the group", GRANTS_REVOKED),
    ("revoke grants of the group", GRANTS_ENDED),
    ("hold invitation", LINK_ENDED),
    ("hold invitation", LINK_EXPIRED),
    ("end invitation", LINK_ENDED),
    ("end invitation", LINK_EXPIRED),
    ("end invitations", LINK_ENDED),
    ("end invitations", LINK_EXPIRED),
    ("rename group", GROUP_DELETED),
    ("lock group", GROUP_DELETED),
    *((change, ACCOUNT_DELETED) for change in ("name account", "hold account", "claim slot", "release slot")),
    *((change, ACCOUNT_DELETED) for change in ("count devices", "delete account")),
    *(("hold account", sql) for sql in (UNENROLLED, TENANT_DISABLED, TENANT_DELETED)),
    ("claim slot", "UPDATE managed_accounts SET device_count = 10 WHERE tenant_id = :tenant"),
    ("release slot", "UPDATE managed_accounts SET device_count = 0 WHERE tenant_id = :tenant"),
    *((change, DEVICE_REMOVED) for change in ("remove device", "remove devices", "remove other devices")),
    *((change, DEVICE_NEVER_CAME) for change in ("remove device", "remove devices", "remove other devices")),
    ("remove other devices", "UPDATE devices SET removed_at = :now WHERE tenant_id = :tenant AND android_id <> '00bb'"),
    ("set device state", DEVICE_REMOVED),
    ("set device state", DEVICE_NEVER_CAME),
    ("claim device token", "UPDATE device_tokens SET claimed_at = :now WHERE tenant_id = :tenant"),
    ("claim device token", "UPDATE device_tokens SET revoked_at = :now WHERE tenant_id = :tenant"),
    ("claim device token", "UPDATE device_tokens SET expires_at = :later WHERE tenant_id = :tenant"),
    ("use phone", "UPDATE phones SET verified_at = NULL WHERE tenant_id = :tenant"),
    ("hold session", SESSION_ENDED),
    ("hold session", SESSION_EXPIRED),
    ("end session", SESSION_ENDED),
    ("end session", SESSION_EXPIRED),
    ("end sessions", SESSION_ENDED),
    ("end sessions", SESSION_EXPIRED),
    ("act elsewhere", SESSION_ENDED),
    ("change password first", SIGN_IN_EXPIRED),
    ("change password first", "UPDATE sign_ins SET must_change = 0 WHERE tenant_id = :tenant"),
    ("finish sign-in", SIGN_IN_EXPIRED),
    ("finish sign-in", "UPDATE sign_ins SET must_change = 1 WHERE tenant_id = :tenant"),
    ("finish sign-in", "UPDATE sign_ins SET tries_left = 0 WHERE tenant_id = :tenant"),
    ("rename tenant", TENANT_DISABLED),
    ("rename tenant", TENANT_DELETED),
    ("rename tenant", "UPDATE tenants SET name = 'X', country = 'DE' WHERE id = :tenant"),
    ("disable tenant", TENANT_DISABLED),
    ("disable tenant", TENANT_DELETED),
    ("enable tenant", "UPDATE tenants SET disabled_at = NULL WHERE id = :tenant"),
    ("enable tenant", TENANT_DELETED),
    ("delete tenant", TENANT_DELETED),
    ("hold tenant", TENANT_DISABLED),
    ("hold tenant", TENANT_DELETED),
    ("restore tenant", "UPDATE tenants SET deleted_at = NULL WHERE id = :tenant"),
    ("restore tenant", "UPDATE tenants SET deleted_at = created_at WHERE id = :tenant"),
    ("restore tenant", f"UPDATE tenants SET deleted_at = {BEING_PURGED} WHERE id = :tenant"),
    ("delete domain", "UPDATE domains SET is_initial = 1 WHERE tenant_id = :tenant"),
    ("block user", USER_DISABLED),
    ("unblock user", USER_ENABLED),
    *((change, USER_DELETED) for change in ("block user", "unblock user", "delete user")),
    ("restore user", "UPDATE users SET deleted_at = NULL WHERE tenant_id = :tenant AND id = :ann"),
    ("restore user", "UPDATE users SET deleted_at = 1 WHERE tenant_id = :tenant AND id = :ann"),
    *((change, sql) for change in REVOKES for sql in (GRANTS_REVOKED, GRANTS_ENDED)),
    ("revoke grants of the proof", "UPDATE grants SET amr = 'otp pwd' WHERE tenant_id = :tenant"),
    *((change, WEBHOOK_DELETED) for change in ("change webhook", "disable webhook", "enable webhook")),
    ("delete webhook", WEBHOOK_DELETED),
    ("disable webhook", "UPDATE webhooks SET disabled_at = :now WHERE tenant_id = :tenant AND id = :webhook"),
    ("enable webhook", "UPDATE webhooks SET disabled_at = NULL WHERE tenant_id = :tenant AND id = :webhook"),
]


async def bring(tx: Tx, stage: Stage, sql: str) -> None:
    """What another part of the product, or time, does to a row."""
    assert await tx.run(sql, **{name: value for name, value in stage.names().items() if f":{name}" in sql})


@pytest.mark.parametrize("change", CHANGES)
async def test_in_its_state_a_row_is_changed(store: Store, stage: Stage, change: str) -> None:
    async with store.write() as tx:
        if change in BEFORE:
            await bring(tx, stage, BEFORE[change])
        assert await CHANGES[change](tx, stage)


Row = tuple[object, ...]


async def rows_by_key(store: Store) -> dict[Row, Row]:
    """Every row there is, by its table and its key."""
    found: dict[Row, Row] = {}
    async with store.read() as read:
        for table in metadata.sorted_tables:
            columns = list(table.columns.keys())
            keys = [columns.index(key.name) for key in table.primary_key.columns]
            for cells in await read.all(lambda *row: row, f"SELECT {', '.join(columns)} FROM {table.name}"):
                row = tuple(bytes(cell) if isinstance(cell, memoryview) else cell for cell in cells)
                found[table.name, *(row[number] for number in keys)] = row
    return found


@pytest.mark.parametrize("change", [*CHANGES, *SILENT])
async def test_a_change_is_to_its_rows_and_to_no_other_in_the_town(
    store: Store, stage: Stage, town: Town, change: str
) -> None:
    async with store.read() as read:
        twin = await a_stage(read, town.home, 1)
    for connector, user in ((stage.connector, twin.ann), (twin.connector, stage.ann)):
        await a_grant(store, connector, user)
    await a_grant(store, twin.connector, twin.ann, reach=Reach.GROUP, group_id=stage.group)
    if change in BEFORE:
        async with store.write() as tx:
            await bring(tx, stage, BEFORE[change])
    names: dict[object, str] = {value: f"other-{name}" for name, value in twin.things().items()}
    names |= {value: name for name, value in stage.things().items()}
    names |= {android_id: android_id for android_id in ANDROID_IDS}
    del names[stage.tenant.id]
    before = await rows_by_key(store)
    async with store.write() as tx:
        await (CHANGES | SILENT)[change](tx, stage)
    after = await rows_by_key(store)
    changed = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
    told = [
        " ".join([str(key[0]), *sorted(names[cell] for cell in before.get(key, ()) if cell in names)])
        for key in changed
    ]
    assert sorted(told) == TOUCHED[change]


@pytest.mark.parametrize(("change", "sql"), REFUSED)
async def test_in_another_state_it_is_not(store: Store, stage: Stage, change: str, sql: str) -> None:
    async with store.write() as tx:
        if change in BEFORE:
            await bring(tx, stage, BEFORE[change])
        await bring(tx, stage, sql)
        assert not await CHANGES[change](tx, stage)


async def test_a_service_account_of_a_stranger_is_not_bound(store: Store, stage: Stage) -> None:
    stranger = await an_enterprise(store)
    async with store.write() as tx:
        for connector_id in (stranger.service_account.id, ConnectorId("nobody")):
            assert await enterprises.set_service_account(tx, stage.enterprise.id, connector_id) is None


async def test_a_try_too_many_counts_no_further(store: Store, stage: Stage) -> None:
    async with store.write() as tx:
        for _ in range(9):
            await sign_ins.use_try(tx, stage.tenant.id, stage.sign_in_hash)
        left = await tx.all(int, "SELECT tries_left FROM sign_ins WHERE tenant_id = :tenant", tenant=stage.tenant.id)
    assert sorted(left) == [0, 5]


async def test_what_is_over_keeps_the_moment_it_was_over(store: Store, stage: Stage) -> None:
    async with store.write() as tx:
        await bring(tx, stage, "UPDATE device_credentials SET revoked_at = :now WHERE tenant_id = :tenant")
        await bring(tx, stage, "UPDATE device_tokens SET revoked_at = :now WHERE tenant_id = :tenant")
        await device_tokens.revoke_credentials(tx, stage.tenant.id, stage.account, LATER)
        await device_tokens.revoke_unused(tx, stage.tenant.id, stage.account, LATER)
        for table in ("device_credentials", "device_tokens"):
            moments = await tx.all(
                int, f"SELECT revoked_at FROM {table} WHERE tenant_id = :tenant", tenant=stage.tenant.id
            )
            assert set(moments) == {NOON}, table


async def test_a_provider_is_removed_once(store: Store, stage: Stage, town: Town) -> None:
    first, second = town.home.people.providers
    async with store.write() as tx:
        assert await identity_providers.disable(tx, stage.tenant.id, first, NOON)
        assert not await identity_providers.disable(tx, stage.tenant.id, first, LATER)
        assert [provider.id for provider in await identity_providers.list_live(tx, stage.tenant.id)] == [second]
