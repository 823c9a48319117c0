"""How long `tenantry serve --demo` takes from its start to the first access token, and what memory an idle one has."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from bench.servers import Server, answer, free_port, running, serve_command, started

_FACTS = "demo.json"
_PAUSE = 0.005
_GIVE_UP = 120.0


def measure_startup(scratch: Path, runs: int) -> dict[str, float]:
    """Seconds to the first token, the median of `runs`: with an empty data directory, and with the one it left."""
    first_token(scratch / "warm-up")  # bytecode and page cache, as after `make setup`
    fresh, existing = [], []
    for number in range(runs):
        data_dir = scratch / f"startup-{number}"
        fresh.append(first_token(data_dir))
        existing.append(first_token(data_dir))
    return {"empty data directory": statistics.median(fresh), "existing data": statistics.median(existing)}


def measure_idle(scratch: Path, python: str = sys.executable) -> float:
    """MB (PSS) of one process on SQLite that has answered one token and then nothing for a second."""
    data_dir, port = scratch / "idle", free_port()
    with running(serve_command(data_dir, port, "--demo", python=python), port, {}) as server:
        _token(server, json.loads((data_dir / _FACTS).read_text()))
        time.sleep(1)
        return server.pss_mb()


def first_token(data_dir: Path, python: str = sys.executable) -> float:
    """Seconds from the start of the process to its first access token."""
    facts, port = data_dir / _FACTS, free_port()
    began = time.perf_counter()
    with started(serve_command(data_dir, port, "--demo", python=python), port, {}) as server:
        while not (facts.exists() and _token(server, json.loads(facts.read_text()))):
            server.require_alive()
            if time.perf_counter() - began > _GIVE_UP:
                raise RuntimeError("the server does not answer a token")
            time.sleep(_PAUSE)
        return time.perf_counter() - began


def _token(server: Server, facts: Mapping[str, Mapping[str, str]]) -> bool:
    """Ask for an access token. Answers False when nobody listens yet."""
    kaizala = facts["kaizala"]
    headers = {
        "applicationId": kaizala["application_id"],
        "applicationSecret": kaizala["application_secret"],
        "refreshToken": kaizala["refresh_token"],
    }
    got = answer(server.port, "/kaizala/v1/accessToken", headers)
    if got is not None and got[0] != 200:
        raise RuntimeError(f"the first token was refused: {got}")
    return got is not None
