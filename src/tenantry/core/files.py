"""Files that hold secrets. They are read only where nobody else can read them, and written so that nobody else ever
could.

The rules are those of ssh for its keys. A file of root's may be readable by the group of a server that does not run as
root, since services get their credentials so. A pipe is not checked: whoever made it for this process is trusted.
"""

from __future__ import annotations

import glob
import os
import secrets
import stat
from pathlib import Path


class ExposedFileError(Exception):
    """Others can read or replace the file. The text names the file, and the command that mends this."""


def require_private(path: Path) -> None:
    """Raise ExposedFileError when the file is not private. It follows links. Raises OSError."""
    _require_private(path, path.stat())


def read_private(path: Path) -> str:
    """The text of a file that is private. Raises ExposedFileError, OSError, UnicodeDecodeError."""
    with path.open(encoding="utf-8") as file:
        _require_private(path, os.fstat(file.fileno()))  # checks the open file, whatever the name leads to by now
        return file.read()


def write_private(path: Path, text: str, *, replace: bool = False) -> None:
    """Write the text so that only the file's owner can read it, from the first byte on. On return the file is on disk,
    whole, or is as it was before. What is being written stands beside it as NAME.PID.part.

    Raises FileExistsError unless the file may be replaced, OSError.
    """
    target = path.resolve() if replace else path  # a symbolic link to the file stays, and leads to the new one
    new = target.with_name(f"{target.name}.{secrets.token_hex(8)}.part") if replace else target
    # never a file or link that is there already: whoever put it there would read what is written
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        if replace and target.exists():
            _keep_owner(file.fileno(), target.stat())
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if replace:
        new.replace(target)
    sync_directory(target.parent)


def remove_unfinished(path: Path) -> None:
    """Remove the file that a killed `write_private` left beside this one. Nobody else may be writing it. Raises
    OSError.
    """
    target = path.resolve()
    for part in target.parent.glob(f"{glob.escape(target.name)}.*.part"):
        part.unlink(missing_ok=True)


def _keep_owner(handle: int, old: os.stat_result) -> None:
    """Give the new file the owner of the old one, so that the server can still read it after root has run a command."""
    if os.geteuid() == 0:
        os.fchown(handle, old.st_uid, old.st_gid)


def sync_directory(directory: Path) -> None:
    """Put the directory's entries on disk (fsync)."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _require_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        return
    is_handed_over = found.st_uid == 0 and os.geteuid() != 0
    exposed = stat.S_IMODE(found.st_mode) & (0o037 if is_handed_over else 0o077)
    if exposed:
        raise ExposedFileError(
            f"{path} holds secrets and is open to others on this machine (mode {stat.S_IMODE(found.st_mode):04o}). "
            f"Run `chmod 600 {path}`, and think of whoever may have read it: see Keys in docs/operating.md."
        )
    directory = path.resolve().parent
    mode = directory.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise ExposedFileError(
            f"{path} holds secrets, and anybody on this machine can replace it: {directory} is writable by all. "
            f"Run `chmod o-w {directory}`."
        )
