"""The users of a tenant: everybody creates, changes, deletes and restores them through these functions.

A deleted user is kept for RESTORABLE, and is seen in the list of deleted users only; its name is free. Names are
compared in their normal form. Source: Partner Center contract §3.2 and §4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum

from tenantry.access.actions import Action
from tenantry.access.decide import Permit, require, require_permit
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import DAY, Micros
from tenantry.core.errors import AlreadyExists, InvalidValue, NotFound
from tenantry.core.ids import TenantId, UserId, new_guid
from tenantry.core.normal_form import name_key
from tenantry.directory.blocking import end_access
from tenantry.directory.notices import What, tell
from tenantry.directory.roles import require_another_administrator, require_over
from tenantry.directory.sessions import end_sessions
from tenantry.directory.user_properties import NewPassword, NewUser, UserChanges
from tenantry.outbox.changes import EventType
from tenantry.outbox.many_groups import enqueue_for_user
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.engine.pages import Position
from tenantry.store.sign_in import enrolments, passwords
from tenantry.store.tenants import tenants
from tenantry.store.users import user_lists, users
from tenantry.store.users.user_lists import Order
from tenantry.store.users.users import User
from tenantry.tokens.grants import revoke_grants_of_user

RESTORABLE = 30 * DAY

_MEMBER = "member"
_SENSITIVE = frozenset({"user_principal_name", "immutable_id", "phone_number"})
"""Properties that lead to an account: Entra's table "Who can perform sensitive actions"."""
_OWN_PASSWORD = "This is your own password. Change it under Sign-in and security, where the present one is asked for."


async def create_user(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    new_user: NewUser,
    password_hash: str | None,
    must_change: bool,
    now: Micros,
    *,
    permitted: Permit | None = None,
) -> User:
    """Add a user, with a password or, when the user cannot sign in here, without. `permitted`: the decision that the
    caller may create users.

    Raises what `access.require` does; InvalidValue when the domain is not the tenant's own; AlreadyExists.
    """
    await require_permit(tx, permitted, caller, Action.CREATE_USER, tenant_id, now)
    values = {field: value or None for field, value in asdict(new_user).items()}
    name, display_name = str(values.pop("user_principal_name")), str(values.pop("display_name"))
    await _require_domain(tx, tenant_id, name)
    user = await users.insert(
        tx,
        tenant_id,
        UserId(new_guid()),
        user_principal_name=name,
        display_name=display_name,
        user_type=_MEMBER,
        now=now,
        **values,
    )
    if user is None:
        raise _taken(name)
    await record(tx, tenant_id, caller, events.UserCreated(user_id=user.id, user_principal_name=name), now)
    if password_hash is not None:
        await _keep_password(tx, caller, tenant_id, user.id, NewPassword(password_hash, must_change), now)
    return user


