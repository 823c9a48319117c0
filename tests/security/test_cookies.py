"""A cookie is what anybody says it is: none is read slowly, and none makes a page fail."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from starlette.requests import Request

import tenantry
from tenantry.access.actions import RoleId
from tenantry.store import Store
from tenantry.surfaces.shared.cookies import cookie_of, take_cookies
from tests.support.app import an_app, client_for
from tests.support.builders import a_tenant, a_user
from tests.support.portal import sign_in

NAMES = sorted(
    {
        found[1] + ("0123456789ab" if found[1].endswith("-") else "")
        for file in (Path(tenantry.__file__).parent / "surfaces" / "portal").rglob("*.py")
        for found in re.finditer('"((?:__Host-)?tenantry(?:-[a-z-]+)?)"', file.read_text())
    }
)
"""Every name of a cookie that the portal's source knows, on http or https."""

HOSTILE = {
    "empty": b"",
    "deep JSON": base64.b64encode(b"[" * 6000),
    "deep objects": base64.b64encode(b'{"a":' * 1200),
    "deep pairs": base64.b64encode(b'["/",' + b"[" * 5900),
    "a great number": base64.b64encode(b"[" + b"9" * 5900 + b"]"),
    "no base64": b"====",
    "no UTF-8": b"\xff\xfe\xc3\x28",
    "controls": b"\x01\x7f\x80",
    "quotes": b'"' * 8000,
    "escapes": b'"' + b'\\"' * 4000,
    "octals": b'"' + b"\\377" * 1900 + b'"',
    "our own kind": b"tny_ss_" + b"A" * 22 + b"_" + b"A" * 43 + b"_" + b"A" * 6,
    "half a secret": b"tny_ss_",
    "no browser": b"a.b.9.c",
    "a browser of nobody": b".".join([b"0" * 8 + b"-0000-4000-8000-" + b"0" * 12] * 2 + [b"9" * 18, b"f" * 64]),
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


def test_the_names_are_those_of_every_cookie() -> None:
    assert {"tenantry", "tenantry-browser", "tenantry-draft", "tenantry-form", "tenantry-join"} <= set(NAMES)
    assert {"__Host-tenantry-sign-in", "__Host-tenantry-upstream-0123456789ab"} <= set(NAMES)


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


DRAFTS = {
    "numbers": "[PAGE, {FIELD: [" + "1," * 2900 + "1]}]",
    "lists": "[PAGE, {FIELD: [[[[0]]]]}]",
    "a text": "[PAGE, {FIELD: 1}]",
    "texts that nobody can store": '[PAGE, {FIELD: ["\\ud800\\u0000"]}]',
    "names that nobody can store": '[PAGE, {FIELD: ["a"], "\\ud800": ["\\ud800"]}]',
    "no tenant": '[PAGE, {FIELD: ["a"]}, "\\ud800"]',
    "a deep tenant": '[PAGE, {FIELD: ["a"]}, [[{}]], 1]',
    "no form": "[PAGE, [FIELD]]",
    "no more": "[PAGE]",
}


@pytest.mark.parametrize("what", [*HOSTILE, *DRAFTS])
async def test_no_draft_makes_a_page_of_somebody_signed_in_fail(store: Store, what: str) -> None:
    app = await an_app(store)
    boss = await a_user(store, await a_tenant(store), roles=[RoleId.GLOBAL_ADMINISTRATOR])
    session = f"tenantry={await sign_in(app, boss)}".encode()
    async with client_for(app) as client:
        for page, field in {"/users/new": "display_name", "/connectors/new": "name", "/groups/new": "name"}.items():
            filled = DRAFTS.get(what, "").replace("PAGE", f'"{page}"').replace("FIELD", f'"{field}"').encode()
            draft = HOSTILE.get(what) or base64.urlsafe_b64encode(filled)
            kept = [(b"cookie", session), (b"cookie", b"tenantry-draft=" + draft)]
            answer = await client.get(page, headers=kept)
            # What no header may hold, the server's parser refuses before there is a request.
            assert answer.status_code in ((400,) if what == "controls" else (200, 409)), page


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
