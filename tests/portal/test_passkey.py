"""Passkeys, with Chromium's virtual authenticator; and what a passkey's answer must not be."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser, CDPSession, Page, expect

from tenantry.app import App
from tenantry.core.clock import DAY, system_clock
from tenantry.core.errors import InvalidValue
from tenantry.directory.passkeys import RelyingParty, add_passkey, claim_passkey, registration_options, sign_in_options
from tenantry.store import Store, open_store
from tests.support.app import an_app
from tests.support.builders import HASHER, PASSWORD, a_tenant, a_user, as_user
from tests.support.clock import NOON
from tests.support.portal import Portal, a_portal
from tests.support.server import a_running_server

PARTY = RelyingParty("tenantry.test", "https://tenantry.test")


@dataclass
class Desk:
    """A browser whose computer holds a security key, at a running portal that has a host name."""

    portal: Portal
    page: Page
    cdp: CDPSession
    key: str


@asynccontextmanager
async def a_desk(chromium: Browser, url: str) -> AsyncIterator[Desk]:
    store = await open_store(url)
    apps: list[App] = []

    async def make_app(address: str) -> App:
        # Passkeys are for host names, never for a bare address.
        apps.append(await an_app(store, clock=system_clock, public_url=address.replace("127.0.0.1", "localhost")))
        return apps[0]

    async with a_running_server(make_app) as address:
        portal = await a_portal(apps[0], now=system_clock())
        context = await chromium.new_context(base_url=address.replace("127.0.0.1", "localhost"))
        page = await context.new_page()
        page.set_default_timeout(10_000)
        cdp = await context.new_cdp_session(page)
        await cdp.send("WebAuthn.enable")
        options: dict[str, Any] = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        key = (await cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options}))["authenticatorId"]
        yield Desk(portal, page, cdp, key)
        await context.close()
    await store.close()


async def sign_in(desk: Desk) -> None:
    await desk.page.goto("/sign-in")
    await desk.page.get_by_label("User name").fill(desk.portal.mia.user_principal_name)
    await desk.page.get_by_label("Password").fill(PASSWORD)
    await desk.page.get_by_role("button", name="Sign in").click()


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.browser
async def test_a_passkey_is_made_and_asked_for_at_the_next_sign_in(chromium: Browser, sqlite_url: str) -> None:
    async with a_desk(chromium, sqlite_url) as desk:
        page, portal = desk.page, desk.portal
        await sign_in(desk)
        await page.goto("/sessions")
        await page.get_by_role("link", name="Add a passkey").click()
        await page.get_by_label("Name").fill("Key ring")
        await page.get_by_role("button", name="Make the passkey").click()
        await expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
        await page.get_by_role("link", name="I have stored them").click()
        await expect(page.get_by_text("Key ring")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await sign_in(desk)
        await expect(page.get_by_role("heading", name="Second step")).to_be_visible()
        await page.get_by_role("button", name="Use a passkey").click()
        await page.wait_for_url("**/")
        async with portal.app.deps.store.read() as read:
            found = await read.all(
                str, "SELECT amr FROM sessions WHERE tenant_id = :t AND ended_at IS NULL", t=portal.tenant.id
            )
        assert found == ["hwk mfa pwd"]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.browser
async def test_a_copied_key_and_an_absent_one_do_not_sign_in(chromium: Browser, sqlite_url: str) -> None:
    async with a_desk(chromium, sqlite_url) as desk:
        page, portal = desk.page, desk.portal
        await sign_in(desk)
        await page.goto("/second-factor/passkey")
        await page.get_by_role("button", name="Make the passkey").click()
        await expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
        await page.goto("/")
        await page.get_by_role("button", name="Sign out").click()
        async with portal.app.deps.store.write() as tx:
            await tx.run("UPDATE passkeys SET sign_count = 1000 WHERE tenant_id = :t", t=portal.tenant.id)
        await sign_in(desk)
        await page.get_by_role("button", name="Use a passkey").click()
        await expect(page.get_by_text("That was not right").first).to_be_visible()
        await desk.cdp.send("WebAuthn.clearCredentials", {"authenticatorId": desk.key})
        await page.get_by_role("button", name="Use a passkey").click()
        await expect(page.get_by_text("The browser gave no passkey")).to_be_visible()
        await page.goto("/")
        assert "/sign-in" in page.url


MALFORMED = [
    "",
    "null",
    "[]",
    "{}",
    '{"response": {}}',
    '{"response": {"clientDataJSON": 7}}',
    '{"response": {"clientDataJSON": "!!"}}',
    '{"response": {"clientDataJSON": "e30"}}',
    '{"response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOiAiQUFBQSJ9"}, "id": "x", "rawId": "x", "type": "public-key"}',
    "[" * 100_000,
    '{"response": {"clientDataJSON": "' + "A" * 50_000 + '"}}',
]


@pytest.mark.parametrize("answer", MALFORMED, ids=range(len(MALFORMED)))
async def test_an_answer_that_no_browser_makes_is_refused(store: Store, answer: str) -> None:
    user = await a_user(store, await a_tenant(store))
    async with store.write() as tx:
        assert await claim_passkey(tx, HASHER, as_user(user), PARTY, user.tenant_id, user.id, answer, NOON) is None
    with pytest.raises(InvalidValue):
        async with store.write() as tx:
            await add_passkey(
                tx, HASHER, as_user(user), PARTY, user.tenant_id, user.id, answer=answer, name="", now=NOON
            )


async def test_a_challenge_is_good_for_its_own_purpose_and_user_and_time(store: Store) -> None:
    tenant = await a_tenant(store)
    user, other = await a_user(store, tenant), await a_user(store, tenant)
    async with store.write() as tx:
        made = json.loads(await sign_in_options(tx, HASHER, as_user(user), PARTY, NOON))
        await registration_options(
            tx, HASHER, as_user(user), PARTY, user_principal_name="a@b", display_name="A", now=NOON
        )
    async with store.read() as read:
        stored = repr(await read.all(lambda *row: row, "SELECT * FROM passkey_challenges"))
    assert made["challenge"] not in stored
    client_data = json.dumps({"type": "webauthn.get", "challenge": made["challenge"], "origin": PARTY.origin})
    answer = json.dumps({"id": "x", "response": {"clientDataJSON": _encoded(client_data)}})
    for claimer, now in ((other, NOON), (user, NOON + DAY), (user, NOON), (user, NOON)):
        async with store.write() as tx:
            await claim_passkey(tx, HASHER, as_user(claimer), PARTY, tenant.id, claimer.id, answer, now)
    async with store.read() as read:
        data = await read.all(
            str,
            "SELECT data FROM audit_events WHERE tenant_id = :t AND type = 'second_factor.refused' ORDER BY id",
            t=tenant.id,
        )
    reasons = [json.loads(each)["reason"] for each in data]
    assert sorted(reasons) == ["unknown_challenge", "unknown_challenge", "unknown_challenge", "unknown_passkey"]


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
