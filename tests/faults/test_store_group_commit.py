"""SQLite's group commit under faults: who is told what, and what is on disk afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from itertools import pairwise
from pathlib import Path

import apsw
import pytest

from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.store import LoneTx, Tx
from tenantry.store.engine import sqlite_log
from tenantry.store.engine.interface import Writes
from tenantry.store.engine.sqlite import SqliteStore
from tests.support.disk import Disk
from tests.support.slots import WaitedSlot, in_a_slot

WRITERS = 32

Add = Callable[[SqliteStore, str], Coroutine[None, None, None]]


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
async def store(path: Path, disk: Disk) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(str(path), busy_timeout=30, cache_mib=1, vfs=disk.name)
    yield opened
    await opened.close()


@pytest.fixture
async def impatient(path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(str(path), busy_timeout=0.05, cache_mib=1)
    yield opened
    await opened.close()


async def insert(tx: Writes, tenant: str, name: str = "n") -> None:
    await tx.run("INSERT INTO tenants (id, name, created_at) VALUES (:id, :name, 1)", id=tenant, name=name)


async def add_in_a_block(store: SqliteStore, tenant: str) -> None:
    async with store.write() as tx:
        await insert(tx, tenant)


async def add_alone(store: SqliteStore, tenant: str) -> None:
    await insert(store, tenant)


async def add_after_a_look(store: SqliteStore, tenant: str) -> None:
    async def work(tx: LoneTx) -> None:
        assert await tx.one_or_none(str, "SELECT id FROM tenants WHERE id = :id", id=tenant) is None
        await insert(tx, tenant)

    await store.transact(work)


async def add_in_a_slot(store: SqliteStore, tenant: str) -> None:
    async def work(tx: LoneTx) -> bool:
        await insert(tx, tenant)
        return True

    if not await in_a_slot(store, work):  # as when another process holds the file
        await add_in_a_block(store, tenant)


@pytest.fixture(params=[add_in_a_block, add_alone, add_after_a_look])
def add_in_a_task(request: pytest.FixtureRequest) -> Add:
    """Every way to write that a task waits in, and so can be cancelled."""
    chosen: Add = request.param
    return chosen


@pytest.fixture(params=[add_in_a_block, add_alone, add_after_a_look, add_in_a_slot])
def add(request: pytest.FixtureRequest) -> Add:
    """Every way to write."""
    chosen: Add = request.param
    return chosen


def on_disk(path: Path) -> list[str]:
    """What another process would read."""
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READWRITE)
    assert connection.pragma("integrity_check") == "ok"
    rows = connection.execute("SELECT id FROM tenants ORDER BY id").fetchall()
    connection.close()
    return [str(tenant) for (tenant,) in rows]


async def until(condition: Callable[[], bool]) -> None:
    """Let the other tasks run up to here."""
    while not condition():  # noqa: ASYNC110 - the state of interest has no event
        await asyncio.sleep(0)


async def test_concurrent_writers_share_one_commit_and_one_sync(
    store: SqliteStore, disk: Disk, path: Path, add: Add
) -> None:
    await add(store, "first")
    commits, syncs = store.commits, disk.log_syncs
    await asyncio.gather(*(add(store, f"{n:02}") for n in range(WRITERS)))
    assert store.commits - commits == 1
    assert disk.log_syncs - syncs == 1
    assert len(on_disk(path)) == WRITERS + 1


async def test_writers_that_come_while_a_commit_runs_form_the_next_group(
    store: SqliteStore, path: Path, add: Add
) -> None:
    first = asyncio.create_task(add(store, "first"))
    await until(lambda: store._groups._taken)
    assert not first.done()
    commits = store.commits
    await asyncio.gather(*(add(store, f"{n:02}") for n in range(WRITERS)))
    await first
    assert store.commits - commits == 2
    assert len(on_disk(path)) == WRITERS + 1


async def test_every_commit_is_synced_before_its_writer_is_told(store: SqliteStore, disk: Disk, add: Add) -> None:
    for n in range(5):
        before = disk.log_syncs
        await add(store, str(n))
        assert disk.log_syncs > before


async def test_an_exception_rolls_back_only_its_own_writer(store: SqliteStore, path: Path) -> None:
    async def work(n: int) -> None:
        async with store.write() as tx:
            await insert(tx, f"{n:02}")
            if n % 3 == 0:
                raise LookupError

    outcomes = await asyncio.gather(*(work(n) for n in range(WRITERS)), return_exceptions=True)
    assert [isinstance(outcome, LookupError) for outcome in outcomes] == [n % 3 == 0 for n in range(WRITERS)]
    assert store.commits == 1
    assert on_disk(path) == [f"{n:02}" for n in range(WRITERS) if n % 3]


async def test_a_group_in_which_all_roll_back_commits_nothing(store: SqliteStore, path: Path, add: Add) -> None:
    async def fail() -> None:
        async with store.write() as tx:
            await insert(tx, "same")
            raise LookupError

    await asyncio.gather(*(fail() for _ in range(WRITERS)), return_exceptions=True)
    await add(store, "after")
    assert on_disk(path) == ["after"]


@pytest.mark.parametrize("fault", ["full", "sync_fails"])
async def test_a_failed_commit_fails_its_whole_group_and_the_store_lives_on(
    store: SqliteStore, disk: Disk, path: Path, fault: str, add: Add
) -> None:
    await add(store, "before")
    setattr(disk, fault, True)
    outcomes = await asyncio.gather(*(add(store, f"{n:02}") for n in range(WRITERS)), return_exceptions=True)
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    async with store.read() as read:
        assert await read.all(str, "SELECT id FROM tenants") == ["before"]
    setattr(disk, fault, False)
    await asyncio.gather(*(add(store, f"{n:02}") for n in range(WRITERS)))
    assert on_disk(path) == [f"{n:02}" for n in range(WRITERS)] + ["before"]


async def test_a_disk_that_fills_up_inside_a_block_loses_no_acknowledged_row(
    store: SqliteStore, disk: Disk, path: Path, add: Add
) -> None:
    async def add_much() -> None:
        async with store.write() as tx:
            for n in range(300):  # more than the page cache: SQLite writes to the log before the commit
                await insert(tx, f"much {n}", "x" * 10_000)

    for everyone in (["a"], ["b"]):
        disk.full = True
        outcomes = await asyncio.gather(
            *(add(store, tenant) for tenant in everyone), add_much(), add(store, "z"), return_exceptions=True
        )
        assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
        disk.full = False
        await asyncio.gather(*(add(store, tenant) for tenant in everyone))
    assert on_disk(path) == ["a", "b"]


async def test_nothing_commits_by_itself_after_the_transaction_was_lost(
    store: SqliteStore, disk: Disk, path: Path, add: Add
) -> None:
    async def fill(tx: Tx) -> None:
        for n in range(300):
            await insert(tx, str(n), "x" * 10_000)

    async def carry_on() -> None:
        async with store.write() as tx:
            disk.full = True
            with pytest.raises(StoreUnavailable):
                await fill(tx)
            disk.full = False
            await insert(tx, "stray")

    with pytest.raises((StoreUnavailable, RuntimeError)):
        await carry_on()
    await add(store, "after")
    assert on_disk(path) == ["after"]


async def test_a_writer_cancelled_while_it_waits_for_the_commit_harms_nobody(
    store: SqliteStore, path: Path, add_in_a_task: Add
) -> None:
    tasks = [asyncio.create_task(add_in_a_task(store, f"{n:02}")) for n in range(WRITERS)]
    await until(lambda: store._groups._taken)
    tasks[0].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1:] == [None] * (WRITERS - 1)
    await add_in_a_task(store, "after")
    assert len(on_disk(path)) == WRITERS + 1


async def test_a_writer_cancelled_while_it_waits_for_its_turn_harms_nobody(
    store: SqliteStore, path: Path, add_in_a_task: Add
) -> None:
    async with store.write() as tx:
        await insert(tx, "holder")
        tasks = [asyncio.create_task(add_in_a_task(store, f"{n:02}")) for n in range(4)]
        await until(lambda: len(store._groups._waiting) == len(tasks))
        tasks[1].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), asyncio.CancelledError, type(None), type(None)]
    assert on_disk(path) == ["00", "02", "03", "holder"]


async def test_writers_that_suspend_take_turns_in_order_and_do_not_keep_others_from_the_disk(
    store: SqliteStore, path: Path
) -> None:
    order: list[int] = []

    async def work(n: int) -> None:
        async with store.write() as tx:
            order.append(n)
            await asyncio.sleep(0)
            await insert(tx, f"{n:02}")
            await asyncio.sleep(0)

    await asyncio.gather(*(work(n) for n in range(WRITERS)))
    assert order == list(range(WRITERS))
    assert len(on_disk(path)) == WRITERS


async def test_of_blocks_that_take_long_one_runs_between_two_looks_of_the_event_loop(store: SqliteStore) -> None:
    """However many come at once."""
    began: list[float] = []

    async def long_block(number: int) -> None:
        async with store.write() as tx:
            await tx.one_or_none(int, "SELECT 1 WHERE :tenant_id <> ''", tenant_id="one")
            began.append(asyncio.get_running_loop().time())
            await insert(tx, f"t{number}")
            time.sleep(0.02)  # noqa: ASYNC251 - as a heavy statement would hold the loop

    looks: list[float] = []

    async def look() -> None:
        while True:
            await asyncio.sleep(0)
            looks.append(asyncio.get_running_loop().time())

    looking = asyncio.create_task(look())
    await asyncio.gather(*(long_block(number) for number in range(8)))
    looking.cancel()
    assert all(any(first < each < second for each in looks) for first, second in pairwise(began))


async def test_a_tenants_many_blocks_keep_another_tenants_waiting_for_one_of_them_only(store: SqliteStore) -> None:
    order: list[str] = []

    async def block(tenant: str, number: int) -> None:
        async with store.write() as tx:
            await tx.one_or_none(int, "SELECT 1 WHERE :tenant_id <> ''", tenant_id=tenant)
            order.append(tenant)
            await insert(tx, f"{tenant}{number}")
            time.sleep(0.02)  # noqa: ASYNC251 - as a heavy statement would hold the loop

    many = [asyncio.create_task(block("many", number)) for number in range(8)]
    await asyncio.sleep(0)
    few = [asyncio.create_task(block("few", number)) for number in range(2)]
    await asyncio.gather(*many, *few)
    assert order.index("few") <= 2
    assert order[:6].count("few") == 2


async def test_a_block_in_which_nothing_is_asked_takes_no_turn(store: SqliteStore) -> None:
    async with store.write() as tx:
        async with store.write():
            pass
        await insert(tx, "a")
    assert store.commits == 1


async def test_waiting_too_long_for_the_turn_is_busy_and_its_end_is_not(
    impatient: SqliteStore, path: Path, add: Add
) -> None:
    async with impatient.write() as tx:
        await insert(tx, "holder")
        outcomes = await asyncio.gather(*(add(impatient, f"{n:02}") for n in range(4)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreBusy] * 4
    await add(impatient, "after")
    assert on_disk(path) == ["after", "holder"]


async def test_a_file_locked_by_another_too_long_is_busy_and_still_reads(
    impatient: SqliteStore, path: Path, add: Add
) -> None:
    other = apsw.Connection(str(path), apsw.SQLITE_OPEN_READWRITE)
    other.execute("BEGIN IMMEDIATE")
    outcomes = await asyncio.gather(*(add(impatient, f"{n:02}") for n in range(4)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreBusy] * 4
    async with impatient.read() as read:
        assert await read.all(str, "SELECT id FROM tenants") == []
    other.close()
    await add(impatient, "after")
    assert on_disk(path) == ["after"]


async def test_a_file_locked_by_another_for_a_moment_only_delays(store: SqliteStore, path: Path, add: Add) -> None:
    other = apsw.Connection(str(path), apsw.SQLITE_OPEN_READWRITE)
    other.execute("BEGIN IMMEDIATE")
    waiting = [asyncio.create_task(add(store, f"{n:02}")) for n in range(4)]
    await until(lambda: store._groups._taken)
    other.close()
    await asyncio.gather(*waiting)
    assert on_disk(path) == ["00", "01", "02", "03"]


async def test_a_read_block_cannot_write(store: SqliteStore) -> None:
    async with store.read() as read:
        with pytest.raises(StoreUnavailable, match="readonly"):
            await read.all(str, "DELETE FROM tenants RETURNING id")


async def test_the_log_is_begun_anew_while_writers_never_rest(
    path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch, add: Add
) -> None:
    monkeypatch.setattr(sqlite_log, "LONG", 40)
    store = SqliteStore(str(path), busy_timeout=30, cache_mib=1, vfs=disk.name)
    log, lengths = path.with_name(path.name + "-wal"), set[int]()

    async def write(worker: int) -> None:
        for n in range(60):
            await add(store, f"{worker}-{n:02}")
            lengths.add(store._groups._log._pages)

    await asyncio.gather(*(write(worker) for worker in range(4)))
    assert store.commits >= 60
    assert log.stat().st_size < 4096 * 200  # each of so many commits appends two pages or more
    assert min(lengths) < 40 <= max(lengths)
    await store.close()
    assert len(on_disk(path)) == 240


async def test_a_value_that_cannot_be_bound_fails_its_own_statement_and_keeps_nobody_waiting(
    store: SqliteStore,
) -> None:
    names: list[object] = ["a", "\ud800", "b", 2**64, object(), "c"]
    async with store.write() as tx:  # the others queue
        await insert(tx, "first")
        waiting = [
            asyncio.create_task(insert(store, f"t{number}", name))  # type: ignore[arg-type]
            for number, name in enumerate(names)
        ]
        await asyncio.sleep(0)
    outcomes = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
    assert [type(outcome) for outcome in outcomes] == [
        type(None),
        UnicodeEncodeError,
        type(None),
        OverflowError,
        TypeError,
        type(None),
    ]
    async with store.read() as read:
        assert await read.all(str, "SELECT id FROM tenants ORDER BY id") == ["first", "t0", "t2", "t5"]


async def test_a_log_that_nobody_can_copy_keeps_no_writer_waiting(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_work: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(sqlite_log, "LONG", 0)
    monkeypatch.setattr(store._groups._log._thread, "submit", refuse)
    for number in range(3):
        await asyncio.wait_for(add_alone(store, f"t{number}"), 5)
    assert on_disk(path) == ["t0", "t1", "t2"]


async def test_what_was_seen_of_others_is_told_only_when_it_is_durable(store: SqliteStore, disk: Disk) -> None:
    async def look(tx: LoneTx) -> list[str]:
        return await tx.all(str, "SELECT id FROM tenants")

    async def in_one_group() -> list[object]:
        return [*await asyncio.gather(add_alone(store, "new"), store.transact(look), return_exceptions=True)]

    disk.full = True
    assert [type(outcome) for outcome in await in_one_group()] == [StoreUnavailable, StoreUnavailable]
    assert await store.transact(look) == []
    disk.full = False
    assert await in_one_group() == [None, ["new"]]


async def change_twice(tx: LoneTx) -> None:
    await insert(tx, "once")
    await insert(tx, "twice")


async def fail_after_the_change(tx: LoneTx) -> None:
    await insert(tx, "once")
    raise RuntimeError("too late")


async def suspend_after_the_change(tx: LoneTx) -> None:
    await insert(tx, "once")
    await asyncio.sleep(0)


@pytest.mark.parametrize("work", [change_twice, fail_after_the_change, suspend_after_the_change])
async def test_a_transaction_that_breaks_its_rule_after_its_change_keeps_nothing_nor_does_its_group(
    store: SqliteStore, path: Path, work: Callable[[LoneTx], Coroutine[None, None, None]], add_in_a_task: Add
) -> None:
    for _ in range(2):
        outcomes = await asyncio.gather(add_in_a_task(store, "neighbour"), store.transact(work), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreUnavailable, RuntimeError]
        assert on_disk(path) == []
    await add_in_a_task(store, "after")
    assert on_disk(path) == ["after"]


async def test_one_that_fails_before_its_change_harms_nobody(store: SqliteStore, path: Path, add: Add) -> None:
    async def refuse(tx: LoneTx) -> None:
        await tx.all(str, "SELECT id FROM tenants")
        raise LookupError

    works = [store.transact(refuse) if n % 3 == 0 else add(store, f"{n:02}") for n in range(WRITERS)]
    outcomes = await asyncio.gather(*works, return_exceptions=True)
    assert [isinstance(outcome, LookupError) for outcome in outcomes] == [n % 3 == 0 for n in range(WRITERS)]
    assert on_disk(path) == [f"{n:02}" for n in range(WRITERS) if n % 3]


def a_slot(store: SqliteStore, tenant: str) -> WaitedSlot:
    """Queued; it inserts a tenant."""

    async def work(tx: LoneTx) -> bool:
        await insert(tx, tenant)
        return True

    slot = WaitedSlot(work)
    assert store.queue(slot)
    return slot


async def test_a_slot_is_prepared_while_its_group_commits_and_kept_when_that_is_on_disk(
    store: SqliteStore, disk: Disk, path: Path
) -> None:
    await add_alone(store, "before")
    syncs = disk.log_syncs
    slots = [a_slot(store, f"{n:02}") for n in range(WRITERS)]
    await until(lambda: "prepare" in slots[-1].steps)
    assert all(slot.steps == ["work", "prepare"] for slot in slots)
    assert all(await asyncio.gather(*(slot.outcome for slot in slots)))
    assert all(slot.steps == ["work", "prepare", "keep"] for slot in slots)
    assert disk.log_syncs == syncs + 1
    assert len(on_disk(path)) == WRITERS + 1


async def test_no_slot_is_kept_whose_commit_fails_though_it_was_prepared(
    store: SqliteStore, disk: Disk, path: Path
) -> None:
    disk.full = True
    slots = [a_slot(store, f"{n:02}") for n in range(3)]
    outcomes = await asyncio.gather(*(slot.outcome for slot in slots), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    assert not any("keep" in slot.steps for slot in slots)
    disk.full = False
    assert on_disk(path) == []


async def test_a_slot_that_gives_up_leaves_nothing_and_its_neighbours_are_kept(store: SqliteStore, path: Path) -> None:
    async def decline(tx: LoneTx) -> bool:
        assert await tx.all(str, "SELECT id FROM tenants") in ([], ["kept"])
        return False

    async def refuse(_tx: LoneTx) -> bool:
        raise LookupError

    slots = [WaitedSlot(decline), WaitedSlot(refuse), a_slot(store, "kept"), WaitedSlot(decline)]
    for slot in (slots[0], slots[1], slots[3]):
        assert store.queue(slot)
    outcomes = await asyncio.gather(*(slot.outcome for slot in slots), return_exceptions=True)
    assert [outcomes[0], type(outcomes[1]), outcomes[2], outcomes[3]] == [False, LookupError, True, False]
    assert [slots[0].steps, slots[1].steps] == [["work", "give up"], ["work", "fail"]]
    assert on_disk(path) == ["kept"]


async def test_a_slot_that_fails_when_it_is_told_harms_nobody(store: SqliteStore, path: Path) -> None:
    class Clumsy(WaitedSlot):
        def prepare(self) -> None:
            raise LookupError

        def keep(self) -> None:
            raise LookupError

    async def work(tx: LoneTx) -> bool:
        await insert(tx, "clumsy")
        return True

    assert store.queue(Clumsy(work))
    assert await a_slot(store, "neighbour").outcome
    assert on_disk(path) == ["clumsy", "neighbour"]


async def test_a_slot_waits_for_the_writer_in_its_block_and_no_longer_than_the_busy_limit(
    store: SqliteStore, impatient: SqliteStore, path: Path
) -> None:
    async with store.write() as tx:
        await insert(tx, "in the block")
        slot = a_slot(store, "waiting")
        await asyncio.sleep(0.01)
        assert slot.steps == []
    assert await slot.outcome
    async with impatient.write() as tx:
        await insert(tx, "patient")
        late = a_slot(impatient, "late")
        with pytest.raises(StoreBusy):
            await late.outcome
    assert on_disk(path) == ["in the block", "patient", "waiting"]
    assert late.steps == ["fail"]
