"""Copies SQLite's log back into the database file beside the writers, so that no commit waits for most of it.

1. Once the log is long, a thread with a connection of its own copies what is committed, while writers go on appending.
2. What was written meanwhile is little. The committer copies that between two commits, when nobody writes, so that the
   next writer begins the log anew: SQLite begins it anew only when all of it has been copied.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import apsw

from tenantry.core.log import get_logger

LONG = 16_000
"""Pages, 64 MiB in all, from which on the log is copied: a page that many transactions change is then copied once."""
_LITTLE = 500
_ROUNDS = 4

_log = get_logger()


class LogCopier:
    """What copies the log. All but `close` belongs to the committer's thread. Nothing else uses the connection
    `copier`.
    """

    def __init__(self, writer: apsw.Connection, copier: apsw.Connection) -> None:
        self._writer = writer
        self._copier = copier
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="log")
        self._copying: Future[None] | None = None
        self._pages = 0
        writer.set_wal_hook(self._note)

    def after_commit(self) -> None:
        """Begin or end a round of copying when it is time. Raises nothing: a log that is not copied only grows."""
        if self._pages < LONG:
            return
        if self._copying is None:
            self._copying = self._thread.submit(_copy, self._copier)
        elif self._copying.done():
            self._copying = None
            _try_to_copy(self._writer)

    def close(self) -> None:
        """Wait for the running round."""
        self._thread.shutdown()
        self._copier.close()

    def _note(self, _connection: apsw.Connection, _schema: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK


def _copy(connection: apsw.Connection) -> None:
    """Copy until little is left, or the writers are quicker."""
    for _ in range(_ROUNDS):
        if _try_to_copy(connection) < _LITTLE:
            return


def _try_to_copy(connection: apsw.Connection) -> int:
    """Copy the log. Answers how many pages are left. A log that cannot be copied now, because of a reader or a full
    disk, is tried again later.
    """
    try:
        length, copied = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    except apsw.BusyError:
        return 0
    except apsw.Error as exc:
        _log.warning("the log could not be copied into the database file", reason=str(exc))
        return 0
    return max(length - copied, 0)
