"""One server process on one core: start it as a user would, ask the kernel what it costs, stop it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
"""The load generator and PostgreSQL share the other core, if there is one."""

PUBLIC_URL = "http://bench.example"
"""The issuer, so that tokens minted before a server has its port are good on it."""

_TICKS = os.sysconf("SC_CLK_TCK")
_ALL_THREADS = 2
_START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Server:
    """A running server process that listens on `port` of 127.0.0.1."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def pid(self) -> int:
        return self.process.pid

    def require_alive(self) -> None:
        """Raise RuntimeError, which names the command, when the process has ended."""
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.process.args!r} ended with {self.process.returncode}")

    def cpu_seconds(self) -> float:
        """User and system time of all threads of the process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def cpu_nanoseconds(self) -> int:
        """The same, exactly: by the clock that clock_getcpuclockid(3) names."""
        return time.clock_gettime_ns((~self.pid << 3) | _ALL_THREADS)

    def pss_mb(self) -> float:
        """The memory of the process in MB; of pages that are shared, its share."""
        return self._memory_mb("Pss:")

    def anonymous_mb(self) -> float:
        """The memory in MB without the pages of files, which the kernel could take back."""
        return self._memory_mb("Pss_Anon:")

    def _memory_mb(self, field: str) -> float:
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1000


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keep the processes that are started in the block on this core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def serve_command(data_dir: Path, port: int, *options: str, python: str = sys.executable) -> list[str]:
    """The command line of `tenantry serve`. `python`: the interpreter of the environment that it is installed in."""
    return [python, "-m", "tenantry.cli", "serve", "--data-dir", str(data_dir), "--port", str(port), *options]


def floor_command(data_dir: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "bench.floor", str(data_dir), str(port)]


@contextmanager
def running(command: list[str], port: int, settings: Mapping[str, str]) -> Iterator[Server]:
    """Start the command, wait until it answers on `port`, and stop it at the end of the block. `settings` are its only
    `TENANTRY_*` variables.
    """
    with started(command, port, settings) as server:
        give_up = time.monotonic() + _START_SECONDS
        while answer(port, "/healthz") is None:
            server.require_alive()
            if time.monotonic() > give_up:
                raise RuntimeError(f"{command} does not answer")
            time.sleep(0.02)
        yield server


@contextmanager
def started(command: list[str], port: int, settings: Mapping[str, str]) -> Iterator[Server]:
    """As `running`, without waiting for an answer. Raises RuntimeError at the end when the server died meanwhile."""
    unwanted = ("TENANTRY_", "PYTHONDONTWRITEBYTECODE")  # an installed server has its bytecode
    outside = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    with on_core(SERVER_CORE):
        process = subprocess.Popen(command, env={**outside, **settings}, stdout=subprocess.DEVNULL)
    try:
        server = Server(process, port)
        yield server
        server.require_alive()
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


def answer(port: int, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes] | None:
    """Status and body of one GET; None when nobody listens yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_START_SECONDS)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.read()
    except (ConnectionError, http.client.HTTPException):
        return None
    finally:
        connection.close()
