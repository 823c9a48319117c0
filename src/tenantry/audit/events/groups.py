"""Events of groups, their members and links."""

from __future__ import annotations

from tenantry.audit.events.base import Event


class GroupCreated(Event, tag="group.created"):
    group_id: str
    name: str
    parent_id: str | None = None


class GroupUpdated(Event, tag="group.updated"):
    group_id: str
    name: str


class GroupDeleted(Event, tag="group.deleted"):
    group_id: str
    name: str


class GroupRestored(Event, tag="group.restored"):
    group_id: str
    name: str


class GroupPurged(Event, tag="group.purged"):
    group_id: str


class GroupLinked(Event, tag="group.linked"):
    """`child_id` is a sub-group of `group_id` from now on."""

    group_id: str
    child_id: str


class GroupUnlinked(Event, tag="group.unlinked"):
    group_id: str
    child_id: str


class GroupInvitationCreated(Event, tag="group_invitation.created"):
    group_id: str
    invitation_id: str
    role: str
    expires_at: int


class GroupInvitationEnded(Event, tag="group_invitation.ended"):
    group_id: str
    invitation_id: str


class GroupMembersExported(Event, tag="group_members.exported"):
    group_id: str
    subscribers: bool


class GroupMemberAdded(Event, tag="group.member_added"):
    group_id: str
    user_id: str
    role: str
    invitation_id: str | None = None


class GroupMemberRemoved(Event, tag="group.member_removed"):
    group_id: str
    user_id: str


class GroupPlacesTakenOver(Event, tag="group.places_taken_over"):
    """One event for many groups: the user came into them, or got the role there, of the guest whose number the user has
    proven.
    """

    user_id: str
    guest_id: str
    groups: list[str]


class GroupMemberRoleSet(Event, tag="group.member_role_set"):
    group_id: str
    user_id: str
    role: str
