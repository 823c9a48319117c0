"""Copies a SQLite file, as it was at one moment, while servers write to it.

1. A read transaction is held from the first page to the last, so that one state of the file is copied. Without it
   SQLite would begin the copy anew after each commit of another process. Nobody waits: writers go on in the log, which
   grows meanwhile.
2. The copy is made under another name, checked, put on disk, and renamed. So a file with the name that was asked for is
   whole; it is empty only if the machine died on the way.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import apsw

from tenantry.core.errors import AlreadyExists, InvalidValue, StoreUnavailable
from tenantry.core.files import sync_directory
from tenantry.store.engine.interface import SchemaOutdated
from tenantry.store.engine.sqlite_statements import connect, translate

_PAGES_PER_STEP = 256  # 1 MiB
_CACHE_MIB = 2
_WAIT_SECONDS = 10.0


class Backup(NamedTuple):
    """A copy. `schema` is the revision of its tables: the version that opens it must need this one, or be able to
    change it.
    """

    file: str
    bytes: int
    schema: str


def back_up(path: Path, target: Path, progress: Callable[[int, int], None]) -> Backup:
    """Copy the database to a new file that only its owner may read. `progress` is told pages done and pages in all.

    Raises AlreadyExists when there is such a file, InvalidValue when it cannot be written, SchemaOutdated when there is
    no database to copy, StoreBusy, StoreUnavailable.
    """
    if not path.exists():
        raise SchemaOutdated(f"There is no database at {path}.")
    try:
        with _new_file(target) as copy:
            schema = _copy(path, copy, progress)
            _check(copy)
            size = copy.stat().st_size
    except FileExistsError:
        raise AlreadyExists(f"There is a file {target} already; a backup replaces none.") from None
    except OSError as exc:
        raise InvalidValue(f"The backup cannot be written to {target}: {exc.strerror}.") from exc
    return Backup(str(target.absolute()), size, schema)


@contextmanager
def _new_file(target: Path) -> Iterator[Path]:
    """An empty file beside `target`, which takes the target's name at the end, or is deleted. Raises OSError."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # nobody else can take the name from here on
    try:
        handle, name = tempfile.mkstemp(prefix=f"{target.name}.", suffix=".part", dir=target.parent)  # mode 0600
        try:
            yield Path(name)
            os.fsync(handle)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink()
            raise
        finally:
            os.close(handle)
    except BaseException:
        target.unlink()
        raise
    sync_directory(target.parent)


def _copy(path: Path, copy: Path, progress: Callable[[int, int], None]) -> str:
    """Copy the database. Answers the revision of what was copied."""
    with closing(connect(str(path), _CACHE_MIB, _WAIT_SECONDS, None)) as source, closing(_open_copy(copy)) as target:
        source.set_busy_timeout(int(_WAIT_SECONDS * 1000))
        try:
            source.execute("BEGIN")
            if source.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").get is None:
                raise SchemaOutdated(f"{path} has no tables of Tenantry.")
            schema = str(source.execute("SELECT version_num FROM alembic_version").get)
            with target.backup("main", source, "main") as backup:
                while not backup.step(_PAGES_PER_STEP):
                    progress(backup.page_count - backup.remaining, backup.page_count)
                progress(backup.page_count, backup.page_count)
        except apsw.FullError as exc:
            raise InvalidValue("The backup does not fit on its disk. Nothing was kept of it.") from exc
        except apsw.Error as exc:
            translate(exc)
    return schema


def _open_copy(copy: Path) -> apsw.Connection:
    """Open the copy without a journal: a copy that is broken off is deleted, and a finished one is put on disk as a
    whole.
    """
    target = apsw.Connection(str(copy), apsw.SQLITE_OPEN_READWRITE)
    target.pragma("journal_mode", "off")
    target.pragma("synchronous", "off")
    return target


def _check(copy: Path) -> None:
    """Raise StoreUnavailable when the copy is not sound, in which case the database is not sound either."""
    # Without `immutable`, SQLite would make a log beside the copy.
    address = f"file:{quote(str(copy.absolute()))}?immutable=1"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    with closing(apsw.Connection(address, flags)) as connection:
        try:
            found = connection.execute("PRAGMA quick_check(1)").get
        except apsw.CorruptError as exc:
            found = str(exc)
    if found != "ok":
        raise StoreUnavailable("The database is damaged; the backup was not kept.", internal=str(found))
