"""The conditional changes of the store by name, and a stage with a row of each kind for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tenantry.access.actions import Permission
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY, Micros
from tenantry.core.ids import GroupId, ManagedAccountId
from tenantry.directory.invitations import invite
from tenantry.directory.sessions import NewSession, find_session
from tenantry.directory.sign_in_steps import NextStep, begin_sign_in
from tenantry.store.connectors import connector_secrets, connectors, service_account_keys
from tenantry.store.devices import device_tokens, devices, enterprises, managed_accounts
from tenantry.store.ending import purging
from tenantry.store.engine.interface import Store, Tx
from tenantry.store.groups import group_invitations, groups
from tenantry.store.outbox import webhooks
from tenantry.store.sign_in import second_factors, sessions, sign_ins
from tenantry.store.tenants import tenants
from tenantry.store.tokens import grants
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

    def ids(self) -> set[object]:
        """What only its own rows hold."""
        account = self.enterprise.service_account
        own = {self.connector.id, self.grant.id, self.group, self.group_grant.id, self.enterprise.id, account.id}
        return {*own, self.ann.id, self.account, self.webhook, self.invitation_id, self.session_id, self.secret_id}

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


async def _set_permissions(tx: Tx, s: Stage) -> bool:
    """In the place of those that the connector has in the beginning."""
    found = await connectors.find_by_id(tx, s.connector.id)
    assert found is not None
    permissions = " ".join(sorted(Permission))
    return await connectors.set_permissions(
        tx,
        found._replace(permissions=permissions, waiting_permissions="", waiting_since=None),
        permissions="media",
        waiting_permissions="tenant_data",
        waiting_since=LATER,
        declined_permissions="",
        declined_at=None,
    )


CHANGES: dict[str, Change] = {
    "set permissions": _set_permissions,
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
    "prolong grant": lambda tx, s: grants.prolong(tx, s.tenant.id, s.grant.id, NOON + 500 * DAY),
    "hold user": lambda tx, s: grants.hold_user(tx, s.tenant.id, s.ann.id),
    "hold group": lambda tx, s: grants.hold_group(tx, s.tenant.id, s.group),
    "revoke grant": lambda tx, s: grants.revoke(tx, s.tenant.id, s.grant.id, LATER),
    "revoke grants to the connector": lambda tx, s: grants.revoke_of_user(
        tx, s.tenant.id, s.connector.id, s.ann.id, None, LATER
    ),
    "revoke grants of the user": lambda tx, s: grants.revoke_all_of_user(tx, s.tenant.id, s.ann.id, LATER),
    "revoke the connector's grant of the group": lambda tx, s: grants.revoke_of_group(
        tx, s.tenant.id, s.connector.id, s.group, LATER
    ),
    "revoke grants of the group": lambda tx, s: grants.revoke_all_of_group(tx, s.tenant.id, s.group, LATER),
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
    "disable tenant": lambda tx, s: tenants.mark_disabled(tx, s.tenant.id, LATER),
    "enable tenant": lambda tx, s: tenants.mark_enabled(tx, s.tenant.id),
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
    "enable tenant": "UPDATE tenants SET disabled_at = :now WHERE id = :tenant",
}
CHANGES |= {
    "activate connector": lambda tx, s: connectors.mark_activated(tx, s.tenant.id, s.connector.id),
    "enable webhook": lambda tx, s: webhooks.enable(tx, s.tenant.id, s.webhook),
    "finish sign-in": lambda tx, s: sign_ins.claim(tx, s.tenant.id, s.sign_in_hash, LATER),
}

# These say nothing.
SILENT: dict[str, Change] = {
    "revoke device tokens": lambda tx, s: device_tokens.revoke_unused(tx, s.tenant.id, s.account, LATER),
    "revoke credentials": lambda tx, s: device_tokens.revoke_credentials(tx, s.tenant.id, s.account, LATER),
    "revoke a device's": lambda tx, s: device_tokens.revoke_credentials(
        tx, s.tenant.id, s.account, LATER, android_id="00aa"
    ),
    "forget sign-ins": lambda tx, s: sign_ins.delete_of_user(tx, s.tenant.id, s.ann.id, b""),
    "forget past sign-ins": lambda tx, s: sign_ins.delete_past(tx, s.tenant.id, s.ann.id, NOON + DAY),
    "forget past sessions": lambda tx, s: sessions.delete_past(tx, s.tenant.id, s.ann.id, NOON + DAY),
    "use a try": lambda tx, s: sign_ins.use_try(tx, s.tenant.id, s.sign_in_hash),
    "forget grants": lambda tx, s: purging.delete_grants(tx, s.tenant.id, s.ann.id, 100),
}


async def a_stage(store: Store, tenant: SomeTenant) -> Stage:
    ann = await a_user(store, tenant, phone=True)
    connector = await a_connector(store, tenant)
    group = await a_group(store, tenant, admins=[ann])
    enterprise = await an_enterprise(store, tenant)
    account = await a_managed_account(store, enterprise)
    await redeem(store, await a_device_token(store, enterprise, account), "00aa")
    async with store.write() as tx:
        await tx.run("DELETE FROM device_tokens WHERE managed_account_id = :account", account=account)
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
