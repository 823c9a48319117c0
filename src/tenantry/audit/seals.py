"""Seals over the trail of a tenant: who holds the master key can tell whether anybody has changed what they cover.

1. The first seal covers the events up to its `last_event_id`, each further one those behind the seal before.
2. The digest is HMAC-SHA256, under a key derived from the master key, over MessagePack arrays, one behind the other:
   tenant, number and the digest of the seal before; each event, in the order of the ids; last event id, count, time.
3. A seal holds when the same is made again from what the store has now. An event that was changed, added or taken away
   breaks its seal, and so does a seal that was. Only the end of a chain can be cut off unseen, unless somebody has kept
   a later number and digest elsewhere.
4. A seal uses the key in force when it was made: each master key has one, from the moment it began. At a change of the
   master key every trail gets a closing seal, over no events, under the new key and dated at that moment. So whoever
   has only the old key cannot forge an earlier part of the trail: seals under the old key are accepted only before a
   closing seal.
5. Events do not appear in the order of their ids: one server's clock is behind, one transaction takes its time. So a
   seal covers only what is older than MARGIN. What appears later than that looks as if it had been put in afterwards.

Everything is read some events at a time, and others have their turn in between.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from tenantry.core.clock import MINUTE, Micros
from tenantry.core.errors import InvalidValue
from tenantry.core.hiding import hiding
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read, Store
from tenantry.store.trail import audit_seals
from tenantry.store.trail.audit_seals import Seal

MARGIN = 10 * MINUTE
EVENTS = 10_000
"""The most events that one seal covers: the first seal that does not hold says where to look."""
UNSEALED_COUNTED = 1_000
_PAGE = 200
_SEALS = 100
_MARK = re.compile(r"[1-9][0-9]{0,17}:[0-9a-f]{64}")
_BEGINNING = Seal(0, "", 0, b"", 0)

_encode = msgspec.msgpack.Encoder().encode


class BrokenSeal(NamedTuple):
    """A seal that does not hold. `said` is the number of events it was made over, None if the seal is gone itself;
    `found` is how many there are now, behind the event of `since` and up to that of `until`."""

    number: int
    since: Micros
    until: Micros
    said: int | None
    found: int


class Verdict(NamedTuple):
    """`seals` were checked, the last ones up to `head`; `events` are what they cover now.

    Of the events that are `unsealed` yet at most UNSEALED_COUNTED are counted; the oldest is of `unsealed_since`.
    """

    seals: int
    events: int
    head: Seal | None
    broken: int
    first_broken: BrokenSeal | None
    unsealed: int
    unsealed_since: Micros | None


@hiding("key")
class SealKey(NamedTuple):
    """32 bytes for what is sealed `since` that moment, until that of the next one."""

    since: Micros
    key: bytes


SealKeys = Sequence[SealKey]
"""The seal keys of all master keys there were, the oldest first. The last one makes seals."""


class _Cover:
    """The seal behind `previous` in the making."""

    def __init__(self, key: bytes, tenant_id: TenantId, previous: Seal) -> None:
        self._tenant_id = tenant_id
        self._number = previous.number + 1
        self._last_event_id = previous.last_event_id
        self._count = 0
        self._digest = hmac.new(key, _encode((tenant_id, self._number, previous.digest)), "sha256")

    async def read(self, store: Store, until_id: str, *, most: int | None, pause: float) -> None:
        """Take in the events up to `until_id`."""
        while most is None or self._count < most:
            async with store.read() as read:
                page = await audit_seals.list_events(read, self._tenant_id, self._last_event_id, until_id, _PAGE)
            self._digest.update(b"".join(map(_encode, page)))
            self._count += len(page)
            if page:
                self._last_event_id = page[-1].id
            if len(page) < _PAGE:
                return
            await asyncio.sleep(pause)

    def seal(self, sealed_at: Micros) -> Seal:
        """What has been taken in, sealed."""
        self._digest.update(_encode((self._last_event_id, self._count, sealed_at)))
        return Seal(self._number, self._last_event_id, self._count, self._digest.digest(), sealed_at)


def sealable_until(now: Micros) -> str:
    """Events are old enough to be sealed up to this id."""
    return id_at(now - MARGIN)


def id_at(moment: Micros) -> str:
    """Where the ids of events of this moment begin: ids begin with the time."""
    return f"{moment:014x}"


async def seal_trail(store: Store, keys: SealKeys, tenant_id: TenantId, now: Micros, *, pause: float = 0) -> int:
    """Seal what is older than MARGIN; how many seals that took. Of several processes that try at once one wins each.

    No seal is dated before its key, whatever the clock says.
    """
    since, key = keys[-1]
    made, until_id = 0, sealable_until(now)
    while True:
        async with store.read() as read:
            if not (await audit_seals.look(read, tenant_id, until_id, id_at(now))).waiting:
                return made
            previous = await audit_seals.find_last(read, tenant_id) or _BEGINNING
        cover = _Cover(key, tenant_id, previous)
        await cover.read(store, until_id, most=EVENTS, pause=pause)
        seal = cover.seal(max(now, since))
        # Another process has made the seal.
        if not seal.event_count or not await audit_seals.insert(store, tenant_id, seal):
            return made
        made += 1


async def close_trail(store: Store, keys: SealKeys, tenant_id: TenantId) -> bool:
    """Put the closing seal of the newest key on what is sealed. False: it has one, or there is nothing to close."""
    since, key = keys[-1]
    async with store.read() as read:
        previous = await audit_seals.find_last(read, tenant_id)
    if previous is None or previous.sealed_at >= since:
        return False
    closing = _Cover(key, tenant_id, previous).seal(since)
    return await audit_seals.insert(store, tenant_id, closing)


async def verify_trail(
    store: Store,
    keys: SealKeys,
    tenant_id: TenantId,
    *,
    last: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Verdict:
    """Check every seal, or so many of the last. `progress` is called with the number of seals done and of all.

    Seals removed during the check count as one missing seal, and so does an absent closing seal.
    """
    async with store.read() as read:
        head = await audit_seals.find_last(read, tenant_id)
        previous = await _before_last(read, tenant_id, head, last) if head else _BEGINNING
    seals = events = broken = 0
    first_broken: BrokenSeal | None = None
    while head and previous.number < head.number:
        async with store.read() as read:
            page = await audit_seals.list_after(read, tenant_id, previous.number, _SEALS)
        for seal in page or [head]:
            follows = bool(page) and _follows(keys, previous, seal)
            made = await _made_again(store, _key_at(keys, seal.sealed_at), tenant_id, previous, seal)
            seals, events = seals + 1, events + made.event_count
            if not follows or not hmac.compare_digest(_encode(made), _encode(seal)):
                broken += 1
                first_broken = first_broken or BrokenSeal(
                    made.number,
                    _time_of(previous.last_event_id),
                    _time_of(seal.last_event_id),
                    seal.event_count if follows and seal.number == made.number else None,
                    made.event_count,
                )
            previous = seal
            progress(seal.number, head.number)
            await asyncio.sleep(0)
    # The newest key began after the last seal, and its closing seal is missing.
    if head and head.sealed_at < keys[-1].since:
        broken += 1
        lost = BrokenSeal(head.number + 1, _time_of(head.last_event_id), keys[-1].since, None, 0)
        first_broken = first_broken or lost
    async with store.read() as read:
        unsealed = await audit_seals.list_ids_after(read, tenant_id, previous.last_event_id, UNSEALED_COUNTED)
    since = _time_of(unsealed[0]) if unsealed else None
    return Verdict(seals, events, previous if head else None, broken, first_broken, len(unsealed), since)


def is_overdue(verdict: Verdict, interval: Micros, now: Micros) -> bool:
    """The oldest event that is not sealed is older than three rounds of sealing: nobody seals, or seals are gone."""
    return verdict.unsealed_since is not None and verdict.unsealed_since < now - MARGIN - 3 * interval


async def has_seal(read: Read, tenant_id: TenantId, mark: str) -> bool:
    """Whether the seal with this mark is still one of the tenant's. That it holds, `verify_trail` says.

    Raises InvalidValue for what is no mark.
    """
    if not _MARK.fullmatch(mark):
        raise InvalidValue("A seal is noted as its number, a colon and 64 hexadecimal digits.", field="expect")
    number = int(mark.partition(":")[0])
    found = await audit_seals.list_after(read, tenant_id, number - 1, 1)
    return bool(found) and hmac.compare_digest(found[0].mark, mark)


def _key_at(keys: SealKeys, moment: Micros) -> bytes:
    return next((key for since, key in reversed(keys) if since <= moment), keys[0].key)


def _follows(keys: SealKeys, previous: Seal, seal: Seal) -> bool:
    """Between seals under one key nothing is asked for; the first under another closes what is below, key by key."""
    begun = [since for since, _ in keys if previous.sealed_at < since <= seal.sealed_at]
    return not begun or not previous.number or (begun == [seal.sealed_at] and not seal.event_count)


async def _made_again(store: Store, key: bytes, tenant_id: TenantId, previous: Seal, seal: Seal) -> Seal:
    """What `seal` would be now."""
    cover = _Cover(key, tenant_id, previous)
    try:
        await cover.read(store, seal.last_event_id, most=None, pause=0)
    except UnicodeDecodeError:  # SQLite keeps bytes that are no text as text, if somebody tells it to
        return cover.seal(seal.sealed_at)._replace(digest=b"")
    return cover.seal(seal.sealed_at)


async def _before_last(read: Read, tenant_id: TenantId, head: Seal, last: int | None) -> Seal:
    """The seal that the last so many stand on."""
    if last is None or last >= head.number:
        return _BEGINNING
    found = await audit_seals.list_after(read, tenant_id, head.number - last - 1, 1)
    return found[0] if found else _BEGINNING


def _time_of(event_id: str) -> Micros:
    """The time of the event with this id; 0 for the beginning, and for what is no id."""
    try:
        return int(event_id[:14], 16)
    except ValueError:
        return 0
