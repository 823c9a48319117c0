"""When secrets and refresh tokens were used last, for the administrators who look after them.

Uses are noted in memory, so that an exchange does not write another row, and stored twice a minute. A use within an
hour of the last stored one is not noted, so the time shown is at most an hour too early; a crash loses the uses of half
a minute. At most MOST uses are noted at a time, the others at their next use: with more than 240,000 tokens in use in
an hour, these notes would be a large part of a server's writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

from tenantry.core.clock import HOUR, Micros
from tenantry.core.errors import StoreBusy
from tenantry.core.ids import ConnectorId, TenantId
from tenantry.core.log import get_logger
from tenantry.store.connectors import connector_secrets
from tenantry.store.engine.interface import Store
from tenantry.store.tokens import grants

T = TypeVar("T")

_log = get_logger()

MOST = 2_000
EVERY_SECONDS = 30
_TOGETHER = 50


class LastUses:
    """Not thread-safe: use it on the event loop only."""

    __slots__ = ("_secrets", "_tokens")

    def __init__(self) -> None:
        self._secrets: dict[tuple[ConnectorId, bytes], Micros] = {}
        self._tokens: dict[tuple[TenantId, bytes], Micros] = {}

    def note_secret(self, connector_id: ConnectorId, secret_hash: bytes, known: Micros | None, now: Micros) -> None:
        """Note the use of a connector's secret. `known`: its last use as stored."""
        if (known is None or now - known >= HOUR) and len(self._secrets) < MOST:
            self._secrets[connector_id, secret_hash] = now

    def note_token(self, tenant_id: TenantId, token_hash: bytes, known: Micros | None, now: Micros) -> None:
        """Note the use of a refresh token. `known`: its last use as stored."""
        if (known is None or now - known >= HOUR) and len(self._tokens) < MOST:
            self._tokens[tenant_id, token_hash] = now

    async def write(self, store: Store) -> None:
        """Store the notes. Those that a busy store refuses are dropped; the next use is noted again."""
        secrets, self._secrets = list(self._secrets.items()), {}
        tokens, self._tokens = list(self._tokens.items()), {}
        await _in_parts(partial(connector_secrets.note_uses, store), secrets)
        await _in_parts(partial(grants.note_uses, store), tokens)


async def _in_parts(note_uses: Callable[[Sequence[T]], Awaitable[None]], uses: Sequence[T]) -> None:
    """Store the notes in parts, so that requests get a turn in between."""
    for start in range(0, len(uses), _TOGETHER):
        with suppress(StoreBusy):
            await note_uses(uses[start : start + _TOGETHER])


async def keep_noting(store: Store, uses: LastUses) -> None:
    """Store the notes periodically, for ever, and a last time when the task is cancelled."""
    try:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await uses.write(store)
            except Exception:  # noqa: BLE001 - serving goes on
                _log.exception("last uses not written")
    finally:
        await uses.write(store)
