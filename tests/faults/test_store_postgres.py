"""PostgreSQL under faults: lost connections, locks, deadlines, and a COMMIT whose outcome nobody knows."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.store import Store, Tx, open_store
from tenantry.store.migrations import HEAD
from tests.support.postgres import PostgresServer

INSERT = "INSERT INTO tenants (id, name, created_at) VALUES (:id, :id, 1)"


async def terminate_others(url: str) -> None:
    """Cut every other connection to the database, as an administrator's restart would."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


async def ids(store: Store) -> list[str]:
    async with store.read() as read:
        return await read.all(str, "SELECT id FROM tenants ORDER BY id")


async def test_an_error_at_commit_is_unavailable_with_unknown_outcome_and_the_store_lives_on(postgres_url: str) -> None:
    store = await open_store(postgres_url)

    async def work() -> None:
        async with store.write() as tx:
            await tx.run(INSERT, id="a")
            await terminate_others(postgres_url)

    with pytest.raises(StoreUnavailable) as caught:
        await work()
    assert "outcome unknown" in caught.value.internal
    assert "unknown" not in caught.value.public
    async with store.write() as tx:
        await tx.run(INSERT, id="b")
    assert "b" in await ids(store)
    await store.close()


async def test_a_connection_lost_inside_a_block_is_unavailable(postgres_url: str) -> None:
    store = await open_store(postgres_url)

    async def work() -> None:
        async with store.write() as tx:
            await tx.run(INSERT, id="a")
            await terminate_others(postgres_url)
            await tx.run(INSERT, id="b")

    with pytest.raises(StoreUnavailable):
        await work()
    assert await ids(store) == []
    await store.close()


async def test_a_server_that_is_gone_is_unavailable_and_never_no_row(postgres_server: PostgresServer) -> None:
    with pytest.raises(StoreUnavailable):
        await open_store("postgresql://postgres@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable):
        await open_store(postgres_server.url("no_such_database"))


async def test_a_crashed_server_is_unavailable_for_reads_and_writes() -> None:
    server = PostgresServer()
    try:
        connection = await asyncpg.connect(server.url("postgres"))
        await connection.execute(f"CREATE TABLE alembic_version AS SELECT '{HEAD}' AS version_num")
        await connection.close()
        store = await open_store(server.url("postgres"))
        server.crash()
        with pytest.raises(StoreUnavailable):
            await ids(store)
        with pytest.raises(StoreUnavailable):
            async with store.write() as tx:
                await tx.run(INSERT, id="a")
        await store.close()
    finally:
        server.stop()


async def test_a_row_locked_too_long_is_busy(postgres_url: str) -> None:
    store = await open_store(postgres_url, statement_timeout=0.2)
    async with store.write() as tx:
        await tx.run(INSERT, id="a")

    async def rename(tx: Tx) -> None:
        await tx.run("UPDATE tenants SET name = 'x' WHERE id = 'a'")

    async def second() -> None:
        async with store.write() as tx:
            await rename(tx)

    async with store.write() as tx:
        await rename(tx)
        with pytest.raises(StoreBusy) as caught:
            await second()
    assert not isinstance(caught.value, StoreUnavailable)
    await store.close()


async def test_no_free_connection_is_busy_after_the_deadline(postgres_url: str) -> None:
    store = await open_store(postgres_url, pool_size=1, busy_timeout=0.1)
    async with store.write() as tx:
        await tx.run(INSERT, id="a")
        with pytest.raises(StoreBusy, match="share"):
            await ids(store)
    assert await ids(store) == ["a"]
    await store.close()


async def test_a_caught_failure_cannot_pass_as_a_commit(postgres_url: str) -> None:
    store = await open_store(postgres_url)

    async def swallow() -> None:
        async with store.write() as tx:
            await tx.run(INSERT, id="a")
            with pytest.raises(asyncpg.UniqueViolationError):
                await tx.run(INSERT, id="a")

    with pytest.raises(RuntimeError, match="kept nothing"):
        await swallow()
    assert await ids(store) == []
    await store.close()


async def test_a_connection_goes_back_without_an_open_transaction(postgres_url: str) -> None:
    store = await open_store(postgres_url, pool_size=1)
    inside = asyncio.Event()

    async def hang() -> None:
        async with store.write() as tx:
            await tx.run(INSERT, id="a")
            inside.set()
            await tx.one_or_none(str, "SELECT CAST(pg_sleep(4) AS TEXT)")

    task = asyncio.create_task(hang())
    await inside.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await ids(store) == []
    async with store.read() as read:
        settings = await read.all(
            str, "SELECT setting FROM pg_settings WHERE name IN ('statement_timeout', 'default_transaction_isolation')"
        )
    assert sorted(settings) == ["5000", "read committed"]
    await store.close()
