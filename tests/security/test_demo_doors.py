"""A demo is for nobody's data, and shows what it would send to whoever sits at the machine only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tenantry.app import App
from tenantry.core.errors import FailedPrecondition
from tenantry.demo.data import ensure_demo
from tenantry.store import Store
from tests.cli.test_serve import ENVIRONMENT, initialised, refusal
from tests.support.app import an_app
from tests.support.builders import a_tenant


def test_a_demo_does_not_start_in_a_directory_that_was_prepared_for_real_data(tmp_path: Path) -> None:
    initialised(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    code, sentence = refusal(tmp_path, "--demo")
    assert code == 78
    assert "real data" in sentence
    assert "--data-dir" in sentence
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


async def test_a_demo_does_not_start_on_a_database_that_holds_an_organisation(store: Store, tmp_path: Path) -> None:
    real = await a_tenant(store, name="Contoso")
    app = await an_app(store, demo=True, data_dir=tmp_path)
    with pytest.raises(FailedPrecondition, match="Contoso"):
        await ensure_demo(app.deps)
    async with store.read() as read:
        assert await read.all(str, "SELECT id FROM tenants") == [real.id]
    assert not (tmp_path / "demo.json.new").exists()
    await app.close()


async def test_a_demo_to_which_an_organisation_was_added_does_not_start_again(store: Store, tmp_path: Path) -> None:
    app = await an_app(store, demo=True, data_dir=tmp_path)
    await ensure_demo(app.deps)
    assert not (await ensure_demo(app.deps)).is_new
    await a_tenant(store, name="Contoso")
    with pytest.raises(FailedPrecondition, match="Contoso"):
        await ensure_demo(app.deps)
    await app.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "id.example.com"])
def test_a_demo_does_not_listen_where_others_reach_it_unless_that_is_said_twice(tmp_path: Path, host: str) -> None:
    code, sentence = refusal(tmp_path / "new", "--demo", "--host", host)
    assert code == 78
    assert "--demo-on-any-address" in sentence
    assert not (tmp_path / "new").exists()


def test_a_demo_listens_on_any_address_when_that_is_said_twice(tmp_path: Path) -> None:
    command = [*(sys.executable, "-m", "tenantry.cli", "serve", "--demo", "--demo-on-any-address")]
    command += ["--host", "0.0.0.0", "--port", "0", "--data-dir", str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT)
    assert server.stdout is not None
    try:
        assert any("Ctrl-C stops" in line for line in server.stdout)
    finally:
        server.terminate()
        server.stdout.close()
        server.wait()


def _from(app: App, address: str, host: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(address, 50000))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


HERE, ELSEWHERE = ("127.0.0.1", "127.0.0.1:8080"), ("192.0.2.1", "id.example.com")


@pytest.mark.parametrize(
    ("address", "host", "headers", "status"),
    [
        (*HERE, {}, 200),
        ("127.0.0.1", "localhost:8080", {}, 200),
        ("::1", "[::1]:8080", {}, 200),
        (*ELSEWHERE, {}, 404),
        ("192.0.2.1", "127.0.0.1", {}, 404),
        ("127.0.0.1", "rebound.example", {}, 404),
        ("127.0.0.1", "127.0.0.1.rebound.example", {}, 404),
        (*HERE, {"X-Forwarded-For": "192.0.2.1"}, 404),
        (*HERE, {"X-Forwarded-For": "127.0.0.1"}, 404),
        (*HERE, {"Forwarded": "for=192.0.2.1"}, 404),
        (*HERE, {"X-Real-IP": "192.0.2.1"}, 404),
        (*HERE, {"Via": "1.1 proxy"}, 404),
        (*HERE, {"X-Forwarded-Proto": "https"}, 404),
        (*HERE, {"CF-Connecting-IP": "192.0.2.1"}, 404),
    ],
)
async def test_nobody_elsewhere_passes_a_door_of_the_demo(
    store: Store, address: str, host: str, headers: dict[str, str], status: int
) -> None:
    app = await an_app(store, demo=True)
    doors = [(route.method, route.path) for route in app.routes() if route.path.startswith("/dev/")]
    assert len(doors) == 3
    async with _from(app, address, host) as client:
        for method, path in doors:
            answer = await client.request(method, f"{path}?validationToken=a", headers=headers)
            assert answer.status_code == status, (method, path)
    await app.close()


async def test_without_a_demo_there_is_no_door_even_where_any_address_was_allowed(store: Store) -> None:
    app = await an_app(store, demo_on_any_address=True)
    async with _from(app, *HERE) as client:
        for path in ("/dev/inbox", "/dev/webhook"):
            assert (await client.get(path)).status_code == 404
    await app.close()
