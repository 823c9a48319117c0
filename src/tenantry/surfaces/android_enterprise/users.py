"""`users`: the managed accounts of an enterprise. Source: Play EMM contract §1.2."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tenantry.access.actions import Action
from tenantry.core.ids import EnterpriseId, ManagedAccountId
from tenantry.devices import managed_accounts
from tenantry.devices.revocation import delete_account, revoke_device_access
from tenantry.surfaces.android_enterprise import wire
from tenantry.surfaces.android_enterprise.requests import answer, body_as, caller_of, empty, query
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter(prefix="/androidenterprise/v1/enterprises/{enterprise_id}/users")


@router.post("")
@performs(Action.WRITE_MANAGED_ACCOUNT)
async def insert(request: Request, enterprise_id: EnterpriseId) -> Response:
    """users.insert: a new user, or the one that has the accountIdentifier."""
    deps = deps_of(request)
    now = deps.clock()
    caller = await caller_of(deps, request.scope, now)
    body = await body_as(deps, request, wire.NewUser)
    async with deps.store.write() as tx:
        account = await managed_accounts.insert_account(
            tx,
            caller,
            enterprise_id,
            account_identifier=body.account_identifier,
            account_type=wire.ACCOUNT_TYPES[body.account_type],
            display_name=body.display_name,
            now=now,
        )
    return answer(request, "user", wire.user_resource(account))


@router.get("")
@performs(Action.READ_MANAGED_ACCOUNT)
async def list_users(request: Request, enterprise_id: EnterpriseId) -> Response:
    """users.list: Google-managed users by their primary address; `user` is left out when there is none."""
    deps = deps_of(request)
    now = deps.clock()
    caller = await caller_of(deps, request.scope, now)
    email = query(request, "email", required=True) or ""
    async with deps.store.read() as read:
        accounts = await managed_accounts.list_accounts(read, caller, enterprise_id, email, now)
    users = [{"kind": "androidenterprise#user", **wire.user_resource(account)} for account in accounts]
    return answer(request, "usersListResponse", {"user": users} if users else {})


@router.get("/{user_id}")
@performs(Action.READ_MANAGED_ACCOUNT)
async def get(request: Request, enterprise_id: EnterpriseId, user_id: ManagedAccountId) -> Response:
    """users.get"""
    deps = deps_of(request)
    now = deps.clock()
    caller = await caller_of(deps, request.scope, now)
    async with deps.store.read() as read:
        account = await managed_accounts.get_account(read, caller, enterprise_id, user_id, now)
    return answer(request, "user", wire.user_resource(account))


@router.put("/{user_id}")
@performs(Action.WRITE_MANAGED_ACCOUNT)
async def update(request: Request, enterprise_id: EnterpriseId, user_id: ManagedAccountId) -> Response:
    """users.update: the display name of an EMM-managed user."""
    deps = deps_of(request)
    now = deps.clock()
    caller = await caller_of(deps, request.scope, now)
    body = await body_as(deps, request, wire.UserUpdate)
    async with deps.store.write() as tx:
        account = await managed_accounts.update_account(
            tx,
            caller,
            enterprise_id,
            user_id,
            display_name=body.display_name,
            unchanged=body.unchanged(),
            now=now,
        )
    return answer(request, "user", wire.user_resource(account))


@router.delete("/{user_id}")
@performs(Action.WRITE_MANAGED_ACCOUNT)
async def delete(request: Request, enterprise_id: EnterpriseId, user_id: ManagedAccountId) -> Response:
    """users.delete"""
    deps = deps_of(request)
    now = deps.clock()
    caller = await caller_of(deps, request.scope, now)
    async with deps.store.write() as tx:
        await delete_account(tx, caller, enterprise_id, user_id, now)
    return empty(request)


@router.delete("/{user_id}/deviceAccess")
@performs(Action.REVOKE_DEVICE_ACCESS)
async def revoke_access(request: Request, enterprise_id: EnterpriseId, user_id: ManagedAccountId) -> Response:
    """users.revokeDeviceAccess"""
    deps = deps_of(request)
    now = deps.clock()
    caller = await caller_of(deps, request.scope, now)
    async with deps.store.write() as tx:
        await revoke_device_access(tx, caller, enterprise_id, user_id, now)
    return empty(request)
