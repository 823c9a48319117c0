"""A form changes the tenant that its page was shown for, or nothing: whatever other tabs, partners and customers did.

Every form that the running portal takes is tried, so a new one needs no case here. What is compared is every table.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tenantry.access.actions import PUBLIC, RoleId
from tenantry.core.clock import DAY
from tenantry.delegation.relationships import end_relationship
from tenantry.directory.roles import remove_role
from tenantry.directory.tenants import disable_tenant
from tenantry.pages import Route
from tenantry.store.engine.interface import Store
from tenantry.store.schema import metadata
from tenantry.surfaces.portal.frame.guard import cookie_name
from tests.completeness.sides import is_page
from tests.support.app import an_app
from tests.support.builders import OPERATOR, SomeTenant, SomeUser, a_relationship, a_tenant, a_user
from tests.support.clock import FakeClock
from tests.support.page_forms import SOME_FILE, filled_in
from tests.support.portal import Portal, Visitor, a_portal, sign_in
from tests.support.portal_names import names_in

ONE_S_OWN = ("/customers", "/phones", "/sessions", "/second-factor", "/password", "/join")
"""Pages that show what is the visitor's own, wherever the visitor acts."""
LIFETIME = DAY // 8
"""Of the relationship with the first customer: shorter than a session."""


@dataclass
class World:
    """A partner with pat, who may act in two customers; the first is the portal's tenant and has one of everything."""

    portal: Portal
    names: dict[str, str]
    partner: SomeTenant
    pat: SomeUser
    second: SomeTenant
    relationship_id: str
    tab: Visitor = field(init=False)

    async def act_in(self, customer: SomeTenant) -> None:
        """In another tab of pat's browser, which has the cookies of the first."""
        other = Visitor(self.tab.http)
        await other.open(f"/customers/{customer.id}/act")
        assert (await other.send(f"/customers/{customer.id}/act")).status_code == 303

    async def leave(self) -> None:
        other = Visitor(self.tab.http)
        await other.open("/customers/leave")
        assert (await other.send("/customers/leave")).status_code == 303

    def routes(self, method: str) -> list[Route]:
        """Whoever signs out is signed out, and who signs in is nowhere yet."""
        pages = [route for route in self.portal.app.routes() if is_page(route) and route.method == method]
        return [route for route in pages if route.path not in ("/sign-in", "/sign-out")]

    async def fill_in(self) -> dict[str, dict[str, Any]]:
        """Every form as this tab shows it now, with what is typed in it, by its path."""
        shown = {route.path for route in self.routes("GET")}
        await self.tab.open("/sessions")
        token = filled_in(self.tab.page.text.replace('action="', 'data-was="'))[0]["form_token"]
        forms = {}
        for route in self.routes("POST"):
            typed: dict[str, list[str]] = {}
            takes_file = False
            if route.path in shown:
                page = await self.tab.http.get(route.path.format_map(self.names))
                typed, takes_file = filled_in(page.text)
            data = {**typed, "form_token": token, "form_id": [f"form of {route.path}"]}
            forms[route.path] = {"data": data, **({"files": {"file": ("some.csv", SOME_FILE)}} if takes_file else {})}
        return forms

    async def send(self, path: str, form: dict[str, Any]) -> Any:
        return await self.tab.http.post(path.format_map(self.names), **form)

    async def rows(self) -> dict[str, list[str]]:
        """All there is, save the mark that a denial leaves."""
        found = {}
        async with self.portal.app.deps.store.read() as read:
            for table in metadata.sorted_tables:
                denied = " WHERE type <> 'access.denied'" if table.name == "audit_events" else ""
                rows = await read.all(lambda *row: repr(row), f"SELECT * FROM {table.name}{denied}")
                found[table.name] = sorted(rows)
        return found


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    app = await an_app(store)
    portal = await a_portal(app)
    names = await names_in(portal)
    partner, second = await a_tenant(store, name="Fabrikam Services"), await a_tenant(store, name="Adatum")
    pat = await a_user(store, partner, name="pat", roles=[RoleId.GLOBAL_ADMINISTRATOR])
    await a_user(store, partner, name="kim-of-the-partner")
    roles = [RoleId.GLOBAL_ADMINISTRATOR, RoleId.USER_ADMINISTRATOR]
    relationship_id = await a_relationship(store, partner, portal.tenant, roles=roles, lifetime=LIFETIME)
    await a_relationship(store, partner, second, roles=roles)
    made = World(portal, names, partner, pat, second, relationship_id)
    made.tab = await portal.visit(pat)
    yield made
    for http in portal.visitors:
        await http.aclose()
    await app.close()


