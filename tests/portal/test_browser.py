"""The reference page in a real browser, as a person would go through it; and what only a browser can show."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tenantry.access.actions import Permission, RoleId
from tenantry.core.clock import system_clock
from tests.support.app import RecordingMessages
from tests.support.builders import a_connector, a_grant, a_relationship, a_tenant, a_user
from tests.support.partner_center import a_body
from tests.support.portal import IN_BROWSER, LivePortal
from tests.support.portal_names import names_in

pytestmark = IN_BROWSER


async def run(command: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", command, env={"PATH": "/usr/bin:/bin", **environment}, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return output.decode()


async def register_phone(live: LivePortal, page: Page, typed: str) -> None:
    await page.get_by_role("link", name="Add a Phone Number").first.click()
    await page.get_by_role("textbox", name="Phone number").fill(typed)
    await page.get_by_role("button", name="Generate PIN").click()
    await expect(page.get_by_text("We sent a PIN to")).to_be_visible()
    messages = live.portal.app.deps.messages
    assert isinstance(messages, RecordingMessages)
    pin = re.search(r"\d{6}", messages.sent[-1][1])
    assert pin
    await page.get_by_role("textbox", name="PIN").fill(pin[0])
    await page.get_by_role("button", name="Verify").click()


async def register_connector(page: Page) -> str:
    """Add Connector to I have stored it: the secret, as the downloaded file has it too."""
    await page.get_by_role("link", name="Connectors", exact=True).click()
    await page.get_by_role("link", name=re.compile("^Add (Connector|your first connector)$")).first.click()
    await page.get_by_label("Name").fill("Shift bot")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Group Information").check()
    await page.get_by_label("Group Member List").check()
    await page.get_by_role("button", name="Create Connector").click()
    secret = await page.get_by_role("textbox", name="Connector secret").input_value()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download as .env").click()
    path = await (await download.value).path()
    assert f"TENANTRY_CONNECTOR_SECRET={secret}\n" in path.read_text()
    await page.get_by_role("link", name="I have stored it").click()
    return secret


async def exchange(live: LivePortal, page: Page, secret: str) -> list[Any]:
    """Run the curl command that the token's page shows: the groups that its access token reaches."""
    command = await page.get_by_role("button", name="Copy the curl command").get_attribute("data-copy")
    assert command is not None
    answer = json.loads(await run(command.replace("curl ", "curl -s ", 1), TENANTRY_CONNECTOR_SECRET=secret))
    groups = await run(f"curl -s {live.address}/kaizala/v1/groups -H 'accessToken: {answer['accessToken']}'")
    found: list[Any] = json.loads(groups)["groups"]
    return found


async def test_from_a_phone_number_to_an_access_token_by_curl(live: LivePortal) -> None:
    page = await live.browse(live.portal.dana)
    await page.goto("/connectors")
    await register_phone(live, page, "(425) 555 0100")
    await expect(page.get_by_text("+14255550100 is verified and yours.")).to_be_visible()
    secret = await register_connector(page)
    await page.get_by_role("link", name="Generate user token").click()
    await expect(page.get_by_text("it reaches every group of the organisation")).to_be_visible()
    await page.get_by_role("button", name="Generate user token").click()
    assert len(await exchange(live, page, secret)) == 3
    assert live.complaints == []


async def a_partners_access_token(live: LivePortal) -> str:
    """Of an agent whose tenant may administer the users of Northwind, exchanged by curl."""
    store, now = live.portal.app.deps.store, system_clock()
    partner = await a_tenant(store, name="Fabrikam", now=now)
    agent = await a_user(store, partner, roles=[RoleId.USER_ADMINISTRATOR], now=now)
    await a_relationship(store, partner, live.portal.tenant, now=now)
    tool = await a_connector(store, partner, permissions=[Permission.PARTNER_CENTER], now=now)
    grant = await a_grant(store, tool, agent, permissions=[Permission.PARTNER_CENTER], now=now)
    answer = await run(
        f"curl -s {live.address}/{partner.id}/oauth2/token -d grant_type=refresh_token -d client_id={tool.id} "
        f"-d client_secret={tool.secret} -d refresh_token={grant.refresh_token} "
        "-d resource=https://api.partnercenter.microsoft.com"
    )
    return str(json.loads(answer)["access_token"])


async def test_a_user_made_by_a_partner_goes_from_the_first_password_to_an_access_token(live: LivePortal) -> None:
    tenant, token = live.portal.tenant, await a_partners_access_token(live)
    created = await run(
        f"curl -s {live.address}/partnercenter/v1/customers/{tenant.id}/users -H 'Content-Type: application/json' "
        f"-H 'Authorization: Bearer {token}' -d '{json.dumps(a_body(tenant, 'newcomer'))}'"
    )
    page = await live.browse(None)
    await page.goto("/phones")
    await page.get_by_label("User name").fill(json.loads(created)["userPrincipalName"])
    await page.get_by_label("Password").fill("teRN58*q")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("textbox", name="New password", exact=True).fill("Newcomer-7-Battery")
    await page.get_by_role("textbox", name="New password again").fill("Newcomer-7-Battery")
    await page.get_by_role("button", name="Change the password").click()
    await register_phone(live, page, "+1 (206) 555-0123")
    await expect(page.get_by_text("+12065550123 is verified and yours.")).to_be_visible()
    secret = await register_connector(page)
    await page.get_by_role("link", name="Generate user token").click()
    await expect(page.get_by_text("None: you are in no group.")).to_be_visible()
    await page.get_by_role("button", name="Generate user token").click()
    assert await exchange(live, page, secret) == []
    assert live.complaints == []


