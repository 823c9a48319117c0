"""Devices in the portal: accounts found, a token made and shown once, access revoked, an account deleted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.clock import MINUTE
from tenantry.core.errors import NotFound
from tenantry.core.ids import ManagedAccountId
from tenantry.devices.managed_accounts import AccountType, add_google_managed_account, insert_account
from tenantry.devices.redeem import redeem_device_token
from tenantry.store.devices.devices import DeviceFacts
from tests.support.builders import (
    OPERATOR,
    SomeEnterprise,
    a_managed_account,
    a_tenant,
    a_user,
    an_enterprise,
)
from tests.support.portal import Portal, Visitor
from tests.support.queries import counted_queries
from tests.support.trail import types_of


@dataclass
class Fleet:
    """An enterprise of the portal's tenant."""

    portal: Portal
    enterprise: SomeEnterprise

    async def account(self, identifier: str, kind: AccountType = AccountType.USER_ACCOUNT) -> ManagedAccountId:
        return await a_managed_account(self.portal.app.deps.store, self.enterprise, identifier, account_type=kind)

    def path(self, account_id: ManagedAccountId, tail: str = "") -> str:
        return f"/devices/{self.enterprise.id}/{account_id}{tail}"

    async def token(self, visitor: Visitor, account_id: ManagedAccountId) -> str:
        await visitor.open(self.path(account_id, "/token"))
        page = await visitor.send(self.path(account_id, "/token"))
        shown = re.search(r'id="token"[^>]*value="(tny_dt_[^"]+)"', page.text)
        assert shown is not None
        return unescape(shown[1])

    async def redeem(self, token: str, android_id: str) -> None:
        deps = self.portal.app.deps
        await redeem_device_token(
            deps.store,
            deps.hasher,
            token=token,
            facts=DeviceFacts(android_id, maker="Acme", model="Pixel <9>"),
            device_limit=deps.settings.device_limit,
            origin=OPERATOR.origin,
            now=deps.clock(),
        )


async def a_fleet(portal: Portal) -> Fleet:
    store = portal.app.deps.store
    return Fleet(portal, await an_enterprise(store, portal.tenant, await a_tenant(store, name="Contoso EMM")))


async def events_of(portal: Portal) -> list[str]:
    return await types_of(portal.app.deps.store, portal.tenant.id)


