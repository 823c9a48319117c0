"""A cookie is what anybody says it is: none is read slowly, and none makes a page fail."""

from __future__ import annotations

import base64
import re

import pytest
from starlette.requests import Request

from tenantry.store import Store
from tenantry.surfaces.shared.cookies import cookie_of, take_cookies
from tests.support.app import an_app, client_for
from tests.support.builders import a_tenant, a_user
from tests.support.portal import sign_in

NAMES = [
    f"{prefix}tenantry{rest}"
    for prefix in ("", "__Host-")
    for rest in ("", "-draft", "-form", "-join", "-sign-in", "-upstream")
]
"""All that a portal on http or https sets."""

HOSTILE = {
    "empty": b"",
    "deep JSON": base64.b64encode(b"[" * 6000),
    "deep objects": base64.b64encode(b'{"a":' * 1200),
    "deep pairs": base64.b64encode(b'["/",' + b"[" * 5900),
    "a great number": base64.b64encode(b"[" + b"9" * 5900 + b"]"),
    "a draft of numbers": base64.b64encode(b'["/users/new", {"name": [' + b"1," * 2900 + b"1]}]"),
    "a draft of lists": base64.b64encode(b'["/users/new", {"name": [[[["a"]]]]}]'),
    "a draft of a surrogate": base64.b64encode(b'["/users/new", {"name": ["\\ud800\\u0000"]}]'),
    "a draft of no tenant": base64.b64encode(b'["/users/new", {"name": ["a"]}, "\\ud800"]'),
    "a draft of a deep tenant": base64.b64encode(b'["/users/new", {"name": ["a"]}, [[{}]], 1]'),
    "no base64": b"====",
    "no UTF-8": b"\xff\xfe\xc3\x28",
    "controls": b"\x01\x7f\x80",
    "quotes": b'"' * 8000,
    "escapes": b'"' + b'\\"' * 4000,
    "octals": b'"' + b"\\377" * 1900 + b'"',
    "our own kind": b"tny_ss_" + b"A" * 22 + b"_" + b"A" * 43 + b"_" + b"A" * 6,
    "half a secret": b"tny_ss_",
    "a long secret": b"tny_ss_" + b"A" * 7900,
    "percents": b"%00%ff" * 1300,
}


def cookies(*headers: bytes) -> Request:
    scope = {"type": "http", "headers": [(b"accept", b"*/*"), *((b"cookie", value) for value in headers)]}
    take_cookies(scope)
    return Request(scope)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (b"a=b", "b"),
        (b"x=y; a=b", "b"),
        (b"x=y;a=b;z", "b"),
        (b" a = b ", "b"),
        (b'a="b=="', "b=="),
        (b"a=b; a=c", "c"),
        (b"a=", ""),
        (b"a", ""),
        (b"A=b", ""),
        (b'a="b', ""),
        (b'a="b\\"c"', ""),
        (b"a=b c", ""),
        (b"a=b,c", ""),
        (b"a=\xe9", ""),
        (b"ab=c", ""),
    ],
)
def test_a_cookie_is_what_its_standard_says_and_nothing_else(header: bytes, value: str) -> None:
    assert cookie_of(cookies(header), "a") == value


def test_cookies_may_come_in_several_headers() -> None:
    assert cookie_of(cookies(b"a=b; c=d", b"e=f"), "e") == "f"
    assert cookie_of(cookies(b"a=b; c=d", b"e=f"), "c") == "d"


def test_no_framework_sees_a_cookie_that_it_might_read_slowly() -> None:
    assert cookies(b'a="\\\\\\\\"').cookies == {}


async def test_no_page_fails_for_a_hostile_cookie(store: Store) -> None:
    app = await an_app(store)
    pages = sorted(
        re.sub(r"\{[^}]*\}", "x", route.path)
        for route in app.routes()
        if route.method == "GET" and "surfaces.portal" in route.endpoint.__module__
    )
    assert len(pages) > 60
    async with client_for(app) as client:
        for number, page in enumerate(pages):
            for shift, (what, value) in enumerate(HOSTILE.items()):
                # Each page sees each value, and each name each value; not all of them at once for each.
                name = NAMES[(number + shift) % len(NAMES)]
                answer = await client.get(page, headers=[(b"cookie", name.encode() + b"=" + value)])
                assert answer.status_code < 500, (page, name, what)


@pytest.mark.parametrize("what", HOSTILE)
async def test_no_draft_makes_a_page_of_somebody_signed_in_fail(store: Store, what: str) -> None:
    app = await an_app(store)
    session = await sign_in(app, await a_user(store, await a_tenant(store)))
    kept = [f"tenantry={session}".encode(), b"tenantry-draft=" + HOSTILE[what]]
    async with client_for(app) as client:
        for page in ("/users/new", "/connectors/new", "/groups/new"):
            answer = await client.get(page, headers=[(b"cookie", value) for value in kept])
            assert answer.status_code in (200, 403, 409), page


@pytest.mark.parametrize("what", HOSTILE)
async def test_no_form_of_a_stranger_fails_for_a_hostile_cookie(store: Store, what: str) -> None:
    app = await an_app(store)
    async with client_for(app) as client:
        for name in NAMES:
            header = [(b"cookie", name.encode() + b"=" + HOSTILE[what])]
            for page in ("/sign-in", "/users/new", "/join", "/second-factor"):
                assert (await client.get(page, headers=header)).status_code < 500, (page, name)
                answer = await client.post(page, headers=header, data={"name": "a@b.example", "password": "x"})
                assert answer.status_code < 500, (page, name)
