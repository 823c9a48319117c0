"""End a managed account's devices, by revoking their access or by deleting the account.

Locks are taken in the order of `redeem.py`: tokens, account, devices. So a redeem under way either ends before and is
revoked, or finds its token dead. Source: Play EMM contract §3.3 revokeDeviceAccess, users.delete.
"""

from __future__ import annotations

from tenantry.access.actions import Action
from tenantry.audit.events import DeviceAccessRevoked, DeviceRemoved, ManagedAccountDeleted
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import EnterpriseId, ManagedAccountId, TenantId
from tenantry.devices.enterprises import require_enterprise
from tenantry.devices.managed_accounts import account_of, require_emm_managed
from tenantry.store.devices import device_tokens, devices, managed_accounts
from tenantry.store.engine.interface import Tx


async def revoke_device_access(
    tx: Tx, caller: Caller, enterprise_id: EnterpriseId, account_id: ManagedAccountId, now: Micros
) -> None:
    """Remove every device, end its credential and every unused token; the slots are free. Repeatable.

    Raises NotFound("enterprise" or "user"), FailedPrecondition for a Google-managed account.
    """
    enterprise = await require_enterprise(tx, caller, Action.REVOKE_DEVICE_ACCESS, enterprise_id, now)
    require_emm_managed(await account_of(tx, enterprise, account_id))
    removed = await _end_devices(tx, enterprise.tenant_id, account_id, now)
    event = DeviceAccessRevoked(managed_account_id=account_id, devices=removed)
    await record(tx, enterprise.tenant_id, caller, event, now)


async def remove_device(
    tx: Tx, caller: Caller, enterprise_id: EnterpriseId, account_id: ManagedAccountId, android_id: str, now: Micros
) -> None:
    """Remove one device and end its credential; its slot is free, the other devices go on. Atomic.

    Raises NotFound("enterprise", "user" or "device"), FailedPrecondition for a Google-managed account.
    """
    enterprise = await require_enterprise(tx, caller, Action.REVOKE_DEVICE_ACCESS, enterprise_id, now)
    require_emm_managed(await account_of(tx, enterprise, account_id))
    released = await managed_accounts.release_slot(tx, enterprise.tenant_id, account_id)
    if not released or not await devices.remove(tx, enterprise.tenant_id, account_id, android_id, now):
        raise NotFound("device")
    await device_tokens.revoke_credentials(tx, enterprise.tenant_id, account_id, now, android_id=android_id)
    event = DeviceRemoved(managed_account_id=account_id, android_id=android_id)
    await record(tx, enterprise.tenant_id, caller, event, now)


async def delete_account(
    tx: Tx, caller: Caller, enterprise_id: EnterpriseId, account_id: ManagedAccountId, now: Micros
) -> None:
    """As `revoke_device_access`, and then the account is gone; its identifier is free and gives another id next time.

    Raises NotFound("enterprise" or "user"), FailedPrecondition for a Google-managed account.
    """
    enterprise = await require_enterprise(tx, caller, Action.WRITE_MANAGED_ACCOUNT, enterprise_id, now)
    require_emm_managed(await account_of(tx, enterprise, account_id))
    removed = await _end_devices(tx, enterprise.tenant_id, account_id, now)
    if not await managed_accounts.delete(tx, enterprise.tenant_id, account_id, now):
        raise NotFound("user")
    if removed:
        revoked = DeviceAccessRevoked(managed_account_id=account_id, devices=removed)
        await record(tx, enterprise.tenant_id, caller, revoked, now)
    await record(tx, enterprise.tenant_id, caller, ManagedAccountDeleted(managed_account_id=account_id), now)


async def _end_devices(tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId, now: Micros) -> int:
    """End the account's devices. Answers how many there were. Raises NotFound("user") when somebody else deleted the
    account meanwhile.
    """
    await device_tokens.revoke_unused(tx, tenant_id, account_id, now)
    if not await managed_accounts.set_device_count(tx, tenant_id, account_id, 0):
        raise NotFound("user")
    removed = await devices.remove_all(tx, tenant_id, account_id, now)
    await device_tokens.revoke_credentials(tx, tenant_id, account_id, now)
    return removed
