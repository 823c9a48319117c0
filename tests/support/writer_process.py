"""Processes that write to a store and say so, made to be killed.

Run as a program it imports the store once, then copies itself for each line `URL PREFIX FIFO` on its input and answers
with the copy's process id: a start costs milliseconds, not an import. The copy writes each id to the named pipe as soon
as it has left that id's write block.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import tenantry.store.engine.sqlite  # noqa: F401 - imported once for all copies
from tenantry.store import open_store
from tenantry.store.engine.interface import Writes
from tests.support.slots import in_a_slot

WRITERS = 8


async def insert(tenant: str, now: int, tx: Writes) -> bool:
    await tx.run("INSERT INTO tenants (id, name, created_at) VALUES (:id, :id, :now)", id=tenant, now=now)
    return True


async def write_and_tell(url: str, prefix: str, answers: int) -> None:
    """Eight writers at once insert tenants for ever, each second one by slots."""
    store = await open_store(url)

    async def write(writer: int) -> None:
        n = 0
        while True:
            n += 1
            tenant = f"{prefix}-{writer}-{n}"
            if writer % 2:
                assert await in_a_slot(store, partial(insert, tenant, n))
            else:
                async with store.write() as tx:
                    await insert(tenant, n, tx)
            os.write(answers, f"{tenant}\n".encode())

    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))


class WriterProcesses:
    """Starts writers and kills them."""

    def __enter__(self) -> Self:
        self._origin = subprocess.Popen(
            [sys.executable, "-m", "tests.support.writer_process"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._origin.communicate()

    def live_and_die(self, url: str, prefix: str, fifo: Path, answers_until_kill: int) -> set[str]:
        """Start a writer and kill it right after its n-th answer; every id it has acknowledged."""
        assert self._origin.stdin is not None
        assert self._origin.stdout is not None
        fifo.unlink(missing_ok=True)
        os.mkfifo(fifo)
        self._origin.stdin.write(f"{url} {prefix} {fifo}\n")
        pid = int(self._origin.stdout.readline())
        told = b""
        with fifo.open("rb", buffering=0) as answers:
            while told.count(b"\n") < answers_until_kill:
                piece = answers.read(1)
                assert piece, "the writer ended by itself"
                told += piece
            os.kill(pid, signal.SIGKILL)
            told += answers.read()  # answers given before the signal came
        return set(told.decode().split())


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries the copies
    for line in sys.stdin:
        url, prefix, fifo = line.split()
        pid = os.fork()
        if pid == 0:
            asyncio.run(write_and_tell(url, prefix, os.open(fifo, os.O_WRONLY)))
        print(pid, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
