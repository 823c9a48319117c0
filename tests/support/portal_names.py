"""What the braces in the paths of pages stand for: one thing of each kind, of the tenant of `Portal`."""

from __future__ import annotations

from tenantry.access.actions import Permission, RoleId
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY, Micros
from tenantry.directory.domains import begin_proof
from tenantry.directory.identity_providers import NewProvider, add_identity_provider
from tenantry.directory.invitations import invite
from tenantry.directory.phones import add_verified_phone
from tenantry.directory.second_factors import use_phone
from tenantry.directory.user_files import read_users
from tenantry.directory.user_imports import begin_import
from tenantry.outbox.webhooks import send_test
from tenantry.store.connectors import service_account_keys
from tenantry.store.outbox import webhook_deliveries
from tenantry.store.sign_in import passkeys
from tests.support.builders import (
    HASHER,
    OPERATOR,
    SomeTenant,
    a_connector,
    a_device_token,
    a_grant,
    a_group,
    a_managed_account,
    a_relationship,
    a_tenant,
    a_webhook,
    an_enterprise,
    as_user,
    redeem,
)
from tests.support.clock import NOON
from tests.support.portal import Portal

DANAS_NUMBER, MIAS_NUMBER = "+14255550191", "+14255550192"


async def names_in(portal: Portal, *, now: Micros = NOON) -> dict[str, str]:
    """Each is there and has something on its page. A new kind gets its line here."""
    store, tenant = portal.app.deps.store, portal.tenant
    permissions = [Permission.GROUP_INFORMATION]
    connector = await a_connector(store, tenant, permissions=permissions, now=now)
    grant = await a_grant(store, connector, portal.dana, permissions=permissions, now=now)
    await a_grant(
        store, connector, portal.erik, reach=Reach.GROUP, group_id=portal.group, permissions=permissions, now=now
    )
    async with store.write() as tx:
        await tx.run(
            "UPDATE connectors SET waiting_permissions = 'tenant_data', waiting_since = :now, created_by = :erik "
            "WHERE id = :id AND tenant_id = :tenant_id",
            now=now,
            erik=portal.erik.id,
            id=connector.id,
            tenant_id=tenant.id,
        )
        file = read_users(b"user_principal_name,display_name\nnora@elsewhere.example,Nora\n")
        import_id = await begin_import(tx, OPERATOR, tenant.id, file_name="people.csv", file=file, now=now)
        await passkeys.insert(
            tx,
            tenant.id,
            portal.dana.id,
            credential_id="a2V5",
            name="Key ring",
            public_key=b"key",
            sign_count=0,
            is_synced=False,
            transports="usb",
            now=now,
        )
        await add_verified_phone(tx, OPERATOR, tenant.id, portal.dana.id, DANAS_NUMBER, now)
        await add_verified_phone(tx, OPERATOR, tenant.id, portal.mia.id, MIAS_NUMBER, now)
        await use_phone(tx, HASHER, OPERATOR, tenant.id, portal.mia.id, MIAS_NUMBER, now)
        provider_id = await add_identity_provider(
            tx,
            portal.app.deps.master_key,
            OPERATOR,
            tenant.id,
            NewProvider(name="Entra", issuer="https://login.example", client_id="a", client_secret="b"),
            now,
        )
        domain = await begin_proof(tx, OPERATOR, tenant.id, "waits.example", now)
        await service_account_keys.insert(tx, connector.id, "key-1", algorithm="RS256", public_key="", now=now)
    async with store.write() as tx:
        invitation = await invite(tx, as_user(portal.erik), HASHER, tenant.id, portal.group, DAY, now)
    webhook = await a_webhook(store, tenant, portal.group, "http://127.0.0.1:1/", now=now)
    async with store.write() as tx:
        await send_test(tx, OPERATOR, tenant.id, webhook, now)
    broadcast = await a_group(store, tenant, admins=[portal.erik], subscribers=[portal.mia], now=now)
    partner = await a_tenant(store, now=now)
    relationship_id = await a_relationship(store, partner, tenant, now=now)
    device_names = await _a_device(portal, partner, now)
    customer = await a_tenant(store, now=now)
    await a_relationship(store, tenant, customer, now=now)
    await portal.visit(portal.dana)
    async with store.read() as read:
        secrets = await read.all(
            str, "SELECT id FROM connector_secrets WHERE connector_id = :connector_id", connector_id=connector.id
        )
        sessions = await read.all(str, "SELECT id FROM sessions WHERE tenant_id = :tenant_id", tenant_id=tenant.id)
        [delivery] = await webhook_deliveries.list_latest(read, tenant.id, webhook, before="", limit=1)
    return {
        "tenant": tenant.id,
        "connector_id": connector.id,
        "secret_id": secrets[0],
        "key_id": "key-1",
        "credential_id": "a2V5",
        "provider_id": provider_id,
        "domain": domain,
        "grant_id": grant.id,
        "group_id": portal.group,
        "webhook_id": webhook,
        "delivery_id": delivery.id,
        "child_id": portal.below,
        "broadcast_id": broadcast,
        "subscriber_id": portal.mia.id,
        "invitation_id": invitation.id,
        "invitation": invitation.secret,
        "user_id": portal.mia.id,
        "users_number": MIAS_NUMBER,
        "number": DANAS_NUMBER,
        "session_id": sessions[0],
        "role_id": RoleId.GLOBAL_READER,
        "import_id": import_id,
        "relationship_id": relationship_id,
        "customer_id": customer.id,
        **device_names,
    }


async def _a_device(portal: Portal, partner: SomeTenant, now: Micros) -> dict[str, str]:
    """A device of the tenant, its account and enterprise. The key is the account's id and the Android ID."""
    store = portal.app.deps.store
    enterprise = await an_enterprise(store, portal.tenant, partner, now=now)
    account_id = await a_managed_account(store, enterprise, "asset-1", now=now)
    await redeem(store, await a_device_token(store, enterprise, account_id, now=now), "00c0ffee", now=now)
    return {
        "enterprise_id": enterprise.id,
        "account_id": account_id,
        "android_id": "00c0ffee",
        "device_key": f"{account_id}-00c0ffee",
    }
