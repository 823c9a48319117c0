"""What every store promises, on each engine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

import pytest

from tenantry.store import SchemaOutdated, Store, Tx, open_store
from tenantry.store.engine.dialect import to_positional


class Tenant(NamedTuple):
    id: str
    name: str


class Swapped(NamedTuple):
    name: str
    id: str


SELECT = "SELECT id, name FROM tenants ORDER BY id"
INSERT = "INSERT INTO tenants (id, name, created_at) VALUES (:id, :name, :now)"


async def add(tx: Tx, tenant: str) -> int:
    return await tx.run(INSERT, id=tenant, name=tenant.upper(), now=1)


async def names(store: Store) -> list[str]:
    async with store.read() as read:
        return [tenant.id for tenant in await read.all(Tenant, SELECT)]


async def test_a_write_is_seen_by_its_own_block_and_by_reads_after_it(store: Store) -> None:
    async with store.write() as tx:
        assert await add(tx, "a") == 1
        assert await tx.one_or_none(Tenant, "SELECT id, name FROM tenants WHERE id = :id", id="a") == ("a", "A")
        assert await names(store) == []
    assert await names(store) == ["a"]


async def test_no_row_is_none_and_two_rows_are_a_bug(store: Store) -> None:
    async with store.write() as tx:
        await add(tx, "a")
        await add(tx, "b")
    async with store.read() as read:
        assert await read.one_or_none(Tenant, "SELECT id, name FROM tenants WHERE id = :id", id="none") is None
        with pytest.raises(RuntimeError, match="2 rows where at most one may be"):
            await read.one_or_none(Tenant, SELECT)


async def test_any_callable_is_a_shape(store: Store) -> None:
    async with store.write() as tx:
        await add(tx, "a")
    async with store.read() as read:
        assert await read.all(str, "SELECT name FROM tenants") == ["A"]
        assert await read.one_or_none(lambda count: count + 1, "SELECT COUNT(*) FROM tenants") == 2


async def test_columns_in_another_order_than_the_shape_are_refused_even_without_rows(store: Store) -> None:
    async with store.read() as read:
        for _ in range(2):
            with pytest.raises(TypeError, match="Swapped has the fields name, id, the statement gives id, name"):
                await read.all(Swapped, SELECT)
    async with store.write() as tx:
        with pytest.raises(TypeError, match="Swapped"):
            await tx.one_or_none(Swapped, "UPDATE tenants SET name = :n WHERE id = :n RETURNING id, name", n="x")


async def test_run_tells_how_many_rows_it_changed(store: Store) -> None:
    async with store.write() as tx:
        await tx.run_many(INSERT, [{"id": str(n), "name": "n", "now": n} for n in range(5)])
        assert await tx.run("UPDATE tenants SET name = :name WHERE created_at < :at", name="m", at=3) == 3
        assert await tx.run("DELETE FROM tenants WHERE id = :id", id="none") == 0
    assert await names(store) == ["0", "1", "2", "3", "4"]


async def test_values_come_back_as_they_went_in(store: Store) -> None:
    row = ("k", b"\x00\xff", "Zoë 😀", 2**62)
    async with store.write() as tx:
        await tx.run(
            "INSERT INTO signing_keys (id, algorithm, private_key, public_jwk, created_at, signs_from) "
            "VALUES (:id, :algorithm, :key, :jwk, :at, :at)",
            id=row[0], algorithm="ES256", key=row[1], jwk=row[2], at=row[3],
        )  # fmt: skip
    async with store.read() as read:
        sql = "SELECT id, private_key, public_jwk, created_at, verifies_until FROM signing_keys"
        assert await read.all(lambda *columns: columns, sql) == [(*row, None)]


async def test_a_missing_parameter_is_an_error(store: Store) -> None:
    async with store.read() as read:
        with pytest.raises(Exception, match="nothing"):
            await read.all(str, "SELECT name FROM tenants WHERE id = :nothing")


async def test_an_exception_rolls_its_block_back(store: Store) -> None:
    async def fail() -> None:
        async with store.write() as tx:
            await add(tx, "a")
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await names(store) == []


async def test_a_constraint_violation_goes_up_as_the_driver_raised_it(store: Store) -> None:
    async def add_twice() -> None:
        async with store.write() as tx:
            await add(tx, "a")
            await add(tx, "a")

    with pytest.raises(Exception, match=r"(?i)unique") as caught:
        await add_twice()
    assert type(caught.value).__module__.startswith(("apsw", "asyncpg"))
    assert await names(store) == []


async def test_foreign_keys_are_enforced(store: Store) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        async with store.write() as tx:
            await tx.run(
                "INSERT INTO domains (name, tenant_id, created_at) VALUES (:name, :tenant_id, 1)",
                name="a.example", tenant_id="none",
            )  # fmt: skip


async def test_a_cancelled_block_rolls_back_and_the_next_one_works(store: Store) -> None:
    inside = asyncio.Event()

    async def hang() -> None:
        async with store.write() as tx:
            await add(tx, "a")
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.write() as tx:
        await add(tx, "b")
    assert await names(store) == ["b"]


async def test_a_statement_after_the_end_of_its_block_is_refused(store: Store) -> None:
    async with store.write() as tx:
        pass
    with pytest.raises(RuntimeError, match="has ended"):
        await add(tx, "a")
    with pytest.raises(RuntimeError, match="has ended"):
        await tx.run_many(INSERT, [])
    with pytest.raises(RuntimeError, match="has ended"):
        await tx.all(str, "SELECT name FROM tenants")


async def test_at_most_one_of_many_claims_wins(store: Store) -> None:
    async with store.write() as tx:
        await add(tx, "a")

    async def claim() -> str | None:
        async with store.write() as tx:
            return await tx.one_or_none(
                str, "UPDATE tenants SET disabled_at = 1 WHERE id = 'a' AND disabled_at IS NULL RETURNING id"
            )

    won = await asyncio.gather(*(claim() for _ in range(32)))
    assert [tenant for tenant in won if tenant] == ["a"]


async def test_a_database_of_another_revision_is_refused_with_what_to_do(store_url: str) -> None:
    store = await open_store(store_url)
    async with store.write() as tx:
        await tx.run("UPDATE alembic_version SET version_num = 'older'")
    await store.close()
    with pytest.raises(SchemaOutdated, match=r"at older, .* Run `tenantry db upgrade`"):
        await open_store(store_url)


async def test_an_absent_sqlite_file_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(SchemaOutdated, match="tenantry db upgrade"):
        await open_store(f"sqlite:///{tmp_path / 'none.db'}")
    assert not (tmp_path / "none.db").exists()


async def test_an_empty_database_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    with pytest.raises(SchemaOutdated, match="no revision"):
        await open_store(f"sqlite:///{tmp_path / 'empty.db'}")


@pytest.mark.parametrize("url", ["mysql://host/db", "sqlite://", "sqlite:///", "var/tenantry.db"])
async def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///PATH"):
        await open_store(url)


def test_named_parameters_become_numbers_and_equal_names_share_one() -> None:
    assert to_positional("a = :x AND b = :y AND c = :x") == ("a = $1 AND b = $2 AND c = $1", ("x", "y"))


@pytest.mark.parametrize("text", ["':x'", "'it''s :x'", '":x"', "-- :x\n", "/* :x\n :x */", "x::text", "a[1:2]"])
def test_what_is_not_a_parameter_stays(text: str) -> None:
    assert to_positional(f"{text} :real") == (f"{text} $1", ("real",))
