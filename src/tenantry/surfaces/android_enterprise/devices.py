"""`devices`: the devices that a user's account is on, and what the EMM asks of them.

Source: Play EMM contract §1.3, §7.6-7.7.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET, Struct, to_builtins

from tenantry.access.actions import Action
from tenantry.core.clock import DAY
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import EnterpriseId, ManagedAccountId
from tenantry.devices import devices
from tenantry.devices.devices import AccountState, Policy
from tenantry.devices.redeem import parse_android_id
from tenantry.surfaces.android_enterprise import wire
from tenantry.surfaces.android_enterprise.coat import PLAY_EMM, ROOT
from tenantry.surfaces.operation import Ask, operations

REPORTS_PER_DAY = 3

op = operations(PLAY_EMM, f"{ROOT}/enterprises/{{enterprise_id}}/users/{{user_id}}/devices")


class Masked(Struct, rename="camel"):
    """`updateMask` names `policy` or fields of it, divided by commas."""

    update_mask: str | None = None


@op("devices.list", "GET", "", Action.READ_DEVICE, source="Play EMM contract §1.3")
async def list_devices(ask: Ask, enterprise_id: EnterpriseId, user_id: ManagedAccountId) -> wire.DevicesListResponse:
    """List the devices of a user, each with all its fields."""
    async with ask.deps.store.read() as read:
        found = await devices.list_devices(read, ask.caller, enterprise_id, user_id, ask.now)
    return wire.DevicesListResponse([wire.shown_device(device) for device in found] or None)


@op("devices.get", "GET", "/{device_id}", Action.READ_DEVICE, source="Play EMM contract §1.3")
async def get(ask: Ask, enterprise_id: EnterpriseId, user_id: ManagedAccountId, device_id: str) -> wire.Device:
    """Read one device."""
    async with ask.deps.store.read() as read:
        return wire.shown_device(await devices.get_device(read, ask.caller, enterprise_id, user_id, device_id, ask.now))


@op("devices.update", "PUT", "/{device_id}", Action.WRITE_DEVICE, source="Play EMM contract §1.3, §7.6")
async def update(
    ask: Ask,
    enterprise_id: EnterpriseId,
    user_id: ManagedAccountId,
    device_id: str,
    query: Masked,
    body: wire.DeviceUpdate,
) -> wire.Device:
    """Set the policy of a device, which need not be there yet."""
    if body.android_id not in (None, device_id):
        raise InvalidValue("It must be the device of the path.", field="androidId")
    change = _policy_change(body, query.update_mask)
    android_id = parse_android_id(device_id)
    async with ask.writing() as tx:
        device = await devices.set_policy(tx, ask.caller, enterprise_id, user_id, android_id, change, ask.now)
    return wire.shown_device(device)


def _policy_change(body: wire.DeviceUpdate, mask: str | None) -> Callable[[Policy], Policy]:
    """What the request does to the present policy. Without a mask it replaces the whole policy, if it has one.

    A mask names `policy` or one of its fields (`policy.policyId`). Raises InvalidValue(field="updateMask").
    """
    sent: Policy = {} if body.policy in (UNSET, None) else to_builtins(body.policy)
    paths = [path.strip() for path in mask.split(",")] if mask else []
    if not paths:
        return lambda present: present if body.policy is UNSET else sent
    known = set(wire.Policy.__struct_encode_fields__)
    fields = {path.removeprefix("policy.") for path in paths if path != "policy"}
    if any(path != "policy" and not path.startswith("policy.") for path in paths) or not fields <= known:
        raise InvalidValue("It may name policy and fields of policy.", field="updateMask")
    if "policy" in paths:
        return lambda _present: sent

    def merge(present: Policy) -> Policy:
        kept = {name: value for name, value in present.items() if name not in fields}
        return {**kept, **{name: value for name, value in sent.items() if name in fields}}

    return merge


@op("devices.getState", "GET", "/{device_id}/state", Action.READ_DEVICE, source="Play EMM contract §1.3")
async def get_state(
    ask: Ask, enterprise_id: EnterpriseId, user_id: ManagedAccountId, device_id: str
) -> wire.DeviceState:
    """Read whether the account may be used on the device."""
    async with ask.deps.store.read() as read:
        device = await devices.get_device(read, ask.caller, enterprise_id, user_id, device_id, ask.now)
    return wire.DeviceState(AccountState(device.account_state).value)


@op("devices.setState", "PUT", "/{device_id}/state", Action.WRITE_DEVICE, source="Play EMM contract §1.3, §7.7")
async def set_state(
    ask: Ask, enterprise_id: EnterpriseId, user_id: ManagedAccountId, device_id: str, body: wire.NewDeviceState
) -> wire.DeviceState:
    """Set whether the account may be used on the device."""
    state = AccountState(body.account_state)
    async with ask.writing() as tx:
        await devices.set_state(tx, ask.caller, enterprise_id, user_id, device_id, state, ask.now)
    return wire.DeviceState(body.account_state)


@op(
    "devices.forceReportUpload",
    "POST",
    "/{device_id}/forceReportUpload",
    Action.WRITE_DEVICE,
    source="Play EMM contract §1.3",
    status=204,
)
async def force_report_upload(ask: Ask, enterprise_id: EnterpriseId, user_id: ManagedAccountId, device_id: str) -> None:
    """Ask a device for a report. A device may be asked three times a day."""
    async with ask.writing() as tx:
        await devices.request_report(tx, ask.caller, enterprise_id, user_id, device_id, ask.now)
        ask.deps.limits.hit("device_report", enterprise_id, user_id, device_id, limit=REPORTS_PER_DAY, window=DAY)
