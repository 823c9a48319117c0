"""Who has rights in a group without being in it: admins of the groups above, and people who were admins and left
something behind.

A token for a group acts as admin of everything below it, whoever is admin there. So the admins of a group see who
administers it from above, and may take it out; and whoever takes an admin's role away may end what that person left
behind.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.decide import decide, require
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import GrantId, GroupId, TenantId, UserId
from tenantry.directory.group_links import unlink_group
from tenantry.directory.group_places import ABOVE
from tenantry.directory.invitations import end_invitation
from tenantry.outbox.webhooks import delete_webhook
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.groups import group_lists, group_oversight
from tenantry.store.groups.group_lists import RelatedGroup
from tenantry.store.groups.group_oversight import LinkNames, Overseer
from tenantry.tokens.grants import revoke_grant

COUNTED = 1_000
_MOST = 1_000


class Remains(NamedTuple):
    """What a person still has in a group. `parents`: groups right above it that the person administers or gave a token
    for, or that have such a group above them. Besides these the person's tokens for it, invite links and webhooks.
    """

    parents: list[RelatedGroup]
    tokens: list[GrantId]
    invitations: list[str]
    webhooks: list[str]


async def list_overseers(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, now: Micros
) -> list[Overseer]:
    """The groups above, for a caller who administers this one. Raises what `access.require` does."""
    await require(read, caller, Action.UPDATE_GROUP, tenant_id, group_id=group_id, now=now)
    return await group_oversight.list_overseers(read, tenant_id, group_id, now, most=ABOVE, counted=COUNTED)


async def look_at_link(
    read: Read, caller: Caller, tenant_id: TenantId, parent_id: GroupId, child_id: GroupId, now: Micros
) -> tuple[LinkNames, bool]:
    """A link that the caller may cut, and whether the caller may because of the group above. Raises what
    `access.require` does for the group above; NotFound("group") when there is no such link.
    """
    parents = await decide(read, caller, Action.UPDATE_GROUP, tenant_id, group_id=parent_id, now=now)
    if not (await decide(read, caller, Action.UPDATE_GROUP, tenant_id, group_id=child_id, now=now)).allowed:
        await require(read, caller, Action.UPDATE_GROUP, tenant_id, group_id=parent_id, now=now)
    names = await group_oversight.find_link(read, tenant_id, parent_id, child_id)
    if names is None:
        raise NotFound("group")
    return names, parents.allowed


async def find_remains(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, user_id: UserId, now: Micros
) -> Remains:
    """What the user would still have in the group after leaving it. Raises what `access.require` does."""
    await require(read, caller, Action.SET_GROUP_MEMBER_ROLE, tenant_id, group_id=group_id, now=now)
    parents = [
        parent
        for parent in await group_lists.list_parents(read, tenant_id, group_id, ABOVE)
        if await group_oversight.is_held_by(read, tenant_id, parent.id, user_id, now, most=ABOVE)
    ]
    made_by = f"user:{user_id}"
    return Remains(
        parents,
        await group_oversight.list_tokens_by(read, tenant_id, group_id, user_id, now, _MOST),
        await group_oversight.list_invitations_by(read, tenant_id, group_id, user_id, now, _MOST),
        await group_oversight.list_webhooks_by(read, tenant_id, group_id, made_by, now, _MOST),
    )


async def cut_remains(
    tx: Tx, caller: Caller, tenant_id: TenantId, group_id: GroupId, user_id: UserId, now: Micros
) -> None:
    """End all that `find_remains` finds. Raises what `access.require` does."""
    remains = await find_remains(tx, caller, tenant_id, group_id, user_id, now)
    for parent in remains.parents:
        await unlink_group(tx, caller, tenant_id, parent.id, group_id, now)
    for grant_id in remains.tokens:
        await revoke_grant(tx, caller, tenant_id, grant_id, "revoked_by_user", now)
    for invitation_id in remains.invitations:
        await end_invitation(tx, caller, tenant_id, group_id, invitation_id, now)
    for webhook_id in remains.webhooks:
        await delete_webhook(tx, caller, tenant_id, webhook_id, now)
