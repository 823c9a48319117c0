"""Which user has which phone number (core/phone_numbers.py), and what happens when somebody proves one.

A number belongs to one user of a tenant. A number that nobody has may be made a member of a group: then a *guest* holds
it, unverified, until its owner signs in with an account, proves the number and takes the guest's places over.
"""

from __future__ import annotations

from tenantry.audit import events
from tenantry.audit.record import record, record_each
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import AlreadyExists, NotFound
from tenantry.core.ids import GroupId, TenantId, UserId, new_guid
from tenantry.directory.notices import What, tell
from tenantry.directory.phone_loss import lose_phone
from tenantry.outbox.changes import EventType
from tenantry.outbox.many_groups import enqueue_for_user
from tenantry.store.engine.interface import Tx
from tenantry.store.groups import members
from tenantry.store.sign_in import phones
from tenantry.store.tenants import tenants
from tenantry.store.users import users
from tenantry.tokens.grants import revoke_grants_of_user


async def add_verified_phone(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, number: str, now: Micros
) -> None:
    """Give `number` (E.164) to this user, who has proven it. A guest who held it hands over its places in groups.

    Raises NotFound("user"), AlreadyExists (field `number`) when another user of the tenant has it.
    """
    user = await users.find(tx, tenant_id, user_id)
    if user is None or user.deleted_at is not None:
        raise NotFound("user")
    owner = await phones.find_owner(tx, tenant_id, number)
    if owner is not None and owner.user_id != user_id:
        if owner.is_live and owner.user_type != "guest":
            raise _taken(number)
        if owner.is_live:
            await _absorb_guest(tx, caller, tenant_id, owner.user_id, user_id, now)
        await _take_from(tx, caller, tenant_id, owner, number, now)
    if await phones.insert(tx, tenant_id, number, user_id, verified_at=now, now=now) or await phones.mark_verified(
        tx, tenant_id, number, user_id, now
    ):
        await record(tx, tenant_id, caller, events.PhoneVerified(user_id=user_id, number=number), now)
        await tell(tx, caller, tenant_id, user_id, What.PHONE_ADDED, now)
        return
    owner = await phones.find_owner(tx, tenant_id, number)
    if owner is None or owner.user_id != user_id:  # another request has taken the number meanwhile
        raise _taken(number)


async def _take_from(
    tx: Tx, caller: Caller, tenant_id: TenantId, owner: phones.PhoneOwner, number: str, now: Micros
) -> None:
    """Take the number from a guest, or from a deleted user who may be restored: what depended on it ends for good."""
    if owner.verified_at is None:  # nothing depends on a number that was never verified
        await phones.delete(tx, tenant_id, number, owner.user_id)
    else:
        await lose_phone(tx, caller, tenant_id, owner.user_id, number, now)


def _taken(number: str) -> AlreadyExists:
    return AlreadyExists("Another user of the tenant has this number.", field="number", value=number)


async def _absorb_guest(
    tx: Tx, caller: Caller, tenant_id: TenantId, guest_id: UserId, user_id: UserId, now: Micros
) -> None:
    """Give the guest's places in groups to the user, who has the higher role where both have one. There may be
    thousands, so one statement does each step for all of them. The guest is deleted, and keeps its places as a deleted
    user.
    """
    await _take_places_over(tx, caller, tenant_id, guest_id, user_id, now)
    await enqueue_for_user(tx, tenant_id, caller, EventType.MEMBER_REMOVED, guest_id, now)
    await enqueue_for_user(tx, tenant_id, caller, EventType.MEMBER_ADDED, user_id, now, since=now)
    if await users.soft_delete(tx, tenant_id, guest_id, now):
        await record(tx, tenant_id, caller, events.UserDeleted(user_id=guest_id), now)
        await revoke_grants_of_user(tx, caller, tenant_id, guest_id, "user_deleted", now)


async def _take_places_over(
    tx: Tx, caller: Caller, tenant_id: TenantId, guest_id: UserId, user_id: UserId, now: Micros
) -> None:
    joined = {place.group_id: place.role for place in await members.take_over(tx, tenant_id, guest_id, user_id, now)}
    raised = await members.raise_like(tx, tenant_id, guest_id, user_id)

    def one_joined(group_id: str) -> events.Event:
        return events.GroupMemberAdded(group_id=group_id, user_id=user_id, role=joined[GroupId(group_id)])

    def one_raised(group_id: str) -> events.Event:
        return events.GroupMemberRoleSet(group_id=group_id, user_id=user_id, role="admin")

    def together(groups: list[str]) -> events.Event:
        return events.GroupPlacesTakenOver(user_id=user_id, guest_id=guest_id, groups=groups)

    await record_each(tx, tenant_id, caller, [*joined], one_joined, together, now)
    await record_each(tx, tenant_id, caller, raised, one_raised, together, now)


async def user_or_guest_of(tx: Tx, caller: Caller, tenant_id: TenantId, number: str, now: Micros) -> UserId:
    """The user who has this number (E.164); a new guest when nobody has it. Two callers at once get the same guest.

    Callers with several numbers take them in sorted order, so that two of them cannot wait for each other.
    """
    owner = await phones.find_owner(tx, tenant_id, number)
    if owner is not None and owner.is_live:
        return owner.user_id
    if owner is not None:
        await _take_from(tx, caller, tenant_id, owner, number, now)
    name = f"{number.removeprefix('+')}#EXT#@{await _initial_domain(tx, tenant_id)}"
    guest = await users.insert(
        tx,
        tenant_id,
        UserId(new_guid()),
        user_principal_name=name,
        user_type="guest",
        display_name=number,
        phone_number=number,
        now=now,
    )
    if guest is not None:
        await record(tx, tenant_id, caller, events.UserCreated(user_id=guest.id, user_principal_name=name), now)
        await phones.insert(tx, tenant_id, number, guest.id, verified_at=None, now=now)
        return guest.id
    twin = await users.find_by_name(tx, tenant_id, name)
    if twin is None or twin.user_type != "guest":
        raise NotFound("user", internal=f"{name} is not a guest, or was deleted while it was looked up")
    await phones.insert(tx, tenant_id, number, twin.id, verified_at=None, now=now)
    return twin.id


async def _initial_domain(tx: Tx, tenant_id: TenantId) -> str:
    domains = await tenants.list_domains(tx, tenant_id)
    if not domains:
        raise NotFound("tenant")
    return domains[0].name
