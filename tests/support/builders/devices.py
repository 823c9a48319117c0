"""Enterprises, managed accounts, device tokens and their redemption."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tenantry.access.actions import Permission
from tenantry.core.caller import Audience, Caller, CallerKind
from tenantry.core.clock import MINUTE, Micros
from tenantry.core.ids import EnterpriseId, ManagedAccountId, TenantId
from tenantry.devices.device_tokens import generate_device_token
from tenantry.devices.enterprises import enroll_enterprise
from tenantry.devices.managed_accounts import AccountType, add_google_managed_account, insert_account
from tenantry.devices.redeem import Provisioned, redeem_device_token
from tenantry.store.devices import devices
from tenantry.store.devices.devices import DeviceFacts
from tenantry.store.engine.interface import Store
from tests.support.builders.connectors import SomeServiceAccount, a_service_account
from tests.support.builders.directory import SomeTenant, a_tenant
from tests.support.builders.stage import HASHER, OPERATOR, counted
from tests.support.clock import NOON

TOKEN_LIFETIME = 5 * MINUTE
DEVICE_LIMIT = 10


@dataclass(frozen=True, slots=True)
class SomeEnterprise:
    """A customer's enterprise and the service account bound to it, which is its EMM's."""

    id: EnterpriseId
    tenant_id: TenantId
    service_account: SomeServiceAccount

    @property
    def caller(self) -> Caller:
        """The service account."""
        return Caller(
            CallerKind.SERVICE_ACCOUNT,
            OPERATOR.origin,
            Audience.ANDROID_ENTERPRISE,
            tenant_id=self.service_account.tenant_id,
            connector_id=self.service_account.id,
            permissions=frozenset({Permission.ANDROID_ENTERPRISE}),
        )


async def an_enterprise(
    store: Store, customer: SomeTenant | None = None, emm: SomeTenant | None = None, *, now: Micros = NOON
) -> SomeEnterprise:
    """Of `customer`, managed by a new service account of `emm`; new tenants unless given."""
    customer, emm = customer or await a_tenant(store, now=now), emm or await a_tenant(store, now=now)
    account = await a_service_account(store, emm, now=now)
    async with store.write() as tx:
        enterprise_id = await enroll_enterprise(
            tx,
            OPERATOR,
            tenant_id=customer.id,
            emm_tenant_id=emm.id,
            name=f"Enterprise {next(counted)}",
            service_account_id=account.id,
            now=now,
        )
    return SomeEnterprise(enterprise_id, customer.id, account)


async def a_managed_account(
    store: Store,
    enterprise: SomeEnterprise,
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
    store: Store, enterprise: SomeEnterprise, email: str = "ann@customer.example.com", *, now: Micros = NOON
) -> ManagedAccountId:
    async with store.write() as tx:
        return await add_google_managed_account(
            tx, enterprise.caller, enterprise.id, primary_email=email, display_name="Ann", now=now
        )


async def a_device_token(
    store: Store,
    enterprise: SomeEnterprise,
    account_id: ManagedAccountId,
    *,
    now: Micros = NOON,
) -> str:
    issued = await generate_device_token(
        store,
        HASHER,
        enterprise.caller,
        enterprise_id=enterprise.id,
        account_id=account_id,
        device_limit=DEVICE_LIMIT,
        lifetime=TOKEN_LIFETIME,
        now=now,
    )
    return issued.token


async def redeem(store: Store, token: str, android_id: str, *, now: Micros = NOON) -> Provisioned:
    return await redeem_device_token(
        store,
        HASHER,
        token=token,
        facts=DeviceFacts(android_id, model="Pixel"),
        device_limit=DEVICE_LIMIT,
        origin=OPERATOR.origin,
        now=now,
    )


def an_android_id(seed: object) -> str:
    """16 hexadecimal digits, the same for the same seed."""
    return hashlib.sha256(repr(seed).encode()).hexdigest()[:16]


async def live_credentials(store: Store, enterprise: SomeEnterprise, account_id: ManagedAccountId) -> list[str]:
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


async def live_devices(store: Store, enterprise: SomeEnterprise, account_id: ManagedAccountId) -> list[str]:
    """The Android IDs of the live devices."""
    async with store.read() as read:
        return [device.android_id for device in await devices.list_live(read, enterprise.tenant_id, account_id)]


async def device_count(store: Store, enterprise: SomeEnterprise, account_id: ManagedAccountId) -> int:
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
