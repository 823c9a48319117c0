"""Lists of users: what a query asks for, the pages, and the tokens that lead from one page to the next.

To go on, a client sends the token and `seekOperation=Next` and nothing else, so the token carries size, filter, order
and position (Partner Center contract §0 #6). It is bound to the customer and authenticated by a keyed hash.

A page has at most 500 users. Without a size, or with 0 ("no explicit limit"), it has as many as there are up to 5,000,
because one client reads a single page and never asks for the next; or 100, when only a seek is asked for. Where more
are left, there is a next link.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import NoReturn
from urllib.parse import unquote

import msgspec

from tenantry.core.errors import InvalidValue
from tenantry.core.ids import TenantId
from tenantry.directory.users import UserOrder
from tenantry.store.engine.pages import Position
from tenantry.store.users.users import User
from tenantry.surfaces.partner_center import wire
from tenantry.surfaces.shared.body import parse_json
from tenantry.surfaces.shared.loose import read_loosely
from tenantry.tokens.secrets import SecretHasher

DEFAULT_SIZE, MAX_SIZE, UNLIMITED_SIZE = 100, 500, 5_000
_FILTER_DEPTH = 8


class Wishes(msgspec.Struct, rename="camel"):
    """What a list may be asked for; names and words come in any letter case. `filter` is JSON."""

    size: str = ""
    offset: str = ""
    filter: str = ""
    seek_operation: str = ""
    sort_field: str = ""
    sort_direction: str = ""
    old_sort_field: str = msgspec.field(default="", name="sortOption.sortField")
    old_sort_direction: str = msgspec.field(default="", name="sortOption.sortDirection")


class FilterOfUsers(msgspec.Struct, rename="pascal"):
    """The one filter that there is."""

    field: str = ""
    operator: str = ""
    value: str = ""


class Listing(msgspec.Struct, frozen=True, array_like=True):
    """Which users of which customer a list has, in what order, how many at once, and from which position on."""

    customer: str
    size: int
    deleted: bool
    order: UserOrder
    downwards: bool
    after: Position | None = None


_decoder = msgspec.json.Decoder(Listing)


def read_listing(wishes: Wishes, token: str | None, customer: TenantId, hasher: SecretHasher) -> Listing:
    """The list that the request asks for. Raises InvalidValue."""
    if wishes.offset not in ("", "0"):
        _refuse("offset", "is not supported. Follow links.next instead.")
    seek = wishes.seek_operation.lower()
    if seek not in ("", "first", "next"):
        _refuse("seekOperation", "must be First or Next.")
    if seek == "next" or (seek and token):
        listing = _read_token(token or "", customer, hasher)
        return msgspec.structs.replace(listing, after=None) if seek == "first" else listing
    return Listing(
        customer,
        _read_size(wishes.size, bool(seek)),
        _read_filter(wishes.filter),
        _read_order(wishes.sort_field or wishes.old_sort_field),
        _read_direction(wishes.sort_direction or wishes.old_sort_direction),
    )


def _refuse(name: str, what: str) -> NoReturn:
    raise InvalidValue(f"{name} {what}", field=name)


def _read_size(raw: str, seeks: bool) -> int:
    text = raw.strip()
    if text and not (text.isascii() and text.isdigit() and len(text) <= 10):
        _refuse("size", "must be a whole number, 0 or more.")
    if not int(text or 0):
        return DEFAULT_SIZE if seeks and not text else UNLIMITED_SIZE
    return min(int(text), MAX_SIZE)


def _read_filter(raw: str) -> bool:
    """Whether the filter asks for deleted users.

    Source: Partner Center contract §2.5; a sample of the vendor says `UserStatus`.
    """
    if not raw.strip():
        return False
    text = raw if "{" in raw else unquote(raw)  # some clients encode it twice
    try:
        value = parse_json(text.encode("utf-8", "replace"), depth_limit=_FILTER_DEPTH, lenient=True)
        asked = read_loosely(value, FilterOfUsers)
    except InvalidValue:
        _refuse_filter()
    words = asked.field.lower(), asked.operator.lower().replace("_", ""), asked.value.lower()
    if words[0] not in ("userstate", "userstatus") or words[1] != "equals" or words[2] not in ("active", "inactive"):
        _refuse_filter()
    return words[2] == "inactive"


def _refuse_filter() -> NoReturn:
    _refuse("filter", 'must read {"Field":"UserState","Value":"Inactive","Operator":"equals"}, or Active.')


def _read_order(raw: str) -> UserOrder:
    match raw.lower():
        case "" | "userprincipalname":
            return UserOrder.NAME
        case "displayname":
            return UserOrder.DISPLAY_NAME
        case _:
            _refuse("sortField", "must be userPrincipalName or displayName.")


def _read_direction(raw: str) -> bool:
    match raw.lower():
        case "" | "ascending":
            return False
        case "descending":
            return True
        case _:
            _refuse("sortDirection", "must be Ascending or Descending.")


def _read_token(token: str, customer: TenantId, hasher: SecretHasher) -> Listing:
    payload, _, check = token.rpartition(".")
    given = check.encode("utf-8", "replace")
    if not any(hmac.compare_digest(each.encode(), given) for each in _checks_of(payload, hasher)):
        _refuse_token()
    try:
        listing = _decoder.decode(base64.urlsafe_b64decode(payload))
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        _refuse_token()
    if listing.customer != customer:
        _refuse_token()
    return listing


def _refuse_token() -> NoReturn:
    _refuse("MS-ContinuationToken", "is missing, or not one of this list. Send the header of links.next, or list anew.")


def _write_token(listing: Listing, hasher: SecretHasher) -> str:
    payload = base64.urlsafe_b64encode(msgspec.json.encode(listing)).decode()
    return f"{payload}.{_checks_of(payload, hasher)[0]}"


def _checks_of(payload: str, hasher: SecretHasher) -> list[str]:
    """The keyed hash by each pepper, the newest first."""
    return [each.hex() for each in hasher.hashes(f"partner_center.continuation {payload}")]


def page(
    listing: Listing, found: list[User], position: Position | None, query: str, hasher: SecretHasher
) -> wire.UserPage:
    """A page, with a next link where more are left."""
    uri = f"customers/{listing.customer}/users"
    shown = wire.UserPage(
        total_count=len(found),
        items=[wire.shown(user) for user in found],
        links=wire.PageLinks(wire.link(f"{uri}?{query}" if query else uri)),
        attributes=wire.Attributes("Collection"),
    )
    if position is not None:
        token = _write_token(msgspec.structs.replace(listing, after=position), hasher)
        shown.links.next = wire.link(f"{uri}?size={listing.size}&seekOperation=Next", MS_ContinuationToken=token)
        shown.continuation_token = token
    return shown
