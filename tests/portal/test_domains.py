"""The organisation's domains in the portal: the record to set, asking the DNS, and giving one up."""

from __future__ import annotations

import re
from html import unescape
from typing import cast

import pytest

from tenantry.directory.tenants import give_domain
from tenantry.store.sign_in import identity_providers
from tenantry.surfaces.portal.tenant.domains import QUESTIONS_PER_MINUTE
from tests.support.app import FakeDns
from tests.support.builders import OPERATOR, SomeTenant, a_user
from tests.support.clock import NOON
from tests.support.portal import Portal, Visitor
from tests.support.queries import counted_queries

PAGE = "/settings/domains/shop.example"


def dns_of(portal: Portal) -> FakeDns:
    return cast(FakeDns, portal.app.deps.dns)


async def begin(visitor: Visitor, name: str = "shop.example") -> str:
    """Add the domain on the organisation's page; the record that is to be set."""
    await visitor.open("/settings")
    answer = await visitor.send("/settings/domains", domain=name)
    assert answer.status_code == 303
    page = await visitor.open(answer.headers["location"])
    found = re.search(r'data-copy="(tenantry-verification=[^"]+)"', page.text)
    assert found is not None
    return unescape(found[1])


async def test_an_administrator_adds_a_domain_by_a_record_and_gives_it_up(portal: Portal) -> None:
    dana = await portal.visit(portal.dana)
    record = await begin(dana, "Shop.Example")
    assert "waits for its DNS record" in (await dana.open("/settings")).text
    await dana.open(PAGE)
    assert (await dana.send(PAGE)).status_code == 422
    assert "The record is not to be seen yet." in dana.text
    dns_of(portal).records["shop.example"] = [record]
    assert (await dana.send(PAGE)).status_code == 200
    assert "The domain is yours." in dana.text
    assert "shop.example" in (await dana.open("/users/new")).text
    await a_user(portal.app.deps.store, SomeTenant(portal.tenant.id, "shop.example"), name="nora")
    assert (await dana.open(f"{PAGE}/remove")).headers["location"] == PAGE
    await dana.open(PAGE)
    assert "It can be removed when no sign-in name ends in it" in dana.text
    assert (await dana.send(f"{PAGE}/remove", form_id="sent by hand")).status_code == 422
    assert "Give those users other names first." in dana.text


async def test_a_domain_nobody_uses_is_removed_after_a_look_at_what_stops(portal: Portal) -> None:
    dana = await portal.visit(portal.dana)
    record = await begin(dana)
    dns_of(portal).records["shop.example"] = [record]
    await dana.open(PAGE)
    await dana.send(PAGE)
    await dana.open(f"{PAGE}/remove")
    assert "/shop.example/oauth2/token" in dana.text
    assert (await dana.send(f"{PAGE}/remove")).headers["location"] == "/settings/domains"
    assert "shop.example" not in (await dana.open("/settings")).text.replace("such as shop.example", "")
    assert (await dana.open(PAGE)).status_code == 404


async def test_one_that_waits_is_removed_too(sqlite_portal: Portal) -> None:
    dana = await sqlite_portal.visit(sqlite_portal.dana)
    await begin(dana)
    await dana.open(f"{PAGE}/remove")
    assert (await dana.send(f"{PAGE}/remove")).status_code == 303
    assert (await dana.open(PAGE)).status_code == 404


async def test_the_first_domain_stays(sqlite_portal: Portal) -> None:
    dana = await sqlite_portal.visit(sqlite_portal.dana)
    page = f"/settings/domains/{sqlite_portal.tenant.domain}"
    assert (await dana.open(f"{page}/remove")).headers["location"] == page
    await dana.open(page)
    assert "This is the first domain" in dana.text
    assert (await dana.send(f"{page}/remove", form_id="sent by hand")).status_code == 422


@pytest.mark.parametrize(
    ("typed", "told"),
    [("", "Please fill this in."), ("no dot", "must be a name with a dot"), ("<b>.example", "must be a name with")],
)
async def test_what_is_wrong_stands_beside_what_was_typed(sqlite_portal: Portal, typed: str, told: str) -> None:
    dana = await sqlite_portal.visit(sqlite_portal.dana)
    await dana.open("/settings")
    page = await dana.send("/settings/domains", domain=typed)
    assert page.status_code == 422
    assert 'id="domain-error"' in page.text
    assert told in dana.text
    assert "<b>" not in page.text


async def test_anothers_domain_is_refused_without_a_word_of_whose_it_is(sqlite_portal: Portal) -> None:
    dana = await sqlite_portal.visit(sqlite_portal.dana)
    taken = sqlite_portal.otto.user_principal_name.partition("@")[2]
    await dana.open("/settings/domains")
    assert (await dana.send("/settings/domains", domain=taken)).status_code == 422
    assert f"The domain {taken} belongs to an organisation on this server already." in dana.text
    assert "Elsewhere" not in dana.text
    assert (await dana.open(f"/settings/domains/{taken}")).status_code == 404


async def test_users_see_the_domains_and_no_form(sqlite_portal: Portal) -> None:
    dana, mia = await sqlite_portal.visit(sqlite_portal.dana), await sqlite_portal.visit(sqlite_portal.mia)
    await begin(dana)
    page = await mia.open("/settings/domains")
    assert "shop.example" in page.text
    assert '<form method="post" action="/settings' not in page.text
    assert (await mia.send("/settings/domains", domain="more.example")).status_code == 403
    assert (await mia.send(PAGE)).status_code == 403
    assert dns_of(sqlite_portal).asked == []


async def test_an_organisation_asks_the_dns_only_so_often(
    sqlite_portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana = await sqlite_portal.visit(sqlite_portal.dana)
    await begin(dana)
    monkeypatch.setattr(sqlite_portal.app.deps.limits, "_enabled", True)
    await dana.open(PAGE)
    for _ in range(QUESTIONS_PER_MINUTE):
        assert (await dana.send(PAGE)).status_code == 422
        assert "The record is not to be seen yet." in dana.text
    await dana.send(PAGE)
    assert "The record is not to be seen yet." not in dana.text


async def test_the_questions_of_a_page_do_not_grow_with_its_rows(sqlite_portal: Portal) -> None:
    portal, store = sqlite_portal, sqlite_portal.app.deps.store
    visitor = await portal.visit(portal.dana)

    async def questions() -> list[int]:
        asked = []
        for path in ("/settings", "/settings/domains", "/identity-providers"):
            with counted_queries(store) as queries:
                assert (await visitor.open(path)).status_code == 200
            asked.append(len(queries))
        return asked

    few = await questions()
    async with store.write() as tx:
        for number in range(30):
            await give_domain(tx, OPERATOR, portal.tenant.id, f"more{number}.example", now=NOON)
            await identity_providers.insert(
                tx,
                portal.tenant.id,
                id=f"provider-{number}",
                name=f"Provider {number}",
                issuer=f"https://issuer{number}.example",
                client_id="client",
                client_secret=b"sealed",
                name_claim="email",
                trusts_mfa=False,
                now=NOON,
            )
    assert await questions() == few
