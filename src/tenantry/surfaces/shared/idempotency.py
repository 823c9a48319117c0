"""The same request again within a day gets the same answer, and is carried out once.

1. The key is a keyed hash of the caller, the request's id and all that it asks: another body under the same id is
   another request, because some clients use one id for all their calls.
2. Who claims the key carries the request out in the same transaction; concurrent twins wait for its end and get its
   answer. A crash leaves neither the key nor half of the work.
3. Refusals that depend on what is stored are kept too. Server errors and 429 are not: a retry is what they ask for.

The caller's rights are checked before an answer is given again: `find_answer` and `answer_once` do not.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from tenantry.core.caller import Caller
from tenantry.core.clock import DAY, Micros
from tenantry.core.errors import DomainError, StoreBusy
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Store, Tx
from tenantry.store.tokens import idempotency
from tenantry.tokens.secrets import SecretHasher

KEPT_FOR = DAY
_SWEEP_BATCH = 100
_SWEEP_BELOW = 16  # of the 256 values of a key's first byte: each sixteenth request sweeps


class KeptAnswer(NamedTuple):
    """`body` is JSON and holds no secret. `again`: it was given before, and nothing was done now."""

    status: int
    body: str
    again: bool = False


def request_keys(hasher: SecretHasher, caller: Caller, request_id: str, *asked: object) -> list[bytes]:
    """32 bytes for each pepper that the request may have come under before; the first is to be claimed.

    `asked` (JSON values) is method, canonical path and body; a password in it cannot be read back.
    """
    text = json.dumps(["idempotency", caller.subject, caller.connector_id, request_id.lower(), *asked], sort_keys=True)
    return hasher.hashes(text)


async def claim_once(tx: Tx, tenant_id: TenantId, key: bytes, now: Micros) -> bool:
    """Whether nobody has claimed the key within a day; what claims it is carried out in this transaction."""
    return await idempotency.claim(tx, tenant_id, key, now=now, expires_at=now + KEPT_FOR)


async def find_answer(store: Store, tenant_id: TenantId, keys: Sequence[bytes], now: Micros) -> KeptAnswer | None:
    """What was answered to this request before."""
    async with store.read() as read:
        for key in keys:
            stored = await idempotency.find(read, tenant_id, key, now)
            if stored is not None:
                return KeptAnswer(stored.status, stored.response, again=True)
    return None


async def answer_once(
    store: Store,
    tenant_id: TenantId,
    key: bytes | None,
    now: Micros,
    work: Callable[[Tx], Awaitable[KeptAnswer]],
    refusal: Callable[[DomainError], KeptAnswer | None],
) -> KeptAnswer:
    """Carry `work` out in one transaction unless its key is taken; then its answer again. No key: carry it out.

    `refusal` says which errors of `work` are answers to keep; all of them are raised.
    """
    try:
        async with store.write() as tx:
            if key is None:
                return await work(tx)
            answer = await _claim_and_work(tx, tenant_id, key, now, work)
    except DomainError as error:
        kept = refusal(error)
        if key is not None and kept is not None:
            with suppress(StoreBusy):  # the error is the answer, whether it can be kept or not
                async with store.write() as tx:
                    await _keep(tx, tenant_id, key, now, kept)
        raise
    if key[0] < _SWEEP_BELOW:
        with suppress(StoreBusy):
            async with store.write() as tx:
                await idempotency.delete_expired(tx, tenant_id, now, _SWEEP_BATCH)
    return answer


async def _claim_and_work(
    tx: Tx, tenant_id: TenantId, key: bytes, now: Micros, work: Callable[[Tx], Awaitable[KeptAnswer]]
) -> KeptAnswer:
    if await idempotency.claim(tx, tenant_id, key, now=now, expires_at=now + KEPT_FOR):
        answer = await work(tx)
        await idempotency.complete(tx, tenant_id, key, status=answer.status, response=answer.body)
        return answer
    stored = await idempotency.find(tx, tenant_id, key, now)
    if stored is None:
        raise StoreBusy(internal="the answer to this request expired while it was asked for")
    return KeptAnswer(stored.status, stored.response, again=True)


async def _keep(tx: Tx, tenant_id: TenantId, key: bytes, now: Micros, answer: KeptAnswer) -> None:
    if await idempotency.claim(tx, tenant_id, key, now=now, expires_at=now + KEPT_FOR):
        await idempotency.complete(tx, tenant_id, key, status=answer.status, response=answer.body)
