"""Print the script a new SQLite file is made from: `python tools/new_sqlite.py`.

It is what the migrations leave in an empty file: the definitions as SQLite keeps them, in their order, the rows, and
what the planner is told.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from tenantry.store.engine import migrate


def migrated(directory: Path) -> Path:
    """Make a new SQLite file in `directory`, and let every migration change it in turn."""
    path = directory / "migrated.db"
    migrate.run_migrations(f"sqlite:///{path}")
    return path


def statements(path: Path) -> Iterator[str]:
    """The statements that make such a file out of an empty one."""
    with closing(sqlite3.connect(path)) as db:
        definitions = db.execute(
            "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY rowid"
        ).fetchall()
        for _, _, sql in definitions:
            yield sql
        for name in (name for kind, name, _ in definitions if kind == "table"):
            columns = [f"quote({row[1]})" for row in db.execute(f"PRAGMA table_info({name})")]
            for row in db.execute(f"SELECT {', '.join(columns)} FROM {name}"):
                yield f"INSERT INTO {name} VALUES ({', '.join(row)})"
        if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'").fetchone():
            yield "ANALYZE sqlite_schema"
            for row in db.execute("SELECT quote(tbl), quote(idx), quote(stat) FROM sqlite_stat1 ORDER BY tbl, idx"):
                yield f"INSERT INTO sqlite_stat1 VALUES ({', '.join(row)})"


def main() -> None:
    with TemporaryDirectory() as directory:
        made = [f"{statement};\n" for statement in statements(migrated(Path(directory)))]
    sys.stdout.write("-- Written by `make schema` from the migrations; never edit it.\n")
    sys.stdout.writelines(made)


if __name__ == "__main__":
    main()
