"""What each door asks of whoever comes through it, before the action's own rule is looked at.

A door is the audience of an access token, or the portal, where people act in person. It says which actions it serves,
which permission the connector needs for each, what a connector may do without a user, and whether the user must have
had a second factor. Which roles an action needs does not depend on the door: see `access/actions.py`.

Sources: Kaizala contract §1.1; Partner Center contract §1.3-1.4; Play EMM contract §4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tenantry.access.actions import RULES, Action, Permission
from tenantry.access.decision import Reason
from tenantry.core.caller import Audience, Caller


class Door(NamedTuple):
    """What one door asks. `opens`: the actions that are served, each with its permission (None: no connector stands
    between).
    """

    opens: Mapping[Action, Permission | None]
    alone: frozenset[Action] = frozenset()
    """The actions that a connector may do without a user."""
    needs_mfa: bool = False
    """Whether a user needs a second factor; a connector alone has none."""


_OF_USERS = (
    *(Action.LIST_USERS, Action.READ_USER, Action.CREATE_USER, Action.UPDATE_USER, Action.RESET_PASSWORD),
    *(Action.DELETE_USER, Action.RESTORE_USER, Action.CHANGE_LESSER_ADMINISTRATOR, Action.CHANGE_ADMINISTRATOR),
)
_OF_DEVICES = (
    *(Action.READ_ENTERPRISE, Action.READ_MANAGED_ACCOUNT, Action.WRITE_MANAGED_ACCOUNT),
    *(Action.GENERATE_DEVICE_TOKEN, Action.REVOKE_DEVICE_ACCESS, Action.READ_DEVICE, Action.WRITE_DEVICE),
)

DOORS: Mapping[Audience, Door] = {
    Audience.PORTAL: Door(dict.fromkeys(RULES)),
    Audience.KAIZALA: Door(
        {
            Action.READ_OWN_PROFILE: Permission.USER_PROFILE,
            Action.LIST_GROUPS: Permission.GROUP_INFORMATION,
            Action.READ_GROUP: Permission.GROUP_INFORMATION,
            Action.CREATE_GROUP: Permission.GROUP_INFORMATION,
            Action.UPDATE_GROUP: Permission.GROUP_INFORMATION,
            Action.DELETE_GROUP: Permission.GROUP_INFORMATION,
            Action.LIST_GROUP_MEMBERS: Permission.GROUP_MEMBERS,
            Action.ADD_GROUP_MEMBERS: Permission.GROUP_MEMBERS,
            Action.REMOVE_GROUP_MEMBER: Permission.GROUP_MEMBERS,
            Action.SET_GROUP_MEMBER_ROLE: Permission.GROUP_MEMBERS,
            Action.READ_WEBHOOKS: Permission.WEBHOOKS,
            Action.CHANGE_WEBHOOKS: Permission.WEBHOOKS,
        }
    ),
    Audience.PARTNER_CENTER: Door(
        dict.fromkeys((*_OF_USERS, Action.FIND_DOMAIN), Permission.PARTNER_CENTER),
        alone=frozenset({Action.FIND_DOMAIN}),
        needs_mfa=True,
    ),
    Audience.ANDROID_ENTERPRISE: Door(
        dict.fromkeys(_OF_DEVICES, Permission.ANDROID_ENTERPRISE), alone=frozenset(_OF_DEVICES)
    ),
}
"""An audience that is not listed serves nothing: its tokens can only be exchanged."""


def fault_at_door(caller: Caller, action: Action) -> tuple[Reason, str] | None:
    """Why the door refuses, judged by the caller's token or session alone; None: it does not. 0 queries."""
    door = DOORS.get(caller.audience) if caller.audience is not None else None
    if door is None or action not in door.opens:
        return Reason.PERMISSION_MISSING, f"the action is not served to {caller.audience or 'such a caller'}"
    permission = door.opens[action]
    if permission is None and caller.connector_id is not None:
        return Reason.PERMISSION_MISSING, "the action is done in person only, and an application came"
    if permission is not None and permission not in caller.permissions:
        held = " ".join(sorted(caller.permissions)) or "none"
        return Reason.PERMISSION_MISSING, f"permission {permission} is missing; granted: {held}"
    if caller.user_id is None:
        return None if action in door.alone else (Reason.APP_ONLY, "no user stands behind the application")
    if door.needs_mfa and "mfa" not in caller.amr:
        proven = " ".join(sorted(caller.amr)) or "none"
        return Reason.MFA_MISSING, f"the sign-in had no second factor; methods: {proven}"
    return None


def entered_by(caller: Caller, action: Action) -> str:
    """How the door was passed, for the facts of a decision."""
    permission = DOORS[caller.audience].opens[action] if caller.audience is not None else None
    return "the user is signed in to the portal" if permission is None else f"permission {permission} is granted"
