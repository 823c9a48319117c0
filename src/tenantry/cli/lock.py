"""The lock of a data directory. Servers hold it together; a command that no server may run beside holds it alone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenantry.cli.common import fail

_FILE = "server.lock"


@contextmanager
def serving(data_dir: Path) -> Iterator[None]:
    """Hold the lock as a server. Exits with 75 while a command holds it alone."""
    with _locked(data_dir, fcntl.LOCK_SH, "The master key is being changed. Start again when that is done."):
        yield


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Hold the lock alone. Exits with 75 while a server runs."""
    with _locked(data_dir, fcntl.LOCK_EX, "A server is running on this data directory. Stop it, then run this again."):
        yield


@contextmanager
def _locked(data_dir: Path, kind: int, otherwise: str) -> Iterator[None]:
    try:
        handle = os.open(data_dir / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:  # the data directory is read only, so there is nothing to lock against
        yield
        return
    try:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(otherwise, 75)
        yield
    finally:
        os.close(handle)
