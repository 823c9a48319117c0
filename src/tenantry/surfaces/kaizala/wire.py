"""Kaizala's forms of things, as requests have them and as answers do.

Source: Kaizala contract §0, §1.1, §3.4-3.5, §6 #12-#13 and #34.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from tenantry.access.actions import GroupRole, Permission
from tenantry.core import phone_numbers
from tenantry.core.errors import InvalidValue, NotFound
from tenantry.core.ids import GroupId, parse_guid
from tenantry.directory.groups import GroupType
from tenantry.directory.members import MAX_NEWCOMERS
from tenantry.surfaces.shared.long_answers import Place, Stream

T = TypeVar("T")

BLANK: dict[str, Any] = {"also_absent": ""}
"""`Meta(extra=BLANK)` on a field: an empty text counts as absent."""

Texts = Annotated[list[Annotated[str, Meta(max_length=256)]], Meta(max_length=MAX_NEWCOMERS)] | str
"""A list; or one text with `,` or `;` between the entries, as Power Automate sends it, which `loose.py` splits."""

_NODE_SUFFIX = re.compile(r"@\d+$")  # Kaizala's shard of the group, as in "<guid>@2"

GROUP_TYPES = {GroupType.GROUP: "Group", GroupType.CONNECT_GROUP: "ConnectGroup"}
ROLES = {GroupRole.ADMIN: "Admin", GroupRole.MEMBER: "Member"}

_SCOPES: dict[Permission, tuple[str, ...]] = {
    Permission.GROUP_INFORMATION: ("groupinfo.read", "groupinfo.write", "groupinfo.remove", "groupinfo.update"),
    Permission.GROUP_MEMBERS: ("groupmember.read", "groupmember.write", "groupmember.remove"),
    Permission.TEXT_MESSAGES: ("textmessage.read",),
    Permission.ACTIONS: ("action.read", "action.write", "action.update"),
    Permission.USER_PROFILE: ("profile.write",),
    Permission.MEDIA: ("media.read",),
    Permission.WEBHOOKS: ("webhook.read", "webhook.write", "webhook.remove", "webhook.update"),
}
"""The words that recorded answers have in `grantedScope`. For the other permissions no word is known."""


class Done(Struct):
    """It is done; clients read no more of the answer (Kaizala contract §6 #9, #18)."""

    result: bool = True


async def whole_or_stream(shape: type[T], pages: AsyncIterator[list[Any]], place: Place) -> T | Stream:
    """The answer to a list that the wire does not divide into pages. `shape` has the list as its one field.

    A short list is answered whole, a long one in parts, each of which is read while the one before is sent.
    """
    full = (page async for page in pages if page)
    first: list[Any] = await anext(full, [])
    second = await anext(full, None)
    if second is None:
        return shape(first)  # type: ignore[call-arg]

    async def parts() -> AsyncIterator[bytes]:
        yield msgspec.json.encode(shape(first))[:-2]  # type: ignore[call-arg]  # without `]}`
        page: list[Any] | None = second
        while page is not None:
            yield b"," + msgspec.json.encode(page)[1:-1]
            page = await anext(full, None)
        yield b"]}"

    return place.stream(parts())


def parse_id(raw: str) -> str | None:
    """The GUID without its `@n`; None when the text is none."""
    return parse_guid(_NODE_SUFFIX.sub("", raw.strip()))


def read_group_id(raw: str) -> GroupId:
    """The id of a group. Raises NotFound("group") for a text that cannot be one."""
    found = parse_id(raw)
    if found is None:
        raise NotFound("group")
    return GroupId(found)


def read_number(raw: str) -> str:
    """`mobileNumber` in E.164. Raises InvalidValue."""
    try:
        return phone_numbers.read_number(raw, field="mobileNumber")
    except InvalidValue as error:
        raise InvalidValue(f"mobileNumber: {error.public}", field="mobileNumber") from None


def read_texts(sent: Iterable[str] | None) -> tuple[str, ...]:
    """The texts, without blank ones."""
    return tuple(text.strip() for text in sent or () if text.strip())


def read_role(raw: str) -> GroupRole:
    """The value of `role`: Admin or Member. Raises InvalidValue."""
    return _one_of(ROLES, raw, "role")


def read_group_type(raw: str | None) -> GroupType:
    """The value of `groupType`: Group, which is the default, or ConnectGroup. Raises InvalidValue."""
    return _one_of(GROUP_TYPES, raw, "groupType") if raw else GroupType.GROUP


def _one_of(words: dict[T, str], raw: str, field: str) -> T:
    for meaning, word in words.items():
        if word.lower() == raw.strip().lower():
            return meaning
    raise InvalidValue(f"{field} must be {' or '.join(words.values())}.", field=field)


def granted_scope(permissions: Iterable[str]) -> str:
    """The vendor's words for these permissions, divided by commas, in the order of Kaizala contract §1.1."""
    held = set(permissions)
    return ",".join(scope for permission, scopes in _SCOPES.items() if permission in held for scope in scopes)
