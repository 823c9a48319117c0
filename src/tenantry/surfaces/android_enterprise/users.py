"""`users`: the managed accounts of an enterprise, which the vendor calls users. Source: Play EMM contract §1.2."""

from __future__ import annotations

from msgspec import Struct

from tenantry.access.actions import Action
from tenantry.core.clock import MINUTE
from tenantry.core.ids import EnterpriseId, ManagedAccountId
from tenantry.devices import managed_accounts
from tenantry.devices.device_tokens import generate_device_token
from tenantry.devices.revocation import delete_account, revoke_device_access
from tenantry.surfaces.android_enterprise import wire
from tenantry.surfaces.android_enterprise.coat import PLAY_EMM, ROOT
from tenantry.surfaces.operation import Ask, operations

op = operations(PLAY_EMM, f"{ROOT}/enterprises/{{enterprise_id}}/users")


class ByEmail(Struct):
    """`email` is the primary address of a user that Google manages."""

    email: str


@op("users.insert", "POST", "", Action.WRITE_MANAGED_ACCOUNT, source="Play EMM contract §1.2")
async def insert(ask: Ask, enterprise_id: EnterpriseId, body: wire.NewUser) -> wire.User:
    """Make a user, or answer the one that has the accountIdentifier already."""
    async with ask.writing() as tx:
        account = await managed_accounts.insert_account(
            tx,
            ask.caller,
            enterprise_id,
            account_identifier=body.account_identifier,
            account_type=wire.ACCOUNT_TYPES[body.account_type],
            display_name=body.display_name,
            now=ask.now,
        )
    return wire.shown_user(account)


@op("users.list", "GET", "", Action.READ_MANAGED_ACCOUNT, source="Play EMM contract §1.2")
async def list_users(ask: Ask, enterprise_id: EnterpriseId, query: ByEmail) -> wire.UsersListResponse:
    """Find users that Google manages by their primary address."""
    async with ask.deps.store.read() as read:
        accounts = await managed_accounts.list_accounts(read, ask.caller, enterprise_id, query.email, ask.now)
    return wire.UsersListResponse([wire.shown_user(account) for account in accounts] or None)


@op("users.get", "GET", "/{user_id}", Action.READ_MANAGED_ACCOUNT, source="Play EMM contract §1.2")
async def get(ask: Ask, enterprise_id: EnterpriseId, user_id: ManagedAccountId) -> wire.User:
    """Read one user."""
    async with ask.deps.store.read() as read:
        return wire.shown_user(await managed_accounts.get_account(read, ask.caller, enterprise_id, user_id, ask.now))


@op("users.update", "PUT", "/{user_id}", Action.WRITE_MANAGED_ACCOUNT, source="Play EMM contract §1.2")
async def update(ask: Ask, enterprise_id: EnterpriseId, user_id: ManagedAccountId, body: wire.UserUpdate) -> wire.User:
    """Change the display name of a user that the EMM manages."""
    async with ask.writing() as tx:
        account = await managed_accounts.update_account(
            tx,
            ask.caller,
            enterprise_id,
            user_id,
            display_name=body.display_name,
            unchanged=body.unchanged(),
            now=ask.now,
        )
    return wire.shown_user(account)


@op("users.delete", "DELETE", "/{user_id}", Action.WRITE_MANAGED_ACCOUNT, source="Play EMM contract §1.2", status=204)
async def delete(ask: Ask, enterprise_id: EnterpriseId, user_id: ManagedAccountId) -> None:
    """Delete a user that the EMM manages."""
    async with ask.writing() as tx:
        await delete_account(tx, ask.caller, enterprise_id, user_id, ask.now)


@op(
    "users.revokeDeviceAccess",
    "DELETE",
    "/{user_id}/deviceAccess",
    Action.REVOKE_DEVICE_ACCESS,
    source="Play EMM contract §1.2",
    status=204,
)
async def revoke_access(ask: Ask, enterprise_id: EnterpriseId, user_id: ManagedAccountId) -> None:
    """End the user's access on all devices."""
    async with ask.writing() as tx:
        await revoke_device_access(tx, ask.caller, enterprise_id, user_id, ask.now)


@op(
    "users.generateAuthenticationToken",
    "POST",
    "/{user_id}/authenticationToken",
    Action.GENERATE_DEVICE_TOKEN,
    source='vendor page "Users: generateAuthenticationToken"; Play EMM contract §1.2',
    headers=((b"cache-control", b"no-store"),),
    hot=True,
)
async def generate_authentication_token(
    ask: Ask, enterprise_id: EnterpriseId, user_id: ManagedAccountId
) -> wire.AuthenticationToken:
    """Hot path: make the token that provisions the account on a device (caller: 1 read; then 1 read, 1 write)."""
    settings = ask.deps.settings
    issued = await generate_device_token(
        ask.deps.store,
        ask.deps.hasher,
        ask.caller,
        enterprise_id=enterprise_id,
        account_id=user_id,
        device_limit=settings.device_limit,
        lifetime=settings.device_token_minutes * MINUTE,
        now=ask.now,
    )
    return wire.AuthenticationToken(issued.token)
