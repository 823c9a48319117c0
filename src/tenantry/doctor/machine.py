"""The machine: interpreter, clock, open files, disk."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import sysconfig
from pathlib import Path

from tenantry.doctor.finding import Finding, fine, look, mend

WANTED_FILES = 65_536
FEW_FILES = 4_096
LITTLE_ROOM = 1 << 30
"""Bytes; below a tenth of this nothing new should be begun."""
_NETWORK_FILE_SYSTEMS = {
    "9p",
    "afs",
    "ceph",
    "cifs",
    "fuse.sshfs",
    "glusterfs",
    "lustre",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
}
_CLOCK_IS_LOST = 5
"""TIME_ERROR of adjtimex(2): nothing has set the clock, or not for long."""
_TIMEX_BYTES = 256
"""More than any system's `struct timex`, which begins with what is to be changed: 0, nothing."""


def interpreter() -> Finding:
    """Whether Python was built for speed. One without optimisation answers a tenth slower, a debug build is several
    times as slow.
    """
    version = "Python " + ".".join(map(str, sys.version_info[:3]))
    if hasattr(sys, "gettotalrefcount"):
        return mend("interpreter", f"{version} is a debug build.", "Install a Python that was built for use.")
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    if arguments and "--enable-optimizations" not in arguments:
        return look(
            "interpreter",
            f"{version} was built without --enable-optimizations, which costs about a tenth of the speed.",
            "Take your distribution's Python, or build with that flag.",
        )
    return fine("interpreter", f"{version}, built for speed.")


def clock() -> Finding:
    """Whether something keeps the clock right: tokens, codes and seals go by it. Asks the kernel, changes nothing."""
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (AttributeError, OSError):
        state = -1
    if state == _CLOCK_IS_LOST:
        return look(
            "clock",
            "The kernel says that nothing keeps the clock right.",
            "Start a time service, such as systemd-timesyncd or chrony, here or on the machine that this one runs on.",
        )
    if state < 0:
        return look("clock", "This system does not say whether its clock is kept right.", "Look with `timedatectl`.")
    return fine("clock", "A time service keeps it.")


def files() -> Finding:
    """How many files, and so connections, a process may have."""
    try:
        import resource
    except ModuleNotFoundError:  # not a POSIX system
        return fine("open files", "This system has no limit of them.")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY or hard >= WANTED_FILES:
        return fine("open files", f"A process may have {WANTED_FILES} and more.")
    how = f"Say LimitNOFILE={WANTED_FILES} in the unit of the service. A shell's own limit is `ulimit -Hn`."
    found = f"A process may have {hard} open files here, and so fewer connections than that."
    return mend("open files", found, how) if hard < FEW_FILES else look("open files", found, how)


def disk(data_dir: Path) -> list[Finding]:
    """Whether the disk of the data has room, and a kind of file system that databases are safe on."""
    if not data_dir.is_dir():
        return [mend("disk", f"There is no directory {data_dir}.", f"Run `tenantry init --data-dir {data_dir}`.")]
    room = shutil.disk_usage(data_dir).free
    found = f"{room / (1 << 30):.1f} GiB are free at {data_dir}."
    how = "The trail only grows: make room before a write fails."
    findings = [fine("disk", found) if room >= LITTLE_ROOM else mend("disk", found, how)]
    kind = _file_system_of(data_dir)
    if kind in _NETWORK_FILE_SYSTEMS:
        findings.append(
            mend(
                "file system",
                f"{data_dir} is on {kind}, over a network: SQLite's locks and its log do not hold there.",
                "Keep the data directory on a disk of this machine, or the data in PostgreSQL.",
            )
        )
    return findings


def _file_system_of(path: Path) -> str:
    """The kind of the path's file system, as Linux lists it; empty where the system does not say."""
    try:
        lines = Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    found = os.path.realpath(path)
    kinds = {mount.replace("\\040", " "): kind for _, mount, kind, *_ in map(str.split, lines)}
    while found not in kinds and found != "/":
        found = os.path.dirname(found)  # noqa: PTH120 - of a text
    return kinds.get(found, "")
