"""Recorded requests of real clients, replayed in order against a fresh demo server for each client.

Those whose operation is not here yet stand in `wire/not_yet.json`, and nowhere else: an answer that is wrong must be in
that list, and one that is right must not.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tenantry.app import App, build
from tenantry.connectors.service_accounts import generate_key_pair
from tenantry.demo.data import ensure_demo
from tenantry.demo.facts import KEY_FILE, Facts
from tenantry.directory.passwords import PasswordHasher
from tenantry.store import open_store
from tests.support.app import some_settings
from tests.support.server import a_running_server
from tests.support.wire_judge import is_not_offered
from tests.support.wire_replay import FOLDER, HOSTS, REDIRECT_URI, Replay, files

FILES = files()
NO_DEVICE_FLOW = {"2 discovery", "3 discovery", "9 device flow", "10 device flow", "11 device flow"}
"""Of `msal-python`: OAuth has no words for what is not offered."""
NOT_YET: dict[str, list[str]] = json.loads((FOLDER / "not_yet.json").read_text())


@pytest.fixture(scope="module")
def key_pair() -> Future[tuple[str, str]]:
    """One for all: it is slow to make."""
    made: Future[tuple[str, str]] = Future()
    made.set_result(generate_key_pair())
    return made


@pytest.mark.parametrize("client", FILES)
@asynccontextmanager
async def a_demo_server(sqlite_url: str, data_dir: Path, key_pair: Future[tuple[str, str]]) -> AsyncIterator[Replay]:
    """With its address, its facts, and the content of its key file."""
    store = await open_store(sqlite_url)
    facts: list[Facts] = []

    async def make_app(address: str) -> App:
        settings = some_settings(
            data_dir=data_dir, public_url=address, demo=True, rate_limits="on", host_roots=HOSTS, cors_origins=["*"]
        )
        app = await build(settings, store=store)
        object.__setattr__(app.deps, "passwords", PasswordHasher(memory_kib=64, passes=1, workers=1))
        facts.append((await ensure_demo(app.deps, key_pair)).facts)
        connector_id = facts[0]["partner_center"]["client_id"]
        async with store.write() as tx:
            addresses = json.dumps([REDIRECT_URI])
            sql = "UPDATE connectors SET redirect_uris = :addresses WHERE id = :connector_id"
            await tx.run(sql, addresses=addresses, connector_id=connector_id)
        return app

    async with a_running_server(make_app) as address:
        yield Replay(address, facts[0], json.loads((data_dir / KEY_FILE).read_text()))
    await store.close()


@pytest.mark.parametrize("client", FILES)
async def test_a_recorded_client_is_answered_right_or_the_call_is_listed_as_not_here_yet(
    client: str, sqlite_url: str, tmp_path: Path, key_pair: Future[tuple[str, str]]
) -> None:
    async with a_demo_server(sqlite_url, tmp_path, key_pair) as replay:
        found = await asyncio.to_thread(replay.run, FILES[client])
    named = {line["seq"]: f"{line['seq']} {line['operation']}" for line in FILES[client]}
    assert found.keys() == named.keys()
    listed = set(NOT_YET.get(client, []))
    wrong = {named[seq]: faults for seq, faults in found.items() if faults}
    unlisted = {name: faults for name, faults in wrong.items() if name not in listed}
    assert not unlisted, f"These are wrong: {json.dumps(unlisted, indent=2)}"
    assert not listed - wrong.keys(), f"These are right, or left out: take them from the list. {listed - wrong.keys()}"
    said = {named[seq] for seq, answer in replay.answers.items() if is_not_offered(answer)}
    if client == "msal-python":
        said |= NO_DEVICE_FLOW
    assert not listed - said, f"These operations are here, so their answers are to be right: {listed - said}"


def test_the_list_of_what_is_not_here_yet_only_shrinks() -> None:
    assert NOT_YET.keys() <= FILES.keys()
    assert sum(map(len, NOT_YET.values())) <= 187
