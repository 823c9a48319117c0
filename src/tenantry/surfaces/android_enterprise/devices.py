"""`devices`: what a user's account is on, and what the EMM asks of it. Source: Play EMM contract §1.3, §7.6-7.7."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from msgspec import UNSET, to_builtins
from starlette.requests import Request
from starlette.responses import Response

from tenantry.access.actions import Action
from tenantry.core.clock import DAY
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import EnterpriseId, ManagedAccountId
from tenantry.devices import devices
from tenantry.devices.devices import AccountState, Policy
from tenantry.devices.redeem import parse_android_id
from tenantry.surfaces.android_enterprise import wire
from tenantry.surfaces.android_enterprise.requests import answer, body_as, caller_of, empty, query
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

REPORTS_PER_DAY = 3

router = APIRouter(prefix="/androidenterprise/v1/enterprises/{enterprise_id}/users/{user_id}/devices")


@router.get("")
@performs(Action.READ_DEVICE)
async def list_devices(request: Request, enterprise_id: EnterpriseId, user_id: ManagedAccountId) -> Response:
    """devices.list: the whole devices, not their ids alone."""
    deps = deps_of(request)
    now = deps.clock()
    caller = await caller_of(deps, request.scope, now)
    async with deps.store.read() as read:
        found = await devices.list_devices(read, caller, enterprise_id, user_id, now)
    resources = [{"kind": "androidenterprise#device", **wire.device_resource(device)} for device in found]
    return answer(request, "devicesListResponse", {"device": resources} if resources else {})


@router.get("/{device_id}")
@performs(Action.READ_DEVICE)
async def get(request: Request, enterprise_id: EnterpriseId, user_id: ManagedAccountId, device_id: str) -> Response:
    """devices.get"""
    deps = deps_of(request)
    now = deps.clock()
    caller = await caller_of(deps, request.scope, now)
    async with deps.store.read() as read:
        device = await devices.get_device(read, caller, enterprise_id, user_id, device_id, now)
    return answer(request, "device", wire.device_resource(device))


@router.put("/{device_id}")
@performs(Action.WRITE_DEVICE)
async def update(request: Request, enterprise_id: EnterpriseId, user_id: ManagedAccountId, device_id: str) -> Response:
    """devices.update: the policy, also before the device is there."""
    deps = deps_of(request)
    now = deps.clock()
    caller = await caller_of(deps, request.scope, now)
    body = await body_as(deps, request, wire.DeviceUpdate)
    if body.android_id not in (None, device_id):
        raise InvalidValue("It must be the device of the path.", field="androidId")
    change = _policy_change(body, query(request, "updateMask"))
    android_id = parse_android_id(device_id)
    async with deps.store.write() as tx:
        device = await devices.set_policy(tx, caller, enterprise_id, user_id, android_id, change, now)
    return answer(request, "device", wire.device_resource(device))


def _policy_change(body: wire.DeviceUpdate, mask: str | None) -> Callable[[Policy], Policy]:
    """What the request does to the present policy. Without a mask the whole policy is replaced, if there is one.

    Masks name `policy` or one of its fields (`policy.policyId`). Raises InvalidValue(field="updateMask").
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


@router.get("/{device_id}/state")
@performs(Action.READ_DEVICE)
async def get_state(
    request: Request, enterprise_id: EnterpriseId, user_id: ManagedAccountId, device_id: str
) -> Response:
    """devices.getState"""
    deps = deps_of(request)
    now = deps.clock()
    caller = await caller_of(deps, request.scope, now)
    async with deps.store.read() as read:
        device = await devices.get_device(read, caller, enterprise_id, user_id, device_id, now)
    return answer(request, "deviceState", {"accountState": device.account_state})


@router.put("/{device_id}/state")
@performs(Action.WRITE_DEVICE)
async def set_state(
    request: Request, enterprise_id: EnterpriseId, user_id: ManagedAccountId, device_id: str
) -> Response:
    """devices.setState"""
    deps = deps_of(request)
    now = deps.clock()
    caller = await caller_of(deps, request.scope, now)
    body = await body_as(deps, request, wire.DeviceState)
    state = AccountState(body.account_state)
    async with deps.store.write() as tx:
        await devices.set_state(tx, caller, enterprise_id, user_id, device_id, state, now)
    return answer(request, "deviceState", {"accountState": state})


@router.post("/{device_id}/forceReportUpload")
@performs(Action.WRITE_DEVICE)
async def force_report_upload(
    request: Request, enterprise_id: EnterpriseId, user_id: ManagedAccountId, device_id: str
) -> Response:
    """devices.forceReportUpload: 3 times a day and device."""
    deps = deps_of(request)
    now = deps.clock()
    caller = await caller_of(deps, request.scope, now)
    async with deps.store.write() as tx:
        await devices.request_report(tx, caller, enterprise_id, user_id, device_id, now)
        deps.limits.hit("device_report", enterprise_id, user_id, device_id, limit=REPORTS_PER_DAY, window=DAY)
    return empty(request)
