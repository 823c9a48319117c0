"""An administrator of one tenant must not sign in as a user of another by mixing up two identity providers.

The attacker's provider sends a browser that was meant for it on to another organisation's provider, with what a sign-in
of the attacker's own was begun with there. The code that comes back must not reach the attacker (RFC 9700 §4.4).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tenantry.app import App
from tenantry.directory.identity_providers import NewProvider, add_identity_provider, remove_identity_provider
from tenantry.store import Store
from tenantry.store.trail import audit_events
from tests.support.app import BASE_URL, an_app
from tests.support.builders import OPERATOR, SomeTenant, a_tenant
from tests.support.clock import NOON
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.support.portal import Portal, Visitor, a_portal
from tests.support.server import a_running_server

SHARED = f"{BASE_URL}/sign-in/callback"


@dataclass
class World:
    """`honest` is the provider of the portal's tenant, `evil` that of another tenant, whose administrator runs it."""

    portal: Portal
    other: SomeTenant
    honest: Provider = field(default_factory=Provider)
    evil: Provider = field(default_factory=Provider)
    honest_id: str = ""
    evil_id: str = ""

    @property
    def app(self) -> App:
        return self.portal.app

    def way(self, tenant: SomeTenant, provider_id: str) -> str:
        return f"/sign-in/at/{tenant.id}/{provider_id}"

    async def sign_in(self) -> Visitor:
        """One of the portal's users, at the provider of their own organisation."""
        visitor = await self.portal.visit(None)
        left = await visitor.open(self.way(self.portal.tenant, self.honest_id))
        await visitor.follow(left.headers["location"])
        return visitor

    async def attack(self, callback: str = "") -> tuple[Visitor, Visitor]:
        """The attacker's browser and the victim's, when all that can be done was done.

        `callback`: another address than that of the attacker's own sign-in, which the honest provider would take.
        """
        attacker, victim = await self.portal.visit(None), await self.portal.visit(None)
        own = urlsplit((await attacker.open(self.way(self.portal.tenant, self.honest_id))).headers["location"])
        asked = dict(parse_qsl(own.query))
        state = asked.pop("state")
        wanted = {**asked, "redirect_uri": callback or asked["redirect_uri"]}
        self.evil.forwards_to = f"{self.honest.issuer}/authorize?{urlencode(wanted)}"
        left = await victim.open(self.way(self.other, self.evil_id))
        await victim.follow(left.headers["location"])
        for code in self.evil.stolen:
            query = urlencode({"code": code, "state": state, **self.honest.answers_with})
            await attacker.open(f"{asked['redirect_uri'].removeprefix(BASE_URL)}?{query}")
        return attacker, victim

    async def reasons(self, tenant: SomeTenant) -> list[str]:
        async with self.app.deps.store.read() as read:
            trail = await audit_events.list_latest(read, tenant.id, 100)
        return [event.data.split('"reason":"')[1].split('"')[0] for event in trail if "upstream" in event.type]

    async def signed_in(self) -> list[str]:
        async with self.app.deps.store.read() as read:
            return await read.all(str, "SELECT user_id FROM sessions WHERE amr LIKE '%fed%'")

    async def share(self, *providers: tuple[SomeTenant, str]) -> None:
        """They are from before each provider had an address of its own."""
        async with self.app.deps.store.write() as tx:
            for tenant, provider_id in providers:
                await tx.run(
                    "INSERT INTO shared_callbacks (tenant_id, provider_id) VALUES (:t, :p)", t=tenant.id, p=provider_id
                )


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    app = await an_app(store, outgoing_private_addresses=True)
    portal = await a_portal(app)
    made = World(portal, await a_tenant(store, name="Attacker's"))
    made.honest.claims = {"email": portal.mia.user_principal_name, "email_verified": True}
    async with AsyncExitStack() as stack:
        for provider in (made.honest, made.evil):
            await stack.enter_async_context(a_running_server(_maker(provider)))
        made.honest_id = await _add(app, portal.tenant, made.honest)
        made.evil_id = await _add(app, made.other, made.evil)
        yield made
    for http in portal.visitors:
        await http.aclose()
    await app.close()


def _maker(provider: Provider) -> Any:
    async def make_app(address: str) -> Any:
        provider.issuer = address
        return provider.app()

    return make_app