async def test_without_an_enterprise_the_pages_say_what_one_is(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    for path in ("/enterprises", "/devices"):
        await visitor.open(path)
        assert "No enterprise yet" in visitor.text


async def test_a_token_is_shown_once_as_text_and_picture_and_sets_up_a_device(portal: Portal) -> None:
    fleet, visitor = await a_fleet(portal), await portal.visit(portal.dana)
    account_id = await fleet.account("user342")
    token = await fleet.token(visitor, account_id)
    assert 'src="data:image/svg+xml' in visitor.page.text
    await visitor.open(fleet.path(account_id))
    assert token not in visitor.page.text
    assert "300 more seconds" in visitor.text
    await fleet.redeem(token, "c0ffee01")
    await visitor.open(fleet.path(account_id))
    assert "Pixel <9>" in visitor.text
    assert "1 of 10" in visitor.text
    assert "more second" not in visitor.text
    await visitor.open("/devices?q=USER")
    assert "1 of 10" in visitor.text
    await visitor.open("/enterprises")
    assert "Contoso EMM" in visitor.text
    assert "device_token.issued" in await events_of(portal)


async def test_a_form_sent_twice_makes_one_token(portal: Portal) -> None:
    fleet, visitor = await a_fleet(portal), await portal.visit(portal.dana)
    account_id = await fleet.account("user342")
    page = await visitor.open(fleet.path(account_id, "/token"))
    await visitor.send(fleet.path(account_id, "/token"))
    visitor.page = page
    assert (await visitor.send(fleet.path(account_id, "/token"))).status_code == 409
    assert (await events_of(portal)).count("device_token.issued") == 1


async def test_an_unused_token_counts_its_seconds_and_then_is_gone(portal: Portal) -> None:
    fleet, visitor = await a_fleet(portal), await portal.visit(portal.dana)
    account_id = await fleet.account("user342")
    await fleet.token(visitor, account_id)
    portal.app.deps.clock.advance(MINUTE)  # type: ignore[attr-defined]
    await visitor.open(fleet.path(account_id))
    assert "240 more seconds" in visitor.text
    portal.app.deps.clock.advance(4 * MINUTE)  # type: ignore[attr-defined]
    await visitor.open(fleet.path(account_id))
    assert "more second" not in visitor.text


async def test_a_full_account_gets_no_token_and_the_page_says_why(portal: Portal) -> None:
    fleet, visitor = await a_fleet(portal), await portal.visit(portal.dana)
    account_id = await fleet.account("user342")
    for number in range(portal.app.deps.settings.device_limit):
        await fleet.redeem(await fleet.token(visitor, account_id), f"c0ffee{number:02}")
    await visitor.open("/devices")
    assert "10 of 10" in visitor.text
    assert "full" in visitor.text
    page = await visitor.open(fleet.path(account_id))
    assert "/token" not in page.text
    page = await visitor.open(fleet.path(account_id, "/token"))
    assert "Choose a device to remove" in visitor.text
    assert 'method="post"' not in page.text.partition("<main")[2]
    await visitor.open("/phones")
    refused = await visitor.send(fleet.path(account_id, "/token"), form_id="late")
    assert refused.status_code == 422
    assert "as many devices as it may have: 10" in visitor.text


async def test_a_full_account_names_the_device_that_was_set_up_first_and_one_removed_makes_room(portal: Portal) -> None:
    fleet, visitor = await a_fleet(portal), await portal.visit(portal.dana)
    account_id = await fleet.account("user342")
    limit = portal.app.deps.settings.device_limit
    for number in reversed(range(limit)):
        await fleet.redeem(await fleet.token(visitor, account_id), f"c0ffee{number:02}")
        portal.app.deps.clock.advance(MINUTE)  # type: ignore[attr-defined]
    oldest = f"c0ffee{limit - 1:02}"
    home = await visitor.open("/")
    assert f'href="{fleet.path(account_id)}"' in home.text
    await visitor.open(fleet.path(account_id))
    assert f"({oldest})" in visitor.text
    remove = fleet.path(account_id, f"/devices/{oldest}/remove")
    assert f'href="{remove}"' in visitor.page.text
    await visitor.open(remove)
    assert oldest in visitor.text
    assert (await visitor.send(remove)).status_code == 303
    assert "device.removed" in await events_of(portal)
    assert (await visitor.open(remove)).status_code == 404
    await visitor.open(fleet.path(account_id))
    assert f"{limit - 1} of {limit}" in visitor.text
    await fleet.redeem(await fleet.token(visitor, account_id), "c0ffee99")


async def test_a_device_is_removed_by_nobody_else_and_in_no_other_account(portal: Portal) -> None:
    fleet, visitor = await a_fleet(portal), await portal.visit(portal.dana)
    account_id, other_id = await fleet.account("user342"), await fleet.account("user343")
    await fleet.redeem(await fleet.token(visitor, account_id), "c0ffee01")
    for who, path in (
        (portal.mia, fleet.path(account_id, "/devices/c0ffee01/remove")),
        (portal.otto, fleet.path(account_id, "/devices/c0ffee01/remove")),
        (portal.dana, fleet.path(other_id, "/devices/c0ffee01/remove")),
        (portal.dana, fleet.path(account_id, "/devices/c0ffee02/remove")),
    ):
        caller = await portal.visit(who)
        await caller.open("/phones")
        assert (await caller.send(path, form_id=path)).status_code in (403, 404)
    await visitor.open(fleet.path(account_id))
    assert "1 of 10" in visitor.text


async def test_revoking_ends_devices_and_tokens_and_keeps_the_account(portal: Portal) -> None:
    fleet, visitor = await a_fleet(portal), await portal.visit(portal.dana)
    account_id = await fleet.account("user342")
    await fleet.redeem(await fleet.token(visitor, account_id), "c0ffee01")
    await fleet.token(visitor, account_id)
    await visitor.open(fleet.path(account_id, "/revoke"))
    assert "1 device loses" in visitor.text
    assert "1 unused token can" in visitor.text
    assert (await visitor.send(fleet.path(account_id, "/revoke"))).status_code == 303
    await visitor.open(fleet.path(account_id))
    assert "0 of 10" in visitor.text
    assert "more second" not in visitor.text
    assert "device.access_revoked" in await events_of(portal)


async def test_a_deleted_account_is_no_page_and_not_listed(portal: Portal) -> None:
    fleet, visitor = await a_fleet(portal), await portal.visit(portal.dana)
    account_id = await fleet.account("user342", AccountType.DEVICE_ACCOUNT)
    await visitor.open("/devices")
    assert "Device account" in visitor.text
    await visitor.open(fleet.path(account_id, "/delete"))
    gone = await visitor.send(fleet.path(account_id, "/delete"))
    assert gone.headers["location"] == f"/devices?enterprise={fleet.enterprise.id}"
    assert (await visitor.open(fleet.path(account_id))).status_code == 404
    await visitor.open("/devices")
    assert "user342" not in visitor.text
    assert "managed_account.deleted" in await events_of(portal)


async def test_a_google_managed_account_is_looked_at_and_left_alone(portal: Portal) -> None:
    fleet, visitor = await a_fleet(portal), await portal.visit(portal.dana)
    async with portal.app.deps.store.write() as tx:
        account_id = await add_google_managed_account(
            tx, OPERATOR, fleet.enterprise.id, primary_email="Ann@Customer.example", display_name="Ann", now=0
        )
    await visitor.open("/devices?q=ann@")
    assert "Google account" in visitor.text
    await visitor.open(fleet.path(account_id))
    assert "/token" not in visitor.page.text
    for tail in ("/token", "/revoke", "/delete"):
        await visitor.open(fleet.path(account_id, tail))
        assert (await visitor.send(fleet.path(account_id, tail))).status_code == 422


@pytest.mark.parametrize("roles", [[], [RoleId.USER_ADMINISTRATOR]])
async def test_devices_are_for_global_administrators(sqlite_portal: Portal, roles: list[RoleId]) -> None:
    fleet = await a_fleet(sqlite_portal)
    account_id = await fleet.account("user342")
    visitor = await sqlite_portal.visit(await a_user(sqlite_portal.app.deps.store, sqlite_portal.tenant, roles=roles))
    for path in ("/devices", "/enterprises", fleet.path(account_id), fleet.path(account_id, "/token")):
        assert (await visitor.open(path)).status_code == 403


async def test_a_global_reader_sees_devices_and_no_buttons(portal: Portal) -> None:
    fleet = await a_fleet(portal)
    account_id = await fleet.account("user342")
    reader = await a_user(portal.app.deps.store, portal.tenant, roles=[RoleId.GLOBAL_READER])
    visitor = await portal.visit(reader)
    await visitor.open(fleet.path(account_id))
    assert "user342" in visitor.text
    for tail in ("/token", "/revoke", "/delete"):
        assert fleet.path(account_id, tail) not in visitor.page.text
        assert (await visitor.open(fleet.path(account_id, tail))).status_code == 403


async def test_an_enterprise_of_another_tenant_is_no_page(portal: Portal) -> None:
    fleet, otto = await a_fleet(portal), await portal.visit(portal.otto)
    account_id = await fleet.account("user342")
    assert (await otto.open(f"/devices?enterprise={fleet.enterprise.id}")).status_code == 404
    assert (await otto.open(fleet.path(account_id))).status_code == 404


async def test_accounts_are_searched_by_their_start_and_page_by_key(portal: Portal) -> None:
    fleet, visitor = await a_fleet(portal), await portal.visit(portal.dana)
    for number in range(60):
        await fleet.account(f"Scan_{number:02}")
    await fleet.account("scanx")
    await visitor.open("/devices?q=scan_")
    seen = re.findall(r'class="name"[^>]*>(Scan_\d\d)<', visitor.page.text)
    following = re.search(r'rel="next" href="([^"]+)"', visitor.page.text)
    assert following is not None
    await visitor.open(unescape(following[1]))
    seen += re.findall(r'class="name"[^>]*>(Scan_\d\d)<', visitor.page.text)
    assert seen == [f"Scan_{number:02}" for number in range(60)]


async def test_a_page_of_devices_asks_the_same_questions_for_one_and_for_many(sqlite_portal: Portal) -> None:
    portal = sqlite_portal
    fleet, visitor = await a_fleet(portal), await portal.visit(portal.dana)
    account_id = await fleet.account("user342")

    async def questions(path: str) -> int:
        with counted_queries(portal.app.deps.store) as queries:
            assert (await visitor.open(path)).status_code == 200
        return len(queries)

    paths = ("/devices", "/enterprises", fleet.path(account_id))
    few = [await questions(path) for path in paths]
    for number in range(8):
        await fleet.account(f"more{number}")
        await fleet.redeem(await fleet.token(visitor, account_id), f"c0ffee{number:02}")
        await an_enterprise(portal.app.deps.store, portal.tenant, await a_tenant(portal.app.deps.store))
    assert [await questions(path) for path in paths] == few


async def test_a_users_page_shows_the_accounts_that_are_the_users(portal: Portal) -> None:
    fleet = await a_fleet(portal)
    enterprise, now = fleet.enterprise, portal.app.deps.clock()
    async with portal.app.deps.store.write() as tx:
        made = await insert_account(
            tx,
            enterprise.caller,
            enterprise.id,
            account_identifier="mia-phone",
            account_type=AccountType.USER_ACCOUNT,
            display_name=None,
            user_id=portal.mia.id,
            now=now,
        )
        synced = await add_google_managed_account(
            tx,
            OPERATOR,
            enterprise.id,
            primary_email=portal.mia.user_principal_name.upper(),
            display_name=None,
            now=now,
        )
    await fleet.account("of nobody")
    await fleet.redeem(await fleet.token(await portal.visit(portal.dana), made.id), "3a01")
    visitor = await portal.visit(portal.dana)
    page = await visitor.open(f"/users/{portal.mia.id}")
    assert f'href="{fleet.path(made.id)}">mia-phone</a></td><td class="number">1</td>' in page.text
    assert fleet.path(synced) in page.text
    assert "of nobody" not in page.text
    async with portal.app.deps.store.write() as tx:
        with pytest.raises(NotFound):
            await insert_account(
                tx,
                enterprise.caller,
                enterprise.id,
                account_identifier="otto-phone",
                account_type=AccountType.USER_ACCOUNT,
                display_name=None,
                user_id=portal.otto.id,
                now=now,
            )
