"""Partners and customers in the portal: asked, approved, declined, acted in, ended; and what nobody may."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest
from httpx import Response

from tenantry.access.actions import RoleId
from tenantry.core.clock import DAY
from tenantry.delegation.relationships import approve_relationship
from tenantry.store import open_store
from tests.portal.test_second_factor import code_of, set_up_totp
from tests.support.app import an_app
from tests.support.builders import OPERATOR, SomeTenant, SomeUser, a_relationship, a_tenant, a_user
from tests.support.clock import NOON
from tests.support.portal import Portal, Visitor, a_portal
from tests.support.queries import counted_queries
from tests.support.trail import types_of

HELPDESK = [RoleId.USER_ADMINISTRATOR, RoleId.DIRECTORY_READERS]


@dataclass
class Pair:
    """A partner with an administrator (pat) and somebody without a role (kim); the customer is the portal's tenant."""

    portal: Portal
    partner: SomeTenant
    pat: SomeUser
    kim: SomeUser


@pytest.fixture
async def pair(portal: Portal) -> Pair:
    return await a_pair(portal)


async def a_pair(portal: Portal) -> Pair:
    store = portal.app.deps.store
    partner = await a_tenant(store, name="Fabrikam Services")
    pat = await a_user(store, partner, name="pat", roles=[RoleId.GLOBAL_ADMINISTRATOR])
    return Pair(portal, partner, pat, await a_user(store, partner, name="kim"))


def request_of(pair: Pair, **other: str | list[str]) -> dict[str, str | list[str]]:
    fields: dict[str, str | list[str]] = {
        "customer": pair.portal.tenant.domain,
        "display_name": "Helpdesk",
        "role_ids": [*HELPDESK],
        "expires_at": "2026-06-30",
    }
    return {**fields, **other}


async def asked(pair: Pair, visitor: Visitor) -> str:
    """The address of the request on the customer's side."""
    await visitor.open("/customers/new")
    assert (await visitor.send("/customers/new", **request_of(pair))).status_code == 303
    dana = await pair.portal.visit(pair.portal.dana)
    page = await dana.open("/partners")
    found = re.search(r'href="(/partners/[0-9a-f-]+)"', page.text)
    assert found is not None
    return found[1]


async def events_of(pair: Pair) -> list[str]:
    return await types_of(pair.portal.app.deps.store, pair.portal.tenant.id)


async def test_a_partner_asks_the_customer_approves_and_the_partner_acts_until_it_is_ended(pair: Pair) -> None:
    portal = pair.portal
    pat, dana = await portal.visit(pair.pat), await portal.visit(portal.dana)
    address = await asked(pair, pat)
    await pat.open(f"/customers/{portal.tenant.id}")
    assert "waits for them" in pat.text
    assert (await pat.open(f"/customers/{portal.tenant.id}/act")).status_code == 403
    await dana.open(address)
    assert "Until you approve, they can do nothing here" in dana.text
    assert "Creates, changes, deletes and restores users" in dana.text
    await dana.open(f"{address}/approve")
    assert "User Administrator: Creates, changes" in dana.text
    assert (await dana.send(f"{address}/approve")).status_code == 303

    await pat.open(f"/customers/{portal.tenant.id}")
    assert (await pat.send(f"/customers/{portal.tenant.id}/act")).headers["location"] == "/users"
    page = await pat.open("/users")
    assert portal.mia.user_principal_name in page.text
    assert "You act for Northwind as Directory Readers, User Administrator until July 1, 2026" in pat.text
    await pat.open(f"/users/{portal.mia.id}/delete")
    assert (await pat.send(f"/users/{portal.mia.id}/delete")).status_code == 303
    assert (await pat.open("/audit")).status_code == 403
    await dana.open(address)
    assert "A user of Fabrikam Services" in dana.text
    assert "User deleted" in dana.text

    await dana.open(f"{address}/end")
    assert (await dana.send(f"{address}/end")).status_code == 303
    page = await pat.open("/users")
    assert portal.tenant.domain not in page.text
    assert "You act for" not in page.text
    told = await events_of(pair)
    assert {"relationship.requested", "relationship.approved", "customer.entered", "relationship.ended"} <= set(told)


