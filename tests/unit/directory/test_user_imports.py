"""What an import says of the rows it could not take."""

from __future__ import annotations

from tenantry.directory.user_files import read_users
from tenantry.directory.user_imports import begin_import, get_import, try_next_rows
from tenantry.store.engine.interface import Store
from tests.support.builders import OPERATOR, a_tenant, a_user
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
