"""The town of the tests is whole: without it, a statement that takes one row too many is noticed by nobody."""

from __future__ import annotations

import dataclasses

import pytest

from tenantry.store.engine.interface import Store
from tenantry.store.schema import metadata
from tests.support.town import Town, a_town
from tests.support.town_rows import TownRows, read_rows

ONE_OF_A_TENANT = {"shared_callbacks", "tenant_policies"}
"""What a tenant has one of at most, or what only a migration made."""


async def test_a_town_has_a_row_of_every_table_and_no_tenant_of_it_has_only_one_of_a_kind(store: Store) -> None:
    town = await a_town(store)
    counts: dict[str, int] = {}
    async with store.read() as read:
        for table in metadata.sorted_tables:
            total = await read.one_or_none(int, f"SELECT COUNT(*) FROM {table.name}")
            assert total, table.name
            if "tenant_id" not in table.columns:
                continue
            for quarter in (getattr(town, field.name) for field in dataclasses.fields(town)):
                tenant_id = quarter.tenant.id
                sql = f"SELECT COUNT(*) FROM {table.name} WHERE tenant_id = :tenant_id"
                count = await read.one_or_none(int, sql, tenant_id=tenant_id)
                counts[f"{table.name} of {tenant_id}"] = count or 0
    alone = {name for name, count in counts.items() if count < 2 and name.split()[0] not in ONE_OF_A_TENANT}
    assert alone == set()


async def test_a_town_has_a_deleted_and_a_disabled_tenant_beside_two_that_work(store: Store, town: Town) -> None:
    async with store.read() as read:
        ended = {
            name: await read.one_or_none(
                lambda deleted, disabled: (deleted is not None, disabled is not None),
                "SELECT deleted_at, disabled_at FROM tenants WHERE id = :id",
                id=getattr(town, name).tenant.id,
            )
            for name in ("home", "neighbour", "deleted", "disabled")
        }
    assert ended == {
        "home": (False, False),
        "neighbour": (False, False),
        "deleted": (True, False),
        "disabled": (False, True),
    }


@pytest.mark.usefixtures("town")
async def test_the_town_of_a_test_is_the_one_that_was_built(store: Store, town_rows: TownRows) -> None:
    found = await read_rows(store)
    assert {name: sorted(rows, key=repr) for name, rows in found.items()} == {
        name: sorted(rows, key=repr) for name, rows in town_rows.rows.items()
    }
