"""Seals the trails of all tenants in the background.

It goes page by page of tenants, with pauses, so that requests come first: recording an event costs nothing more, and
nothing has to be remembered over a restart. A tenant without new events costs one short look, see
docs/decisions/background-rounds.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from tenantry.audit.events import SYSTEM_TENANT
from tenantry.audit.heads import seal_and_note
from tenantry.audit.record import doubt_clock
from tenantry.audit.seals import SealKeys, close_trail, id_at, sealable_until
from tenantry.core.clock import MINUTE, Clock, Micros
from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.core.ids import TenantId
from tenantry.core.log import get_logger
from tenantry.store.engine.interface import Store
from tenantry.store.tenants import tenants
from tenantry.store.trail import audit_events, audit_seals

FIRST_AFTER_SECONDS = 120
CLOCK_SKEW = 5 * MINUTE
"""How far ahead another server's clock may be before this is reported."""
PAUSE_SECONDS = 0.05
"""The pause after each page of tenants. Waking costs more of the processor than a look does, so tenants share it."""
_BATCH = 50

_log = get_logger()


async def seal_all(store: Store, keys: SealKeys, clock: Clock, *, pause: float = PAUSE_SECONDS) -> int:
    """Seal the trails of all tenants once. Answers how many seals that took. A trail that cannot be sealed does not
    stop the others.
    """
    made, is_any_ahead, page = 0, False, [SYSTEM_TENANT]  # its id sorts before those of all tenants
    while page:
        waiting, is_ahead = await _with_unsealed(store, page, clock())
        is_any_ahead = is_any_ahead or is_ahead
        for tenant_id in waiting:
            try:
                made += await seal_and_note(store, keys, tenant_id, clock(), pause=pause)
            except (StoreBusy, StoreUnavailable):
                raise
            except Exception:  # noqa: BLE001 - such as text that is none
                _log.exception("trail not sealed", tenant_id=tenant_id)
        await asyncio.sleep(pause)
        async with store.read() as read:
            page = await tenants.list_ids(read, page[-1], _BATCH)
    doubt_clock(is_any_ahead)
    return made


async def close_all(store: Store, keys: SealKeys) -> None:
    """Put the closing seal of the newest key on every trail that does not have it."""
    async for tenant_id in _trails(store):
        await close_trail(store, keys, tenant_id)


async def find_last_sealed(store: Store) -> Micros:
    """When the newest seal of any trail was made; 0 when there is none."""
    newest = 0
    async for tenant_id in _trails(store):
        async with store.read() as read:
            head = await audit_seals.find_last(read, tenant_id)
        newest = max(newest, head.sealed_at if head else 0)
    return newest


async def _trails(store: Store) -> AsyncIterator[TenantId]:
    page = [SYSTEM_TENANT]  # its id sorts before those of all tenants
    while page:
        for tenant_id in page:
            yield tenant_id
        async with store.read() as read:
            page = await tenants.list_ids(read, page[-1], _BATCH)


async def check_clock(store: Store, clock: Clock) -> bool:
    """Whether this machine's clock may be right, as far as the first trails say, that of the system among them.

    When it is behind what they seal, events are dated behind that until a round over all finds no such seal.
    """
    async with store.read() as read:
        page = [SYSTEM_TENANT, *await tenants.list_ids(read, "", _BATCH)]
        newest = await audit_events.list_latest(read, SYSTEM_TENANT, 1)
    _, is_ahead = await _with_unsealed(store, page, clock())
    if is_ahead or any(event.at > clock() + CLOCK_SKEW for event in newest):
        doubt_clock(True)
        _log.warning("the trail has events of the future: is the clock of this machine right?")
        return False
    return True


async def _with_unsealed(store: Store, page: Sequence[TenantId], now: Micros) -> tuple[list[TenantId], bool]:
    """Those of the page with something to seal, and whether there is one that is sealed beyond now.

    Behind a seal that covers what is to come nothing is sealed until then.
    """
    found, is_any_ahead = [], False
    async with store.read() as read:
        for tenant_id in page:
            look = await audit_seals.look(read, tenant_id, sealable_until(now), id_at(now))
            if look.is_ahead:
                is_any_ahead = True
                _log.warning("trail not sealed, its last seal covers what is still to come", tenant_id=tenant_id)
            elif look.waiting:
                found.append(tenant_id)
    return found, is_any_ahead


async def keep_sealing(
    store: Store, keys: SealKeys, clock: Clock, every_seconds: int, *, is_following: bool = False
) -> None:
    """For ever: a round soon after the start, then one each so often. A silent store ends a round only.

    `is_following`: the change to the newest key was broken off, so that trails may lack its closing seal.
    """
    if is_following:
        _log.warning("the change of the master key was broken off: stop every server, run `tenantry master-key rotate`")
        await close_all(store, keys)
    with suppress(StoreBusy, StoreUnavailable):
        await check_clock(store, clock)
    await asyncio.sleep(min(FIRST_AFTER_SECONDS, every_seconds))
    while True:
        try:
            _log.info("trails sealed", seals=await seal_all(store, keys, clock))
        except (StoreBusy, StoreUnavailable):
            _log.warning("trails not sealed, the store does not answer; the next round goes on")
        except Exception:  # noqa: BLE001 - serving goes on
            _log.exception("trails not sealed")
        await asyncio.sleep(every_seconds)
