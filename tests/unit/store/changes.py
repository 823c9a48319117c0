"""The conditional changes of the store by name, made to the first of each kind of a town."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tenantry.access.actions import Permission, RoleId
from tenantry.core.clock import DAY, Micros
from tenantry.core.ids import ConnectorId
from tenantry.store.connectors import connector_roles, connector_secrets, connectors, service_account_keys
from tenantry.store.devices import device_tokens, devices, enterprises, managed_accounts
from tenantry.store.ending import purging
from tenantry.store.engine.interface import Tx
from tenantry.store.groups import group_invitations, groups
from tenantry.store.outbox import webhooks
from tenantry.store.sign_in import second_factors, sessions, sign_ins
from tenantry.store.tenants import tenants
from tenantry.store.tokens import authorization_codes, grants
from tenantry.store.users import users
from tests.support.builders import HASHER
from tests.support.clock import NOON
from tests.support.stage import Stage

LATER: Micros = NOON + 1

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
    "hold invitation": lambda tx, s: group_invitations.hold(tx, s.tenant.id, HASHER.hash(s.invitation), LATER),
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
    "hold session": lambda tx, s: sessions.hold(tx, s.tenant.id, s.ann.id, s.session_id, LATER),
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
    "hold tenant": lambda tx, s: tenants.hold(tx, s.tenant.id),
    "delete domain": lambda tx, s: tenants.delete_domain(tx, s.tenant.id, f"more0.{s.tenant.domain}"),
    "block user": lambda tx, s: users.block(tx, s.tenant.id, s.ann.id, LATER),
    "delete user": lambda tx, s: users.soft_delete(tx, s.tenant.id, s.ann.id, LATER),
    "take role of app": lambda tx, s: connector_roles.delete(
        tx, s.tenant.id, ConnectorId(s.connector.id), RoleId.DIRECTORY_READERS
    ),
    "take roles of app": lambda tx, s: connector_roles.delete_all(tx, s.tenant.id, ConnectorId(s.connector.id)),
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
    "restore tenant": "UPDATE tenants SET deleted_at = :now WHERE id = :tenant",
    "unblock user": "UPDATE users SET disabled_at = :now WHERE tenant_id = :tenant AND id = :ann",
    "restore user": "UPDATE users SET deleted_at = :now WHERE tenant_id = :tenant AND id = :ann",
    "revoke grants of the proof": "UPDATE grants SET amr = 'otp' WHERE tenant_id = :tenant AND id = :grant",
    "revoke the oldest of the user": "UPDATE grants SET created_at = 1 WHERE tenant_id = :tenant AND id = :group_grant",
    "revoke the user's oldest to the connector": (
        "UPDATE grants SET created_at = 1 WHERE tenant_id = :tenant AND id IN (:grant, :group_grant)"
    ),
    "revoke the oldest of the group": (
        "UPDATE grants SET created_at = 1 WHERE tenant_id = :tenant AND id IN (:grant, :group_grant)"
    ),
    "end codes": """
        UPDATE authorization_codes SET user_id =
            (SELECT MIN(id) FROM users WHERE tenant_id = :tenant AND id <> :ann)
        WHERE tenant_id = :tenant AND connector_id <> :connector
    """,
}
CHANGES |= {
    "activate connector": lambda tx, s: connectors.mark_activated(tx, s.tenant.id, s.connector.id),
    "enable webhook": lambda tx, s: webhooks.enable(tx, s.tenant.id, s.webhook),
    "finish sign-in": lambda tx, s: sign_ins.claim(tx, s.tenant.id, s.sign_in_hash, LATER),
    "restore tenant": lambda tx, s: tenants.mark_restored(tx, s.tenant.id, NOON - 1),
    "unblock user": lambda tx, s: users.unblock(tx, s.tenant.id, s.ann.id, LATER),
    "restore user": lambda tx, s: users.restore(tx, s.tenant.id, s.ann.id, NOON - 1, LATER),
    "revoke grants of the proof": lambda tx, s: grants.revoke_all_of_proof(tx, s.tenant.id, s.ann.id, "otp", LATER),
    "revoke the oldest of the user": lambda tx, s: grants.revoke_oldest_of_user(
        tx, s.tenant.id, s.ann.id, None, most=1, now=LATER
    ),
    "revoke the user's oldest to the connector": lambda tx, s: grants.revoke_oldest_of_user(
        tx, s.tenant.id, s.ann.id, s.connector.id, most=2, now=LATER
    ),
    "revoke the oldest of the group": lambda tx, s: grants.revoke_oldest_of_group(
        tx, s.tenant.id, s.group, most=1, now=LATER
    ),
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
    "note sign-in": lambda tx, s: users.note_sign_in(tx, s.tenant.id, s.ann.id, LATER),
    "end codes": lambda tx, s: authorization_codes.end_of_user(tx, s.tenant.id, s.ann.id, LATER),
    "forget grants": lambda tx, s: purging.delete_grants(tx, s.tenant.id, s.ann.id, 100),
}

TOUCHED: dict[str, list[str]] = {
    "set permissions": ["connectors connector"],
    "deactivate connector": ["connectors connector"],
    "delete connector": ["connectors connector"],
    "hold connector": [],
    "end secret": ["connector_secrets connector secret"],
    "revoke key": ["service_account_keys service-account"],
    "bind service account": [],
    "prolong grant": ["grants ann connector grant"],
    "hold user": [],
    "hold group": [],
    "revoke grant": ["grants ann connector grant"],
    "revoke grants to the connector": ["grants ann connector grant"],
    "revoke grants of the user": [
        "grants ann connector grant",
        "grants ann connector group group-grant",
        "grants ann connector other-group other-group-grant",
        "grants ann other-connector",
    ],
    "revoke the connector's grant of the group": ["grants ann connector group group-grant"],
    "revoke grants of the group": ["grants ann connector group group-grant", "grants group other-ann other-connector"],
    "hold invitation": [],
    "end invitation": ["group_invitations ann group invitation"],
    "end invitations": ["group_invitations ann group invitation", "group_invitations ann group other-invitation"],
    "rename group": ["groups group"],
    "lock group": ["groups group"],
    "name account": ["managed_accounts account enterprise"],
    "hold account": [],
    "claim slot": ["managed_accounts account enterprise"],
    "release slot": ["managed_accounts account enterprise"],
    "count devices": ["managed_accounts account enterprise"],
    "delete account": ["managed_accounts account enterprise"],
    "remove device": ["devices 00aa account enterprise"],
    "remove devices": ["devices 00aa account enterprise", "devices 00bb account enterprise"],
    "remove other devices": ["devices 00aa account enterprise"],
    "set device state": ["devices 00aa account enterprise"],
    "claim device token": ["device_tokens account enterprise token"],
    "use phone": ["phone_factors ann"],
    "hold session": [],
    "end session": ["sessions ann session"],
    "end sessions": ["sessions ann", "sessions ann session"],
    "act elsewhere": ["sessions ann session"],
    "change password first": ["sign_ins ann sign-in"],
    "rename tenant": ["tenants"],
    "disable tenant": ["tenants"],
    "enable tenant": ["tenants"],
    "delete tenant": ["tenants"],
    "change webhook": ["webhooks group webhook"],
    "disable webhook": ["webhooks group webhook"],
    "delete webhook": ["webhooks group webhook"],
    "hold tenant": [],
    "restore tenant": ["tenants"],
    "delete domain": ["domains"],
    "block user": ["users ann"],
    "unblock user": ["users ann"],
    "delete user": [
        *4 * ["group_members ann"],
        "group_members ann group",
        "group_members ann other-group",
        "users ann",
    ],
    "restore user": ["users ann"],
    "note sign-in": ["users ann"],
    "take role of app": ["connector_roles connector"],
    "take roles of app": ["connector_roles connector"],
    "revoke grants of the proof": ["grants ann connector grant"],
    "revoke the oldest of the user": ["grants ann connector group group-grant"],
    "revoke the user's oldest to the connector": [
        "grants ann connector grant",
        "grants ann connector group group-grant",
    ],
    "revoke the oldest of the group": ["grants ann connector group group-grant"],
    "end codes": ["authorization_codes ann connector"],
    "activate connector": ["connectors connector"],
    "enable webhook": ["webhooks group webhook"],
    "finish sign-in": ["sign_ins ann sign-in"],
    "revoke device tokens": ["device_tokens account enterprise other-token", "device_tokens account enterprise token"],
    "revoke credentials": ["device_credentials 00aa account", "device_credentials 00bb account"],
    "revoke a device's": ["device_credentials 00aa account"],
    "forget sign-ins": ["sign_ins ann sign-in"],
    "forget past sign-ins": ["sign_ins ann sign-in"],
    "forget past sessions": ["sessions ann", "sessions ann session"],
    "use a try": ["sign_ins ann sign-in"],
    "forget grants": [
        "grants ann connector grant",
        "grants ann connector group group-grant",
        "grants ann connector other-group other-group-grant",
        "grants ann other-connector",
        "refresh_tokens",
        "refresh_tokens grant",
        "refresh_tokens group-grant",
        "refresh_tokens other-group-grant",
    ],
}
"""Which rows a change is to: the table, and which of the stage's things, or their twins, the row names."""
