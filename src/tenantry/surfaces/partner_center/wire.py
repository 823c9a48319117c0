"""CustomerUser, read and written. Keys come in any letter case; where one comes in two of them, the last counts. A key
that is null or read-only changes nothing.

Source: Partner Center contract §3.2 and §4. The answer to a creation is that of the vendor's page.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from msgspec import UNSET, Meta, Struct, UnsetType, field

from tenantry.core.clock import to_iso
from tenantry.core.errors import InvalidValue
from tenantry.core.hiding import hiding
from tenantry.core.ids import TenantId, UserId, parse_guid
from tenantry.directory.passwords import check_password_rules
from tenantry.directory.user_properties import NewUser, UserChanges
from tenantry.store.users.users import User
from tenantry.surfaces.shared.loose import NOTHING

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
"""For each property of the domain the vendor's name."""

Text = Annotated[str, Meta(max_length=1024)]


@hiding("password")
class SentPassword(Struct, rename="camel"):
    """A new password, which must be changed at the next sign-in unless `forceChangePassword` is false.

    A profile without a password changes nothing. The Python client sends `"password": {}` where it has none (Partner
    Center contract §5).
    """

    force_change_password: bool | None = None
    password: Annotated[Text | None, Meta(extra=NOTHING)] = None


class SentUser(Struct, rename="camel"):
    """A user to make, or what to change of one; `state` can only be active. Keys that are read-only have no effect.

    The fields are called by the domain's words.
    """

    state: Text | None = None
    user_principal_name: Text | None = None
    display_name: Text | None = None
    given_name: Text | None = field(default=None, name="firstName")
    family_name: Text | None = field(default=None, name="lastName")
    usage_location: Text | None = None
    immutable_id: Text | None = None
    phone_number: Text | None = None
    password_profile: SentPassword | None = None


class Attributes(Struct, rename="camel"):
    """What kind of thing an object is, in the vendor's word."""

    object_type: str


class LinkHeader(Struct):
    """A header to send when following the link."""

    key: str
    value: str


class Link(Struct):
    """Where something is found. `uri` begins without a slash and `/v1`, since clients put them there (Partner Center
    contract §7).
    """

    uri: str
    method: str
    headers: list[LinkHeader]


class UserLinks(Struct):
    """The links of a user."""

    self: Link


class PageLinks(Struct, omit_defaults=True):
    """The links of a page; the last page has no `next`."""

    self: Link
    next: Link | None = None


@hiding("password")
class ShownPassword(Struct, rename="camel"):
    """A password, which is shown once, in the answer to the request that set it."""

    force_change_password: bool
    password: str | UnsetType = UNSET


class CreatedUser(Struct, rename="camel", kw_only=True):
    """The answer to a creation: key by key as on the vendor's page, nulls included."""

    usage_location: str | None
    id: str
    user_principal_name: str
    first_name: str | None
    last_name: str | None
    display_name: str | None
    immutable_id: str | None
    password_profile: ShownPassword
    last_directory_sync_time: str | None
    user_domain_type: str
    state: str
    soft_deletion_time: str | None
    attributes: Attributes
    phone_number: str | UnsetType = UNSET


class CustomerUser(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """A user in any other answer, in which keys without a value are left out."""

    usage_location: str | None = None
    id: str
    user_principal_name: str
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None
    immutable_id: str | None = None
    phone_number: str | None = None
    user_domain_type: str
    state: str
    soft_deletion_time: str | None = None
    links: UserLinks
    attributes: Attributes
    password_profile: ShownPassword | None = None


class UserPage(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """The vendor's collection; `totalCount` counts this page (Partner Center contract §2.5)."""

    total_count: int
    items: list[CustomerUser]
    links: PageLinks
    continuation_token: str | None = None
    attributes: Attributes


_CUSTOMER_USER = Attributes("CustomerUser")


@hiding("password")
class Creation(NamedTuple):
    """What a creation asks for. When it has no password, one is generated."""

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


def read_creation(sent: SentUser) -> Creation:
    """What the creation asks for. Raises InvalidValue."""
    _read_state(sent)
    return Creation(NewUser(**_properties(sent)), *_read_password(sent))


def read_patch(sent: SentUser) -> Patch:
    """What the PATCH asks for. Raises InvalidValue."""
    restore = _read_state(sent)
    return Patch(UserChanges(**_properties(sent)), *_read_password(sent), restore)


def _properties(sent: SentUser) -> dict[str, str | None]:
    return {domain: getattr(sent, domain) for domain in WIRE_NAMES if domain != "password"}


def _read_password(sent: SentUser) -> tuple[str | None, bool]:
    """The password, None when there is none; and whether it must be changed at the next sign-in."""
    profile = sent.password_profile
    if profile is None:
        return None, True
    if profile.password is not None:
        check_password_rules(profile.password)
    return profile.password, profile.force_change_password is not False


def _read_state(sent: SentUser) -> bool:
    """Whether the user is to be active."""
    match (sent.state or "").lower():
        case "":
            return False
        case "active":
            return True
        case "inactive":
            raise InvalidValue("state: only DELETE makes a user inactive. Leave it out, or send active.", field="state")
        case _:
            raise InvalidValue("state: must be active.", field="state")


def read_customer(raw: str) -> TenantId:
    """The customer in the path. Raises InvalidValue when it is no GUID."""
    return TenantId(_read_guid(raw, "customer-tenant-id"))


def read_user(raw: str) -> UserId:
    """The user in the path. Raises InvalidValue when it is no GUID."""
    return UserId(_read_guid(raw, "user-id"))


def _read_guid(raw: str, name: str) -> str:
    guid = parse_guid(raw)
    if guid is None:
        raise InvalidValue(f"{name}: must be a GUID.", field=name)
    return guid


def created(user: User, password: ShownPassword) -> CreatedUser:
    """The new user in the wire's shape, with the password."""
    return CreatedUser(
        usage_location=user.usage_location,
        id=user.id,
        user_principal_name=user.user_principal_name,
        first_name=user.given_name,
        last_name=user.family_name,
        display_name=user.display_name,
        immutable_id=user.immutable_id,
        password_profile=password,
        last_directory_sync_time=None,
        user_domain_type="none",
        state="active",
        soft_deletion_time=None,
        attributes=_CUSTOMER_USER,
        phone_number=UNSET if user.phone_number is None else user.phone_number,
    )


def shown(user: User, password: ShownPassword | None = None) -> CustomerUser:
    """The user in the wire's shape."""
    deleted_at = user.deleted_at
    return CustomerUser(
        usage_location=user.usage_location,
        id=user.id,
        user_principal_name=user.user_principal_name,
        first_name=user.given_name,
        last_name=user.family_name,
        display_name=user.display_name,
        immutable_id=user.immutable_id,
        phone_number=user.phone_number,
        user_domain_type="none",
        state="active" if deleted_at is None else "inactive",
        soft_deletion_time=None if deleted_at is None else to_iso(deleted_at),
        links=UserLinks(link(f"customers/{user.tenant_id}/users/{user.id}")),
        attributes=_CUSTOMER_USER,
        password_profile=password,
    )


def link(uri: str, **headers: str) -> Link:
    """`headers`: names with `_` for `-`."""
    return Link(uri, "GET", [LinkHeader(name.replace("_", "-"), value) for name, value in headers.items()])
