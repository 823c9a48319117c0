"""Who can reach what, for a partner: the customers it reaches, drawn and in words."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import httpx

from tenantry.access.actions import RoleId
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY, HOUR
from tests.support.builders import a_connector, a_grant, a_relationship, a_tenant, a_user
from tests.support.clock import NOON
from tests.support.portal import Portal
from tests.support.queries import counted_queries


def titles_of(page: httpx.Response) -> list[str]:
    """What the last picture of the page says of its boxes."""
    graph = ET.fromstring(re.findall(r"<svg class=\"graph\".*?</svg>", page.text, re.DOTALL)[-1])
    return [box.findtext("title") or "" for box in graph.iter("a")]


async def test_a_partner_sees_each_way_into_its_customers(portal: Portal) -> None:
    store, partner = portal.app.deps.store, portal.tenant
    larch, birch, oak = [await a_tenant(store, name=name) for name in ("Larch", "Birch <b>", "Oak")]
    await a_relationship(store, partner, larch, lifetime=2 * DAY)
    await a_relationship(store, partner, larch, lifetime=9 * DAY)
    await a_relationship(store, partner, birch, lifetime=9 * DAY, approved=False)
    await a_relationship(store, partner, oak, now=NOON - 9 * DAY, lifetime=DAY)
    dana = await portal.visit(portal.dana)
    page = await dana.open("/reach")
    assert titles_of(page) == [
        "Northwind, as a partner",
        "1 request, waits for approval",
        "2 relationships, the last ends in 1 week",
        "Birch <b>, customer",
        "Larch, customer",
    ]
    words = dana.text.partition("The same in words")[2]
    assert "Larch 2 relationships → reaches their directory the last ends in 1 week" in words
    assert "Birch <b> 1 request waits for approval" in words
    assert "Oak" not in dana.text
    for link in set(re.findall(r'href="(/customers[^"]*)"', page.text)):
        assert (await dana.open(link)).status_code == 200


async def test_an_app_that_manages_customers_reaches_them(sqlite_portal: Portal) -> None:
    store, partner = sqlite_portal.app.deps.store, sqlite_portal.tenant
    for name in ("Larch", "Oak"):
        await a_relationship(store, partner, await a_tenant(store, name=name))
    onboarding = await a_connector(store, partner, name="Onboarding")
    await a_grant(store, onboarding, sqlite_portal.dana, reach=Reach.TENANT)
    dana = await sqlite_portal.visit(sqlite_portal.dana)
    page = await dana.open("/reach?show=apps")
    assert "2 customers, as the user may" in titles_of(page)
    assert "every group of the organisation: 3 , users of 2 customers" in dana.text


async def test_customers_are_filtered_and_paged(portal: Portal) -> None:
    store = portal.app.deps.store
    for number in range(23):
        await a_relationship(store, portal.tenant, await a_tenant(store, name=f"Customer {number:02}"))
    dana = await portal.visit(portal.dana)
    await dana.open("/reach?q=OMER 07")
    assert "Customer 07" in dana.text
    assert "Customer 08" not in dana.text
    assert "Customer 07" not in (await dana.open("/reach?show=apps")).text
    address, seen = "/reach?show=customers", []
    more = []
    while address:
        page = await dana.open(address)
        seen += [title.partition(",")[0] for title in titles_of(page) if title.endswith(", customer")]
        more += re.findall(r"(\d+) more customers?</a>", page.text)
        found = re.search(r'<a class="button" href="(/reach[^"]*)">More customers', page.text)
        address = found[1].replace("&amp;", "&") if found else ""
    assert seen == [f"Customer {number:02}" for number in range(23)]
    assert more == ["13", "3"]


async def test_ten_customers_cost_what_one_does(portal: Portal) -> None:
    store = portal.app.deps.store
    dana = await portal.visit(portal.dana)

    async def cost() -> int:
        with counted_queries(store) as queries:
            await dana.open("/reach")
        return len(queries)

    await a_relationship(store, portal.tenant, await a_tenant(store))
    one = await cost()
    for _ in range(10):
        await a_relationship(store, portal.tenant, await a_tenant(store))
    assert await cost() == one


async def test_who_acts_in_a_customer_does_not_see_that_ones_customers(portal: Portal) -> None:
    store = portal.app.deps.store
    customer = await a_tenant(store, name="Middle")
    await a_relationship(store, portal.tenant, customer, roles=[RoleId.GLOBAL_READER], lifetime=DAY)
    await a_relationship(store, customer, await a_tenant(store, name="Beyond"), lifetime=DAY)
    dana = await portal.visit(portal.dana)
    await dana.open(f"/customers/{customer.id}/act")
    assert (await dana.send(f"/customers/{customer.id}/act")).status_code == 303
    await dana.open("/reach")
    assert "You act for Middle" in dana.text
    assert "Beyond" not in dana.text
    assert "Beyond" not in (await dana.open("/reach?show=customers")).text


async def test_who_may_not_see_the_reach_does_not_see_the_customers(sqlite_portal: Portal) -> None:
    store = sqlite_portal.app.deps.store
    await a_relationship(store, sqlite_portal.tenant, await a_tenant(store, name="Larch"), lifetime=HOUR)
    writer = await a_user(store, sqlite_portal.tenant, roles=[RoleId.DIRECTORY_WRITERS])
    visitor = await sqlite_portal.visit(writer)
    assert (await visitor.open("/reach?show=customers")).status_code == 403
    assert "Larch" not in visitor.text
