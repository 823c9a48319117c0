"""A change puts its events into the outbox, in its own transaction: they commit or roll back with it.

1. The webhooks that ask for the event are looked up: one look at an index, which is all that most changes cost. (A
   user that comes into or leaves thousands of groups at once is told of in steps, see many_groups.py.)
2. Each gets a row with the envelope as it will be sent. Source: Kaizala contract §3.12 (event envelope), §6 #26.
3. The code around the request listens (`listening`) and wakes the sender after the commit. Where nothing listens, as on
   the command line, the hourly walk of a server finds the row.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId, TenantId, UserId, new_guid
from tenantry.store.engine.interface import Read, Tx, Value
from tenantry.store.outbox import event_facts, subscriptions, webhook_deliveries, webhooks
from tenantry.store.outbox.subscriptions import Subscribed


class EventType(StrEnum):
    """The events that this server sends, in the words of Kaizala contract §3.12."""

    MEMBER_ADDED = "MemberAdded"
    MEMBER_REMOVED = "MemberRemoved"
    GROUP_ADDED = "GroupAdded"  # a sub-group, to the group above it
    GROUP_REMOVED = "GroupRemoved"


NEVER_SENT = (
    "ActionCreated",
    "ActionResponse",
    "SurveyCreated",
    "SurveyResponse",
    "JobCreated",
    "JobResponse",
    "PollCreated",
    "PollResponse",
    "LetsMeetCreated",
    "LetsMeetResponse",
    "TextMessageCreated",
    "AttachmentCreated",
    "Announcement",
    "UserJoined",
)
"""The vendor's other events. This server has no occasion for them, but receivers ask for some together with those that
do come (Kaizala contract §5). So a webhook may name them, and its page says that they never come."""

TEST = "TestEvent"
"""The type of the event that a person asks for who tries a webhook. No webhook asks for it."""


class MemberChange(NamedTuple):
    """Somebody came into a group, or left it."""

    event_type: EventType
    group_id: GroupId
    user_id: UserId
    role: str


class SubGroupChange(NamedTuple):
    """`sub_group_id` is below `group_id` from now on, or no longer."""

    event_type: EventType
    group_id: GroupId
    sub_group_id: GroupId


Facts = dict[str, Any]
"""Part of an event, as it is sent."""

Key = tuple[TenantId, str]
"""A webhook: its tenant and its id. With TELLING as id it stands for the changes of which the tenant's webhooks have
still to be told.
"""

TELLING = ""

_heard: ContextVar[Counter[Key] | None] = ContextVar("heard", default=None)
_count = itertools.count()
_PROCESS = os.urandom(4).hex()
_encode = msgspec.json.Encoder().encode

_ROLES = {"admin": "Admin", "member": "Member"}


@contextmanager
def listening() -> Iterator[Counter[Key]]:
    """Collect the webhooks for which the block enqueues events, and how many. Events rolled back are counted too."""
    heard: Counter[Key] = Counter()
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


async def enqueue(
    tx: Tx, tenant_id: TenantId, caller: Caller, change: MemberChange | SubGroupChange, now: Micros
) -> None:
    """Enqueue one event for each live webhook of the group, or of the tenant, that asks for it.

    Queries: 1; with a webhook 3 more. No events are sent about subscribers, since they are not members.
    """
    if isinstance(change, MemberChange) and change.role not in _ROLES:
        return
    found = await subscriptions.list_subscribed(tx, tenant_id, change.group_id, now)
    wanting = [webhook for webhook in found if change.event_type in webhook.event_types.split()]
    if not wanting:
        return
    if isinstance(change, MemberChange):
        member = await member_facts(tx, tenant_id, change.user_id)
        event = of_member(change.event_type, change.group_id, member, change.role)
    else:
        event = _event("Group", change.group_id, change.event_type, await _group_facts(tx, tenant_id, change))
    await write(tx, tenant_id, await sender_facts(tx, caller), [(webhook, event) for webhook in wanting], now)


async def enqueue_test(
    tx: Tx, tenant_id: TenantId, caller: Caller, webhook: webhooks.Webhook, object_type: str, now: Micros
) -> None:
    """Enqueue a test event, about no change, for one webhook."""
    data = {"text": "This event was asked for by hand, to try the webhook. Nothing has changed."}
    event = _event(object_type, webhook.object_id, TEST, data)
    subscribed = Subscribed(webhook.id, webhook.event_types, webhook.context)
    await write(tx, tenant_id, await sender_facts(tx, caller), [(subscribed, event)], now)


def note(tenant_id: TenantId, webhook_id: str) -> None:
    """Let whoever listens know that something of the webhook is due."""
    heard = _heard.get()
    if heard is not None:
        heard[tenant_id, webhook_id] += 1


def of_member(event_type: EventType, group_id: GroupId, member: Facts, role: str) -> Facts:
    """The facts of an event about a member. A known receiver reads what is said of the member beside `data`, not in it
    (Kaizala contract §5).
    """
    data = {**member, "type": _ROLES[role]}
    return {**data, **_event("Group", group_id, event_type, data)}


def _event(object_type: str, object_id: str, event_type: str, data: Facts) -> Facts:
    return {
        "objectId": object_id,
        "objectType": object_type,
        "eventType": event_type,
        "eventId": new_guid(),
        "data": data,
    }


async def member_facts(read: Read, tenant_id: TenantId, user_id: UserId) -> Facts:
    """What an event says of a member, whatever the group."""
    person = await event_facts.find_person(read, tenant_id, user_id)
    return {
        "member": (person.number if person else None) or "",
        "memberId": user_id,
        "memberName": person.display_name if person else "",
        "memberProfilePic": "",
    }


async def sender_facts(read: Read, caller: Caller) -> Facts:
    """What an event says of who made the change."""
    sender = None
    if caller.user_id is not None and caller.tenant_id is not None:
        sender = await event_facts.find_person(read, caller.tenant_id, caller.user_id)
    return {
        "fromUser": (sender.number if sender else None) or "",
        "fromUserId": caller.user_id or "",
        "fromUserName": sender.display_name if sender else "",
        "fromUserProfilePic": "",
    }


async def _group_facts(read: Read, tenant_id: TenantId, change: SubGroupChange) -> Facts:
    """No source says which keys these events have: they are those of a group (Kaizala contract §3.4)."""
    group = await event_facts.find_group(read, tenant_id, change.sub_group_id)
    return {
        "groupId": change.sub_group_id,
        "groupName": group.name if group else "",
        "groupType": "ConnectGroup" if group and group.group_type == "connect_group" else "Group",
        "groupImageUrl": (group.image_url if group else None) or "",
    }


def new_event_id(now: Micros) -> str:
    """An id by which events sort by time, and within one microsecond in the order in which they were made."""
    return f"{now:014x}{next(_count) & 0xFFFFFF:06x}{_PROCESS}"


async def write(
    tx: Tx,
    tenant_id: TenantId,
    sender: Facts,
    told: Sequence[tuple[Subscribed, Facts]],
    now: Micros,
    *,
    prefix: str = "",
) -> None:
    """Write one row for each event. With `prefix`, the id of a change, the rows sort as if written at that change, in
    whatever step they are.
    """
    rows: list[Mapping[str, Value]] = []
    for webhook, event in told:
        envelope = {**event, "context": webhook.context or "", **sender, "subscriptionId": webhook.id}
        rows.append(
            {
                "tenant_id": tenant_id,
                "id": prefix + new_event_id(now),
                "webhook_id": webhook.id,
                "event_type": str(event["eventType"]),
                "body": _encode(envelope).decode(),
                "now": now,
            }
        )
        note(tenant_id, webhook.id)
    await webhook_deliveries.insert_all(tx, rows)
