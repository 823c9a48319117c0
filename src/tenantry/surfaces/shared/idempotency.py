"""The same request again within a day gets the same answer, and is carried out once.

1. The key is a keyed hash of the caller, the request's id and all that it asks: another body under the same id is
   another request, because some clients use one id for all their calls.
2. The answer is kept in the transaction that carries the request out, as its last statement. Of twins the second finds
   it there, takes back what it did itself, and gives that answer. A crash leaves neither the answer nor half the work.
3. Nobody gets an old answer for its key alone: the work is tried again, and with it the caller's rights are decided
   again, before the answer is looked for.
4. Refusals that depend on what is stored are kept too. Denials, server errors and 429 are not: they are decided anew.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from types import TracebackType
from typing import Self

from tenantry.core.caller import Caller
from tenantry.core.clock import DAY, Micros
from tenantry.core.errors import StoreBusy
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read, Store, Tx
from tenantry.store.tokens import idempotency
from tenantry.store.tokens.idempotency import KeptAnswer
from tenantry.tokens.secrets import SecretHasher

KEPT_FOR = DAY
_SWEEP_BATCH = 100
_SWEEP_BELOW = 16  # of the 256 values of a key's first byte: each sixteenth request sweeps

Owner = Callable[[Read], Awaitable[TenantId]]
"""Finds the tenant that the request acts in: its answer is kept there."""


class AnsweredBefore(Exception):
    """The request was carried out before. `kept` is the answer to it, where that is durable already; where it is None,
    `Once.settle` finds the answer.
    """

    def __init__(self, kept: KeptAnswer | None = None) -> None:
        self.kept = kept
        super().__init__()


def request_keys(hasher: SecretHasher, caller: Caller, request_id: str, *asked: object) -> list[bytes]:
    """The keys of a request: 32 bytes for each pepper under which it may have come before. Its answer is kept under the
    first.

    `asked` (JSON values) is method, path, query and body; a password in it cannot be read back."""
    asks = [caller.subject, caller.tenant_id, caller.connector_id, caller.reach, caller.group_id]
    return hasher.hashes(json.dumps(["idempotency", *asks, request_id, *asked], sort_keys=True))


async def claim_once(tx: Tx, tenant_id: TenantId, key: bytes, now: Micros) -> bool:
    """Whether nobody has claimed the key within a day; what claims it is carried out in this transaction."""
    return await idempotency.claim(tx, tenant_id, key, now=now, expires_at=now + KEPT_FOR)


class Once:
    """The transaction of a request that is carried out once: `async with once:` commits it, or takes it all back.

    What happens inside is written in blocks of `writing`, and ends with `keep`.
    """

    def __init__(self, store: Store, owner: Owner, keys: Sequence[bytes], now: Micros) -> None:
        self._store = store
        self._owner = owner
        self._keys = keys
        self._now = now
        self._block: AbstractAsyncContextManager[Tx] | None = None
        self._tx: Tx | None = None
        self._broken_by: BaseException | None = None
        self.has_begun = False
        """Whether anything was to be written."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        block, self._block, self._tx = self._block, None, None
        if block is None:
            return
        await block.__aexit__(kind, error, trace)
        if error is None:
            await self._sweep()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Tx]:
        """The transaction, which every block of the request shares. What leaves a block as an error takes it back."""
        if self._tx is None:
            self.has_begun = True
            self._block = self._store.write()
            self._tx = await self._block.__aenter__()
        try:
            yield self._tx
        except BaseException as error:
            self._broken_by = error
            await self.__aexit__(type(error), error, error.__traceback__)
            raise

    async def look(self) -> None:
        """Raise AnsweredBefore if an answer is kept. Ask only once the caller's rights have been decided."""
        async with self._store.read() as read:
            kept = await self._find(read)
        if kept is not None:
            raise AnsweredBefore(kept)

    async def keep(self, answer: KeptAnswer) -> None:
        """Keep the answer together with what was done. Raises AnsweredBefore when a twin was quicker."""
        if self._broken_by is not None:
            raise self._broken_by
        if self._tx is not None and not await self._claim(self._tx, answer):
            raise AnsweredBefore

    async def settle(self, refusal: KeptAnswer | None = None) -> KeptAnswer | None:
        """Find what was answered before, when the work itself has been taken back. If nothing was, keep the refusal as
        the answer.

        The look is made in a write transaction: what made the work fail may be a twin's change, which readers do not
        see yet.
        """
        async with self._store.write() as tx:
            kept = await self._find(tx)
            if kept is None and refusal is not None:
                await self._claim(tx, refusal)
        return kept

    async def _claim(self, tx: Tx, answer: KeptAnswer) -> bool:
        tenant_id, end = await self._owner(tx), self._now + KEPT_FOR
        return await idempotency.claim(tx, tenant_id, self._keys[0], now=self._now, expires_at=end, answer=answer)

    async def _find(self, read: Read) -> KeptAnswer | None:
        tenant_id = await self._owner(read)
        for key in self._keys:
            kept = await idempotency.find(read, tenant_id, key, self._now)
            if kept is not None:
                return kept
        return None

    async def _sweep(self) -> None:
        """Delete what has expired in the tenant. One request in sixteen does that."""
        if self._keys[0][0] < _SWEEP_BELOW:
            with suppress(StoreBusy):
                async with self._store.write() as tx:
                    await idempotency.delete_expired(tx, await self._owner(tx), self._now, _SWEEP_BATCH)
