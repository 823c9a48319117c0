"""The texts on what each directory role allows, for people who give one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tenantry.access.actions import EFFECTIVE_ROLES, RoleId
from tenantry.directory.roles import ROLE_NAMES
from tenantry.surfaces.portal.words.texts import gettext as _


class RoleText(NamedTuple):
    """A role in words. `covers` is a sentence."""

    id: str
    name: str
    covers: str


def role_name(role_id: str) -> str:
    """The name of a role, as in `User Administrator`; the id itself when the role is not known here."""
    try:
        return ROLE_NAMES[RoleId(role_id)]
    except ValueError:
        return role_id


def role_texts() -> list[RoleText]:
    """Every role there is, the strongest first."""
    covers = {
        RoleId.GLOBAL_ADMINISTRATOR: _("May do everything: users, roles, groups, connectors, partners, devices."),
        RoleId.USER_ADMINISTRATOR: _(
            "Creates, changes, deletes and restores users, and resets their passwords and second steps."
        ),
        RoleId.HELPDESK_ADMINISTRATOR: _("Sees users, and resets the passwords of those who hold no role."),
        RoleId.PASSWORD_ADMINISTRATOR: _("Sees users, and resets the passwords of those who hold no role."),
        RoleId.PRIVILEGED_ROLE_ADMINISTRATOR: _("Gives roles to users and takes them away, its own among them."),
        RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: _("Resets the password and the second steps of any user."),
        RoleId.GROUPS_ADMINISTRATOR: _("Manages every group, its members and its connectors."),
        RoleId.DIRECTORY_WRITERS: _("Creates, changes and restores users."),
        RoleId.DIRECTORY_READERS: _("Sees users and their properties."),
        RoleId.GLOBAL_READER: _("Sees everything, the trail included, and changes nothing."),
    }
    nothing = _("Has a name for the APIs that know it; it allows nothing here.")
    ordered = [*covers, *(role for role in RoleId if role not in covers)]
    return [RoleText(role, ROLE_NAMES[role], covers.get(role, nothing)) for role in ordered]


def offered_roles() -> list[RoleText]:
    """The roles that allow anything here, the strongest first."""
    return [text for text in role_texts() if text.id in EFFECTIVE_ROLES]


def delegated_roles(role_ids: Iterable[str]) -> list[RoleText]:
    """The texts of these roles for a relationship, which narrows those that give others (access/standing.py)."""
    narrowed: dict[str, str] = {
        RoleId.GLOBAL_ADMINISTRATOR: _(
            "Does everything with users, groups, connectors and devices; nothing with administrators, sign-in, domains "
            "and partners."
        ),
        RoleId.PRIVILEGED_ROLE_ADMINISTRATOR: _(
            "Gives the other roles of the relationship to users, until it ends, and takes them away."
        ),
        RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: _(
            "Resets the password and the second steps of users who hold no role beyond the relationship."
        ),
    }
    return [text._replace(covers=narrowed.get(text.id, text.covers)) for text in explained_roles(role_ids)]


def explained_roles(role_ids: Iterable[str]) -> list[RoleText]:
    """The texts of these roles, the strongest first; a role that is not known here has its id for a name."""
    wanted = set(role_ids)
    known = [text for text in role_texts() if text.id in wanted]
    return known + [RoleText(role, role, "") for role in sorted(wanted - {text.id for text in known})]
