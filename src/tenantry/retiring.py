"""Retires the pepper of an older master key, once no live row holds a hash under it any more.

1. `list_generations` says what is live of each generation: it was made while that was the newest.
2. `retire` takes the peppers out of the key file that nothing needs. The secrets hashed under a pepper end by
   themselves, are replaced, or are ended here by force: tenant by tenant, each with its event, and the file last, so
   that it can be interrupted.

A running server knows a pepper until it is restarted; the caller makes sure that none runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from tenantry.audit.events import SYSTEM_TENANT, PepperRetired, SecretsEnded
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import MINUTE, Micros
from tenantry.core.files import write_private
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Store
from tenantry.store.master_key import hashed
from tenantry.store.master_key.hashed import Count, Hashed
from tenantry.store.tenants import tenants
from tenantry.tokens.keys.master_key import MasterKey, load_master_key

MARGIN = MINUTE
"""Rows made this soon after a change count for the earlier pepper: another server's clock may have been ahead."""
_PAGE = 200


class Held(NamedTuple):
    """A generation. `live`: the live rows whose hashes are under its pepper, by table; empty for the newest one."""

    generation: int
    since: Micros
    has_pepper: bool
    live: dict[str, Count]


async def list_generations(store: Store, key: MasterKey, now: Micros) -> list[Held]:
    """List all generations. What is live under them is counted for those that have a pepper and are not the newest."""
    return [
        Held(each.number, each.since, each.pepper is not None, await _count(store, *span, now) if span else {})
        for each, span in zip(key.generations, _spans(key), strict=True)
    ]


async def retire(store: Store, caller: Caller, file: Path, now: Micros, *, force: bool) -> list[int]:
    """Retire every older pepper with nothing live under it. With `force`, end the secrets under the others, and retire
    those too.

    Answers the numbers of the generations that were retired. Raises MasterKeyError.
    """
    key = load_master_key(None, file)
    retired = []
    for each, span in zip(key.generations, _spans(key), strict=True):
        if span is None or (await _count(store, *span, now) and not force):
            continue
        if force:
            async for tenant_id in _tenants(store):
                await _end(store, caller, tenant_id, each.number, *span, now)
        retired.append(each.number)
    if retired:
        for number in retired:
            await record(store, SYSTEM_TENANT, caller, PepperRetired(generation=number), now)
        write_private(file, key.without_peppers(retired), replace=True)
    return retired


def _spans(key: MasterKey) -> list[tuple[Micros, Micros] | None]:
    """For each generation when its secrets were made, from and until; None where there is nothing to retire."""
    followed = [*(each.since for each in key.generations[1:]), None]
    return [
        None if end is None or each.pepper is None else (each.since + (MARGIN if each.number else 0), end + MARGIN)
        for each, end in zip(key.generations, followed, strict=True)
    ]


async def _count(store: Store, since: Micros, until: Micros, now: Micros) -> dict[str, Count]:
    """Count the live rows of all tenants that were made between the two times, by table. Tables without any are left
    out.
    """
    found: dict[str, Count] = {}
    async for tenant_id in _tenants(store):
        async with store.read() as read:
            for rows in Hashed:
                more = await hashed.count(read, rows, tenant_id, since=since, until=until, now=now)
                if more.rows:
                    found[rows.table] = _sum(found.get(rows.table, Count(0, None, 0)), more)
    return found


def _sum(one: Count, other: Count) -> Count:
    until = max((each for each in (one.until, other.until) if each is not None), default=None)
    return Count(one.rows + other.rows, until, one.endless + other.endless)


async def _end(
    store: Store, caller: Caller, tenant_id: TenantId, generation: int, since: Micros, until: Micros, now: Micros
) -> None:
    async with store.write() as tx:
        ended = {
            rows.table: await hashed.end(tx, rows, tenant_id, since=since, until=until, now=now) for rows in Hashed
        }
        ended["grants"] = await hashed.revoke_grants_without_token(tx, tenant_id, now)
        kinds = {table: count for table, count in ended.items() if count}
        if kinds:
            await record(tx, tenant_id, caller, SecretsEnded(generation=generation, kinds=kinds), now)


async def _tenants(store: Store) -> AsyncIterator[TenantId]:
    """The id of every tenant, disabled and deleted ones too."""
    page = [TenantId("")]
    while page:
        async with store.read() as read:
            page = await tenants.list_ids(read, page[-1], _PAGE)
        for tenant_id in page:
            yield tenant_id