async def test_a_request_is_declined_by_the_customer_or_withdrawn_by_the_partner(pair: Pair) -> None:
    portal = pair.portal
    pat, dana = await portal.visit(pair.pat), await portal.visit(portal.dana)
    address = await asked(pair, pat)
    await dana.open(f"{address}/end")
    assert "Decline the request of Fabrikam Services" in dana.text
    await dana.send(f"{address}/end")
    await dana.open(f"{address}/approve")
    late = await dana.send(f"{address}/approve")
    assert late.status_code == 422
    assert "terminated" in dana.text
    await pat.open("/customers/new")
    await pat.send("/customers/new", **request_of(pair, display_name="Again"))
    page = await pat.open(f"/customers/{portal.tenant.id}")
    ends = re.findall(r'href="(/customers/[^"]+/end)"', page.text)
    assert len(ends) == 1
    await pat.open(ends[0])
    assert "Withdraw the request Again" in pat.text
    assert (await pat.send(ends[0])).status_code == 303
    assert "waits" not in (await pat.open(f"/customers/{portal.tenant.id}")).text


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("customer", "nobody.example", "No organisation"),
        ("customer", "", "fill this in"),
        ("display_name", "x" * 51, "At most 50"),
        ("role_ids", [], "at least one role"),
        ("role_ids", ["king"], "at least one role"),
        ("expires_at", "2031-01-01", "two years"),
        ("expires_at", "2001-01-01", "future"),
        ("expires_at", "soon", "year-month-day"),
        ("expires_at", "", "fill this in"),
    ],
)
async def test_what_is_wrong_with_a_request_stands_beside_its_field(
    sqlite_portal: Portal, field: str, value: str | list[str], says: str
) -> None:
    pair = await a_pair(sqlite_portal)
    pat = await sqlite_portal.visit(pair.pat)
    await pat.open("/customers/new")
    page = await pat.send("/customers/new", **request_of(pair, **{field: value}))
    assert page.status_code == 422
    error = re.search(f'id="{field}-error"[^>]*>(.*?)</p>', page.text, re.DOTALL)
    assert error is not None
    assert says in error[1]


async def test_one_request_waits_at_a_time_and_the_customers_name_is_told_when_it_agrees(pair: Pair) -> None:
    portal = pair.portal
    pat, dana = await portal.visit(pair.pat), await portal.visit(portal.dana)
    address = await asked(pair, pat)
    await pat.open("/customers/new")
    assert (await pat.send("/customers/new", **request_of(pair))).status_code == 422
    assert "A request to this customer waits for its answer" in pat.text
    assert (await events_of(pair)).count("relationship.requested") == 1
    for path in ("/customers", f"/customers/{portal.tenant.id}", f"/reach?tenant={pair.partner.id}"):
        assert "Northwind" not in (await pat.open(path)).text
        if path.startswith("/customers"):
            assert portal.tenant.id in pat.text
    await dana.open(f"{address}/approve")
    await dana.send(f"{address}/approve")
    for path in ("/customers", f"/customers/{portal.tenant.id}"):
        await pat.open(path)
        assert "Northwind" in pat.text
    await pat.open("/customers/new")
    assert (await pat.send("/customers/new", **request_of(pair))).status_code == 303  # the first waits no more


