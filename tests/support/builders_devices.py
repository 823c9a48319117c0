"""An enterprise with its EMM, managed accounts and what redeems tokens, for tests below and above the surface."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tenantry.access.actions import Permission
from tenantry.connectors.service_accounts import register_service_account
from tenantry.core.caller import Caller, CallerKind, Origin, operator
from tenantry.core.clock import MINUTE, Micros
from tenantry.core.ids import ConnectorId, CorrelationId, EnterpriseId, ManagedAccountId, TenantId, new_guid
from tenantry.devices.device_tokens import generate_device_token
from tenantry.devices.enterprises import enroll_enterprise
from tenantry.devices.managed_accounts import AccountType, add_google_managed_account, insert_account
from tenantry.devices.redeem import Provisioned, redeem_device_token
from tenantry.directory.tenants import create_tenant
from tenantry.store.devices import DeviceFacts
from tenantry.store.engine import Store
from tenantry.tokens.secrets import SecretHasher
from tests.support.clock import NOON

ORIGIN = Origin(CorrelationId("test"), "192.0.2.1")
OPERATOR = operator(ORIGIN)
HASHER = SecretHasher(bytes(range(32)))
LIFETIME = 5 * MINUTE
LIMIT = 10


@dataclass(frozen=True)
class AnEnterprise:
    """A customer's enterprise, its EMM, and the service account bound to it."""

    id: EnterpriseId
    tenant_id: TenantId
    emm_tenant_id: TenantId
    service_account_id: ConnectorId
    service_account_email: str

    @property
    def caller(self) -> Caller:
        return service_account_caller(self.emm_tenant_id, self.service_account_id)


def service_account_caller(tenant_id: TenantId, connector_id: ConnectorId) -> Caller:
    return Caller(
        CallerKind.SERVICE_ACCOUNT,
        ORIGIN,
        tenant_id=tenant_id,
        connector_id=connector_id,
        permissions=frozenset({Permission.ANDROID_ENTERPRISE}),
    )


async def an_enterprise(store: Store, *, now: Micros = NOON) -> AnEnterprise:
    """A new customer, a new EMM, and the enterprise between them."""
    name = new_guid()[:8]
    async with store.write() as tx:
        customer = await create_tenant(
            tx, OPERATOR, name=f"Customer {name}", initial_domain=f"c{name}.example.com", now=now
        )
        emm = await create_tenant(tx, OPERATOR, name=f"EMM {name}", initial_domain=f"e{name}.example.com", now=now)
        account = await register_service_account(
            tx, OPERATOR, tenant_id=emm, name="emm", domain=f"e{name}.example.com", now=now
        )
        enterprise_id = await enroll_enterprise(
            tx,
            OPERATOR,
            tenant_id=customer,
            emm_tenant_id=emm,
            name=f"Enterprise {name}",
            service_account_id=account.connector_id,
            now=now,
        )
    return AnEnterprise(enterprise_id, customer, emm, account.connector_id, account.email)


async def a_managed_account(
    store: Store,
    enterprise: AnEnterprise,
    identifier: str = "user342",
    *,
    account_type: AccountType = AccountType.USER_ACCOUNT,
    now: Micros = NOON,
) -> ManagedAccountId:
    async with store.write() as tx:
        account = await insert_account(
            tx,
            enterprise.caller,
            enterprise.id,
            account_identifier=identifier,
            account_type=account_type,
            display_name=None,
            now=now,
        )
    return account.id


async def a_google_managed_account(
    store: Store, enterprise: AnEnterprise, email: str = "ann@customer.example.com", *, now: Micros = NOON
) -> ManagedAccountId:
    async with store.write() as tx:
        return await add_google_managed_account(
            tx, enterprise.caller, enterprise.id, primary_email=email, display_name="Ann", now=now
        )


async def a_device_token(
    store: Store,
    enterprise: AnEnterprise,
    account_id: ManagedAccountId,
    *,
    now: Micros = NOON,
    hasher: SecretHasher = HASHER,
) -> str:
    issued = await generate_device_token(
        store,
        hasher,
        enterprise.caller,
        enterprise_id=enterprise.id,
        account_id=account_id,
        device_limit=LIMIT,
        lifetime=LIFETIME,
        now=now,
    )
    return issued.token


async def redeem(
    store: Store, token: str, android_id: str, *, now: Micros = NOON, hasher: SecretHasher = HASHER
) -> Provisioned:
    return await redeem_device_token(
        store,
        hasher,
        token=token,
        facts=DeviceFacts(android_id, model="Pixel"),
        device_limit=LIMIT,
        origin=ORIGIN,
        now=now,
    )


def an_android_id(seed: object) -> str:
    """16 hexadecimal digits, the same for the same seed."""
    return hashlib.sha256(repr(seed).encode()).hexdigest()[:16]


async def live_credentials(store: Store, enterprise: AnEnterprise, account_id: ManagedAccountId) -> list[str]:
    """The Android IDs that hold a live credential, one entry for each credential."""
    async with store.read() as read:
        return await read.all(
            str,
            """
            SELECT android_id FROM device_credentials
            WHERE tenant_id = :tenant_id AND managed_account_id = :id AND revoked_at IS NULL
            ORDER BY android_id
            """,
            tenant_id=enterprise.tenant_id,
            id=account_id,
        )


async def live_devices(store: Store, enterprise: AnEnterprise, account_id: ManagedAccountId) -> list[str]:
    """The Android IDs of the live devices."""
    from tenantry.store import devices

    async with store.read() as read:
        return [device.android_id for device in await devices.list_live(read, enterprise.tenant_id, account_id)]


async def device_count(store: Store, enterprise: AnEnterprise, account_id: ManagedAccountId) -> int:
    """The quota's counter."""
    async with store.read() as read:
        count = await read.one_or_none(
            int,
            "SELECT device_count FROM managed_accounts WHERE tenant_id = :tenant_id AND id = :id",
            tenant_id=enterprise.tenant_id,
            id=account_id,
        )
    assert count is not None
    return count


async def trail(store: Store, tenant_id: TenantId) -> list[str]:
    """The types of the tenant's events; those of one instant come in any order."""
    from tenantry.store import audit_events

    async with store.read() as read:
        return [event.type for event in reversed(await audit_events.list_latest(read, tenant_id, 1000))]
