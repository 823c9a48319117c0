"""What was acknowledged is on disk: a server process is killed right after an answer, and the file is read again."""

from __future__ import annotations

import random
from pathlib import Path

import apsw
import pytest

from tests.support.writer_process import WriterProcesses


def check_many_kills(path: Path, kills: int) -> None:
    chance = random.Random(kills)
    acknowledged: set[str] = set()
    with WriterProcesses() as processes:
        for life in range(kills):
            fifo = path.with_name("answers")
            answered = processes.live_and_die(f"sqlite:///{path}", str(life), fifo, chance.randint(1, 20))
            assert answered
            kept = ids(path, f"{life}-%")
            assert answered <= kept, f"lost after kill {life}: {sorted(answered - kept)}"
            acknowledged |= answered
    assert acknowledged <= ids(path, "%")
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READWRITE)
    assert connection.pragma("integrity_check") == "ok"
    connection.close()


def ids(path: Path, pattern: str) -> set[str]:
    """What a process that opens the file after the crash reads."""
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READWRITE)
    rows = connection.execute("SELECT id FROM tenants WHERE id LIKE ?", (pattern,)).fetchall()
    connection.close()
    return {str(tenant) for (tenant,) in rows}


def test_every_acknowledged_write_survives_200_kills(sqlite_url: str) -> None:
    check_many_kills(Path(sqlite_url.removeprefix("sqlite:///")), 200)


@pytest.mark.chaos
def test_every_acknowledged_write_survives_2000_kills(sqlite_url: str) -> None:
    check_many_kills(Path(sqlite_url.removeprefix("sqlite:///")), 2_000)