async def test_a_partner_asks_so_often_in_an_hour_whomever(sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    app = await an_app(store, rate_limits="on", relationship_requests_per_hour=3)
    pair = await a_pair(await a_portal(app))
    pat = await pair.portal.visit(pair.pat)
    for customer in ("nobody.example", pair.portal.tenant.domain, pair.portal.otto.tenant_id):
        await pat.open("/customers/new")
        await pat.send("/customers/new", **request_of(pair, customer=customer))
        assert "Too many" not in pat.text
    last = await a_tenant(store, name="Last")
    await pat.open("/customers/new")
    assert (await pat.send("/customers/new", **request_of(pair, customer=last.domain))).status_code == 422
    assert "relationship.requested" not in await types_of(store, last.id)
    for http in pair.portal.visitors:
        await http.aclose()
    await app.close()
    await store.close()


async def test_nobody_asks_the_own_organisation(sqlite_portal: Portal) -> None:
    pair = await a_pair(sqlite_portal)
    pat = await sqlite_portal.visit(pair.pat)
    await pat.open("/customers/new")
    page = await pat.send("/customers/new", **request_of(pair, customer=pair.partner.domain))
    assert page.status_code == 422
    assert 'id="customer-error"' in page.text


async def test_a_partner_with_every_role_approves_nothing_for_its_customer(pair: Pair) -> None:
    """Otherwise a role once given could be made to last for ever."""
    portal, store = pair.portal, pair.portal.app.deps.store
    await a_relationship(store, pair.partner, portal.tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    waiting = await a_relationship(store, pair.partner, portal.tenant, roles=HELPDESK, approved=False, reseller=False)
    pat = await portal.visit(pair.pat)
    await pat.open(f"/customers/{portal.tenant.id}/act")
    await pat.send(f"/customers/{portal.tenant.id}/act")
    page = await pat.open(f"/partners/{waiting}")
    assert page.status_code == 200
    assert "/approve" not in page.text
    await pat.open(f"/partners/{waiting}/approve")
    assert (await pat.send(f"/partners/{waiting}/approve")).status_code == 403
    assert "relationship.approved" in await events_of(pair)
    await pat.open(f"/customers/{portal.tenant.id}")
    assert "waits for them" in pat.text


async def test_without_a_second_factor_nobody_acts_in_a_customer(pair: Pair) -> None:
    portal = pair.portal
    await a_relationship(portal.app.deps.store, pair.partner, portal.tenant)
    weak = await portal.visit(pair.pat, "pwd")
    page = await weak.open(f"/customers/{portal.tenant.id}")
    assert "needs a second step" in page.text
    path = f"/customers/{portal.tenant.id}/act"
    for answer in (await weak.send(path), await weak.open(path)):
        assert answer.headers["location"] == f"/second-factor?next=%2Fcustomers%2F{portal.tenant.id}%2Fact"
    assert "customer.entered" not in await events_of(pair)
    assert "access.denied" in await types_of(portal.app.deps.store, pair.partner.id)


async def test_who_proves_a_second_factor_on_the_way_is_back_where_it_was_asked_for(pair: Pair) -> None:
    portal = pair.portal
    await a_relationship(portal.app.deps.store, pair.partner, portal.tenant)
    _, secret, _ = await set_up_totp(portal, pair.pat)
    weak = await portal.visit(pair.pat, "pwd")
    asked = (await weak.open(f"/customers/{portal.tenant.id}/act")).headers["location"]
    await weak.open(asked)
    code = code_of(portal, secret, 1)
    proven = await weak.send(f"{asked}&with=totp", method="totp", code=code)
    assert proven.headers["location"] == f"/customers/{portal.tenant.id}/act"
    await weak.open(proven.headers["location"])
    assert (await weak.send(proven.headers["location"])).status_code == 303
    assert "You act for Northwind" in (await weak.open("/users")).text


async def test_proving_a_second_factor_while_acting_ends_no_acting(pair: Pair) -> None:
    portal, store = pair.portal, pair.portal.app.deps.store
    await a_relationship(store, pair.partner, portal.tenant)
    _, secret, _ = await set_up_totp(portal, pair.pat)
    pat = await portal.visit(pair.pat)
    await pat.open(f"/customers/{portal.tenant.id}/act")
    await pat.send(f"/customers/{portal.tenant.id}/act")
    async with store.write() as tx:
        await tx.run("UPDATE sessions SET amr = 'pwd' WHERE tenant_id = :tenant_id", tenant_id=pair.partner.id)
    asked = (await pat.open("/users")).headers["location"]
    assert asked == "/second-factor?next=%2Fusers"
    await pat.open(asked)
    proven = await pat.send(f"{asked}&with=totp", method="totp", code=code_of(portal, secret, 1))
    assert proven.headers["location"] == "/users"
    assert "You act for Northwind" in (await pat.open("/users")).text


def _left(page: Response) -> str:
    """The part of the page of a relationship that lists what stays when it ends."""
    return page.text.partition('id="made"')[2].partition('id="trail"')[0]


async def test_what_a_partner_made_is_listed_and_named_when_the_relationship_ends(pair: Pair) -> None:
    portal, store = pair.portal, pair.portal.app.deps.store
    roles = [RoleId.USER_ADMINISTRATOR, RoleId.GROUPS_ADMINISTRATOR, RoleId.PRIVILEGED_ROLE_ADMINISTRATOR]
    relationship = await a_relationship(store, pair.partner, portal.tenant, roles=roles)
    pat, dana = await portal.visit(pair.pat), await portal.visit(portal.dana)
    await pat.open(f"/customers/{portal.tenant.id}/act")
    await pat.send(f"/customers/{portal.tenant.id}/act")
    await pat.open("/users/new")
    name = f"left@{portal.tenant.domain}"
    made = await pat.send("/users/new", user_principal_name=name, display_name="Left Behind", usage_location="US")
    assert made.status_code in (200, 303), pat.text
    await pat.open(f"/users/{portal.mia.id}/password")
    await pat.send(f"/users/{portal.mia.id}/password")
    async with store.read() as read:
        [user] = await read.all(str, "SELECT id FROM users WHERE upn_key = :name", name=name)
    await pat.open(f"/users/{user}/roles")
    assert "Global Administrator" not in pat.page.text
    assert (await pat.send(f"/users/{user}/roles", role_id=RoleId.USER_ADMINISTRATOR)).status_code == 303
    left = _left(await dana.open(f"/partners/{relationship}"))
    assert "Left Behind" in left
    assert f'href="/users/{user}"' in left
    assert f'href="/users/{portal.mia.id}"' in left
    assert "Role given" in left
    await dana.open(f"/partners/{relationship}/end")
    assert "stay" in dana.text
    await dana.send(f"/partners/{relationship}/end")
    portal.app.deps.clock.advance(40 * DAY)  # type: ignore[attr-defined]
    dana = await portal.visit(portal.dana)
    left = _left(await dana.open(f"/partners/{relationship}"))
    assert "Left Behind" in left
    assert "Role given" in left, "however long ago"
    async with store.read() as read:
        [ended] = await read.all(str, "SELECT data FROM audit_events WHERE type = 'relationship.ended'")
    assert json.loads(ended)["user_ids"] == [portal.mia.id, user]


async def test_the_approval_says_what_no_role_of_a_partner_does_and_what_stays(pair: Pair) -> None:
    portal = pair.portal
    roles = [RoleId.GLOBAL_ADMINISTRATOR, RoleId.PRIVILEGED_ROLE_ADMINISTRATOR]
    waiting = await a_relationship(portal.app.deps.store, pair.partner, portal.tenant, roles=roles, approved=False)
    dana = await portal.visit(portal.dana)
    await dana.open(f"/partners/{waiting}/approve")
    assert "nothing with administrators, sign-in, domains and partners" in dana.text
    assert "they give no role beyond these" in dana.text
    assert "then lists them" in dana.text


async def test_the_list_of_customers_names_roles_with_each_end_and_says_where_one_may_only_look(pair: Pair) -> None:
    portal, store = pair.portal, pair.portal.app.deps.store
    await a_relationship(store, pair.partner, portal.tenant, roles=[RoleId.USER_ADMINISTRATOR], lifetime=14 * DAY)
    await a_relationship(store, pair.partner, portal.tenant, roles=[RoleId.GROUPS_ADMINISTRATOR], lifetime=90 * DAY)
    looked_at = await a_tenant(store, name="Woodgrove")
    await a_relationship(store, pair.partner, looked_at, roles=[RoleId.GLOBAL_READER, RoleId.DIRECTORY_READERS])
    pat, kim = await portal.visit(pair.pat), await portal.visit(pair.kim)
    page = (await pat.open("/customers")).text
    own, other = (part.split("</tr>")[0] for part in (page.split("Northwind")[1], page.split("Woodgrove")[1]))
    assert "act for them" in own
    assert "User Administrator" in own
    assert "Groups Administrator" in own
    assert own.count("<time") == 2
    assert "view" in other
    assert "act for them" not in other
    assert "Global Reader" in other
    assert "for want of a role" in (await kim.open("/customers")).text


async def test_a_partners_first_page_counts_what_ends_of_its_own_relationships(pair: Pair) -> None:
    portal, store = pair.portal, pair.portal.app.deps.store
    await a_relationship(store, pair.partner, portal.tenant, lifetime=14 * DAY)
    await a_relationship(store, pair.partner, await a_tenant(store, name="Later"), lifetime=60 * DAY)
    pat = await portal.visit(pair.pat)
    page = await pat.open("/")
    assert "A relationship with Northwind ends" in pat.text
    assert f'href="/customers/{portal.tenant.id}"' in page.text
    assert "Later" not in page.text
    dana = await portal.visit(portal.dana)
    await dana.open("/")
    assert "Fabrikam Services may no longer act here" in dana.text


async def test_a_role_in_a_customer_is_for_who_holds_it_in_the_partner_too(pair: Pair) -> None:
    portal, store = pair.portal, pair.portal.app.deps.store
    relationship = await a_relationship(store, pair.partner, portal.tenant, roles=HELPDESK)
    reader = await a_user(store, pair.partner, roles=[RoleId.DIRECTORY_READERS])
    for user in (pair.kim, reader):
        visitor = await portal.visit(user)
        assert (await visitor.open("/customers")).status_code == 200
        assert (await visitor.open("/customers/new")).status_code == 403
        address = f"/customers/{portal.tenant.id}/relationships/{relationship}/end"
        assert (await visitor.open(address)).status_code == 403
        await visitor.open("/customers")
        assert (await visitor.send(address, form_id="x")).status_code == 403
    kim = await portal.visit(pair.kim)
    page = await kim.open(f"/customers/{portal.tenant.id}")
    assert "you must hold the same role in Fabrikam Services" in page.text
    assert "Act for them" not in page.text
    assert (await kim.send(f"/customers/{portal.tenant.id}/act")).status_code == 403
    visitor = await portal.visit(reader)
    await visitor.open(f"/customers/{portal.tenant.id}")
    assert (await visitor.send(f"/customers/{portal.tenant.id}/act")).status_code == 303
    page = await visitor.open("/users")
    assert portal.dana.user_principal_name in page.text
    assert "as Directory Readers until" in visitor.text
    assert (await visitor.open("/users/new")).status_code == 403
    await visitor.open("/users")
    assert (await visitor.send("/customers/leave")).status_code == 303
    assert portal.dana.user_principal_name not in (await visitor.open("/users")).text


async def test_a_strangers_customer_and_a_strangers_relationship_are_no_pages(pair: Pair) -> None:
    portal = pair.portal
    relationship = await a_relationship(portal.app.deps.store, pair.partner, portal.tenant)
    otto = await portal.visit(portal.otto)
    for path in (
        f"/customers/{portal.tenant.id}",
        f"/customers/{portal.tenant.id}/act",
        f"/customers/{portal.tenant.id}/relationships/{relationship}/end",
        f"/partners/{relationship}",
    ):
        assert (await otto.open(path)).status_code == 404


async def test_what_has_expired_lets_nobody_act_and_the_list_says_so(pair: Pair) -> None:
    portal = pair.portal
    await a_relationship(portal.app.deps.store, pair.partner, portal.tenant, lifetime=DAY // 2)
    pat = await portal.visit(pair.pat)
    await pat.open("/customers")
    assert "act for them" in pat.text
    await pat.send(f"/customers/{portal.tenant.id}/act")
    assert "You act for" in (await pat.open("/users")).text
    portal.app.deps.clock.advance(DAY * 3 // 4)  # type: ignore[attr-defined]
    assert "You act for" not in (await pat.open("/customers")).text
    assert "act for them" not in pat.text
    await pat.open(f"/customers/{portal.tenant.id}")
    assert "expired" in pat.text


async def test_lists_of_partners_and_customers_page_by_key_and_ask_no_more_for_more(sqlite_portal: Portal) -> None:
    portal, store = sqlite_portal, sqlite_portal.app.deps.store
    pair = await a_pair(portal)
    pat, dana = await portal.visit(pair.pat), await portal.visit(portal.dana)

    async def cost(visitor: Visitor, path: str) -> int:
        with counted_queries(store) as queries:
            assert (await visitor.open(path)).status_code == 200
        return len(queries)

    before = [await cost(pat, "/customers"), await cost(dana, "/partners")]
    for number in range(60):
        customer = await a_tenant(store, name=f"Zeta {number:02}")
        await a_relationship(store, pair.partner, customer, approved=number % 2 == 0)
        partner = await a_tenant(store, name=f"Helper {number:02}")
        await a_relationship(store, partner, portal.tenant, approved=number % 2 == 0)
    assert [await cost(pat, "/customers"), await cost(dana, "/partners")] == before
    for visitor, path in ((pat, "/customers?q=ZETA"), (dana, "/partners")):
        page = await visitor.open(path)
        seen = re.findall(r'class="name" href="([^"]+)"', page.text)
        assert len(seen) == 50
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        assert following is not None
        page = await visitor.open(following[1].replace("&amp;", "&"))
        seen += re.findall(r'class="name" href="([^"]+)"', page.text)
        assert len(seen) == len(set(seen)) == 60
    await dana.open("/partners")
    assert dana.text.index("waits for you") < dana.text.index("active")


async def test_the_operator_still_approves_at_the_command_line(pair: Pair) -> None:
    portal, store = pair.portal, pair.portal.app.deps.store
    waiting = await a_relationship(store, pair.partner, portal.tenant, approved=False)
    async with store.write() as tx:
        await approve_relationship(tx, OPERATOR, customer_tenant_id=portal.tenant.id, relationship_id=waiting, now=NOON)
    pat = await portal.visit(pair.pat)
    await pat.open("/customers")
    assert "act for them" in pat.text
