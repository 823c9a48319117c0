"""A new SQLite file is made from one script: what the migrations would leave, there as a whole or not at all."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import apsw
import pytest

from tenantry.core.errors import StoreUnavailable
from tenantry.store import migrations
from tenantry.store.engine import migrate
from tenantry.store.engine.new_sqlite import create_tables
from tenantry.store.migrations import HEAD
from tools.new_sqlite import migrated, statements

ROOT = Path(__file__).parents[3]
SCRIPT = Path(migrations.__file__).with_name("new_sqlite.sql")
IN_THE_WAY = "CREATE TABLE grants (in_the_way TEXT)"


def test_the_script_is_what_the_migrations_leave_in_an_empty_file() -> None:
    command = [sys.executable, str(ROOT / "tools" / "new_sqlite.py")]
    written = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert SCRIPT.read_text(encoding="utf-8") == written, "the migrations have changed: run `make schema`"


def test_a_new_file_and_a_migrated_one_are_the_same(tmp_path: Path) -> None:
    assert create_tables(tmp_path / "new.db")
    assert list(statements(tmp_path / "new.db")) == list(statements(migrated(tmp_path)))


def test_an_absent_file_becomes_its_owners_and_keeps_a_log(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    assert create_tables(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert apsw.Connection(str(path)).pragma("journal_mode") == "wal"
    assert migrate.check(f"sqlite:///{path}") == (HEAD, HEAD)


def test_an_empty_file_gets_its_tables(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    assert create_tables(tmp_path / "a.db")
    assert migrate.check(f"sqlite:///{tmp_path / 'a.db'}").is_current


def test_a_file_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    apsw.Connection(str(path)).execute(IN_THE_WAY)
    assert not create_tables(path)
    assert list(statements(path)) == [IN_THE_WAY]


def test_of_many_that_make_the_same_file_at_once_one_does(tmp_path: Path) -> None:
    barrier = Barrier(8)

    def create(path: Path) -> bool:
        barrier.wait()
        return create_tables(path)

    with ThreadPoolExecutor(8) as pool:
        for number in range(5):
            assert sorted(pool.map(create, [tmp_path / f"{number}.db"] * 8)) == [*[False] * 7, True]


def test_a_disk_that_is_full_in_the_middle_leaves_no_table_and_the_next_try_makes_all(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    code = (
        "import resource, sys; from pathlib import Path; from tenantry.store.engine.new_sqlite import create_tables\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); create_tables(Path(sys.argv[1]))"
    )
    full = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert "StoreUnavailable" in full.stderr
    assert list(statements(path)) == []
    assert create_tables(path)
    assert migrate.check(f"sqlite:///{path}").is_current


def test_what_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database " * 100)
    with pytest.raises(StoreUnavailable):
        create_tables(tmp_path / "a.db")
