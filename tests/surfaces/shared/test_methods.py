"""HEAD, OPTIONS and `Allow` at every address of the running app, whichever surface and however it routes."""

from __future__ import annotations

import re
from collections import defaultdict

import httpx
import pytest

from tenantry.app import App
from tenantry.store import Store, open_store
from tests.support.app import an_app, client_for
from tests.support.portal import a_portal

ID = "0a1b2c3d-0000-4000-8000-fedcba987654"
NAMES = {
    "android": "LC0bf1778034",
    "digest": "x",
}


def address_of(path: str) -> str:
    """One address of the route."""
    return re.sub(r"\{[^}]*\}", ID, path)


async def taken(app: App) -> dict[str, set[str]]:
    """What each address takes, by the routes."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for route in app.routes():
        found[address_of(route.path)].add(route.method)
    return found


@pytest.fixture
async def app(sqlite_url: str) -> App:
    store = await open_store(sqlite_url)
    return await an_app(store, demo=True)


def of(answer: httpx.Response) -> set[str]:
    return set(answer.headers["allow"].split(", "))


async def test_head_is_answered_wherever_get_is_as_get_without_a_body(app: App) -> None:
    async with client_for(app) as client:
        for address, methods in (await taken(app)).items():
            if "GET" not in methods or "HEAD" in methods:
                continue
            got, head = await client.get(address), await client.head(address)
            assert (head.status_code, head.content) == (got.status_code, b""), address
            assert head.headers.get("content-type") == got.headers.get("content-type"), address
            if "content-length" in got.headers and address != "/metrics":
                # Ids and forms' tokens are as long in each answer.
                assert abs(int(head.headers["content-length"]) - int(got.headers["content-length"])) < 8, address
    await app.close()


async def test_a_method_that_an_address_does_not_take_is_refused_with_all_that_it_takes(app: App) -> None:
    everywhere = await taken(app)
    async with client_for(app) as client:
        for address, methods in everywhere.items():
            for method in {"DELETE", "GET", "PATCH", "POST", "PUT", "TRACE", "PROPFIND"} - methods:
                answer = await client.request(method, address)
                if answer.status_code != 405:
                    # Not offered here, or another name for a method that is taken.
                    assert answer.status_code in (400, 401, 403, 404), (method, address)
                    assert "androidenterprise" in address or "/v1" in address or "kaizala" in address, (method, address)
                    continue
                assert methods <= of(answer), (method, address)
                assert method not in of(answer), (method, address)
                assert "OPTIONS" in of(answer), (method, address)
                assert ("HEAD" in of(answer)) == bool({"GET", "HEAD"} & of(answer)), (method, address)
    await app.close()


async def test_options_is_answered_wherever_anything_is(app: App) -> None:
    async with client_for(app) as client:
        for address, methods in (await taken(app)).items():
            answer = await client.options(address)
            assert answer.status_code == 200, address
            assert methods <= of(answer), address
        assert (await client.options("/nothing/here")).status_code == 404
        assert (await client.options("/kaizala/v1/nothing")).status_code == 404
    await app.close()


@pytest.mark.parametrize(
    ("method", "address", "words"),
    [
        ("DELETE", "/kaizala/v1/groups", '"errorCode":"MethodNotAllowed"'),
        ("POST", "/KAIZALA//V1/accesstoken/", '"errorCode":"MethodNotAllowed"'),
        ("PUT", f"/partnercenter/v1/customers/{ID}/users/", '"source":"PartnerApiServiceControllers"'),
        ("GET", "/generatetoken", '"error":"invalid_request"'),
        ("GET", "/common/oauth2/token", '"error":"invalid_request"'),
        ("POST", "/.well-known/jwks.json", '"error":"invalid_request"'),
        ("GET", "/androidenterprise/v1/enterprises/LC1/users/1/authenticationToken", '"reason":"httpMethodNotAllowed"'),
        ("GET", "/device/v1/provision", '"reason":"httpMethodNotAllowed"'),
        ("POST", "/healthz", '"error":"method_not_allowed"'),
        ("DELETE", "/sign-in", "<!doctype html>"),
    ],
)
async def test_each_surface_says_so_in_its_own_words(store: Store, method: str, address: str, words: str) -> None:
    async with client_for(await an_app(store)) as client:
        answer = await client.request(method, address)
        assert answer.status_code == 405
        assert words in answer.text
        assert answer.headers["allow"]


async def test_a_preflight_is_still_answered_by_who_knows_the_origins(store: Store) -> None:
    async with client_for(await an_app(store)) as client:
        asked = {"origin": "https://app.example", "access-control-request-method": "GET"}
        answer = await client.options("/kaizala/v1/accessToken", headers=asked)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "*"


async def test_what_asks_for_no_address_has_an_answer(store: Store) -> None:
    app = await an_app(store)

    async def ask(method: str, path: str) -> tuple[int, dict[str, str]]:
        sent = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"a.example")],
            "client": ("192.0.2.1", 1),
            "server": ("127.0.0.1", 80),
            "state": {},
        }

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        await app(scope, receive, send)  # type: ignore[arg-type]
        headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}  # type: ignore[attr-defined]
        return sent[0]["status"], headers  # type: ignore[return-value]

    status, headers = await ask("OPTIONS", "*")
    assert (status, headers["allow"]) == (200, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")
    for method, path in [("GET", "*"), ("POST", ""), ("GET", "a.example:80"), ("OPTIONS", "a"), ("HEAD", "")]:
        assert (await ask(method, path))[0] == 400, (method, path)
    for path in ("//", "//a.example/x", "/%00", "/\0", "/a\\b", "/..", "/../healthz", "/a/./b"):
        assert (await ask("GET", path))[0] == 404, path


async def test_head_of_pages_and_exports_of_somebody_signed_in_is_as_get(app: App) -> None:
    portal = await a_portal(app)
    visitor = await portal.visit(portal.dana)
    pages = sorted({route.path for route in app.routes() if route.method == "GET" and route.path.startswith("/")})
    pages = [page for page in pages if not re.search(r"[{(\\]", page) and "surfaces" not in page]
    assert any("csv" in page or "export" in page for page in pages)
    for page in pages:
        got, head = await visitor.http.get(page), await visitor.http.head(page)
        assert (head.status_code, head.content) == (got.status_code, b""), page
        assert head.headers.get("content-disposition") == got.headers.get("content-disposition"), page
    for http in portal.visitors:
        await http.aclose()
    await app.close()
