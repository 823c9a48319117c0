"""One run of wrk against a server, and what came of it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from bench.servers import LOAD_CORE, Server, on_core

CONNECTIONS = 64
TIMEOUT = 10  # seconds

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Requests:
    """A file of whole HTTP requests, all of one length. `once`: each works a single time, so no run may repeat one."""

    file: Path
    length: int
    count: int
    first: int = 0
    once: bool = False
    script: str = "replay.lua"

    def part(self, number: int, parts: int) -> Requests:
        """The part `number` of `parts`, from 0, of requests that work once; all requests where they work again."""
        if not self.once:
            return self
        size = self.count // parts
        return replace(self, first=self.first + number * size, count=size)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one run. Times are milliseconds; `cpu` is the server's, in microseconds for each request.

    `refused`: answers that are no success. `broken`: connections that failed, and answers that took over TIMEOUT.
    """

    rate: float
    p50: float
    p99: float
    cpu: float
    pss: float
    anonymous: float
    refused: int
    broken: int


def is_wrk_there() -> bool:
    return shutil.which("wrk") is not None


def measure(server: Server, requests: Requests, seconds: int) -> Run:
    """Send requests for `seconds` over CONNECTIONS connections, on each another one as soon as one is answered."""
    before = server.cpu_seconds()
    load = start_load(server, requests, seconds)
    answered, micros, p50, p99, refused, broken = result_of(load)
    used = server.cpu_seconds() - before
    return Run(
        rate=answered / micros * 1e6,
        p50=p50 / 1000,
        p99=p99 / 1000,
        cpu=used / max(answered, 1) * 1e6,
        pss=server.pss_mb(),
        anonymous=server.anonymous_mb(),
        refused=refused,
        broken=broken,
    )


def start_load(server: Server, requests: Requests, seconds: int) -> subprocess.Popen[str]:
    """Start wrk, which sends the requests. `result_of` waits for its end."""
    command = [
        *("wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s"),
        *("--timeout", f"{TIMEOUT}s"),
        *("--script", str(_HERE / requests.script), f"http://127.0.0.1:{server.port}", "--", str(requests.file)),
        *map(str, (requests.length, requests.first, requests.count, "once" if requests.once else "random")),
    ]
    with on_core(LOAD_CORE):
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def result_of(load: subprocess.Popen[str]) -> tuple[int, ...]:
    """What wrk says at its end: requests answered, microseconds taken, p50 and p99 (microseconds), refused, broken.
    Raises RuntimeError when wrk has failed.
    """
    output, _ = load.communicate()
    if load.returncode:
        raise RuntimeError(f"{load.args!r} ended with {load.returncode}")
    line = next(line for line in output.splitlines() if line.startswith("RESULT "))
    return tuple(map(int, line.split()[1:]))
