"""Read the trail of a tenant: search it by event type, actor and time, and explain one request by its id."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.audit import events
from tenantry.audit.heads import Note, find_missing
from tenantry.audit.record import record
from tenantry.audit.seals import SealKeys, Verdict, verify_trail
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId, parse_guid
from tenantry.store.engine.interface import Read, Store, Tx
from tenantry.store.trail import audit_seals, audit_search, event_names
from tenantry.store.trail.audit_search import FoundEvent
from tenantry.store.users import users

MOST_OF_REQUEST = 200
MOST_MADE = 500
ISSUED = frozenset({"access_token.issued", "device_token.issued"})
NAMED = (
    "user_id",
    "group_id",
    "connector_id",
    "relationship_id",
    "managed_account_id",
    "partner_tenant_id",
    "emm_tenant_id",
    "enterprise_id",
    "provider_id",
    "webhook_id",
    "child_id",
    "parent_id",
    "object_id",
)
"""Fields of events that hold the id of something with a name; the most telling come first."""
_WINDOW = 2000
"""`token.issued` events are searched for among this many: a page at a time for an actor, the newest for a request.
"""


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; an empty field matches everything. `since` and `until` are instants, `until` not included.

    `token.issued` events are left out unless `type` or `with_issued` asks for them.
    """

    type: str = ""
    actor: str = ""
    since: Micros | None = None
    until: Micros | None = None
    with_issued: bool = False


class FoundEvents(NamedTuple):
    """A page of events, newest first. `next` is the id before which the next page begins; None on the last page.
    `names`: what the things are called that the events are about (NAMED), by their ids.
    """

    events: list[FoundEvent]
    next: str | None
    names: Mapping[str, str]


async def search_trail(
    read: Read, caller: Caller, tenant_id: TenantId, search: Search, *, before: str = "", limit: int, now: Micros
) -> FoundEvents:
    """At most `limit` events before the id `before` (empty: from the newest). Raises what `access.require` does."""
    found, following = await read_trail(read, caller, tenant_id, search, before=before, limit=limit, now=now)
    return FoundEvents(found, following, await names_in(read, tenant_id, found))


async def read_trail(
    read: Read, caller: Caller, tenant_id: TenantId, search: Search, *, before: str = "", limit: int, now: Micros
) -> tuple[list[FoundEvent], str | None]:
    """As `search_trail`, without names: for a file."""
    await require(read, caller, Action.READ_AUDIT, tenant_id, now=now)
    since = audit_search.FIRST if search.since is None else f"{max(search.since, 0):014x}"
    last = audit_search.LAST if search.until is None else f"{max(search.until, 0):014x}"
    upper = min(before or last, last)
    if search.type in ISSUED or (search.with_issued and not search.type):
        return await _search_issued(read, tenant_id, search, since=since, before=upper, limit=limit)
    wanted = limit + 1
    if search.actor:
        found = await audit_search.of_actor(
            read, tenant_id, search.actor, type=search.type or None, since=since, before=upper, limit=wanted
        )
    elif search.type:
        found = await audit_search.of_type(read, tenant_id, search.type, since=since, before=upper, limit=wanted)
    else:
        found = await audit_search.latest(read, tenant_id, since=since, before=upper, limit=wanted)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


async def _search_issued(
    read: Read, tenant_id: TenantId, search: Search, *, since: str, before: str, limit: int
) -> tuple[list[FoundEvent], str | None]:
    """Search among all events. The rows read are bounded, so a page may hold few events and not be the last."""
    looked_at = await audit_search.everything(read, tenant_id, since=since, before=before, limit=_WINDOW)
    events = [
        event
        for event in looked_at
        if (not search.type or event.type == search.type) and (not search.actor or event.actor == search.actor)
    ]
    if len(events) > limit:
        return events[:limit], events[limit - 1].id
    return events, looked_at[-1].id if len(looked_at) == _WINDOW else None


