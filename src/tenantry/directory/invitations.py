"""Links into a group: whoever has one and signs in to the tenant may join, until the link ends.

1. An admin makes a link for a time. It is shown once; its keyed hash is kept, as with every secret.
2. A person who follows it sees where it leads, and joins: as a member, or in a broadcasting group (ConnectGroup) as a
   subscriber.
3. It leads nowhere for people of another tenant, once it has ended or expired, while its group is deleted, and while
   its maker could not make it now: no admin of the group any more, disabled, deleted. Nobody learns which of these it
   is.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.actions import Action, GroupRole
from tenantry.access.decide import decide, require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller, in_person
from tenantry.core.clock import DAY, Micros
from tenantry.core.errors import FailedPrecondition, InvalidValue, NotFound
from tenantry.core.hiding import hiding
from tenantry.core.ids import GroupId, TenantId, UserId, new_guid
from tenantry.directory.groups import GroupType
from tenantry.directory.members import let_in_user
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.groups import group_invitations, groups, members
from tenantry.store.groups.group_invitations import InvitationRow, ListedInvitation
from tenantry.tokens.secrets import SecretHasher, SecretKind, tenant_of

MOST_LIVE = 20
"""How many live links one group may have."""
LIFETIMES = (DAY, 7 * DAY, 30 * DAY)


@hiding("secret")
class NewInvitation(NamedTuple):
    """A new link. `secret` is shown once."""

    id: str
    secret: str
    expires_at: Micros


class Joined(NamedTuple):
    """The role that the user has in the group now. `is_new`: the user got it by this link."""

    group_id: GroupId
    role: GroupRole
    is_new: bool


async def invite(
    tx: Tx, caller: Caller, hasher: SecretHasher, tenant_id: TenantId, group_id: GroupId, lifetime: Micros, now: Micros
) -> NewInvitation:
    """Make a link that lasts for one of LIFETIMES. It leads somewhere as long as its maker, a user of the tenant, may
    make links.

    Raises what `access.require` does; InvalidValue (field `lifetime`); NotFound("group"); FailedPrecondition when there
    are MOST_LIVE.
    """
    await require(tx, caller, Action.INVITE_TO_GROUP, tenant_id, group_id=group_id, now=now)
    if lifetime not in LIFETIMES:
        raise InvalidValue("Choose how long the link is good for.", field="lifetime")
    if caller.user_id is None or caller.tenant_id != tenant_id or not await groups.lock(tx, tenant_id, group_id, now):
        raise NotFound("group")
    if len(await group_invitations.list_live(tx, tenant_id, group_id, now, MOST_LIVE)) == MOST_LIVE:
        raise FailedPrecondition(f"The group has {MOST_LIVE} live links. End one of them first.")
    broadcasts = await groups.find_type(tx, tenant_id, group_id) == GroupType.CONNECT_GROUP
    role = GroupRole.SUBSCRIBER if broadcasts else GroupRole.MEMBER
    made = NewInvitation(new_guid(), hasher.mint(SecretKind.GROUP_INVITATION, tenant_id), now + lifetime)
    await group_invitations.insert(
        tx,
        tenant_id,
        hasher.hash(made.secret),
        invitation_id=made.id,
        group_id=group_id,
        role=role,
        created_by=caller.user_id,
        expires_at=made.expires_at,
        now=now,
    )
    event = events.GroupInvitationCreated(
        group_id=group_id, invitation_id=made.id, role=role, expires_at=made.expires_at
    )
    await record(tx, tenant_id, caller, event, now)
    return made


async def list_invitations(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, now: Micros
) -> list[ListedInvitation]:
    """Every link of the group that has neither ended nor expired, newest first. Raises what `access.require` does."""
    await require(read, caller, Action.INVITE_TO_GROUP, tenant_id, group_id=group_id, now=now)
    found = await group_invitations.list_live(read, tenant_id, group_id, now, MOST_LIVE)
    makers = {row.created_by for row in found if row.leads}
    inviting = {maker for maker in makers if await _may_invite(read, caller, tenant_id, group_id, maker, now)}
    return [row._replace(leads=int(row.created_by in inviting)) for row in found]


async def count_ways_back(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, user_id: UserId, now: Micros
) -> int:
    """How many links of others let a user in again who is taken out of the group; 0 for who may not make links.

    A link does not know whom it was given to. Those of the user lead nowhere afterwards.
    """
    if not (await decide(read, caller, Action.INVITE_TO_GROUP, tenant_id, group_id=group_id, now=now)).allowed:
        return 0
    found = await list_invitations(read, caller, tenant_id, group_id, now)
    return sum(1 for row in found if row.leads and row.created_by != user_id)


async def end_invitation(
    tx: Tx, caller: Caller, tenant_id: TenantId, group_id: GroupId, invitation_id: str, now: Micros
) -> None:
    """End the link; people who joined by it stay. Raises what `access.require` does; NotFound("invitation")."""
    await require(tx, caller, Action.INVITE_TO_GROUP, tenant_id, group_id=group_id, now=now)
    if not await group_invitations.end(tx, tenant_id, group_id, invitation_id, now):
        raise NotFound("invitation")
    event = events.GroupInvitationEnded(group_id=group_id, invitation_id=invitation_id)
    await record(tx, tenant_id, caller, event, now)


async def look_at_invitation(read: Read, caller: Caller, hasher: SecretHasher, raw: str, now: Micros) -> InvitationRow:
    """Where the link leads. Raises NotFound("invitation") when it leads nowhere for this caller."""
    tenant_id = tenant_of(raw, SecretKind.GROUP_INVITATION)
    if tenant_id is None or tenant_id != caller.tenant_id or caller.user_id is None:
        raise NotFound("invitation")
    await require(read, caller, Action.JOIN_GROUP, tenant_id, now=now)
    found = await group_invitations.find_live(read, tenant_id, hasher.hash(raw), caller.user_id, now)
    if found is None or not await _may_invite(read, caller, tenant_id, found.group_id, found.created_by, now):
        raise NotFound("invitation")
    return found


async def _may_invite(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, maker: UserId, now: Micros
) -> bool:
    """Whether the maker of a link, a live user, could make it now."""
    signed_in = in_person(caller.origin, tenant_id=tenant_id, user_id=maker)
    return (await decide(read, signed_in, Action.INVITE_TO_GROUP, tenant_id, group_id=group_id, now=now)).allowed


async def join(tx: Tx, caller: Caller, hasher: SecretHasher, raw: str, now: Micros) -> Joined:
    """Follow the link. A person who is in the group already keeps the role. Raises what `look_at_invitation` does.

    The group is held first and the link second, in the order of a deletion, so that neither can end half-way. Then the
    link's maker is looked at once more: changes of admins hold the group too.
    """
    found = await look_at_invitation(tx, caller, hasher, raw, now)
    tenant_id, user_id = TenantId(caller.tenant_id or ""), UserId(caller.user_id or "")
    held = await groups.lock(tx, tenant_id, found.group_id, now)
    if not held or not await group_invitations.hold(tx, tenant_id, hasher.hash(raw), now):
        raise NotFound("invitation")
    found = await look_at_invitation(tx, caller, hasher, raw, now)
    role = GroupRole(found.role)
    is_new = await let_in_user(tx, caller, tenant_id, found.group_id, user_id, role, now, invitation_id=found.id)
    if not is_new:
        role = GroupRole(await members.find_role(tx, tenant_id, found.group_id, user_id) or role)
    return Joined(found.group_id, role, is_new)
