"""Makes the whole schema from one script, for a SQLite file that has none: without the migration tools, in one commit.

`migrations/new_sqlite.sql` is what the migrations leave behind in an empty file; `make schema` writes it.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import apsw

from tenantry.store import migrations
from tenantry.store.engine.sqlite_statements import connect, translate

_CACHE_MIB = 2
_WAIT_SECONDS = 10.0  # how long to wait for another process that makes the same file


def create_tables(path: Path) -> bool:
    """Make the tables at HEAD, all or none, in a file that is absent (then readable by its owner only) or empty.
    Answers False, and does nothing, when something is in it. Raises StoreBusy, StoreUnavailable.
    """
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    with closing(connect(str(path), _CACHE_MIB, _WAIT_SECONDS, None)) as connection:
        try:
            connection.set_busy_timeout(int(_WAIT_SECONDS * 1000))
            connection.execute("BEGIN IMMEDIATE")
            is_empty = connection.execute("SELECT 1 FROM sqlite_schema").get is None
            if is_empty:
                connection.execute(_script())
            connection.execute("COMMIT")
        except apsw.Error as exc:
            translate(exc)
    return is_empty


def _script() -> str:
    return Path(migrations.__file__).with_name("new_sqlite.sql").read_text(encoding="utf-8")
