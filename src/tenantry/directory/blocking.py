"""Blocks a user, who is refused at every door until unblocked; and ends a user's access at a block or a deletion.

Every statement that lets somebody in checks whether the user is blocked. Sessions and tokens are ended all the same, in
the same transaction: unblocking gives back the right to sign in and nothing else. docs/what-ends-when.md has all of it
in one table.
"""

from __future__ import annotations

from collections.abc import Iterable

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.roles import require_another_administrator, require_over
from tenantry.directory.sessions import end_sessions
from tenantry.store.devices import device_tokens
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import enrolments
from tenantry.store.users import users
from tenantry.store.users.users import User
from tenantry.tokens.grants import revoke_grants_of_user

REASON = "user_blocked"


async def get_user_to_block(read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> User:
    """The user that the caller may block or unblock.

    Raises what `access.require` does; NotFound; FailedPrecondition for oneself.
    """
    await require(read, caller, Action.BLOCK_USER, tenant_id, now=now)
    user = await users.find(read, tenant_id, user_id)
    if user is None or user.deleted_at is not None:
        raise NotFound("user")
    if (caller.tenant_id, caller.user_id) == (tenant_id, user_id):
        raise FailedPrecondition("This is you. Ask another administrator.")
    await require_over(read, caller, tenant_id, user_id, now)
    return user


async def list_users_to_block(
    read: Read, caller: Caller, tenant_id: TenantId, user_ids: Iterable[UserId], now: Micros
) -> list[User]:
    """Those of these users that exist, deleted ones too. Raises what `access.require` does for a caller who may not
    block.
    """
    await require(read, caller, Action.BLOCK_USER, tenant_id, now=now)
    found = [await users.find(read, tenant_id, user_id) for user_id in user_ids]
    return [user for user in found if user is not None]


async def block_user(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """Refuse the user from now on, and end what it holds.

    Raises as `get_user_to_block`; FailedPrecondition for the last Global Administrator and when it is blocked already.
    """
    await get_user_to_block(tx, caller, tenant_id, user_id, now)
    await require_another_administrator(tx, caller, tenant_id, user_id, now)
    if not await users.block(tx, tenant_id, user_id, now):
        raise FailedPrecondition("This user is blocked already.")
    await record(tx, tenant_id, caller, events.UserBlocked(user_id=user_id), now)
    await end_access(tx, caller, tenant_id, user_id, REASON, now)


async def unblock_user(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """Let the user sign in again, with the password and second factors it had.

    Raises as `get_user_to_block`; FailedPrecondition when it is not blocked.
    """
    await get_user_to_block(tx, caller, tenant_id, user_id, now)
    if not await users.unblock(tx, tenant_id, user_id, now):
        raise FailedPrecondition("This user is not blocked.")
    await record(tx, tenant_id, caller, events.UserUnblocked(user_id=user_id), now)


async def end_access(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, reason: str, now: Micros) -> None:
    """End everything by which the user, or somebody in the user's name, could go on: sessions and what leads to one,
    tokens given to connectors, and tokens that provision another device. Devices that are provisioned stay, since the
    EMM decides about them; so do webhooks that were registered in the portal, which belong to their group.
    """
    await end_sessions(tx, caller, tenant_id, user_id, now, reason=reason)
    await enrolments.end_code(tx, tenant_id, user_id)
    await device_tokens.revoke_unused_of_user(tx, tenant_id, user_id, now)
    await revoke_grants_of_user(tx, caller, tenant_id, user_id, reason, now)
