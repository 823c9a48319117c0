"""What no surface serves: a head that is too long, or that does not say once for which host it is."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tenantry.store import Store
from tenantry.surfaces.shared.head import LONGEST_LINE, fault_of
from tests.support.app import an_app, client_for

ADDRESSES = {
    "kaizala": "/kaizala/v1/groups",
    "partner_center": "/partnercenter/v1/customers/x/users",
    "android_enterprise": "/androidenterprise/v1/enterprises/x",
    "device": "/device/v1/provision",
    "oauth": "/common/oauth2/token",
    "portal": "/sign-in",
}


def shows_form(surface: str, answer: httpx.Response) -> bool:
    """Whether the body is that of every error of the surface."""
    if surface == "portal":
        return answer.text.startswith("<!doctype html>") and "content-security-policy" in answer.headers
    body: dict[str, Any] = answer.json()
    match surface:
        case "kaizala":
            return set(body) == {"message", "errorCode", "errorCategoryKey"}
        case "partner_center":
            return set(body) == {"code", "description", "data", "source"} and "ms-requestid" in answer.headers
        case "oauth":
            return body["error"] == "invalid_request" and "AADSTS" in body["error_description"]
        case _:
            return set(body["error"]) == {"code", "message", "errors", "status"}


@pytest.mark.parametrize("surface", ADDRESSES)
@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ([("x", "y" * LONGEST_LINE)], "", 431),
        ([("y" * LONGEST_LINE, "x")], "", 431),
        ([("cookie", 'a="' + "\\" * 60_000)], "", 431),
        ([], "a=b&" * 3000, 414),
        ([("host", "a.example"), ("host", "a.example")], "", 400),
        ([("host", "a.example, b.example")], "", 400),
    ],
)
async def test_each_surface_refuses_it_in_its_own_words(
    store: Store, surface: str, headers: list[tuple[str, str]], query: str, status: int
) -> None:
    async with client_for(await an_app(store)) as client:
        for method in ("GET", "POST"):
            answer = await client.request(method, ADDRESSES[surface], params=query, headers=headers)
            assert answer.status_code == status, answer.text
            assert shows_form(surface, answer)


async def test_lines_that_are_just_short_enough_are_served(store: Store) -> None:
    async with client_for(await an_app(store)) as client:
        long = "y" * (LONGEST_LINE - 1)
        assert (await client.get("/healthz", headers={"x": long})).status_code == 200
        assert (await client.get("/healthz?" + "x" * (LONGEST_LINE - len("/healthz")))).status_code == 200


def scope(*hosts: bytes, version: str = "1.1") -> dict[str, Any]:
    headers = [(b"accept", b"*/*"), *((b"host", host) for host in hosts)]
    return {
        "http_version": version,
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": headers,
    }


@pytest.mark.parametrize(
    "host",
    [b"a", b"a.example", b"A.EXAMPLE:8080", b"a.example:", b"127.0.0.1", b"[::1]", b"[::1]:443", b"my_host", b"a.b "],
)
def test_a_host_is_one(host: bytes) -> None:
    assert fault_of(scope(host)) is None


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [b""],
        [b"a.example", b"b.example"],
        [b"a.example", b"a.example"],
        [b"a b"],
        [b"a,b"],
        [b"a/b"],
        [b"a?b"],
        [b"a@b"],
        [b"a:b"],
        [b"a:65536"],
        [b"a:1:2"],
        [b":80"],
        [b"[::1"],
        [b"::1"],
        [b"[a.example]"],
        [b"a\\b"],
        [b"\xe9.example"],
        [b"a" * 256],
    ],
)
def test_no_host_two_hosts_and_what_is_no_host_are_refused(hosts: list[bytes]) -> None:
    fault = fault_of(scope(*hosts))
    assert fault is not None
    assert fault.field == "Host"


def test_only_http_1_0_may_come_without_a_host() -> None:
    assert fault_of(scope(version="1.0")) is None
    assert fault_of(scope(b"a", b"b", version="1.0")) is not None
