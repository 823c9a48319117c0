"""A server in a process of its own, as an operator starts it, and requests that no client library would send."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[2] / "src"


@dataclass(frozen=True)
class ServerProcess:
    """`facts` are those of the demo that it serves."""

    port: int
    pid: int
    facts: dict[str, Any]

    def send(self, request: bytes, timeout: float = 30.0) -> bytes:
        """Everything that comes back on a new connection until the server ends it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            with suppress(ConnectionError):  # refused before all of it was sent
                connection.sendall(request)
            answer = b""
            with suppress(ConnectionError):
                while piece := connection.recv(65_536):
                    answer += piece
            return answer


@contextmanager
def a_server_process(data_dir: Path, **environment: str) -> Iterator[ServerProcess]:
    """`tenantry serve --demo` on a free port; `environment` holds settings such as TENANTRY_RATE_LIMITS."""
    command = [sys.executable, "-m", "tenantry.cli", "serve", "--demo", "--data-dir", str(data_dir), "--port", "0"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TENANTRY_")}
    server = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**kept, "PYTHONPATH": str(SOURCE), **environment},
    )
    assert server.stdout is not None
    try:
        for line in server.stdout:
            if "Ctrl-C stops" in line:
                break
        facts = json.loads((data_dir / "demo.json").read_text())
        reader = threading.Thread(target=server.stdout.read)  # or it would wait for room in the pipe
        reader.start()
        yield ServerProcess(int(facts["base_url"].rpartition(":")[2]), server.pid, facts)
    finally:
        server.terminate()
        server.wait()
        reader.join()
        server.stdout.close()