async def act_for_the_second(world: World) -> None:
    await world.act_in(world.second)


async def leave_in_another_tab(world: World) -> None:
    await world.leave()


async def end_it(world: World) -> None:
    async with world.portal.app.deps.store.write() as tx:
        await end_relationship(
            tx,
            OPERATOR,
            customer_tenant_id=world.portal.tenant.id,
            relationship_id=world.relationship_id,  # type: ignore[arg-type]
            now=world.portal.app.deps.clock(),
        )


async def let_it_expire(world: World) -> None:
    clock = world.portal.app.deps.clock
    assert isinstance(clock, FakeClock)
    clock.advance(LIFETIME)


async def disable_the_customer(world: World) -> None:
    async with world.portal.app.deps.store.write() as tx:
        await disable_tenant(tx, OPERATOR, world.portal.tenant.id, world.portal.app.deps.clock())


async def take_the_role(world: World) -> None:
    async with world.portal.app.deps.store.write() as tx:
        now = world.portal.app.deps.clock()
        await remove_role(tx, OPERATOR, world.partner.id, world.pat.id, RoleId.GLOBAL_ADMINISTRATOR, now)


async def sign_in_as_somebody_else(world: World) -> None:
    app = world.portal.app
    somebody = await a_user(app.deps.store, world.partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    world.tab.http.cookies.set(cookie_name(app.deps.settings), await sign_in(app, somebody))


async def sign_in_anew(world: World) -> None:
    app = world.portal.app
    world.tab.http.cookies.set(cookie_name(app.deps.settings), await sign_in(app, world.pat))


Happening = Callable[[World], Awaitable[None]]
ENDS: list[Happening] = [end_it, let_it_expire, disable_the_customer, take_the_role]
CHANGES: list[Happening] = [act_for_the_second, leave_in_another_tab]
SIGN_INS: list[Happening] = [sign_in_as_somebody_else, sign_in_anew]


@pytest.mark.parametrize("happens", [*CHANGES, *ENDS, *SIGN_INS])
async def test_a_form_opened_for_a_customer_changes_nothing_once_the_session_is_elsewhere(
    world: World, happens: Happening, subtests: Any
) -> None:
    await world.act_in(world.portal.tenant)
    forms = await world.fill_in()
    await happens(world)
    before = await world.rows()
    for path, form in forms.items():
        if path == "/customers/leave" and happens in ENDS:
            continue  # the way home
        with subtests.test(msg=path):
            answer = await world.send(path, form)
            assert answer.status_code == (409 if happens in CHANGES else 404 if happens in ENDS else 403)
            assert "Nothing was changed" in answer.text
            if happens in CHANGES:
                assert "This was for Northwind" in answer.text
                assert ("you are in Adatum" if happens is act_for_the_second else "Fabrikam Services") in answer.text
            elif happens in ENDS:
                assert "You no longer act for Northwind" in answer.text
            assert await world.rows() == before


@pytest.mark.parametrize("then", ["a customer", "home"])
async def test_a_form_opened_at_home_changes_nothing_once_the_session_acts_for_a_customer(
    world: World, then: str, subtests: Any
) -> None:
    if then == "home":
        await world.act_in(world.second)
    forms = await world.fill_in()
    await (world.leave() if then == "home" else world.act_in(world.portal.tenant))
    before = await world.rows()
    for path, form in forms.items():
        with subtests.test(msg=path):
            answer = await world.send(path, form)
            assert answer.status_code == 409
            assert ("This was for Adatum" if then == "home" else "This was for Fabrikam Services") in answer.text
            assert await world.rows() == before


async def test_the_same_forms_sent_where_they_were_shown_are_taken(world: World) -> None:
    """Else the tests above would show nothing."""
    await world.act_in(world.portal.tenant)
    forms, changed = await world.fill_in(), 0
    for path, form in forms.items():
        if path == "/customers/leave" or path.endswith("/act"):
            continue
        before = await world.rows()
        answer = await world.send(path, form)
        assert answer.status_code != 500, path
        assert "This was for" not in answer.text, path
        changed += await world.rows() != before
        if "/second-factor" in path or path.startswith("/sessions"):  # the session may have been replaced
            await sign_in_anew(world)
            await world.act_in(world.portal.tenant)
            token = filled_in((await world.tab.open("/sessions")).text.replace('action="', 'data-was="'))[0]
            for other in forms.values():
                other["data"]["form_token"] = token["form_token"]
    assert changed > 25


@pytest.mark.parametrize("happens", ENDS)
async def test_no_page_shows_ones_own_tenant_in_place_of_a_customer_that_may_not_be_acted_for_any_more(
    world: World, happens: Happening, subtests: Any
) -> None:
    await world.act_in(world.portal.tenant)
    await happens(world)
    for route in world.routes("GET"):
        if route.action in PUBLIC or route.path.startswith(ONE_S_OWN):
            continue
        with subtests.test(msg=route.path):
            page = await world.tab.open(route.path.format_map(world.names))
            assert page.status_code == 404
            assert "You no longer act for Northwind" in world.tab.text
            assert "kim-of-the-partner" not in page.text
    assert (await world.tab.open("/customers")).status_code == 200
    assert "You no longer act for Northwind" in world.tab.text
    await world.leave()
    assert (await world.tab.open("/")).status_code == 200


async def test_a_part_of_a_page_is_never_filled_with_what_is_another_tenants(world: World) -> None:
    await world.act_in(world.portal.tenant)
    here = re.search('data-here="([^"]+)"', (await world.tab.open("/users")).text)
    assert here is not None
    assert here[1] == world.portal.tenant.id
    asked = {"hx-request": "true", "tenantry-shown": here[1]}
    assert (await world.tab.http.get("/users?q=m", headers=asked)).status_code == 200
    await world.act_in(world.second)
    part = await world.tab.http.get("/users?q=m", headers=asked)
    assert (part.status_code, part.headers["hx-refresh"], part.text) == (409, "true", "")


async def test_what_was_typed_for_a_customer_is_not_put_into_the_form_of_another_tenant(world: World) -> None:
    app, tab = world.portal.app, world.tab
    await world.act_in(world.portal.tenant)
    form = (await world.fill_in())["/users/new"]
    form["data"]["display_name"] = ["Typed for Northwind"]
    async with app.deps.store.write() as tx:
        await tx.run("UPDATE sessions SET ended_at = 1 WHERE tenant_id = :tenant_id", tenant_id=world.partner.id)
    assert (await world.send("/users/new", form)).status_code == 303
    await sign_in_anew(world)
    page = await tab.open("/users/new")
    assert page.status_code == 409
    assert "This was for Northwind" in tab.text
    assert "Typed for Northwind" not in page.text
    assert "Typed for Northwind" not in (await tab.open("/users/new?draft=no")).text
    await world.act_in(world.portal.tenant)
    assert (await tab.open("/users/new")).status_code == 200


async def test_what_was_typed_for_a_customer_is_there_again_once_one_acts_for_it_again(world: World) -> None:
    app, tab = world.portal.app, world.tab
    await world.act_in(world.portal.tenant)
    form = (await world.fill_in())["/users/new"]
    form["data"]["display_name"] = ["Typed for Northwind"]
    async with app.deps.store.write() as tx:
        await tx.run("UPDATE sessions SET ended_at = 1 WHERE tenant_id = :tenant_id", tenant_id=world.partner.id)
    await world.send("/users/new", form)
    await sign_in_anew(world)
    await tab.open("/users/new")
    await world.act_in(world.portal.tenant)
    assert "Typed for Northwind" in (await tab.open("/users/new")).text


async def test_a_token_that_names_another_tenant_than_it_was_made_for_is_forged(world: World) -> None:
    await world.act_in(world.portal.tenant)
    form = (await world.fill_in())["/users/new"]
    [token] = form["data"]["form_token"]
    assert token.endswith(world.portal.tenant.id)
    for other in (world.second.id, world.partner.id, "", "x", "\x00", "é"):
        form["data"]["form_token"] = [token.removesuffix(world.portal.tenant.id) + other]
        assert (await world.send("/users/new", form)).status_code == 403
