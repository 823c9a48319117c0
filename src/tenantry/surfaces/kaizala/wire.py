"""Kaizala's forms of things, in and out. Source: contract §0, §1.1, §3.4-3.5, §6 #12-#13 and #34."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tenantry.access.actions import GroupRole, Permission
from tenantry.core import phone_numbers
from tenantry.core.errors import InvalidValue, NotFound
from tenantry.core.ids import GroupId, UserId, parse_guid
from tenantry.directory.group_views import GroupView
from tenantry.directory.groups import GroupType
from tenantry.directory.members import MAX_NEWCOMERS
from tenantry.store.groups.member_lists import ListedMember
from tenantry.surfaces.shared.body import LARGEST_OF_STRANGERS, Fields, parse_json, read_body, read_flag
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.long_answers import Place

T = TypeVar("T")

_NODE_SUFFIX = re.compile(r"@\d+$")  # the shard that once held it: "<guid>@2"
_SEPARATORS = re.compile("[,;]")

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
"""As seen in `grantedScope`; the words of the other permissions were never seen."""


def answer(value: dict[str, Any], **options: Any) -> Response:
    """Success is always 200 with a JSON object. `options` go to the response."""
    return Response(msgspec.json.encode(value), media_type="application/json", **options)


async def answer_list(name: str, pages: AsyncIterator[list[dict[str, Any]]], place: Place) -> Response:
    """A list that the contract gives no pages: at once when it is short, else in parts while it is sent."""
    first: list[dict[str, Any]] = await anext(pages, [])
    second = await anext(pages, None)
    if second is None:
        return answer({name: first})

    async def parts() -> AsyncIterator[bytes]:
        yield b'{"' + name.encode() + b'":[' + _items(first)
        page: list[dict[str, Any]] | None = second
        while page is not None:
            if page:
                yield b"," + _items(page)
            page = await anext(pages, None)
        yield b"]}"

    return place.answer(parts(), "application/json", {})


def _items(page: list[dict[str, Any]]) -> bytes:
    return msgspec.json.encode(page)[1:-1]


async def read_fields(request: Request, *, may_be_empty: bool = False) -> Fields:
    """The body, which need not be strict JSON. Raises InvalidValue, PayloadTooLarge."""
    return await _read_fields(request, deps_of(request).settings.body_limit_bytes, may_be_empty=may_be_empty)


async def read_strangers_fields(request: Request) -> Fields:
    """As `read_fields`, before anything is proven."""
    return await _read_fields(request, min(LARGEST_OF_STRANGERS, deps_of(request).settings.body_limit_bytes))


async def _read_fields(request: Request, limit: int, *, may_be_empty: bool = False) -> Fields:
    raw = await read_body(request, limit)
    if may_be_empty and not raw.strip():
        return Fields({})
    return Fields(parse_json(raw, depth_limit=deps_of(request).settings.json_depth_limit, lenient=True))


def query_flag(request: Request, *names: str) -> bool:
    """Whether one of these query parameters, in any letter case, is true. Raises InvalidValue for no boolean."""
    wanted = {name.lower(): name for name in names}
    given = [(wanted[key.lower()], value) for key, value in request.query_params.multi_items() if key.lower() in wanted]
    flags = [(name, read_flag(value or "false")) for name, value in given]
    for name, flag in flags:
        if flag is None:
            raise InvalidValue(f"{name} must be true or false.", field=name)
    return any(flag for _, flag in flags)


def parse_id(raw: str) -> str | None:
    """A GUID without its `@n`; None when it is none."""
    return parse_guid(_NODE_SUFFIX.sub("", raw.strip()))


def read_group_id(raw: str) -> GroupId:
    """Raises NotFound("group") for what cannot be an id."""
    found = parse_id(raw)
    if found is None:
        raise NotFound("group")
    return GroupId(found)


def read_member_id(raw: str) -> UserId:
    """Raises NotFound("member") for what cannot be an id."""
    found = parse_id(raw)
    if found is None:
        raise NotFound("member")
    return UserId(found)


def read_number(fields: Fields) -> str:
    """`mobileNumber` in E.164. Raises InvalidValue."""
    raw = fields.text("mobileNumber", required=True, max_length=64)
    try:
        return phone_numbers.read_number(raw, field="mobileNumber")
    except InvalidValue as error:
        raise InvalidValue(f"mobileNumber: {error.public}", field="mobileNumber") from None


def read_pin(fields: Fields) -> str:
    """`pin`, a number or a string. Raises InvalidValue."""
    pin = fields.get("pin")
    if isinstance(pin, int) and not isinstance(pin, bool) and abs(pin) < 10**32:  # a longer one has no decimal form
        return str(pin)
    return fields.text("pin", required=True, max_length=32).strip()


def read_list(fields: Fields, name: str) -> tuple[str, ...]:
    """A list of strings, or one string split at `,` or `;` (Flow). Raises InvalidValue."""
    value = fields.get(name)
    if not isinstance(value, str):
        texts = fields.texts(name, max_items=MAX_NEWCOMERS, max_length=256)
    elif len(texts := _SEPARATORS.split(value, MAX_NEWCOMERS + 1)) > MAX_NEWCOMERS + 1:  # a last separator may be there
        raise InvalidValue(f"{name} must not have more than {MAX_NEWCOMERS} entries.", field=name)
    return tuple(text.strip() for text in texts if text.strip())


def read_role(fields: Fields) -> GroupRole:
    """`role`: Admin or Member. Raises InvalidValue."""
    return _one_of(ROLES, fields.text("role", required=True, max_length=64), "role")


def read_group_type(fields: Fields) -> GroupType:
    """`groupType`: Group, which is the default, or ConnectGroup. Raises InvalidValue."""
    raw = fields.text("groupType", max_length=64)
    return _one_of(GROUP_TYPES, raw, "groupType") if raw else GroupType.GROUP


def _one_of(words: dict[T, str], raw: str, field: str) -> T:
    for meaning, word in words.items():
        if word.lower() == raw.strip().lower():
            return meaning
    raise InvalidValue(f"{field} must be {' or '.join(words.values())}.", field=field)


def granted_scope(permissions: Iterable[str]) -> str:
    """Comma-separated, in the order of the contract."""
    held = set(permissions)
    return ",".join(scope for permission, scopes in _SCOPES.items() if permission in held for scope in scopes)


def group_object(view: GroupView, *, details: bool) -> dict[str, Any]:
    """The Group object of contract 3.4. `details` adds the welcome message."""
    row = view.group
    shown: dict[str, Any] = {
        "groupId": row.id,
        "groupName": row.name,
        "groupImageUrl": row.image_url or "",
        "groupType": GROUP_TYPES[GroupType(row.group_type)],
        "callerRole": ROLES[GroupRole.ADMIN if view.acts_as_admin else GroupRole.MEMBER],
        "hasSubGroups": row.sub_groups > 0,
        "hasParentGroups": row.parents > 0,
        "isMappedToTenant": True,
        "userCount": row.seats,
        "uniqueUserCount": row.users,
        "currentLevelUserCount": row.level_users,
        "currentLevelSubGroupCount": row.sub_groups,
        "currentLevelParentGroupCount": row.parents,
        "unProvisionedUserCount": row.unprovisioned,
        "currentLevelUnProvisionedUserCount": row.level_unprovisioned,
        "isDuplicate": False,
        "isEditable": view.acts_as_admin,
        "isDetailsReadable": True,
    }
    if details:
        shown["welcomeMessage"] = row.welcome_message
    if view.sub_groups is not None:
        shown["subGroups"] = [group_object(child, details=details) for child in view.sub_groups]
    return shown


def member_object(row: ListedMember) -> dict[str, Any]:
    """One of `members[]` of contract 3.5; clients read the last two keys unguarded."""
    return {
        "id": row.user_id,
        "role": ROLES[GroupRole(row.role)],
        "mobileNumber": row.number or "",
        "isProvisioned": row.verified_at is not None,
        "name": row.display_name,
        "profilePic": "",
    }


def subscriber_object(row: ListedMember) -> dict[str, Any]:
    """One of `subscribers[]` of contract 3.7; clients read all but the last key unguarded."""
    return {
        "id": row.user_id,
        "mobileNumber": row.number or "",
        "name": row.display_name,
        "profilePic": "",
        "isProvisioned": row.verified_at is not None,
    }
