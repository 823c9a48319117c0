"""The one callable: which part answers, what nobody owns, what fails, what is counted."""

from __future__ import annotations

from typing import Any

from tenantry.app import App
from tenantry.core.errors import StoreUnavailable
from tenantry.store.engine.interface import Store
from tests.support.app import an_app, client_for


async def test_an_address_nobody_owns_is_a_page_that_says_so(store: Store) -> None:
    async with client_for(await an_app(store)) as client:
        answer = await client.get("/nothing/here")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_stranger_at_the_root_is_sent_to_the_sign_in(store: Store) -> None:
    async with client_for(await an_app(store)) as client:
        answer = await client.get("/")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


async def test_alive_and_ready_are_two_questions(store: Store, monkeypatch: Any) -> None:
    app = await an_app(store)
    async with client_for(app) as client:
        assert (await client.get("/readyz")).status_code == 200

        def read() -> Any:
            raise StoreUnavailable

        monkeypatch.setattr(type(store), "read", lambda _self: read())
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert (await client.get("/healthz")).status_code == 200


async def test_a_host_root_shows_one_surface_at_its_root(store: Store) -> None:
    app = await an_app(store, host_roots={"kms.example.com": "/kaizala"})
    async with client_for(app) as client:
        here = await client.get("/v1/groups", headers={"host": "KMS.example.com:443"})
        there = await client.get("/kaizala/v1/groups")
        elsewhere = await client.get("/v1/groups")
    assert here.status_code == there.status_code == 401
    assert here.json() == there.json()
    assert elsewhere.status_code == 404


async def test_a_bug_is_answered_with_its_correlation_id_only(store: Store, monkeypatch: Any) -> None:
    def read(_self: Store) -> Any:
        raise RuntimeError("password=hunter2")

    app = await an_app(store)
    monkeypatch.setattr(type(store), "read", read)
    async with client_for(app) as client:
        answer = await client.get("/readyz", headers={"X-Request-Id": "abc-1"})
    assert answer.status_code == 500
    assert answer.json() == {"error": "server_error", "correlation_id": "abc-1"}


async def test_requests_and_tokens_are_counted(store: Store) -> None:
    app = await an_app(store, metrics_from=["192.0.2.0/24"])
    async with client_for(app) as client:
        await client.get("/kaizala/v1/accessToken")
        text = (await client.get("/metrics")).text
    assert 'tenantry_tokens_total{outcome="refused",surface="kaizala"} 1.0' in text


async def test_metrics_can_be_switched_off(store: Store) -> None:
    async with client_for(await an_app(store, metrics=False)) as client:
        assert (await client.get("/metrics")).status_code == 404


async def test_the_inbox_is_there_in_demo_mode_only(store: Store) -> None:
    async with client_for(await an_app(store)) as client:
        assert (await client.get("/dev/inbox")).status_code == 404
    async with client_for(await an_app(store, demo=True, demo_on_any_address=True)) as client:
        assert (await client.get("/dev/inbox")).status_code == 200


async def test_each_route_names_its_action(store: Store) -> None:
    app: App = await an_app(store)
    assert [route for route in app.routes() if route.action is None] == []
    paths = {route.path for route in app.routes()}
    assert {"/healthz", "/kaizala/v1/accessToken", "/device/v1/provision"} <= paths
