"""What an import says of the rows it could not take."""

from __future__ import annotations

from tenantry.access.actions import RoleId
from tenantry.directory.user_files import read_users
from tenantry.directory.user_imports import begin_import, get_import, list_failed_rows, try_next_rows
from tenantry.store.engine.interface import Store
from tests.support.builders import OPERATOR, a_tenant, a_user, as_user
from tests.support.clock import NOON


async def test_a_row_whose_name_is_taken_counts_as_failed_and_the_next_is_taken(store: Store) -> None:
    tenant = await a_tenant(store)
    taken = await a_user(store, tenant)
    rows = f"{taken.user_principal_name},Twin\nnew@{tenant.domain},New\n"
    async with store.write() as tx:
        file = read_users(f"user_principal_name,display_name\n{rows}".encode())
        import_id = await begin_import(tx, OPERATOR, tenant.id, file_name="people.csv", file=file, now=NOON)
        await try_next_rows(tx, OPERATOR, tenant.id, import_id, NOON)
    async with store.read() as read:
        state = await get_import(read, OPERATOR, tenant.id, import_id, NOON)
        errors = await read.all(
            str,
            "SELECT error FROM user_import_rows WHERE tenant_id = :tenant_id AND error IS NOT NULL",
            tenant_id=tenant.id,
        )
    assert (state.created, state.failed) == (1, 1)
    assert [error.split(":")[0] for error in errors] == ["user_principal_name"]


async def test_a_row_that_blocks_is_made_by_nobody_who_may_not_block(store: Store) -> None:
    tenant = await a_tenant(store)
    writer = as_user(await a_user(store, tenant, roles=[RoleId.DIRECTORY_WRITERS]), "pwd", "mfa")
    rows = f"a@{tenant.domain},A,true\nb@{tenant.domain},B,\n"
    async with store.write() as tx:
        file = read_users(f"user_principal_name,display_name,blocked\n{rows}".encode())
        import_id = await begin_import(tx, writer, tenant.id, file_name="people.csv", file=file, now=NOON)
        await try_next_rows(tx, writer, tenant.id, import_id, NOON)
        state = await get_import(tx, writer, tenant.id, import_id, NOON)
        failed = await list_failed_rows(tx, writer, tenant.id, import_id, limit=9, now=NOON)
        made = await tx.all(str, "SELECT display_name FROM users WHERE tenant_id = :id", id=tenant.id)
    assert (state.created, state.failed) == (1, 1)
    assert [(row.number, "may not block" in (row.error or "")) for row in failed] == [(failed[0].number, True)]
    assert ("A" in made, "B" in made) == (False, True)
