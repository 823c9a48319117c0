"""Subscribers of a ConnectGroup. Source: Kaizala contract 3.7, §6 #13 and #17."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tenantry.access.actions import Action
from tenantry.core.caller import Caller
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import GroupId, TenantId
from tenantry.directory import subscribers
from tenantry.directory.members import PART
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.callers import caller_of
from tenantry.surfaces.shared.body import Fields
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

PAGE = 50
"""The default, and the most (contract 3.7)."""

router = APIRouter()


@router.post("/kaizala/v1/groups/{group_id}/subscribers")
@performs(Action.LIST_GROUP_MEMBERS)
async def list_subscribers(request: Request, group_id: str) -> Response:
    """B1."""
    caller, tenant_id = await caller_of(request)
    fields = await wire.read_fields(request, may_be_empty=True)
    return await _list(request, caller, tenant_id, wire.read_group_id(group_id), fields)


@router.get("/kaizala/v1/groups/{group_id}/subscribers")
@performs(Action.LIST_GROUP_MEMBERS)
async def get_subscribers(request: Request, group_id: str) -> Response:
    """B1g: as B1, with `cursor` and `count` in the query."""
    caller, tenant_id = await caller_of(request)
    fields = Fields(dict(request.query_params))
    return await _list(request, caller, tenant_id, wire.read_group_id(group_id), fields)


async def _list(request: Request, caller: Caller, tenant_id: TenantId, group_id: GroupId, fields: Fields) -> Response:
    """A `count` beyond the most is taken as the most; the cursor is the last id."""
    deps = deps_of(request)
    count = min(fields.whole("count", low=1) or PAGE, PAGE)
    cursor = fields.text("cursor", max_length=256) or ""
    after_id = wire.parse_id(cursor) if cursor else ""
    if after_id is None:
        raise InvalidValue("cursor must be one that a list answered.", field="cursor")
    async with deps.store.read() as read:
        found = await subscribers.list_subscribers(
            read, caller, tenant_id, group_id, after_id=after_id, limit=count, now=deps.clock()
        )
    shown: dict[str, Any] = {"subscribers": [wire.subscriber_object(row) for row in found.subscribers]}
    return wire.answer(shown if found.next is None else {**shown, "cursor": found.next})


@router.put("/kaizala/v1/groups/{group_id}/subscribers/add")
@performs(Action.ADD_GROUP_MEMBERS)
async def add_subscribers(request: Request, group_id: str) -> Response:
    """B2. Each for itself: who cannot be added hinders nobody else. Who is in the group already counts as added."""
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    group, numbers = wire.read_group_id(group_id), await _read_numbers(request)
    reasons: dict[str, str] = {}
    for part in _parts(numbers):
        async with deps.bulk.turn(tenant_id), deps.store.write() as tx:
            done = await subscribers.add_subscribers(tx, caller, tenant_id, group, part, now=deps.clock())
        reasons |= {refused.row.who: refused.reason for refused in done.refused}
    return _results({number: reasons.get(number) for number in numbers}, "isAdded")


@router.put("/kaizala/v1/groups/{group_id}/subscribers/remove")
@performs(Action.REMOVE_GROUP_MEMBER)
async def remove_subscribers(request: Request, group_id: str) -> Response:
    """B3. Each for itself."""
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    group, numbers = wire.read_group_id(group_id), await _read_numbers(request)
    done: dict[str, str | None] = {}
    for part in _parts(numbers):
        async with deps.bulk.turn(tenant_id), deps.store.write() as tx:
            done |= await subscribers.remove_subscribers(tx, caller, tenant_id, group, part, deps.clock())
    return _results(done, "isRemoved")


def _parts(numbers: tuple[str, ...]) -> list[tuple[str, ...]]:
    """For a transaction each, in an order that all share."""
    ordered = tuple(sorted(numbers))
    return [ordered[start : start + PART] for start in range(0, len(ordered), PART)]


async def _read_numbers(request: Request) -> tuple[str, ...]:
    numbers = wire.read_list(await wire.read_fields(request), "subscribers")
    if not numbers:
        raise InvalidValue("subscribers is required.", field="subscribers")
    return numbers


def _results(done: Mapping[str, str | None], word: str) -> Response:
    """`reason` is our name for what no source names."""
    results = {
        number: {word: True} if reason is None else {word: False, "reason": reason} for number, reason in done.items()
    }
    return wire.answer({"result": results})
