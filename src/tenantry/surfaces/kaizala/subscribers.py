"""Subscribers of a ConnectGroup. Source: Kaizala contract §3.7, §6 #13 and #17."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from tenantry.access.actions import Action
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import GroupId
from tenantry.directory import subscribers
from tenantry.directory.members import PART
from tenantry.store.groups.member_lists import ListedMember
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.coat import KAIZALA, ROOT, tenant_of
from tenantry.surfaces.operation import Ask, operations

PAGE = 50
"""How many subscribers a page has by default, and at most (Kaizala contract §3.7)."""

op = operations(KAIZALA, f"{ROOT}/groups/{{group_id}}/subscribers")


class Wanted(Struct):
    """Which page: `cursor` is one that a list answered; a `count` above the most is taken as the most."""

    count: Annotated[int, Meta(ge=1)] | None = None
    cursor: Annotated[str, Meta(max_length=256)] | None = None


class Subscriber(Struct, rename="camel"):
    """A subscriber. Clients read all keys but the last without asking whether they are there (Kaizala contract
    §3.7).
    """

    id: str
    mobile_number: str
    name: str
    profile_pic: str
    is_provisioned: bool


class Subscribers(Struct):
    """A page of subscribers. The last page has no `cursor`."""

    subscribers: list[Subscriber]
    cursor: str | UnsetType = UNSET


class Numbers(Struct):
    """People, by phone number."""

    subscribers: wire.Texts


class Added(Struct, rename="camel"):
    """What became of one number. No source names the key for a failure; `reason` is ours."""

    is_added: bool
    reason: str | UnsetType = UNSET


class Removed(Struct, rename="camel"):
    """What became of one number. No source names the key for a failure; `reason` is ours."""

    is_removed: bool
    reason: str | UnsetType = UNSET


class AddedOnes(Struct):
    """What became of each number."""

    result: dict[str, Added]


class RemovedOnes(Struct):
    """What became of each number."""

    result: dict[str, Removed]


@op("listSubscribers", "POST", "", Action.LIST_GROUP_MEMBERS, source="Kaizala contract §3.7, B1", bare=True)
async def list_subscribers(ask: Ask, group_id: GroupId, body: Wanted) -> Subscribers:
    """List a page of the subscribers."""
    return await _list(ask, group_id, body)


@op("getSubscribers", "GET", "", Action.LIST_GROUP_MEMBERS, source="Kaizala contract §3.7, B1g")
async def get_subscribers(ask: Ask, group_id: GroupId, query: Wanted) -> Subscribers:
    """List a page of the subscribers, with `cursor` and `count` in the query."""
    return await _list(ask, group_id, query)


async def _list(ask: Ask, group_id: GroupId, wanted: Wanted) -> Subscribers:
    """List a page. The cursor is the last id."""
    count = min(wanted.count or PAGE, PAGE)
    after_id = wire.parse_id(wanted.cursor) if wanted.cursor else ""
    if after_id is None:
        raise InvalidValue("cursor must be one that a list answered.", field="cursor")
    async with ask.deps.store.read() as read:
        found = await subscribers.list_subscribers(
            read, ask.caller, tenant_of(ask), group_id, after_id=after_id, limit=count, now=ask.now
        )
    return Subscribers([_shown(row) for row in found.subscribers], UNSET if found.next is None else found.next)


def _shown(row: ListedMember) -> Subscriber:
    return Subscriber(
        id=row.user_id,
        mobile_number=row.number or "",
        name=row.display_name,
        profile_pic="",
        is_provisioned=row.verified_at is not None,
    )


@op("addSubscribers", "PUT", "/add", Action.ADD_GROUP_MEMBERS, source="Kaizala contract §3.7, B2")
async def add_subscribers(ask: Ask, group_id: GroupId, body: Numbers) -> AddedOnes:
    """Add people as subscribers, each by itself: one who cannot be added hinders nobody else. One who is in the group
    already counts as added.
    """
    deps, tenant_id, numbers = ask.deps, tenant_of(ask), _read_numbers(body)
    reasons: dict[str, str] = {}
    for part in _parts(numbers):
        async with deps.bulk.turn(tenant_id), ask.writing() as tx:
            done = await subscribers.add_subscribers(tx, ask.caller, tenant_id, group_id, part, now=deps.clock())
        reasons |= {refused.row.who: refused.reason for refused in done.refused}
    return AddedOnes({number: Added(number not in reasons, reasons.get(number, UNSET)) for number in numbers})


@op("removeSubscribers", "PUT", "/remove", Action.REMOVE_GROUP_MEMBER, source="Kaizala contract §3.7, B3")
async def remove_subscribers(ask: Ask, group_id: GroupId, body: Numbers) -> RemovedOnes:
    """Remove subscribers, each by itself."""
    deps, tenant_id = ask.deps, tenant_of(ask)
    done: dict[str, str | None] = {}
    for part in _parts(_read_numbers(body)):
        async with deps.bulk.turn(tenant_id), ask.writing() as tx:
            done |= await subscribers.remove_subscribers(tx, ask.caller, tenant_id, group_id, part, deps.clock())
    return RemovedOnes(
        {number: Removed(reason is None, UNSET if reason is None else reason) for number, reason in done.items()}
    )


def _parts(numbers: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The numbers in parts, one for each transaction, in an order that all requests share."""
    ordered = tuple(sorted(numbers))
    return [ordered[start : start + PART] for start in range(0, len(ordered), PART)]


def _read_numbers(body: Numbers) -> tuple[str, ...]:
    numbers = wire.read_texts(body.subscribers)
    if not numbers:
        raise InvalidValue("subscribers is required.", field="subscribers")
    return numbers
