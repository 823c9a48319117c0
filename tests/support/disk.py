"""A disk for SQLite that can be full, can fail to sync, and counts: a real VFS between SQLite and the file."""

from __future__ import annotations

import itertools

import apsw

_numbers = itertools.count(1)


class Disk(apsw.VFS):
    """Open a store with `vfs=disk.name`. `full` and `sync_fails` hit the write-ahead log; `log_syncs` counts."""

    def __init__(self) -> None:
        self.name = f"test-disk-{next(_numbers)}"
        self.full = False
        self.sync_fails = False
        self.log_syncs = 0
        super().__init__(self.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> _File:  # noqa: N802 - SQLite's name
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        self._is_log = bool(flags[0] & apsw.SQLITE_OPEN_WAL)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self._is_log and self._disk.full:
            raise apsw.FullError("the disk is full")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        if self._is_log:
            self._disk.log_syncs += 1
            if self._disk.sync_fails:
                raise apsw.IOError("the disk does not answer")
        super().xSync(flags)
