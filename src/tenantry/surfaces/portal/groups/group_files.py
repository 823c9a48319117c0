"""The people of a group as a CSV file, which can be imported again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime
from typing import Protocol

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.audit.events import GroupMembersExported
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import SECOND, Micros
from tenantry.core.csv_files import MARK, write_row
from tenantry.core.ids import GroupId, TenantId
from tenantry.directory.group_lists import FoundMembers, search_members
from tenantry.directory.subscribers import search_subscribers
from tenantry.store.engine.interface import Read
from tenantry.store.engine.pages import Position
from tenantry.store.groups.member_lists import ListedMember
from tenantry.surfaces.portal.frame.files import PART, csv_file
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


class _Search(Protocol):
    """A function that answers a page of the group's people, ordered by name."""

    def __call__(
        self,
        read: Read,
        caller: Caller,
        tenant_id: TenantId,
        group_id: GroupId,
        *,
        after: Position | None,
        limit: int,
        now: Micros,
    ) -> Awaitable[FoundMembers]: ...


@router.get("/groups/{group_id}/members.csv")
@performs(Action.ADD_GROUP_MEMBERS)
async def export_members(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """Give the group's admins and members as a file."""
    return await _export(request, session, group_id, search_members, subscribers=False)


@router.get("/groups/{broadcast_id}/subscribers.csv")
@performs(Action.ADD_GROUP_MEMBERS)
async def export_subscribers(request: Request, session: SignedIn, broadcast_id: GroupId) -> Response:
    """Give the subscribers of a broadcasting group as a file."""
    return await _export(request, session, broadcast_id, search_subscribers, subscribers=True)


async def _export(
    request: Request, session: Session, group_id: GroupId, search: _Search, *, subscribers: bool
) -> Response:
    """Write the file for a visitor who may add people to the group, since it has everybody's phone number."""
    deps, now = deps_of(request), deps_of(request).clock()
    caller, here = session.caller, session.here
    with deps.long_answers.begin(caller, here) as place:
        async with deps.store.read() as read:
            await require(read, caller, Action.ADD_GROUP_MEMBERS, here, group_id=group_id, now=now)
            first = await search(read, caller, here, group_id, after=None, limit=PART, now=now)

        async def lines() -> AsyncIterator[str]:
            exported = GroupMembersExported(group_id=group_id, subscribers=subscribers)
            await record(deps.store, here, caller, exported, now)
            found, after = first
            yield MARK + write_row(("member", "role", "display_name", "phone_number"))
            while True:
                yield "".join(write_row(_cells(row)) for row in found)
                if after is None:
                    return
                async with deps.store.read() as read:
                    found, after = await search(read, caller, here, group_id, after=after, limit=PART, now=now)

        kind = "subscribers" if subscribers else "members"
        return csv_file(place, lines(), f"{kind}-{datetime.fromtimestamp(now // SECOND, UTC):%Y-%m-%d}.csv")


def _cells(row: ListedMember) -> tuple[str | None, ...]:
    """One row of the file. A guest is named by phone number only, since the sign-in name of a guest is nobody's."""
    who = row.number if row.user_type == "guest" and row.number else row.user_principal_name
    return who, row.role, row.display_name, row.number
