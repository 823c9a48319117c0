"""The trails of all tenants are sealed in the background.

Tenant by tenant, with pauses, so that requests come first: recording an event costs nothing more, and nothing has to be
remembered over a restart. A tenant without new events costs one read.
"""

from __future__ import annotations

import asyncio

from tenantry.audit.events import SYSTEM_TENANT
from tenantry.audit.seals import seal_trail
from tenantry.core.clock import Clock
from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.core.log import get_logger
from tenantry.store import tenants
from tenantry.store.engine import Store

FIRST_AFTER_SECONDS = 120
PAUSE_SECONDS = 0.005
_BATCH = 200

_log = get_logger()


async def seal_all(store: Store, key: bytes, clock: Clock, *, pause: float = PAUSE_SECONDS) -> int:
    """One round over all tenants; how many seals it made. A trail that cannot be sealed keeps no other from it."""
    made, page = 0, [SYSTEM_TENANT]  # whose id comes before every other
    while page:
        for tenant_id in page:
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
