"""What the braces in the paths of pages stand for: things of the tenant of `Portal`, which is made a quarter of a town.

Its people stay who they are: dana and another are administrators, erik and mia are the members.
"""

from __future__ import annotations

from dataclasses import replace

from tenantry.access.actions import RoleId
from tenantry.core.clock import Micros
from tenantry.directory.phones import add_verified_phone
from tenantry.store.connectors import service_account_keys
from tenantry.store.engine.interface import Store
from tenantry.store.outbox import webhook_deliveries
from tests.support.builders import OPERATOR, SomeUser, a_user
from tests.support.clock import NOON
from tests.support.portal import Portal
from tests.support.town import ANDROID_IDS, Quarter, furnish

DANAS_NUMBER, ERIKS_NUMBER, MIAS_NUMBER = "+14255550191", "+14255550193", "+14255550192"
KEY_ID = "key-1"


async def names_in(portal: Portal, *, now: Micros = NOON) -> dict[str, str]:
    """Each is there and has something on its page. A new kind gets its line here."""
    store, tenant = portal.app.deps.store, portal.tenant
    dana = await _with_number(store, portal.dana, DANAS_NUMBER, now)
    other = await a_user(store, tenant, phone=True, roles=[RoleId.GLOBAL_ADMINISTRATOR], now=now)
    erik = await _with_number(store, portal.erik, ERIKS_NUMBER, now)
    mia = await _with_number(store, portal.mia, MIAS_NUMBER, now)
    quarter = await furnish(store, tenant, (dana, other), (erik, mia), now=now)
    await _ask_for_more(store, quarter, now)
    await portal.visit(portal.dana)
    return {**await _found(store, quarter), **_given(quarter)}


async def _with_number(store: Store, user: SomeUser, number: str, now: Micros) -> SomeUser:
    async with store.write() as tx:
        await add_verified_phone(tx, OPERATOR, user.tenant_id, user.id, number, now)
    return replace(user, phone_number=number)


async def _ask_for_more(store: Store, quarter: Quarter, now: Micros) -> None:
    """The first connector has a key, and waits for a permission that the first member asked for."""
    connector_id = quarter.apps.connectors[0].id
    async with store.write() as tx:
        await service_account_keys.insert(tx, connector_id, KEY_ID, algorithm="RS256", public_key="", now=now)
        await tx.run(
            "UPDATE connectors SET waiting_permissions = 'tenant_data', waiting_since = :now, created_by = :member "
            "WHERE id = :id AND tenant_id = :tenant_id",
            now=now,
            member=quarter.people.members[0].id,
            id=connector_id,
            tenant_id=quarter.tenant.id,
        )


async def _found(store: Store, quarter: Quarter) -> dict[str, str]:
    """What is only in the tables."""
    tenant_id, connector_id = quarter.tenant.id, quarter.apps.connectors[0].id
    async with store.read() as read:
        secrets = await read.all(
            str,
            "SELECT id FROM connector_secrets WHERE connector_id = :id ORDER BY created_at, id",
            id=connector_id,
        )
        sessions = await read.all(
            str, "SELECT id FROM sessions WHERE tenant_id = :tenant_id ORDER BY id", tenant_id=tenant_id
        )
        imports = await read.all(
            str, "SELECT id FROM user_imports WHERE tenant_id = :tenant_id ORDER BY id", tenant_id=tenant_id
        )
        keys = await read.all(
            str,
            "SELECT credential_id FROM passkeys WHERE tenant_id = :tenant_id AND user_id = :user_id",
            tenant_id=tenant_id,
            user_id=quarter.people.admins[0].id,
        )
        [delivery] = await webhook_deliveries.list_latest(
            read, tenant_id, quarter.groups.webhooks[0], before="", limit=1
        )
    return {
        "secret_id": secrets[0],
        "session_id": sessions[0],
        "import_id": imports[0],
        "credential_id": keys[0],
        "delivery_id": delivery.id,
    }


def _given(quarter: Quarter) -> dict[str, str]:
    """What the quarter knows by name, the first of each two."""
    member = quarter.people.members[1]
    account_id = quarter.devices.accounts[0]
    return {
        "tenant": quarter.tenant.id,
        "connector_id": quarter.apps.connectors[0].id,
        "key_id": KEY_ID,
        "domain": f"waits0.{quarter.tenant.domain}.test",
        "provider_id": quarter.people.providers[0],
        "grant_id": quarter.apps.grants[0].id,
        "group_id": quarter.groups.groups[0],
        "webhook_id": quarter.groups.webhooks[0],
        "child_id": quarter.groups.below[0],
        "broadcast_id": quarter.groups.broadcasts[0],
        "subscriber_id": member.id,
        "invitation_id": quarter.groups.invitations[0].id,
        "invitation": quarter.groups.invitations[0].secret,
        "user_id": member.id,
        "users_number": MIAS_NUMBER,
        "number": DANAS_NUMBER,
        "role_id": RoleId.GLOBAL_READER,
        "relationship_id": quarter.relations.given[0],
        "customer_id": quarter.relations.customers[0].id,
        "enterprise_id": quarter.devices.enterprises[0].id,
        "account_id": account_id,
        "android_id": ANDROID_IDS[0],
        "device_key": f"{account_id}-{ANDROID_IDS[0]}",
    }
