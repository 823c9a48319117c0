"""Imports users from a file. The file is kept first, and then some rows at a time are tried, so that progress shows and
nothing is lost.

Whoever asks for the next rows tries them; two who ask at once do not try the same ones. A row that fails stays, with
the reason, and hinders no other. A password is hashed before its row is kept, and must be changed at the first sign-in,
since whoever wrote the file knows it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tenantry.access.actions import Action
from tenantry.access.decide import decide, require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import AlreadyExists, InvalidValue, NotFound
from tenantry.core.ids import TenantId, new_guid
from tenantry.directory.blocking import block_user
from tenantry.directory.passwords import PasswordHasher, check_new_password
from tenantry.directory.tenants import find_tenant
from tenantry.directory.user_files import BLOCKED, REQUIRED, UserFile, UserRow
from tenantry.directory.user_properties import NewUser
from tenantry.directory.users import create_user
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.users import user_imports
from tenantry.store.users.user_imports import ImportRow, UserImport

STEP = 200
"""How many rows one transaction tries."""

_MAY_NOT_BLOCK = "The file says that this user may not sign in, and you may not block users."
_HASH = "password_hash"
"""The key of the password's hash, which stands beside a row's texts until its user is made, or until the row fails."""
_decoder = msgspec.json.Decoder(dict[str, str])
_encoder = msgspec.json.Encoder()


async def hash_passwords(hasher: PasswordHasher, caller: Caller, file: UserFile, own: Sequence[str]) -> UserFile:
    """The file with hashes in place of passwords, to be kept. A row whose password is not good enough has failed.
    `own`: names of the tenant (`names_of_tenant`).

    They are hashed one after the other, outside any transaction, so that others can sign in meanwhile. Raises
    RateLimited when too many do.
    """
    return file._replace(rows=[await _hashed(hasher, caller, row, own) for row in file.rows])


async def _hashed(hasher: PasswordHasher, caller: Caller, row: UserRow, own: Sequence[str]) -> UserRow:
    if row.password is None:
        return row
    values = _decoder.decode(row.data)
    try:
        check_new_password(row.password, [*values.values(), *own])
    except InvalidValue as error:
        return row._replace(password=None, problem=f"{error.field}: {error.public}")
    values[_HASH] = await hasher.hash(row.password, caller.tenant_id)
    return row._replace(password=None, data=_encoder.encode(values).decode())


async def begin_import(
    tx: Tx, caller: Caller, tenant_id: TenantId, *, file_name: str, file: UserFile, now: Micros
) -> str:
    """Keep the rows of a file (directory/user_files.py). Answers the id of the import. Raises what `access.require`
    does.

    Rows that are wrong by themselves have failed already. Passwords are kept as `hash_passwords` made them, or not at
    all.
    """
    await require(tx, caller, Action.CREATE_USER, tenant_id, now=now)
    import_id = new_guid()
    await user_imports.insert(
        tx,
        tenant_id,
        import_id,
        file_name=file_name[:200],
        created_by=caller.subject,
        rows=[(row.number, row.data, row.problem) for row in file.rows],
        ignored=file.ignored,
        now=now,
    )
    event = events.UserImportBegun(import_id=import_id, file_name=file_name[:200], rows=len(file.rows))
    await record(tx, tenant_id, caller, event, now)
    return import_id


async def get_import(read: Read, caller: Caller, tenant_id: TenantId, import_id: str, now: Micros) -> UserImport:
    """The import, which says how far it is. Raises what `access.require` does; NotFound("import")."""
    await require(read, caller, Action.CREATE_USER, tenant_id, now=now)
    found = await user_imports.find(read, tenant_id, import_id)
    if found is None:
        raise NotFound("import")
    return found


async def list_failed_rows(
    read: Read, caller: Caller, tenant_id: TenantId, import_id: str, *, after: int = 0, limit: int, now: Micros
) -> list[ImportRow]:
    """At most `limit` rows that failed, by number, after the row `after`. Raises what `access.require` does."""
    await require(read, caller, Action.CREATE_USER, tenant_id, now=now)
    return await user_imports.list_failed(read, tenant_id, import_id, after=after, limit=limit)


async def try_next_rows(tx: Tx, caller: Caller, tenant_id: TenantId, import_id: str, now: Micros) -> None:
    """Make users of the next rows; does nothing when all were tried. Raises what `access.require` does; NotFound."""
    state = await get_import(tx, caller, tenant_id, import_id, now)
    rows = await user_imports.list_rows(tx, tenant_id, import_id, from_row=state.next_row, limit=STEP)
    if not rows or not await user_imports.claim_rows(
        tx, tenant_id, import_id, from_row=state.next_row, to_row=rows[-1].number + 1
    ):
        return
    country = (await find_tenant(tx, tenant_id)).country
    may_block = (await decide(tx, caller, Action.BLOCK_USER, tenant_id, now=now)).allowed
    created: list[int] = []
    failed: list[tuple[int, str, str]] = []
    for row in rows:
        values = _decoder.decode(row.data)
        password_hash = values.pop(_HASH, None)
        data = _encoder.encode(values).decode()
        is_blocked = bool(values.pop(BLOCKED, ""))
        if row.error is not None:
            continue
        if is_blocked and not may_block:
            failed.append((row.number, data, _MAY_NOT_BLOCK))
            continue
        try:
            user = await create_user(tx, caller, tenant_id, _new_user(values, country), password_hash, True, now)
        except (InvalidValue, AlreadyExists) as error:
            failed.append((row.number, data, f"{error.field}: {error.public}" if error.field else error.public))
        else:
            created.append(row.number)
            if is_blocked:
                await block_user(tx, caller, tenant_id, user.id, now)
    await user_imports.settle(tx, tenant_id, import_id, created=created, failed=failed)


def is_over(state: UserImport) -> bool:
    """Whether every row has been tried."""
    return state.created + state.failed >= state.total


def _new_user(values: dict[str, str], country: str | None) -> NewUser:
    return NewUser(**{name: value for name, value in values.items() if value or name in REQUIRED}, country=country)
