"""Replaces the master key by another, in steps each of which can be interrupted and taken up again.

1. The key file gets the new key beside the previous one: a process that starts from here on decrypts under both, and
   encrypts, hashes and seals under the new one.
2. What is encrypted under the old key is encrypted again, row by row.
3. Every trail gets a closing seal under the new key (`audit/seals.py`).
4. The old key goes from the file. Its pepper stays: a hash cannot be made again without its secret (`retiring.py`).

No process that knows only the old key may run meanwhile: what it writes would be lost with that key.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from tenantry.audit.events import SYSTEM_TENANT, MasterKeyRotated
from tenantry.audit.record import record
from tenantry.audit.sealing import close_all, find_last_sealed
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.files import write_private
from tenantry.core.ids import TenantId, UserId
from tenantry.directory import identity_providers, totp
from tenantry.outbox import callback_tokens
from tenantry.store.engine.interface import Store
from tenantry.store.master_key import encrypted
from tenantry.store.master_key.encrypted import Encrypted, Owned
from tenantry.tokens.keys import signing_keys
from tenantry.tokens.keys.master_key import MasterKey, MasterKeyError, load_master_key

PAGE = 200


class Rekeyed(NamedTuple):
    """How many rows were encrypted again, and how many cannot be read: these were encrypted under a key that is lost,
    and are left as they are.
    """

    encrypted_again: int
    unreadable: int


async def rotate_master_key(
    store: Store, caller: Caller, file: Path, now: Micros, require_alone: Callable[[], Awaitable[None]]
) -> Rekeyed:
    """Steps 1 to 4, or those that are left of a rotation that was broken off.

    `require_alone` raises when somebody else is at the database: asked before the first step and before the last one.
    Raises MasterKeyError, before anything is written, when the key is not the one that the database was made with.
    """
    await require_alone()
    key = load_master_key(None, file)
    if not key.is_following:
        await _walk(store, key, writes=False)
        since = max(now, await find_last_sealed(store) + 1)
        write_private(file, key.followed_by(MasterKey.generate(), since), replace=True)
        key = load_master_key(None, file)
    done = await _walk(store, key, writes=True)
    await close_all(store, key.seal_keys())
    own = key.generations[-1]
    rotated = MasterKeyRotated(rows=done.encrypted_again, generation=own.number, since=own.since)
    await record(store, SYSTEM_TENANT, caller, rotated, now)
    await require_alone()
    write_private(file, key.alone(), replace=True)
    return done


async def _walk(store: Store, key: MasterKey, *, writes: bool) -> Rekeyed:
    """Read every row; with `writes`, encrypt again what is not under `key`. Answers how many were, or would be."""
    count = unreadable = 0
    async with store.read() as read:
        keys = await encrypted.list_keys(read)
    for each in keys:
        sealed = key.encrypt_again(each.sealed, signing_keys.context_of(each.id))
        if sealed is not None:
            count += 1
            if writes:
                await encrypted.replace_key(store, each, sealed)
    async for rows, row in _rows(store):
        try:
            sealed = key.encrypt_again(row.sealed, _context_of(rows, row))
        except MasterKeyError:
            sealed, unreadable = None, unreadable + 1
        if sealed is not None:
            count += 1
            if writes:
                await encrypted.replace(store, rows, row, sealed)
    return Rekeyed(count, unreadable)


async def _rows(store: Store) -> AsyncIterator[tuple[Owned, Encrypted]]:
    """Every encrypted row of every tenant, with its table, read a page at a time."""
    for rows in Owned:
        tenant_id, after = "", ""
        page = [Encrypted(TenantId(""), "", b"")] * PAGE
        while len(page) == PAGE:
            async with store.read() as read:
                page = await encrypted.list_rows(read, rows, tenant_id, after, PAGE)
            for row in page:
                yield rows, row
                tenant_id, after = row.tenant_id, row.key


def _context_of(rows: Owned, row: Encrypted) -> bytes:
    if rows is Owned.TOTP_CREDENTIALS:
        return totp.context_of(row.tenant_id, UserId(row.key))
    if rows is Owned.IDENTITY_PROVIDERS:
        return identity_providers.context_of(row.tenant_id, row.key)
    return callback_tokens.context_of(row.tenant_id, row.key)