async def test_secrets_are_masked_until_shown(live: LivePortal) -> None:
    page = await live.browse(live.portal.dana)
    await page.goto("/connectors/new")
    await page.get_by_label("Name").fill("Bot")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Media").check()
    await page.get_by_role("button", name="Create Connector").click()
    field = page.get_by_role("textbox", name="Connector secret")
    await expect(field).to_have_css("-webkit-text-security", "disc")
    await page.get_by_role("button", name="Show").click()
    await expect(field).to_have_css("-webkit-text-security", "none")
    await page.reload()
    assert secret_free(await page.content())


def secret_free(html: str) -> bool:
    return "tny_cs_" not in html


async def test_reloading_what_is_shown_once_sends_no_form_again(live: LivePortal) -> None:
    page = await live.browse(live.portal.dana)
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await page.goto("/connectors/new")
    await page.get_by_label("Name").fill("Bot")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Media").check()
    await page.get_by_role("button", name="Create Connector").click()
    await expect(page.get_by_role("textbox", name="Connector secret")).to_be_visible()
    posts = len(sent)
    await page.reload()
    await expect(page.get_by_role("heading", name="Bot")).to_be_visible()
    await expect(page.get_by_text("What was made was shown once")).to_be_visible()
    await page.get_by_role("link", name="Rotate secret").click()
    await page.get_by_role("button", name="Make a new secret").click()
    await page.get_by_role("link", name="I have stored it").click()
    await expect(page.get_by_text("What was made was shown once")).to_be_hidden()
    await page.go_back()
    await expect(page.get_by_text("What was made was shown once")).to_be_visible()
    assert secret_free(await page.content())
    assert len(sent) == posts + 1
    assert live.complaints == []


async def test_reloading_recovery_codes_leaves_them_good(live: LivePortal) -> None:
    page = await live.browse(live.portal.dana)
    await names_in(live.portal, now=system_clock())
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await page.goto("/second-factor/recovery-codes")
    await page.locator("main form button").click()
    await expect(page.get_by_text("They are shown this once.")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Sign-in and security")).to_be_visible()
    assert len(sent) == 1, "sent again, the form would make others of them"
    assert live.complaints == []


async def test_the_focus_is_on_the_first_choice_of_a_list_without_one(live: LivePortal) -> None:
    page = await live.browse(live.portal.dana)
    await page.goto("/connectors/new")
    await page.get_by_label("Name").fill("Bot")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("button", name="Create Connector").click()
    await expect(page.locator("main fieldset input").first).to_be_focused()


async def test_a_double_click_makes_one_connector(live: LivePortal) -> None:
    page = await live.browse(live.portal.dana)
    await page.goto("/connectors/new")
    await page.get_by_label("Name").fill("Twin")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Media").check()
    await page.get_by_role("button", name="Create Connector").dblclick()
    await expect(page.get_by_role("heading", name="Twin is registered")).to_be_visible()
    await page.goto("/connectors")
    await expect(page.get_by_role("link", name="Twin")).to_have_count(1)


async def test_the_keyboard_alone_is_enough(live: LivePortal) -> None:
    page = await live.browse(live.portal.dana)
    await page.goto("/connectors")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.locator("main").focus()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("h")
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()


async def test_a_time_on_hover_names_the_viewers_zone(live: LivePortal) -> None:
    page = await live.browse(live.portal.dana, timezone_id="Asia/Kolkata", locale="en-GB")
    await page.goto(f"/groups/{live.portal.group}")
    title = await page.locator("time").first.get_attribute("title")
    assert title
    assert re.search(r"\d\d:\d\d:\d\d (IST|GMT\+5:30)$", title)


async def test_a_search_narrows_the_list_while_typing(live: LivePortal) -> None:
    page = await live.browse(live.portal.dana)
    for name in ("Shift bot", "Payroll"):
        await page.goto("/connectors/new")
        await page.get_by_label("Name").fill(name)
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_label("Media").check()
        await page.get_by_role("button", name="Create Connector").click()
    await page.goto("/connectors")
    await page.get_by_role("searchbox").press_sequentially("pay")
    await expect(page.get_by_role("link", name="Shift bot")).to_have_count(0)
    await expect(page.get_by_role("link", name="Payroll")).to_have_count(1)
    assert live.complaints == []


async def test_everything_works_without_script(live: LivePortal) -> None:
    page = await live.browse(live.portal.dana, java_script_enabled=False, viewport={"width": 360, "height": 720})
    await page.goto("/connectors")
    await register_phone(live, page, "+1 425 555 0100")
    await expect(page.get_by_text("+14255550100 is verified and yours.")).to_be_visible()
    await page.get_by_role("link", name="Connectors", exact=True).click()
    await page.get_by_role("link", name="Add Connector").click()
    await page.get_by_label("Name").fill("Plain")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Media").check()
    await page.get_by_role("button", name="Create Connector").click()
    secret = page.get_by_role("textbox", name="Connector secret")
    await expect(secret).to_have_css("-webkit-text-security", "none")
    await expect(page.get_by_role("button", name="Show")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_phone_the_menu_folds_and_nothing_is_wider_than_the_screen(live: LivePortal, scheme: str) -> None:
    page = await live.browse(live.portal.dana, viewport={"width": 360, "height": 720}, color_scheme=scheme)
    names = await names_in(live.portal, now=system_clock())
    paths = ["/", "/phones", "/connectors?show=all", "/connectors/new", "/connectors/{connector_id}"]
    for path in [*paths, "/connectors/{connector_id}/user-token", "/groups/{group_id}/connectors"]:
        await page.goto(path.format_map(names))
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path
    await expect(page.get_by_role("navigation", name="Main menu")).to_be_hidden()
    await page.get_by_role("button", name="Menu").click()
    await expect(page.get_by_role("navigation", name="Main menu")).to_be_visible()
