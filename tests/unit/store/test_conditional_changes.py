"""A change takes hold of a row in the state for it, and says so; one in any other state it leaves alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tenantry.core.caller import Reach
from tenantry.core.clock import DAY, Micros
from tenantry.core.ids import ConnectorId, GroupId, ManagedAccountId
from tenantry.directory.invitations import invite
from tenantry.directory.sessions import NewSession, find_session
from tenantry.directory.sign_in_steps import NextStep, begin_sign_in
from tenantry.store import (
    connector_secrets,
    connectors,
    device_tokens,
    devices,
    enterprises,
    grants,
    group_invitations,
    groups,
    identity_providers,
    managed_accounts,
    second_factors,
    service_account_keys,
    sessions,
    sign_ins,
    tenants,
    webhooks,
)
from tenantry.store.engine import Store, Tx
from tests.support.builders import (
    HASHER,
    SomeConnector,
    SomeEnterprise,
    SomeGrant,
    SomeTenant,
    SomeUser,
    a_connector,
    a_device_token,
    a_grant,
    a_group,
    a_managed_account,
    a_tenant,
    a_user,
    a_webhook,
    an_enterprise,
    as_user,
    redeem,
)
from tests.support.clock import NOON

LATER: Micros = NOON + 1


@dataclass
class Stage:
    """One row of each kind, in the state that most changes are for."""

    tenant: SomeTenant
    ann: SomeUser
    connector: SomeConnector
    grant: SomeGrant
    group: GroupId
    group_grant: SomeGrant
    enterprise: SomeEnterprise
    account: ManagedAccountId
    webhook: str
    invitation_id: str
    invitation_hash: bytes
    session_id: str
    sign_in_hash: bytes
    secret_id: str
    device_token: str

    def names(self) -> dict[str, str | int | bytes]:
        """What the statements of `STATES` may name."""
        return {
            "tenant": self.tenant.id,
            "ann": self.ann.id,
            "connector": self.connector.id,
            "group": self.group,
            "account": self.account,
            "webhook": self.webhook,
            "now": NOON,
            "later": LATER,
        }


Change = Callable[[Tx, Stage], Awaitable[Any]]

_WISHES: dict[str, Any] = {
    "event_types": "[]",
    "callback_url": "https://elsewhere.example/",
    "callback_token": None,
    "context": None,
    "expires_at": NOON + DAY,
}

CHANGES: dict[str, Change] = {
    "deactivate connector": lambda tx, s: connectors.mark_deactivated(tx, s.tenant.id, s.connector.id, LATER),
    "delete connector": lambda tx, s: connectors.mark_deleted(tx, s.tenant.id, s.connector.id, LATER),
    "hold connector": lambda tx, s: connectors.hold(tx, s.tenant.id, s.connector.id),
    "end secret": lambda tx, s: connector_secrets.mark_ended(tx, s.connector.id, s.secret_id, LATER),
    "revoke key": lambda tx, s: service_account_keys.mark_revoked(
        tx, s.enterprise.service_account.id, s.enterprise.service_account.key_id, LATER
    ),
    "bind service account": lambda tx, s: enterprises.set_service_account(
        tx, s.enterprise.id, s.enterprise.service_account.id
    ),
    "prolong grant": lambda tx, s: grants.prolong(tx, s.tenant.id, s.grant.id, NOON + DAY),
    "hold user": lambda tx, s: grants.hold_user(tx, s.tenant.id, s.ann.id),
    "hold group": lambda tx, s: grants.hold_group(tx, s.tenant.id, s.group),
    "revoke grant": lambda tx, s: grants.revoke(tx, s.tenant.id, s.grant.id, "why", LATER),
    "revoke grants to the connector": lambda tx, s: grants.revoke_of_user(
        tx, s.tenant.id, s.connector.id, s.ann.id, None, "why", LATER
    ),
    "revoke grants of the user": lambda tx, s: grants.revoke_all_of_user(tx, s.tenant.id, s.ann.id, "why", LATER),
    "revoke the connector's grant of the group": lambda tx, s: grants.revoke_of_group(
        tx, s.tenant.id, s.connector.id, s.group, "why", LATER
    ),
    "revoke grants of the group": lambda tx, s: grants.revoke_all_of_group(tx, s.tenant.id, s.group, "why", LATER),
    "hold invitation": lambda tx, s: group_invitations.hold(tx, s.tenant.id, s.invitation_hash, LATER),
    "end invitation": lambda tx, s: group_invitations.end(tx, s.tenant.id, s.group, s.invitation_id, LATER),
    "end invitations": lambda tx, s: group_invitations.end_of_group(tx, s.tenant.id, s.group, LATER),
    "rename group": lambda tx, s: groups.update(tx, s.tenant.id, s.group, name="X", welcome_message="", now=LATER),
    "lock group": lambda tx, s: groups.lock(tx, s.tenant.id, s.group, LATER),
    "name account": lambda tx, s: managed_accounts.set_display_name(tx, s.tenant.id, s.account, "X", LATER),
    "hold account": lambda tx, s: managed_accounts.hold(tx, s.tenant.id, s.account),
    "claim slot": lambda tx, s: managed_accounts.claim_slot(tx, s.tenant.id, s.account, 10),
    "release slot": lambda tx, s: managed_accounts.release_slot(tx, s.tenant.id, s.account),
    "count devices": lambda tx, s: managed_accounts.set_device_count(tx, s.tenant.id, s.account, 0),
    "delete account": lambda tx, s: managed_accounts.delete(tx, s.tenant.id, s.account, LATER),
    "remove device": lambda tx, s: devices.remove(tx, s.tenant.id, s.account, "00aa", LATER),
    "remove devices": lambda tx, s: devices.remove_all(tx, s.tenant.id, s.account, LATER),
    "remove other devices": lambda tx, s: devices.remove_others(tx, s.tenant.id, s.account, "00bb", LATER),
    "set device state": lambda tx, s: devices.set_state(tx, s.tenant.id, s.account, "00aa", "enabled"),
    "claim device token": lambda tx, s: device_tokens.claim(
        tx, s.tenant.id, HASHER.hash(s.device_token), "00bb", LATER
    ),
    "use phone": lambda tx, s: second_factors.put_phone_factor(
        tx, s.tenant.id, s.ann.id, str(s.ann.phone_number), LATER
    ),
    "end session": lambda tx, s: sessions.end(tx, s.tenant.id, s.ann.id, s.session_id, LATER),
    "end sessions": lambda tx, s: sessions.end_of_user(tx, s.tenant.id, s.ann.id, "", LATER),
    "act elsewhere": lambda tx, s: sessions.set_acting_tenant(
        tx, s.tenant.id, s.ann.id, s.session_id, s.enterprise.service_account.tenant_id
    ),
    "change password first": lambda tx, s: sign_ins.clear_must_change(tx, s.tenant.id, s.sign_in_hash, LATER),
    "rename tenant": lambda tx, s: tenants.update(tx, s.tenant.id, name="X", country="DE"),
    "delete tenant": lambda tx, s: tenants.mark_deleted(tx, s.tenant.id, LATER),
    "change webhook": lambda tx, s: webhooks.update(tx, s.tenant.id, s.webhook, **_WISHES),
    "disable webhook": lambda tx, s: webhooks.disable(tx, s.tenant.id, s.webhook, "why", LATER),
    "delete webhook": lambda tx, s: webhooks.mark_deleted(tx, s.tenant.id, s.webhook, LATER),
}

# Of the following the row is brought into the state first.
BEFORE = {
    "activate connector": "UPDATE connectors SET deactivated_at = :now WHERE id = :connector",
    "enable webhook": "UPDATE webhooks SET disabled_at = :now WHERE tenant_id = :tenant AND id = :webhook",
    "finish sign-in": "UPDATE sign_ins SET must_change = 0 WHERE tenant_id = :tenant",
}
CHANGES |= {
    "activate connector": lambda tx, s: connectors.mark_activated(tx, s.tenant.id, s.connector.id),
    "enable webhook": lambda tx, s: webhooks.enable(tx, s.tenant.id, s.webhook),
    "finish sign-in": lambda tx, s: sign_ins.claim(tx, s.tenant.id, s.sign_in_hash, LATER),
}

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

REFUSED = [
    ("deactivate connector", "UPDATE connectors SET deactivated_at = :now WHERE id = :connector"),
    ("deactivate connector", CONNECTOR_DELETED),
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
    ("hold user", "UPDATE users SET disabled_at = :now WHERE tenant_id = :tenant AND id = :ann"),
    ("hold user", "UPDATE users SET soft_deleted_at = :now WHERE tenant_id = :tenant AND id = :ann"),
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
    ("remove other devices", "UPDATE devices SET android_id = '00bb' WHERE tenant_id = :tenant"),
    ("set device state", DEVICE_REMOVED),
    ("set device state", DEVICE_NEVER_CAME),
    ("claim device token", "UPDATE device_tokens SET claimed_at = :now WHERE tenant_id = :tenant"),
    ("claim device token", "UPDATE device_tokens SET revoked_at = :now WHERE tenant_id = :tenant"),
    ("claim device token", "UPDATE device_tokens SET expires_at = :later WHERE tenant_id = :tenant"),
    ("use phone", "UPDATE phones SET verified_at = NULL WHERE tenant_id = :tenant"),
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
    ("delete tenant", TENANT_DELETED),
    *((change, WEBHOOK_DELETED) for change in ("change webhook", "disable webhook", "enable webhook")),
    ("delete webhook", WEBHOOK_DELETED),
    ("disable webhook", "UPDATE webhooks SET disabled_at = :now WHERE tenant_id = :tenant AND id = :webhook"),
    ("enable webhook", "UPDATE webhooks SET disabled_at = NULL WHERE tenant_id = :tenant AND id = :webhook"),
]


@pytest.fixture
async def stage(store: Store) -> Stage:
    tenant = await a_tenant(store)
    ann = await a_user(store, tenant, phone=True)
    connector = await a_connector(store, tenant)
    group = await a_group(store, tenant, admins=[ann])
    enterprise = await an_enterprise(store, tenant)
    account = await a_managed_account(store, enterprise)
    await redeem(store, await a_device_token(store, enterprise, account), "00aa")
    async with store.write() as tx:
        await tx.run("DELETE FROM device_tokens")
        made = await invite(tx, as_user(ann), HASHER, tenant.id, group, DAY, NOON)
        session, sign_in = [
            await begin_sign_in(
                tx,
                HASHER,
                as_user(ann),
                tenant_id=tenant.id,
                user_id=ann.id,
                amr=["pwd"],
                must_change=must_change,
                browser="",
                lifetime=DAY,
                now=NOON,
            )
            for must_change in (False, True)
        ]
        assert isinstance(session, NewSession)
        assert isinstance(sign_in, NextStep)
        found = await find_session(tx, HASHER, session.secret, NOON)
        assert found is not None
        [secret] = await connector_secrets.list_live(tx, connector.id, NOON)
    return Stage(
        tenant=tenant,
        ann=ann,
        connector=connector,
        grant=await a_grant(store, connector, ann),
        group=group,
        group_grant=await a_grant(store, connector, ann, reach=Reach.GROUP, group_id=group),
        enterprise=enterprise,
        account=account,
        webhook=await a_webhook(store, tenant, group),
        invitation_id=made.id,
        invitation_hash=HASHER.hash(made.secret),
        session_id=found.id,
        sign_in_hash=HASHER.hash(sign_in.secret),
        secret_id=secret.id,
        device_token=await a_device_token(store, enterprise, account),
    )


async def bring(tx: Tx, stage: Stage, sql: str) -> None:
    """What another part of the product, or time, does to a row."""
    assert await tx.run(sql, **{name: value for name, value in stage.names().items() if f":{name}" in sql})


@pytest.mark.parametrize("change", CHANGES)
async def test_in_its_state_a_row_is_changed(store: Store, stage: Stage, change: str) -> None:
    async with store.write() as tx:
        if change in BEFORE:
            await bring(tx, stage, BEFORE[change])
        assert await CHANGES[change](tx, stage)


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
        left = await tx.one_or_none(
            int, "SELECT tries_left FROM sign_ins WHERE tenant_id = :tenant", tenant=stage.tenant.id
        )
    assert left == 0


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
            assert moments == [NOON], table


async def test_a_provider_is_removed_once(store: Store, stage: Stage) -> None:
    async with store.write() as tx:
        await identity_providers.insert(
            tx,
            stage.tenant.id,
            id="p",
            name="Sister",
            issuer="https://sister.example",
            client_id="us",
            client_secret=b"",
            name_claim="email",
            trusts_mfa=False,
            now=NOON,
        )
        assert await identity_providers.disable(tx, stage.tenant.id, "p", NOON)
        assert not await identity_providers.disable(tx, stage.tenant.id, "p", LATER)
        assert await identity_providers.list_live(tx, stage.tenant.id) == []
