"""Import users from a file: kept first, then tried some rows at a time, so that progress shows and nothing is lost.

Whoever asks for the next rows tries them; two who ask at once do not try the same ones. A row that fails stays, with
the reason, and hinders no other.
"""

from __future__ import annotations

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
from tenantry.directory.tenants import get_tenant
from tenantry.directory.user_files import BLOCKED, REQUIRED, UserFile
from tenantry.directory.user_properties import NewUser
from tenantry.directory.users import create_user
from tenantry.store import user_imports
from tenantry.store.engine import Read, Tx
from tenantry.store.user_imports import UserImport

STEP = 200
"""Rows tried in one transaction."""

_MAY_NOT_BLOCK = "The file says that this user may not sign in, and you may not block users."
_decoder = msgspec.json.Decoder(dict[str, str])


async def begin_import(
    tx: Tx, caller: Caller, tenant_id: TenantId, *, file_name: str, file: UserFile, now: Micros
) -> str:
    """Keep the rows of a file (directory/user_files.py); the id of the import. Raises what `access.require` does.

    Rows that are wrong by themselves have failed already.
    """
    await require(tx, caller, Action.CREATE_USER, tenant_id, now=now)
    import_id = new_guid()
    await user_imports.insert(
        tx,
        tenant_id,
        import_id,
        file_name=file_name[:200],
        created_by=caller.subject,
        rows=file.rows,
        ignored=file.ignored,
        now=now,
    )
    event = events.UserImportBegun(import_id=import_id, file_name=file_name[:200], rows=len(file.rows))
    await record(tx, tenant_id, caller, event, now)
    return import_id


async def get_import(read: Read, caller: Caller, tenant_id: TenantId, import_id: str, now: Micros) -> UserImport:
    """How far it is. Raises what `access.require` does; NotFound("import")."""
    await require(read, caller, Action.CREATE_USER, tenant_id, now=now)
    found = await user_imports.find(read, tenant_id, import_id)
    if found is None:
        raise NotFound("import")
    return found


async def try_next_rows(tx: Tx, caller: Caller, tenant_id: TenantId, import_id: str, now: Micros) -> None:
    """Make users of the next rows; nothing when all were tried. Raises what `access.require` does; NotFound."""
    state = await get_import(tx, caller, tenant_id, import_id, now)
    rows = await user_imports.list_rows(tx, tenant_id, import_id, from_row=state.next_row, limit=STEP)
    if not rows or not await user_imports.claim_rows(
        tx, tenant_id, import_id, from_row=state.next_row, to_row=rows[-1].number + 1
    ):
        return
    country = (await get_tenant(tx, tenant_id)).country
    may_block = (await decide(tx, caller, Action.BLOCK_USER, tenant_id, now=now)).allowed
    created: list[int] = []
    failed: list[tuple[int, str]] = []
    for row in rows:
        values = _decoder.decode(row.data)
        is_blocked = bool(values.pop(BLOCKED, ""))
        if row.error is not None:
            continue
        if is_blocked and not may_block:
            failed.append((row.number, _MAY_NOT_BLOCK))
            continue
        try:
            user = await create_user(tx, caller, tenant_id, _new_user(values, country), None, False, now)
        except (InvalidValue, AlreadyExists) as error:
            failed.append((row.number, f"{error.field}: {error.public}" if error.field else error.public))
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