async def _add(app: App, tenant: SomeTenant, provider: Provider) -> str:
    new = NewProvider(name="P", issuer=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    async with app.deps.store.write() as tx:
        return await add_identity_provider(tx, app.deps.master_key, OPERATOR, tenant.id, new, NOON)


async def test_a_provider_that_sends_browsers_on_to_anothers_gets_no_code_of_it(world: World) -> None:
    _attacker, victim = await world.attack()
    assert world.evil.stolen == []
    assert victim.page.status_code == 403
    assert await world.signed_in() == []
    assert await world.reasons(world.portal.tenant) == []
    assert (await world.sign_in()).page.status_code == 303, "whoever is not attacked signs in as ever"
    assert await world.signed_in() == [world.portal.mia.id]


async def test_the_answer_of_another_providers_address_is_refused_and_the_trail_says_why(world: World) -> None:
    visitor = await world.portal.visit(None)
    left = await visitor.open(world.way(world.other, world.evil_id))
    state = world.evil.visit(left.headers["location"])["state"]
    for address in (
        f"/sign-in/callback/{world.portal.tenant.id}/{world.honest_id}",
        f"/sign-in/callback/{world.other.id}/{world.honest_id}",
        f"/sign-in/callback/{world.portal.tenant.id}/{world.evil_id}",
        "/sign-in/callback",
    ):
        await visitor.open(world.way(world.other, world.evil_id))
        state = world.evil.visit(visitor.page.headers["location"])["state"]
        assert (await visitor.open(f"{address}?code=c&state={state}")).status_code == 403
    assert await world.reasons(world.other) == ["wrong_callback"] * 4


async def test_the_address_that_all_shared_leads_no_code_to_a_provider_that_never_had_it(world: World) -> None:
    await world.share((world.portal.tenant, world.honest_id))
    assert (await world.sign_in()).page.status_code == 303, "the only tenant that had it goes on"
    await world.attack()
    assert world.evil.stolen == []
    assert await world.reasons(world.other) == ["wrong_callback"]
    assert await world.signed_in() == [world.portal.mia.id]


@pytest.mark.parametrize("end", ["", "replaced", "removed"])
async def test_where_several_tenants_had_the_shared_address_it_takes_no_answer_without_a_name(
    world: World, end: str
) -> None:
    await world.share((world.portal.tenant, world.honest_id), (world.other, world.evil_id))
    if end == "replaced":
        dana = await world.portal.visit(world.portal.dana)
        path = f"/identity-providers/{world.honest_id}/callback"
        await dana.open(path)
        assert (await dana.send(path)).status_code == 303
    await world.attack(callback=SHARED)  # the old address may be registered there for long
    if end == "removed":
        async with world.app.deps.store.write() as tx:
            await remove_identity_provider(tx, OPERATOR, world.portal.tenant.id, world.honest_id, NOON)
        visitor = await world.portal.visit(None)
        left = await visitor.open(world.way(world.other, world.evil_id))
        await visitor.follow(left.headers["location"])
    assert world.evil.stolen == []
    assert set(await world.reasons(world.other)) == {"shared_callback"}
    assert await world.signed_in() == []


async def test_at_the_shared_address_a_provider_that_names_itself_goes_on_and_is_not_mistaken(world: World) -> None:
    await world.share((world.portal.tenant, world.honest_id), (world.other, world.evil_id))
    assert (await world.sign_in()).page.status_code == 403
    assert await world.reasons(world.portal.tenant) == ["shared_callback"]
    world.honest.answers_with = {"iss": world.honest.issuer}
    assert (await world.sign_in()).page.status_code == 303
    await world.attack()
    assert world.evil.stolen == []
    assert await world.reasons(world.other) == ["wrong_iss_in_answer"]
    assert await world.signed_in() == [world.portal.mia.id]


@pytest.mark.parametrize(("promise", "status"), [(True, 403), (False, 303), (None, 303), ("true", 303)])
async def test_a_provider_that_promises_to_name_itself_must(world: World, promise: Any, status: int) -> None:
    world.honest.discovery = {"authorization_response_iss_parameter_supported": promise}
    assert (await world.sign_in()).page.status_code == status
    if status == 403:
        assert await world.reasons(world.portal.tenant) == ["no_iss_in_answer"]
    world.honest.answers_with = {"iss": world.honest.issuer}
    assert (await world.sign_in()).page.status_code == 303
    world.honest.answers_with = {"iss": world.evil.issuer}
    assert (await world.sign_in()).page.status_code == 403


async def test_nobody_chooses_the_callback_address_of_a_provider(world: World) -> None:
    otto = await world.portal.visit(world.portal.otto)
    await otto.open("/identity-providers")
    typed = {"name": "A", "issuer": world.evil.issuer, "client_id": "a", "client_secret": "b"}
    refused = await otto.send("/identity-providers", provider_id=world.honest_id, **typed)
    assert refused.status_code == 422
    assert "added meanwhile" in otto.text
    assert (await otto.send("/identity-providers", **typed)).status_code == 303