async def explain(read: Read, caller: Caller, tenant_id: TenantId, correlation_id: str, now: Micros) -> FoundEvents:
    """The events that the request with this id caused in the tenant; denials carry their facts.

    A token it was issued is found while it is among the newest events. Raises what `access.require` does.
    """
    await require(read, caller, Action.READ_AUDIT, tenant_id, now=now)
    found = await audit_search.of_request(read, tenant_id, correlation_id, limit=MOST_OF_REQUEST)
    newest = await audit_search.everything(
        read, tenant_id, since=audit_search.FIRST, before=audit_search.LAST, limit=_WINDOW
    )
    issued = [event for event in newest if event.type in ISSUED and event.correlation_id == correlation_id]
    shown = sorted([*found, *issued], key=lambda event: event.id, reverse=True)[:MOST_OF_REQUEST]
    return FoundEvents(shown, None, await names_in(read, tenant_id, shown))


async def accounts_of_partner(read: Read, tenant_id: TenantId, partner_id: TenantId) -> list[UserId]:
    """Users that the partner made or has learnt a way to sign in as, newest first, from MOST_MADE events."""
    found = await audit_search.accounts_of_partner(read, tenant_id, partner_id, limit=MOST_MADE)
    return [*dict.fromkeys(UserId(json.loads(event.data)["user_id"]) for event in found)]


async def list_done(
    read: Read, caller: Caller, tenant_id: TenantId, partner_id: TenantId, *, since: Micros, limit: int, now: Micros
) -> list[FoundEvent]:
    """What the partner did in the tenant since then, newest first, for whoever may see the relationships with partners.

    Raises what `access.require` does.
    """
    await require(read, caller, Action.READ_RELATIONSHIPS, tenant_id, now=now)
    return await audit_search.of_partner(read, tenant_id, partner_id, since=f"{since:014x}", limit=limit)


async def begin_export(
    tx: Tx, caller: Caller, tenant_id: TenantId, format: str, now: Micros
) -> audit_seals.Seal | None:
    """Record that the trail is exported; answer its newest seal, None if there is none yet. Audited.

    Raises what `access.require` does.
    """
    await require(tx, caller, Action.READ_AUDIT, tenant_id, now=now)
    head = await audit_seals.find_last(tx, tenant_id)
    await record(tx, tenant_id, caller, events.AuditExported(format=format), now)
    return head


async def check_trail(
    store: Store, caller: Caller, keys: SealKeys, tenant_id: TenantId, *, last: int, notes: int, now: Micros
) -> tuple[Verdict, Note | None]:
    """Make so many of the last seals again from what the trail holds now; of so many of the last notes one whose head
    is among the seals no more. Audited. Raises what `access.require` does.
    """
    async with store.read() as read:
        await require(read, caller, Action.READ_AUDIT, tenant_id, now=now)
    verdict = await verify_trail(store, keys, tenant_id, last=last)
    async with store.read() as read:
        missing = await find_missing(read, tenant_id, most=notes)
    event = events.AuditVerified(seals=verdict.seals, broken=verdict.broken)
    await record(store, tenant_id, caller, event, now)
    return verdict, missing


async def left_by_partner(read: Read, tenant_id: TenantId, partner_id: TenantId, limit: int) -> list[FoundEvent]:
    """Other things that the partner made in the tenant and that outlive its relationship, newest first."""
    return await audit_search.left_by_partner(read, tenant_id, partner_id, limit=limit)


async def names_in(read: Read, tenant_id: TenantId, found: Iterable[FoundEvent]) -> dict[str, str]:
    """The names of the things that the events are about (NAMED), by their ids. 1 query for all."""
    ids = {
        value
        for event in found
        for name, value in json.loads(event.data).items()
        if name in NAMED and isinstance(value, str) and 0 < len(value) <= event_names.LONGEST
    }
    return dict(await event_names.list_names(read, tenant_id, sorted(ids))) if ids else {}


async def find_actor(read: Read, caller: Caller, tenant_id: TenantId, text: str, now: Micros) -> str | None:
    """An actor as the trail writes it, found by a sign-in name, an id or the trail's own word. None: no such actor.

    Raises what `access.require` does.
    """
    await require(read, caller, Action.READ_AUDIT, tenant_id, now=now)
    if "@" in text:
        user = await users.find_by_name(read, tenant_id, text)
        return None if user is None else f"user:{user.id}"
    guid = parse_guid(text)
    if guid is None:
        return text
    kind = "user" if await users.find(read, tenant_id, UserId(guid)) else "connector"
    return f"{kind}:{guid}"
