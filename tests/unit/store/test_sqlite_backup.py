"""A backup is one moment of the database, whole and alone, and nobody waits for it."""

from __future__ import annotations

import stat
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tenantry.core.errors import AlreadyExists, InvalidValue, StoreUnavailable
from tenantry.store import open_store
from tenantry.store.engine import migrate
from tenantry.store.engine.interface import SchemaOutdated
from tenantry.store.engine.new_sqlite import create_tables
from tenantry.store.engine.sqlite_backup import back_up
from tenantry.store.migrations import HEAD

INSERT = "INSERT INTO tenants (id, name, created_at) VALUES (?, ?, 0)"
LARGE = 600
"""Tenants of a page each: several steps of the copy."""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "tenantry.db"
    create_tables(path)
    with closing(apsw.Connection(str(path))) as connection, connection:
        connection.executemany(INSERT, ((f"first-{n}", "x" * 4000) for n in range(LARGE)))
    return path


def ignore(_done: int, _total: int) -> None:
    pass


def tenants_in(path: Path) -> set[str]:
    with closing(apsw.Connection(str(path))) as connection:
        return {str(row[0]) for row in connection.execute("SELECT id FROM tenants")}


def test_a_copy_under_writes_is_the_state_it_began_with_and_does_not_begin_anew(database: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with closing(apsw.Connection(str(database))) as writer:
        writer.set_busy_timeout(0)  # who had to wait would fail

        def write(done: int, total: int) -> None:
            told.append((done, total))
            assert len(told) < 100, "it begins anew after each commit of somebody else"
            writer.execute(INSERT, (f"meanwhile-{len(told)}", "x" * 4000))

        made = back_up(database, tmp_path / "a.db", write)
    assert len(told) > 2
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1][0] == told[-1][1] == made.bytes / 4096
    assert tenants_in(tmp_path / "a.db") == {f"first-{n}" for n in range(LARGE)}
    assert f"meanwhile-{len(told)}" in tenants_in(database)


def test_what_is_in_the_log_only_is_in_the_copy(database: Path, tmp_path: Path) -> None:
    with closing(apsw.Connection(str(database))) as writer:
        writer.wal_autocheckpoint(0)
        writer.execute(INSERT, ("in-the-log", ""))
        back_up(database, tmp_path / "a.db", ignore)
    assert "in-the-log" in tenants_in(tmp_path / "a.db")


async def test_a_copy_is_one_sound_file_of_its_owner_that_a_server_opens(database: Path, tmp_path: Path) -> None:
    directory = tmp_path / "backups"
    directory.mkdir()
    target = directory / "a.db"
    made = back_up(database, target, ignore)
    assert made == (str(target), target.stat().st_size, HEAD)
    assert [file.name for file in directory.iterdir()] == ["a.db"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    store = await open_store(f"sqlite:///{target}")
    async with store.read() as read:
        assert await read.all(str, "PRAGMA integrity_check") == ["ok"]
        assert await read.all(int, "SELECT count(*) FROM tenants") == [LARGE]
    await store.close()


def test_a_database_of_an_earlier_schema_is_copied_too(tmp_path: Path) -> None:
    create_tables(tmp_path / "old.db")
    with closing(apsw.Connection(str(tmp_path / "old.db"))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    assert back_up(tmp_path / "old.db", tmp_path / "a.db", ignore).schema == "0001"
    assert migrate.check(f"sqlite:///{tmp_path / 'a.db'}").revision == "0001"


def test_a_file_that_is_there_is_not_replaced(database: Path, tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("mine")
    with pytest.raises(AlreadyExists, match=r"a\.db"):
        back_up(database, tmp_path / "a.db", ignore)
    assert (tmp_path / "a.db").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_named(database: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="absent"):
        back_up(database, tmp_path / "absent" / "a.db", ignore)


@pytest.mark.parametrize("content", [None, b""], ids=["no file", "an empty file"])
def test_where_there_is_no_database_there_is_nothing_to_copy(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "tenantry.db").write_bytes(content)
    with pytest.raises(SchemaOutdated):
        back_up(tmp_path / "tenantry.db", tmp_path / "a.db", ignore)
    assert not (tmp_path / "a.db").exists()


def test_a_copy_that_is_broken_off_leaves_nothing(database: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(database, tmp_path / "a.db", stop)
    assert sorted(tmp_path.iterdir()) == before
    assert len(tenants_in(database)) == LARGE


def test_a_damaged_database_gives_no_backup(database: Path, tmp_path: Path) -> None:
    with closing(apsw.Connection(str(database))) as connection:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'tenants'").get
    with database.open("r+b") as file:
        file.seek((int(str(root)) - 1) * 4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(StoreUnavailable, match=r"malformed|invalid|page"):
        back_up(database, tmp_path / "a.db", ignore)
    assert not (tmp_path / "a.db").exists()
