"""What an app asks for, as people see it: who owns the app, and who has to answer."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tenantry.access.actions import Permission, RoleId
from tenantry.core.ids import ConnectorId
from tenantry.directory.users import delete_user
from tests.support.builders import OPERATOR, a_user
from tests.support.clock import NOON
from tests.support.portal import Portal, Visitor

GROUPS, PARTNER, DATA = Permission.GROUP_INFORMATION, Permission.PARTNER_CENTER, Permission.TENANT_DATA


async def _register(visitor: Visitor, *permissions: Permission, name: str = "Shift bot") -> ConnectorId:
    await visitor.open("/connectors/new")
    fields = {"name": name, "description": "", "kind": "confidential", "redirect_uris": "https://app.example/cb"}
    await visitor.send("/connectors/new", **fields, step="details")
    answer = await visitor.send(
        "/connectors/new", **fields, step="permissions", permissions=[str(each) for each in permissions]
    )
    assert answer.status_code == 200
    found = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", visitor.text)
    assert found is not None
    return ConnectorId(found[0])


def _seen(visitor: Visitor) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', visitor.page.text)
    assert found is not None
    return unescape(found[1])


async def _answer(visitor: Visitor, app: ConnectorId, answer: str, *permissions: Permission) -> int:
    """What the open page of the app shows is answered."""
    ticked = [str(each) for each in permissions]
    sent = await visitor.send(f"/connectors/{app}/waiting", seen=_seen(visitor), answer=answer, permissions=ticked)
    return sent.status_code


async def test_a_member_asks_and_sees_what_waits_and_an_administrator_finds_it_on_the_first_page(
    portal: Portal,
) -> None:
    erik, dana = await portal.visit(portal.erik), await portal.visit(portal.dana)
    await erik.open("/connectors/new")
    await erik.send("/connectors/new", name="Shift bot", description="", kind="confidential", redirect_uris="")
    assert "Read the organisation's users and groups. Waits for an administrator." in erik.text
    app = await _register(erik, GROUPS, PARTNER)
    assert "Partner Center: waits for an administrator." in erik.text
    await erik.open(f"/connectors/{app}")
    assert "Waits for an administrator Not in force yet. Asked" in erik.text
    await dana.open("/")
    assert "Shift bot waits for permissions: Partner Center." in dana.text
    assert f'href="/connectors/{app}/waiting"' in dana.page.text
    await dana.open(f"/connectors/{app}/waiting")
    assert f"({portal.erik.user_principal_name})" in dana.text
    assert "https://app.example/cb" in dana.text
    assert "Manage users of the organisation and of its customers" in dana.text
    assert await _answer(dana, app, "approve", PARTNER) == 303
    assert "waits for permissions" not in (await dana.open("/")).text
    await erik.open(f"/connectors/{app}")
    assert "Waits for an administrator" not in erik.text
    assert "Manage users of the organisation and of its customers" in erik.text


async def test_several_apps_that_wait_are_one_line_of_the_first_page_and_a_list(portal: Portal) -> None:
    erik, mia, dana = [await portal.visit(user) for user in (portal.erik, portal.mia, portal.dana)]
    await _register(erik, GROUPS, PARTNER)
    await _register(mia, GROUPS, DATA, name="Rota")
    await dana.open("/")
    assert "2 connectors wait for permissions." in dana.text
    assert 'href="/connectors/waiting"' in dana.page.text
    await dana.open("/connectors/waiting")
    for text in ("Shift bot Partner Center", "Rota Tenant Data", portal.mia.user_principal_name):
        assert text in dana.text
    assert "waits longest" not in (await erik.open("/")).text
    assert (await erik.open("/connectors/waiting")).status_code == 403


async def test_who_reads_the_numbers_hears_of_it_and_is_offered_no_answer(portal: Portal) -> None:
    app = await _register(await portal.visit(portal.erik), GROUPS, PARTNER)
    reader = await a_user(portal.app.deps.store, portal.tenant, roles=[RoleId.GLOBAL_READER])
    visitor = await portal.visit(reader)
    await visitor.open("/")
    assert "Shift bot waits for permissions" in visitor.text
    assert "/waiting" not in visitor.page.text
    assert "/waiting" not in (await visitor.open(f"/connectors/{app}")).text


async def test_some_are_declined_and_the_owner_sees_it_and_may_ask_again(portal: Portal) -> None:
    erik, dana = await portal.visit(portal.erik), await portal.visit(portal.dana)
    app = await _register(erik, GROUPS, PARTNER, DATA)
    await dana.open(f"/connectors/{app}/waiting")
    assert await _answer(dana, app, "approve") == 422
    assert "Choose at least one permission." in dana.text
    assert await _answer(dana, app, "bless", PARTNER) == 422
    assert await _answer(dana, app, "decline", PARTNER) == 303
    await erik.open(f"/connectors/{app}")
    assert "Declined by an administrator: Partner Center," in erik.text
    await erik.open(f"/connectors/{app}/permissions")
    await erik.send(
        f"/connectors/{app}/permissions", seen=_seen(erik), permissions=[str(GROUPS), str(DATA), str(PARTNER)]
    )
    await erik.open(f"/connectors/{app}")
    assert "Declined" not in erik.text
    await dana.open(f"/connectors/{app}/waiting")
    assert "Tenant Data" in dana.text
    assert "Partner Center" in dana.text


async def test_what_was_changed_since_the_page_was_shown_is_not_approved_and_the_page_says_so(
    portal: Portal,
) -> None:
    erik, dana = await portal.visit(portal.erik), await portal.visit(portal.dana)
    app = await _register(erik, GROUPS, PARTNER)
    await dana.open(f"/connectors/{app}/waiting")
    await erik.open(f"/connectors/{app}/permissions")
    await erik.send(
        f"/connectors/{app}/permissions", seen=_seen(erik), permissions=[str(GROUPS), str(DATA), str(PARTNER)]
    )
    assert await _answer(dana, app, "approve", PARTNER) == 422
    assert "has changed since the page was shown. Nothing was done." in dana.text
    assert "Tenant Data" in dana.text
    assert not re.search(r'value="partner_center" checked', dana.page.text)
    assert await _answer(dana, app, "approve", PARTNER) == 303


@pytest.mark.parametrize("second", ["approve", "decline"])
async def test_a_second_administrator_finds_it_answered(portal: Portal, second: str) -> None:
    other = await a_user(portal.app.deps.store, portal.tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    dana, fred = await portal.visit(portal.dana), await portal.visit(other)
    app = await _register(await portal.visit(portal.erik), GROUPS, PARTNER)
    for visitor in (dana, fred):
        await visitor.open(f"/connectors/{app}/waiting")
    assert await _answer(dana, app, "approve", PARTNER) == 303
    assert await _answer(fred, app, second, PARTNER) == 422
    assert "Nothing was done" in fred.text
    assert "waits for nothing" in fred.text


async def test_an_app_whose_registrant_is_gone_is_declined_only(portal: Portal) -> None:
    app = await _register(await portal.visit(portal.erik), GROUPS, PARTNER)
    dana = await portal.visit(portal.dana)
    async with portal.app.deps.store.write() as tx:
        await delete_user(tx, OPERATOR, portal.tenant.id, portal.erik.id, NOON)
    await dana.open(f"/connectors/{app}/waiting")
    assert "it can be declined only" in dana.text
    assert "Approve what is ticked" not in dana.text
    assert await _answer(dana, app, "approve", PARTNER) == 422
    assert await _answer(dana, app, "decline", PARTNER) == 303


async def test_an_app_that_is_gone_meanwhile_is_not_approved(portal: Portal) -> None:
    erik, dana = await portal.visit(portal.erik), await portal.visit(portal.dana)
    app = await _register(erik, GROUPS, PARTNER)
    await dana.open(f"/connectors/{app}/waiting")
    await erik.open(f"/connectors/{app}/delete")
    await erik.send(f"/connectors/{app}/delete")
    assert await _answer(dana, app, "approve", PARTNER) == 404
