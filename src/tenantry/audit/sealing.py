"""The trails of all tenants are sealed in the background.

Page by page of tenants, with pauses, so that requests come first: recording an event costs nothing more, and nothing
has to be remembered over a restart. A tenant without new events costs one short look, see
docs/decisions/background-rounds.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tenantry.audit.events import SYSTEM_TENANT
from tenantry.audit.seals import id_at, seal_trail, sealable_until
from tenantry.core.clock import Clock, Micros
from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.core.ids import TenantId
from tenantry.core.log import get_logger
from tenantry.store import audit_seals, tenants
from tenantry.store.engine import Store

FIRST_AFTER_SECONDS = 120
PAUSE_SECONDS = 0.05
"""After each page of tenants. The pause itself costs more of the processor than a look, so tenants share it."""
_BATCH = 50

_log = get_logger()


async def seal_all(store: Store, key: bytes, clock: Clock, *, pause: float = PAUSE_SECONDS) -> int:
    """One round over all tenants; how many seals it made. A trail that cannot be sealed keeps no other from it."""
    made, page = 0, [SYSTEM_TENANT]  # whose id comes before every other
    while page:
        for tenant_id in await _with_unsealed(store, page, clock()):
            try:
                made += await seal_trail(store, key, tenant_id, clock(), pause=pause)
            except (StoreBusy, StoreUnavailable):
                raise
            except Exception:  # noqa: BLE001 - such as text that is none
                _log.exception("trail not sealed", tenant_id=tenant_id)
        await asyncio.sleep(pause)
        async with store.read() as read:
            page = await tenants.list_ids(read, page[-1], _BATCH)
    return made


async def _with_unsealed(store: Store, page: Sequence[TenantId], now: Micros) -> list[TenantId]:
    """Those of the page with something to seal. Behind a seal that covers what is to come nothing is ever sealed."""
    found = []
    async with store.read() as read:
        for tenant_id in page:
            look = await audit_seals.look(read, tenant_id, sealable_until(now), id_at(now))
            if look.is_ahead:
                _log.warning("trail not sealed, its last seal covers what is still to come", tenant_id=tenant_id)
            elif look.waiting:
                found.append(tenant_id)
    return found


async def keep_sealing(store: Store, key: bytes, clock: Clock, every_seconds: int) -> None:
    """For ever: a round soon after the start, then one each so often. A silent store ends a round only."""
    await asyncio.sleep(min(FIRST_AFTER_SECONDS, every_seconds))
    while True:
        try:
            _log.info("trails sealed", seals=await seal_all(store, key, clock))
        except (StoreBusy, StoreUnavailable):
            _log.warning("trails not sealed, the store does not answer; the next round goes on")
        except Exception:  # noqa: BLE001 - serving goes on
            _log.exception("trails not sealed")
        await asyncio.sleep(every_seconds)
