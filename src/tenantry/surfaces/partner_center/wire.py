"""CustomerUser, read and written. Source: contract §3.2 and §4; the answer to a creation as on the vendor's page.

Keys come in any letter case; of one key in two the last counts. Null, and what is read-only, changes nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tenantry.core.clock import to_iso
from tenantry.core.errors import InvalidValue
from tenantry.core.hiding import hiding
from tenantry.core.ids import TenantId, UserId, parse_guid
from tenantry.directory.passwords import check_new_password
from tenantry.directory.user_properties import NewUser, UserChanges
from tenantry.store.users import User
from tenantry.surfaces.shared.body import Fields

WIRE_NAMES = {
    "user_principal_name": "userPrincipalName",
    "display_name": "displayName",
    "given_name": "firstName",
    "family_name": "lastName",
    "usage_location": "usageLocation",
    "immutable_id": "immutableId",
    "phone_number": "phoneNumber",
    "password": "passwordProfile.password",
}
"""The domain's words and the vendor's."""

_PROPERTIES = {domain: wire for domain, wire in WIRE_NAMES.items() if domain != "password"}
_ATTRIBUTES = {"objectType": "CustomerUser"}


@hiding("password")
class Creation(NamedTuple):
    """What a creation asks for. Without a password one is generated."""

    new_user: NewUser
    password: str | None
    must_change: bool


@hiding("password")
class Patch(NamedTuple):
    """What a PATCH asks for: properties, a new password, a restoration, or nothing."""

    changes: UserChanges
    password: str | None
    must_change: bool
    restore: bool


def read_creation(body: Any) -> Creation:
    """Raises InvalidValue."""
    fields = Fields(body)
    _read_state(fields)
    return Creation(NewUser(**_read_properties(fields)), *_read_password(fields))


def read_patch(body: Any) -> Patch:
    """Raises InvalidValue."""
    fields = Fields(body)
    restore = _read_state(fields)
    return Patch(UserChanges(**_read_properties(fields)), *_read_password(fields), restore)


def _read_properties(fields: Fields) -> dict[str, str | None]:
    return {domain: fields.text(wire) for domain, wire in _PROPERTIES.items()}


def _read_password(fields: Fields) -> tuple[str | None, bool]:
    """The password, None when there is none, and whether it must be changed: yes, if nothing is said.

    A profile without a password changes nothing. `"password": {}` is how the Python client sends none (contract §5).
    """
    profile = fields.object("passwordProfile")
    if profile is None:
        return None, True
    must_change = profile.flag("forceChangePassword")
    password = None if profile.get("password") == {} else profile.text("password")
    if password is not None:
        check_new_password(password, [text for text in _read_properties(fields).values() if text])
    return password, must_change is not False


def _read_state(fields: Fields) -> bool:
    """Whether the user is to be active."""
    state = fields.text("state")
    match (state or "").lower():
        case "":
            return False
        case "active":
            return True
        case "inactive":
            raise InvalidValue("state: only DELETE makes a user inactive. Leave it out, or send active.", field="state")
        case _:
            raise InvalidValue("state: must be active.", field="state")


def read_customer(raw: str) -> TenantId:
    """Raises InvalidValue."""
    return TenantId(_read_guid(raw, "customer-tenant-id"))


def read_user(raw: str) -> UserId:
    """Raises InvalidValue."""
    return UserId(_read_guid(raw, "user-id"))


def _read_guid(raw: str, name: str) -> str:
    guid = parse_guid(raw)
    if guid is None:
        raise InvalidValue(f"{name}: must be a GUID.", field=name)
    return guid


def created(user: User, *, must_change: bool) -> dict[str, Any]:
    """The answer to a creation, key by key as on the vendor's page, nulls included; the password is not in it."""
    shown = {
        "usageLocation": user.usage_location,
        "id": user.id,
        "userPrincipalName": user.user_principal_name,
        "firstName": user.given_name,
        "lastName": user.family_name,
        "displayName": user.display_name,
        "immutableId": user.immutable_id,
        "passwordProfile": {"forceChangePassword": must_change},
        "lastDirectorySyncTime": None,
        "userDomainType": "none",
        "state": "active",
        "softDeletionTime": None,
        "attributes": _ATTRIBUTES,
    }
    return shown if user.phone_number is None else {**shown, "phoneNumber": user.phone_number}


def shown(user: User) -> dict[str, Any]:
    """A user anywhere else; keys without a value are left out."""
    deleted_at = user.soft_deleted_at
    values = {
        "usageLocation": user.usage_location,
        "id": user.id,
        "userPrincipalName": user.user_principal_name,
        "firstName": user.given_name,
        "lastName": user.family_name,
        "displayName": user.display_name,
        "immutableId": user.immutable_id,
        "phoneNumber": user.phone_number,
        "userDomainType": "none",
        "state": "active" if deleted_at is None else "inactive",
        "softDeletionTime": None if deleted_at is None else to_iso(deleted_at),
        "links": {"self": link(f"customers/{user.tenant_id}/users/{user.id}")},
        "attributes": _ATTRIBUTES,
    }
    return {key: value for key, value in values.items() if value is not None}


def link(uri: str, **headers: str) -> dict[str, Any]:
    """A link without a slash or `/v1`, which clients put before it (contract §7). `headers`: names with `_` for `-`."""
    sent = [{"key": name.replace("_", "-"), "value": value} for name, value in headers.items()]
    return {"uri": uri, "method": "GET", "headers": sent}
