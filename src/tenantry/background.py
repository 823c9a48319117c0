"""What a server does in the background, for ever: it reads keys again, deletes what has expired, and so on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from tenantry.audit.left_out import keep_counting
from tenantry.audit.sealing import keep_sealing
from tenantry.core.clock import DAY
from tenantry.core.errors import StoreBusy
from tenantry.core.log import get_logger
from tenantry.directory.identity_providers import warn_of_shared_callbacks
from tenantry.housekeeping import keep_tidy
from tenantry.tokens.last_uses import keep_noting

if TYPE_CHECKING:
    from tenantry.outbox.sender import Sender
    from tenantry.surfaces.shared.deps import Deps
    from tenantry.tokens.keys.signing_keys import KeyRing

KEY_REFRESH_SECONDS = 2
"""How often the signing keys are read, which are a few rows. A key that `tenantry key rotate` makes is published within
this time, and signs a minute later.
"""

_log = get_logger()


def works(deps: Deps, sender: Sender) -> list[Coroutine[Any, Any, None]]:
    """The work in the background, for one task each. None ends by itself but the warning; one that fails is started
    again.
    """
    return [
        _warn(deps),
        _refresh_keys(deps.keys),
        keep_tidy(deps.store, deps.clock, deps.settings.tenant_restorable_days * DAY),
        keep_sealing(
            deps.store,
            deps.master_key.seal_keys(),
            deps.clock,
            deps.settings.audit_seal_minutes * 60,
            is_following=deps.master_key.is_following,
        ),
        keep_noting(deps.store, deps.issuing.uses),
        sender.run(),
        keep_counting(deps.store, deps.clock),
    ]


async def _warn(deps: Deps) -> None:
    """Warn once of matters that a tenant's administrator has to settle but that concern the whole server."""
    try:
        await warn_of_shared_callbacks(deps.store, deps.settings.issuer)
    except StoreBusy:
        _log.warning("the store does not answer; the next start looks for old callback addresses again")


async def _refresh_keys(keys: KeyRing) -> None:
    while True:
        await asyncio.sleep(KEY_REFRESH_SECONDS)
        try:
            await keys.refresh()
        except Exception:  # noqa: BLE001 - the ring goes on with the keys it has
            _log.exception("signing keys not read")
