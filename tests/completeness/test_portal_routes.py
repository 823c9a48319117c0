"""Walk the pages of the portal: each is for who is signed in and may, and takes no form that is not its own.

Pages need no cases: what is in the braces of their paths comes from `names_in`, what they refuse is the same for all.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tenantry.access.actions import PUBLIC, RULES
from tenantry.pages import Route
from tenantry.store.engine.interface import Store
from tests.completeness.sides import is_page
from tests.support.app import an_app
from tests.support.builders import a_user
from tests.support.portal import Portal, a_portal
from tests.support.portal_names import names_in

OWN = re.compile(r"^/(?!.*\{)")
"""An address that names nothing shows the visitor's own."""

BAD_FORMS = (b"\xff\xfe=1", b"a=" + b"x" * 5_000_000, b"{not a form", b"&".join(b"a%d=1" % n for n in range(5000)))
LEAKS = ("Traceback", "SELECT ", "sqlite", "asyncpg", "tny_")


@pytest.fixture
async def portal(store: Store) -> AsyncIterator[Portal]:
    app = await an_app(store)
    made = await a_portal(app)
    yield made
    for http in made.visitors:
        await http.aclose()
    await app.close()


def pages(portal: Portal) -> list[Route]:
    """Those that are not for everybody."""
    return [route for route in portal.app.routes() if is_page(route) and route.action not in PUBLIC]


async def test_every_page_that_takes_a_form_shows_it_at_the_same_address(portal: Portal) -> None:
    """So that a stale or signed-out form has a place to go back to. The exceptions are buttons without fields."""
    shown = {route.path for route in portal.app.routes() if is_page(route) and route.method == "GET"}
    taken = {route.path for route in portal.app.routes() if is_page(route) and route.method == "POST"}
    assert taken - shown <= {"/sign-out", "/sessions/{session_id}/end", "/sessions/end-others"}


async def test_pages_are_for_who_is_signed_in(portal: Portal, subtests: Any) -> None:
    names = await names_in(portal)
    nobody = await portal.visit(None)
    for route in pages(portal):
        with subtests.test(msg=f"{route.method} {route.path}"):
            answer = await nobody.http.request(route.method, route.path.format_map(names))
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in?next=%2F")


async def test_no_page_shows_or_changes_what_is_another_tenants(portal: Portal, subtests: Any) -> None:
    names = await names_in(portal)
    stranger = await portal.visit(portal.otto)
    await stranger.open("/phones")
    for route in pages(portal):
        if OWN.match(route.path):
            continue
        path = route.path.format_map(names)
        with subtests.test(msg=f"{route.method} {route.path}"):
            answer = await (stranger.http.get(path) if route.method == "GET" else stranger.send(path, form_id=path))
            assert answer.status_code == 404
            await stranger.open("/phones")


@pytest.mark.usefixtures("every_mark")
async def test_a_page_that_asks_for_a_role_refuses_who_has_none_and_the_trail_says_so(
    portal: Portal, subtests: Any
) -> None:
    names = await names_in(portal)
    tenant = portal.tenant
    powerless = await portal.visit(await a_user(portal.app.deps.store, tenant))
    for route in pages(portal):
        if route.action is None or not RULES[route.action].roles or route.method != "GET":
            continue
        with subtests.test(msg=f"{route.method} {route.path}"):
            answer = await powerless.open(route.path.format_map(names))
            assert answer.status_code == 403
            async with portal.app.deps.store.read() as read:
                denied = await read.all(
                    str,
                    "SELECT data FROM audit_events WHERE tenant_id = :tenant_id AND type = 'access.denied'",
                    tenant_id=tenant.id,
                )
            assert any(f'"{route.action}"' in data for data in denied)


async def test_no_page_takes_a_form_that_was_not_its_own_or_is_none(portal: Portal, subtests: Any) -> None:
    names = await names_in(portal)
    visitor = await portal.visit(portal.dana)
    form = {"content-type": "application/x-www-form-urlencoded"}
    for route in portal.app.routes():
        if not is_page(route) or route.method != "POST":
            continue
        path = route.path.format_map(names)
        with subtests.test(msg=f"{route.path} without its token"):
            answer = await visitor.http.post(path, data={"form_id": "x"})
            assert answer.status_code == 403
        for number, content in enumerate(BAD_FORMS):
            with subtests.test(msg=f"{route.path} bad form {number}"):
                answer = await visitor.http.post(path, content=content, headers=form)
                assert 400 <= answer.status_code < 500
                assert "<h1>" in answer.text
                assert not [leak for leak in LEAKS if leak in answer.text]


async def test_no_page_breaks_at_an_address_that_names_nothing(portal: Portal, subtests: Any) -> None:
    names = await names_in(portal)
    visitor = await portal.visit(portal.dana)
    for route in portal.app.routes():
        if not is_page(route) or route.method != "GET":
            continue
        for strange in ("x" * 3000, "%00", "%ff", "' OR 1=1 --", "..%2f..", "\u202e"):
            path = route.path.format_map(dict.fromkeys(names, strange) | {"digest": "0", "name": strange})
            query = f"{path}?q={strange}&after={strange}&after_name={strange}&next={strange}&show={strange}"
            with subtests.test(msg=f"{route.path} {strange[:10]}"):
                assert (await visitor.http.get(path)).status_code < 500
                assert (await visitor.http.get(query)).status_code < 500
