"""The texts for permissions and reaches. Labels of permissions: Kaizala contract §1.1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tenantry.access.actions import Permission
from tenantry.core.caller import Reach
from tenantry.store.connectors.connectors import Connector
from tenantry.store.users.users import User
from tenantry.surfaces.portal.words.texts import gettext as _


class PermissionText(NamedTuple):
    """A permission in words. `value` is the permission, `covers` a sentence that says what it lets a connector do."""

    value: str
    label: str
    covers: str


class PermissionGroup(NamedTuple):
    """Permissions that belong together."""

    title: str
    permissions: list[PermissionText]


def permission_groups() -> list[PermissionGroup]:
    """Every permission there is, grouped for people."""
    return [
        PermissionGroup(
            _("Groups"),
            [
                _text(
                    Permission.GROUP_INFORMATION, _("Read and change names and pictures, create groups, count users.")
                ),
                _text(Permission.GROUP_MEMBERS, _("List, add and remove members, and make them admins.")),
            ],
        ),
        PermissionGroup(
            _("Messages and actions"),
            [
                _text(Permission.TEXT_MESSAGES, _("Post text into groups.")),
                _text(Permission.MEDIA, _("Send pictures, audio, video and documents.")),
                _text(Permission.ACTIONS, _("Send surveys, polls and jobs, and read and change the responses.")),
                _text(Permission.REACTIONS, _("Like and comment, and read what others liked and wrote.")),
                _text(Permission.WEBHOOKS, _("Be told of messages, members and responses as they come.")),
            ],
        ),
        PermissionGroup(
            _("People and organisation"),
            [
                _text(Permission.USER_PROFILE, _("Read and change the profile of the user who gave the token.")),
                _text(Permission.TENANT_DATA, _("Read the organisation's users and groups.")),
                _text(
                    Permission.PARTNER_CENTER,
                    _("Manage users of the organisation and of its customers, as far as the user's roles go."),
                ),
                _text(Permission.ANDROID_ENTERPRISE, _("Manage work accounts and devices of an enterprise.")),
            ],
        ),
    ]


def _text(permission: Permission, covers: str) -> PermissionText:
    return PermissionText(permission.value, permission_label(permission), covers)


def permission_label(permission: str) -> str:
    """The label of a permission, as in `Group Information`; the word itself when it is not known here."""
    labels: dict[str, str] = {
        Permission.GROUP_INFORMATION: _("Group Information"),
        Permission.GROUP_MEMBERS: _("Group Member List"),
        Permission.TEXT_MESSAGES: _("Text Message"),
        Permission.ACTIONS: _("Action & Responses"),
        Permission.USER_PROFILE: _("User Profile"),
        Permission.MEDIA: _("Media"),
        Permission.WEBHOOKS: _("Outgoing Webhooks"),
        Permission.TENANT_DATA: _("Tenant Data"),
        Permission.REACTIONS: _("Reactions"),
        Permission.PARTNER_CENTER: _("Partner Center"),
        Permission.ANDROID_ENTERPRISE: _("Android Enterprise"),
    }
    return labels.get(permission, permission)


def explained_sign_in(scope: str | None) -> list[PermissionText]:
    """What a connector learns of the user beside its permissions, by OpenID Connect's words (tokens/id_tokens.py)."""
    words = (scope or "").split()
    if "profile" in words:
        covers = _("Know your name and sign-in name, and when and how you signed in.")
        return [PermissionText("profile", _("Who you are"), covers)]
    if "openid" in words:
        covers = _("Recognise you, and know when and how you signed in. It does not learn your name.")
        return [PermissionText("openid", _("That it is you"), covers)]
    return []


def explained(permissions: Iterable[str]) -> list[PermissionText]:
    """The texts of these permissions, in the order in which people choose them."""
    held = set(permissions)
    return [text for group in permission_groups() for text in group.permissions if text.value in held]


def reach_text(reach: str, group_name: str | None = None) -> str:
    """A reach in the words of a page: `every group of the organisation`."""
    match reach:
        case Reach.TENANT:
            return _("Every group of the organisation")
        case Reach.GROUP:
            return _("%(group)s and its sub-groups") % {"group": group_name or ""}
        case _:
            return _("The groups of the user")


def registrant_text(connector: Connector, registrant: User | None) -> str:
    """Who registered the connector: a user's name and sign-in name, or the server's operator."""
    if connector.created_by is None:
        return _("the operator of the server")
    if registrant is None or registrant.deleted_at is not None:
        return _("a user who is gone")
    return f"{registrant.display_name} ({registrant.user_principal_name})"
