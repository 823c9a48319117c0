"""The menu: every line of it opens, for whomever it is shown to, and says where one is."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from tenantry.access.actions import RoleId
from tenantry.audit.events import FirstStepPassed
from tenantry.audit.record import record
from tenantry.devices.managed_accounts import AccountType, insert_account
from tenantry.directory.users import delete_user
from tests.support.builders import (
    SomeUser,
    a_connector,
    a_grant,
    a_group,
    a_relationship,
    a_tenant,
    a_user,
    an_enterprise,
    as_user,
)
from tests.support.clock import NOON
from tests.support.portal import Portal, Visitor
from tests.support.portal_names import names_in

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


async def a_busy_user(portal: Portal) -> SomeUser:
    """A user with something under every heading of its page."""
    store, tenant = portal.app.deps.store, portal.tenant
    user = await a_user(store, tenant, name="busy", roles=[RoleId.DIRECTORY_READERS], phone="+14255550143")
    await a_grant(store, await a_connector(store, tenant), user)
    enterprise = await an_enterprise(store, tenant, await a_tenant(store, name="EMM"))
    async with store.write() as tx:
        await insert_account(
            tx,
            enterprise.caller,
            enterprise.id,
            account_identifier="busy",
            account_type=AccountType.USER_ACCOUNT,
            display_name=None,
            user_id=user.id,
            now=NOON,
        )
        await record(tx, tenant.id, as_user(user), FirstStepPassed(user_id=user.id, amr=["pwd"]), NOON)
    return user


async def links_that_are_refused(visitor: Visitor, path: str) -> list[str]:
    """Of all that the page leads to; none when the page itself is refused."""
    page = await visitor.open(path)
    if page.status_code == 403:
        return []
    assert page.status_code == 200, path
    found = sorted({unescape(link) for link in re.findall(r'href="(/[^"#]*)"', page.text.partition("<main")[2])})
    return [link for link in found if (await visitor.open(link)).status_code == 403]


async def test_pages_of_users_and_groups_lead_to_nothing_that_is_refused(sqlite_portal: Portal, subtests: Any) -> None:
    store, busy = sqlite_portal.app.deps.store, await a_busy_user(sqlite_portal)
    address = f"/customers/{sqlite_portal.tenant.id}"
    for role in (
        RoleId.GLOBAL_ADMINISTRATOR,
        RoleId.GLOBAL_READER,
        RoleId.USER_ADMINISTRATOR,
        RoleId.GROUPS_ADMINISTRATOR,
        RoleId.DIRECTORY_READERS,
    ):
        partner = await a_tenant(store)
        await a_relationship(store, partner, sqlite_portal.tenant, roles=[role])
        acting = await sqlite_portal.visit(await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR]))
        await acting.open(address)
        assert (await acting.send(f"{address}/act")).status_code == 303
        own = await sqlite_portal.visit(await a_user(store, sqlite_portal.tenant, roles=[role]))
        for whose, visitor in (("own", own), ("acting", acting)):
            for path in (f"/users/{busy.id}", "/users", f"/groups/{sqlite_portal.group}", "/groups", "/"):
                with subtests.test(msg=f"{role.name} {whose} {path}"):
                    assert await links_that_are_refused(visitor, path) == []


LEADING = (
    "/reach",
    "/blast-radius/connector/{connector_id}",
    "/blast-radius/token/{grant_id}",
    "/blast-radius/user/{user_id}",
    "/blast-radius/device/{device_key}",
    "/blast-radius/relationship/{relationship_id}",
    "/connectors/{connector_id}",
    "/connectors/{connector_id}/delete",
    "/connectors/{connector_id}/secrets/new",
    "/connectors/new",
    "/groups/{group_id}",
    "/groups/{group_id}/connectors",
    "/groups/{group_id}/sub-groups/add",
    "/identity-providers",
    "/settings/domains/{domain}",
    "/tokens/{grant_id}/revoke",
)
"""Pages that lead to things of other kinds, or back to a page that not everybody who sees them may open."""


async def test_pages_about_apps_and_reach_lead_to_nothing_that_is_refused(sqlite_portal: Portal, subtests: Any) -> None:
    portal, names = sqlite_portal, await names_in(sqlite_portal)
    store, address = portal.app.deps.store, f"/customers/{portal.tenant.id}"
    visitors = {"member": await portal.visit(portal.mia), "group's admin": await portal.visit(portal.erik)}
    for role in (
        RoleId.GLOBAL_ADMINISTRATOR,
        RoleId.GLOBAL_READER,
        RoleId.USER_ADMINISTRATOR,
        RoleId.GROUPS_ADMINISTRATOR,
    ):
        visitors[f"own {role.name}"] = await portal.visit(await a_user(store, portal.tenant, roles=[role]))
        partner = await a_tenant(store)
        await a_relationship(store, partner, portal.tenant, roles=[role])
        acting = await portal.visit(await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR]))
        await acting.open(address)
        assert (await acting.send(f"{address}/act")).status_code == 303
        visitors[f"acting {role.name}"] = acting
    for whose, visitor in visitors.items():
        for path in LEADING:
            with subtests.test(msg=f"{whose} {path}"):
                assert await links_that_are_refused(visitor, path.format_map(names)) == []


async def test_who_acts_on_an_app_of_a_customer_comes_back_to_a_page_that_opens(sqlite_portal: Portal) -> None:
    store, tenant = sqlite_portal.app.deps.store, sqlite_portal.tenant
    grant = await a_grant(store, await a_connector(store, tenant), sqlite_portal.dana)
    partner = await a_tenant(store)
    await a_relationship(store, partner, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    acting = await sqlite_portal.visit(await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR]))
    await acting.open(f"/customers/{tenant.id}")
    await acting.send(f"/customers/{tenant.id}/act")
    await acting.open(f"/tokens/{grant.id}/revoke")
    answer = await acting.send(f"/tokens/{grant.id}/revoke")
    assert (answer.status_code, answer.headers["location"]) == (303, "/reach")
    assert (await acting.open("/reach")).status_code == 200


async def test_who_administers_less_is_not_offered_what_takes_an_administrator_over(sqlite_portal: Portal) -> None:
    store, tenant = sqlite_portal.app.deps.store, sqlite_portal.tenant
    ursula = await sqlite_portal.visit(await a_user(store, tenant, roles=[RoleId.USER_ADMINISTRATOR]))
    offers = ("/password", "/delete")
    for user, status in ((sqlite_portal.mia, 200), (sqlite_portal.dana, 403)):
        path = f"/users/{user.id}"
        page = (await ursula.open(path)).text
        assert [f'href="{path}{offer}"' in page for offer in offers] == [status == 200] * 2
        assert f'href="{path}/edit"' in page
        assert [(await ursula.open(path + offer)).status_code for offer in offers] == [status] * 2
        radius = (await ursula.open(f"/blast-radius/user/{user.id}")).text
        assert (f'action="{path}/delete"' in radius) is (status == 200)
    gone = await a_user(store, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    async with store.write() as tx:
        await delete_user(tx, as_user(sqlite_portal.dana), tenant.id, gone.id, NOON)
    assert f'href="/users/{gone.id}/restore"' not in (await ursula.open(f"/users/{gone.id}")).text
    assert (await ursula.open(f"/users/{gone.id}/restore")).status_code == 403


async def test_who_is_refused_is_told_what_is_missing(sqlite_portal: Portal) -> None:
    store, tenant = sqlite_portal.app.deps.store, sqlite_portal.tenant
    mia = await sqlite_portal.visit(sqlite_portal.mia)
    assert (await mia.open("/users")).status_code == 403
    assert "You hold no role that allows it." in mia.text
    partner = await a_tenant(store)
    await a_relationship(store, partner, tenant, roles=[RoleId.DIRECTORY_READERS])
    acting = await sqlite_portal.visit(await a_user(store, partner, roles=[RoleId.DIRECTORY_READERS]))
    await acting.open(f"/customers/{tenant.id}")
    await acting.send(f"/customers/{tenant.id}/act")
    assert (await acting.open("/audit")).status_code == 403
    assert "The roles in which you act for Northwind do not allow it." in acting.text


async def test_a_member_is_led_to_the_neighbouring_groups_that_are_the_members_own(portal: Portal) -> None:
    mine = await a_group(
        portal.app.deps.store, portal.tenant, name="Mine", members=[portal.mia], parent_id=portal.group
    )
    mia, dana = await portal.visit(portal.mia), await portal.visit(portal.dana)
    page = (await mia.open(f"/groups/{portal.group}")).text
    assert f'href="/groups/{mine}"' in page
    assert "Night drivers" in page
    assert f'href="/groups/{portal.below}"' not in page
    assert f'href="/groups/{portal.below}"' in (await dana.open(f"/groups/{portal.group}")).text
    assert f'href="/groups/{portal.group}"' in (await mia.open(f"/groups/{mine}")).text


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
