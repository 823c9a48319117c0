"""The menu: every line of it opens, for whomever it is shown to, and says where one is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tenantry.access.actions import RoleId
from tests.support.builders import a_relationship, a_tenant, a_user
from tests.support.portal import Portal, Visitor

OWN = ["/", "/groups", "/connectors", "/webhooks", "/customers", "/settings"]
_LINE = re.compile(r'<li><a href="([^"]+)" data-key')
_CURRENT = re.compile(r'<li><a href="([^"]+)"[^>]* aria-current="page"')


async def lines_that_open(visitor: Visitor) -> list[str]:
    """The menu's lines; none of them is refused."""
    lines = _LINE.findall((await visitor.open("/")).text)
    assert {path: (await visitor.open(path)).status_code for path in lines} == dict.fromkeys(lines, 200)
    return lines


async def test_a_member_sees_the_lines_a_member_may_open(portal: Portal) -> None:
    assert await lines_that_open(await portal.visit(portal.mia)) == OWN


async def test_an_administrator_sees_every_line(portal: Portal) -> None:
    lines = await lines_that_open(await portal.visit(portal.dana))
    assert set(lines) == {*OWN, "/users", "/devices", "/enterprises", "/partners", "/reach", "/audit"}


async def test_the_holder_of_any_role_sees_only_lines_that_open(sqlite_portal: Portal, subtests: Any) -> None:
    for role in RoleId:
        with subtests.test(msg=role.name):
            user = await a_user(sqlite_portal.app.deps.store, sqlite_portal.tenant, roles=[role])
            assert set(await lines_that_open(await sqlite_portal.visit(user))) >= set(OWN)


async def test_who_acts_for_a_customer_sees_only_lines_that_open_there(sqlite_portal: Portal, subtests: Any) -> None:
    store, address = sqlite_portal.app.deps.store, f"/customers/{sqlite_portal.tenant.id}"
    for role in RoleId:
        with subtests.test(msg=role.name):
            partner = await a_tenant(store)
            await a_relationship(store, partner, sqlite_portal.tenant, roles=[role])
            pat = await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
            visitor = await sqlite_portal.visit(pat)
            await visitor.open(address)
            assert (await visitor.send(f"{address}/act")).status_code == 303
            assert set(await lines_that_open(visitor)) >= {"/", "/customers"}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/", "/"),
        ("/users/new", "/users"),
        ("/groups/deleted", "/groups"),
        ("/settings/domains", "/settings"),
        ("/identity-providers", "/settings"),
        ("/blast-radius/user/{mia}", "/users"),
        ("/second-factor/totp", "/sessions"),
        ("/password", "/sessions"),
        ("/phones", "/phones"),
    ],
)
async def test_each_page_marks_the_line_it_belongs_to(sqlite_portal: Portal, path: str, line: str) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    page = await visitor.open(path.format(mia=sqlite_portal.mia.id))
    assert page.status_code == 200
    assert _CURRENT.findall(page.text) == [line]
