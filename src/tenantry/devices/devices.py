"""Devices of a managed account: what they say of themselves, and the policy and state that the EMM gives them.

Devices appear by `redeem.py` and go by `revocation.py`. Source: Play EMM contract §1.3, §7.6-7.7, §7.17.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from tenantry.access.actions import Action
from tenantry.audit.events import DevicePolicySet, DeviceReportRequested, DeviceStateSet
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import EnterpriseId, ManagedAccountId
from tenantry.devices.enterprises import require_enterprise
from tenantry.devices.managed_accounts import account_of
from tenantry.store.devices import devices, managed_accounts
from tenantry.store.devices.devices import Device
from tenantry.store.engine.interface import Read, Tx

MAX_POLICY_BYTES = 65_536
MAX_WAITING = 100
"""The most policies of one account that wait for devices not provisioned yet."""

Policy = Mapping[str, Any]
"""A JSON object, as the EMM set it."""


class AccountState(StrEnum):
    """Whether the account may be used on the device. Kept and answered; without effect for EMM-managed accounts."""

    ENABLED = "enabled"
    DISABLED = "disabled"


async def list_devices(
    read: Read, caller: Caller, enterprise_id: EnterpriseId, account_id: ManagedAccountId, now: Micros
) -> list[Device]:
    """The live devices of an account. Raises NotFound("enterprise" or "user")."""
    enterprise = await require_enterprise(read, caller, Action.READ_DEVICE, enterprise_id, now)
    await account_of(read, enterprise, account_id)
    return await devices.list_live(read, enterprise.tenant_id, account_id)


async def get_device(
    read: Read,
    caller: Caller,
    enterprise_id: EnterpriseId,
    account_id: ManagedAccountId,
    android_id: str,
    now: Micros,
) -> Device:
    """One live device. Raises NotFound("enterprise", "user" or "device")."""
    enterprise = await require_enterprise(read, caller, Action.READ_DEVICE, enterprise_id, now)
    await account_of(read, enterprise, account_id)
    device = await devices.find(read, enterprise.tenant_id, account_id, android_id)
    if device is None:
        raise NotFound("device")
    return device


async def set_policy(
    tx: Tx,
    caller: Caller,
    enterprise_id: EnterpriseId,
    account_id: ManagedAccountId,
    android_id: str,
    change: Callable[[Policy], Policy],
    now: Micros,
) -> Device:
    """Replace the policy of a device by `change` of the present one ({} when there is none).

    The device need not be there yet: the policy waits for it, and the answer has nothing else.
    Raises NotFound("enterprise" or "user"), InvalidValue(field="policy") for more than MAX_POLICY_BYTES,
    FailedPrecondition when MAX_WAITING others wait.
    """
    enterprise = await require_enterprise(tx, caller, Action.WRITE_DEVICE, enterprise_id, now)
    await account_of(tx, enterprise, account_id)
    # Holding the account's row lets two changes take turns.
    if await managed_accounts.hold(tx, enterprise.tenant_id, account_id) is None:
        raise NotFound("user")
    present = await devices.find_policy(tx, enterprise.tenant_id, account_id, android_id)
    policy = json.dumps(change(json.loads(present) if present else {}))
    if len(policy) > MAX_POLICY_BYTES:
        raise InvalidValue(f"The policy has at most {MAX_POLICY_BYTES // 1024} KiB.", field="policy")
    if await devices.count_waiting_beside(tx, enterprise.tenant_id, account_id, android_id) >= MAX_WAITING:
        raise FailedPrecondition(
            f"{MAX_WAITING} policies of this account wait for devices that have never been there. "
            "Provision those devices, or use another account."
        )
    await devices.set_policy(tx, enterprise.tenant_id, enterprise_id, account_id, android_id, policy, now)
    event = DevicePolicySet(managed_account_id=account_id, android_id=android_id)
    await record(tx, enterprise.tenant_id, caller, event, now)
    device = await devices.find(tx, enterprise.tenant_id, account_id, android_id)
    return device or Device(android_id=android_id, policy=policy)


async def set_state(
    tx: Tx,
    caller: Caller,
    enterprise_id: EnterpriseId,
    account_id: ManagedAccountId,
    android_id: str,
    state: AccountState,
    now: Micros,
) -> None:
    """Enable or disable the account on a live device. Raises NotFound("enterprise", "user" or "device")."""
    enterprise = await require_enterprise(tx, caller, Action.WRITE_DEVICE, enterprise_id, now)
    await account_of(tx, enterprise, account_id)
    if not await devices.set_state(tx, enterprise.tenant_id, account_id, android_id, state):
        raise NotFound("device")
    event = DeviceStateSet(managed_account_id=account_id, android_id=android_id, account_state=state)
    await record(tx, enterprise.tenant_id, caller, event, now)


async def request_report(
    tx: Tx,
    caller: Caller,
    enterprise_id: EnterpriseId,
    account_id: ManagedAccountId,
    android_id: str,
    now: Micros,
) -> None:
    """Note that the EMM wants a fresh report of a live device. Raises NotFound("enterprise", "user" or "device")."""
    enterprise = await require_enterprise(tx, caller, Action.WRITE_DEVICE, enterprise_id, now)
    await account_of(tx, enterprise, account_id)
    if await devices.find(tx, enterprise.tenant_id, account_id, android_id) is None:
        raise NotFound("device")
    event = DeviceReportRequested(managed_account_id=account_id, android_id=android_id)
    await record(tx, enterprise.tenant_id, caller, event, now)