async def get_user(read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> User:
    """A user that is not deleted. Raises what `access.require` does; NotFound."""
    await require(read, caller, Action.READ_USER, tenant_id, now=now)
    user = await users.find(read, tenant_id, user_id)
    if user is None or user.deleted_at is not None:
        raise NotFound("user")
    return user


class UserOrder(StrEnum):
    """The order of a list of users."""

    NAME = "name"
    DISPLAY_NAME = "display_name"


_ORDERS = {
    (UserOrder.NAME, False): Order.NAME,
    (UserOrder.NAME, True): Order.NAME_DOWNWARDS,
    (UserOrder.DISPLAY_NAME, False): Order.DISPLAY_NAME,
    (UserOrder.DISPLAY_NAME, True): Order.DISPLAY_NAME_DOWNWARDS,
}
_KEYS: dict[UserOrder, Callable[[User], str]] = {
    UserOrder.NAME: lambda user: user.upn_key,
    UserOrder.DISPLAY_NAME: lambda user: user.display_name,
}


async def list_users(
    read: Read,
    caller: Caller,
    tenant_id: TenantId,
    *,
    deleted: bool = False,
    order: UserOrder = UserOrder.NAME,
    downwards: bool = False,
    after: Position | None = None,
    limit: int,
    now: Micros,
) -> tuple[list[User], Position | None]:
    """At most `limit` members after the position `after`, and the position to go on from, None at the end.

    `deleted` lists those that can still be restored instead. Guests are not listed. Raises what `access.require` does.
    """
    await require(read, caller, Action.LIST_USERS, tenant_id, now=now)
    deleted_after = now - RESTORABLE if deleted else None
    found = await user_lists.list_members(
        read, tenant_id, _ORDERS[order, downwards], deleted_after=deleted_after, after=after, limit=limit + 1
    )
    if len(found) <= limit:
        return found, None
    return found[:limit], (_KEYS[order](found[limit - 1]), found[limit - 1].id)


async def update_user(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    user_id: UserId,
    changes: UserChanges,
    now: Micros,
    *,
    password: NewPassword | None = None,
    restore: bool = False,
    permitted: Permit | None = None,
) -> User:
    """Change properties, set a password, and restore the user if it is deleted and `restore` says so: all or nothing.
    `permitted`: the decision that the caller may reset passwords.

    Each part needs its own action. A password that somebody else sets ends the user's grants, since whoever had the old
    one may have given them. Raises what `access.require` does; NotFound; AlreadyExists when a name is taken;
    InvalidValue for a new name whose domain is not the tenant's own.
    """
    wanted = {field: value for field, value in asdict(changes).items() if value is not None}
    if wanted or not (password or restore):
        await require(tx, caller, Action.UPDATE_USER, tenant_id, now=now)
    if password is not None:
        await require_permit(tx, permitted, caller, Action.RESET_PASSWORD, tenant_id, now)
        if (caller.tenant_id, caller.user_id) == (tenant_id, user_id):
            raise InvalidValue(_OWN_PASSWORD, field="password")
        await require_over(tx, caller, tenant_id, user_id, now)
    if restore:
        user = await restore_user(tx, caller, tenant_id, user_id, now, may_be_live=bool(wanted or password))
    else:
        user = await _get_live(tx, tenant_id, user_id)
    user = await _change(tx, caller, user, wanted, now)
    if password is not None:
        await _set_password(tx, caller, tenant_id, user_id, password, now)
        await revoke_grants_of_user(tx, caller, tenant_id, user_id, "password_reset", now)
        await enrolments.end_code(tx, tenant_id, user_id)
        await tell(tx, caller, tenant_id, user_id, What.PASSWORD_SET, now)
    return user


async def set_password(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    user_id: UserId,
    password_hash: str,
    must_change: bool,
    now: Micros,
    *,
    permitted: Permit | None = None,
) -> User:
    """Replace the password of a user. `permitted`: the decision that the caller may reset passwords. Raises what
    `access.require` does; NotFound.
    """
    password = NewPassword(password_hash, must_change)
    changes = UserChanges()
    return await update_user(tx, caller, tenant_id, user_id, changes, now, password=password, permitted=permitted)


async def delete_user(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """Mark a user deleted, and revoke its grants, which do not come back when it is restored.

    Raises what `access.require` does; FailedPrecondition for the last Global Administrator; NotFound.
    """
    await require(tx, caller, Action.DELETE_USER, tenant_id, now=now)
    await require_over(tx, caller, tenant_id, user_id, now)
    await require_another_administrator(tx, caller, tenant_id, user_id, now)
    if not await users.soft_delete(tx, tenant_id, user_id, now):
        raise NotFound("user")
    await record(tx, tenant_id, caller, events.UserDeleted(user_id=user_id), now)
    await enqueue_for_user(tx, tenant_id, caller, EventType.MEMBER_REMOVED, user_id, now)
    await end_access(tx, caller, tenant_id, user_id, "user_deleted", now)


async def restore_user(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros, *, may_be_live: bool = False
) -> User:
    """Restore a user that was deleted less than RESTORABLE ago; one that is not deleted stays as it is.

    `may_be_live`: another decision allows the caller something here, so that no right to restore is needed for a live
    user. Raises what `access.require` does; NotFound; AlreadyExists when another user has the name by now.
    """
    if not may_be_live:
        await require(tx, caller, Action.RESTORE_USER, tenant_id, now=now)
    user = await users.find(tx, tenant_id, user_id)
    if user is None:
        raise NotFound("user")
    if user.deleted_at is None:
        return user
    if user.deleted_at <= now - RESTORABLE:
        raise NotFound("user")
    if may_be_live:
        await require(tx, caller, Action.RESTORE_USER, tenant_id, now=now)
    await require_over(tx, caller, tenant_id, user_id, now)
    await _claim_name(tx, tenant_id, user.user_principal_name, now)
    restored = await users.restore(tx, tenant_id, user_id, now - RESTORABLE, now)
    if restored is None:
        raise NotFound("user")
    await record(tx, tenant_id, caller, events.UserRestored(user_id=user_id), now)
    await enqueue_for_user(tx, tenant_id, caller, EventType.MEMBER_ADDED, user_id, now)
    return restored


async def _get_live(tx: Tx, tenant_id: TenantId, user_id: UserId) -> User:
    user = await users.find(tx, tenant_id, user_id)
    if user is None or user.deleted_at is not None:
        raise NotFound("user")
    return user


async def _change(tx: Tx, caller: Caller, user: User, wanted: dict[str, str], now: Micros) -> User:
    """Write the columns that differ from the row. Nothing is written or recorded when none does."""
    changed = {field: value for field, value in wanted.items() if value != (getattr(user, field) or "")}
    if not changed:
        return user
    if not _SENSITIVE.isdisjoint(changed):
        await require_over(tx, caller, user.tenant_id, user.id, now)
    name = changed.get("user_principal_name")
    if name is not None and name_key(name) != user.upn_key:
        await _require_domain(tx, user.tenant_id, name)
        await _claim_name(tx, user.tenant_id, name, now)
    updated = await users.update(tx, user.tenant_id, user.id, now=now, **changed)
    if updated is None:
        raise NotFound("user")
    await record(tx, user.tenant_id, caller, events.UserUpdated(user_id=user.id, fields=sorted(changed)), now)
    return updated


async def _set_password(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, password: NewPassword, now: Micros
) -> None:
    """Set the password, and end the user's sessions at once, whoever set it."""
    await _keep_password(tx, caller, tenant_id, user_id, password, now)
    await end_sessions(tx, caller, tenant_id, user_id, now, reason="password_set")


async def _keep_password(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, password: NewPassword, now: Micros
) -> None:
    await passwords.set_credential(
        tx, tenant_id, user_id, password_hash=password.password_hash, must_change=password.must_change, now=now
    )
    event = events.PasswordSet(user_id=user_id, must_change=password.must_change)
    await record(tx, tenant_id, caller, event, now)


async def _require_domain(tx: Tx, tenant_id: TenantId, name: str) -> None:
    """Raise InvalidValue unless the name's domain is a verified one of the tenant and not federated."""
    domain_name = name.rpartition("@")[2].lower()
    domain = await tenants.find_domain(tx, tenant_id, domain_name)
    if domain is None or domain.verified_at is None:
        raise InvalidValue(
            f"{domain_name} is not a verified domain of this customer. Use one of the customer's own domains.",
            field="user_principal_name",
        )
    if domain.is_federated:
        raise InvalidValue(
            f"{domain_name} is federated: its users come from the identity provider. Use another domain.",
            field="user_principal_name",
        )


async def _claim_name(tx: Tx, tenant_id: TenantId, name: str, now: Micros) -> None:
    if not await users.claim_name(tx, tenant_id, UserId(new_guid()), name, now):
        raise _taken(name)


def _taken(name: str) -> AlreadyExists:
    return AlreadyExists(
        f"A user with the name {name} exists already. Choose another name, or delete that user first.",
        field="user_principal_name",
        value=name,
    )
