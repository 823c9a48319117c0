"""Signing in at the organisation's own provider: whom it lets in, and every way in which it must not."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from html import unescape
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from httpx import Response
from joserfc.jwk import ECKey

from tenantry.access.actions import Permission
from tenantry.app import App
from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.http import OutgoingHttp, Unreachable
from tenantry.directory.identity_providers import (
    NameClaim,
    NewProvider,
    add_identity_provider,
    warn_of_shared_callbacks,
)
from tenantry.directory.provider_documents import MAX_DOCUMENT
from tenantry.store import Store
from tenantry.store.trail import audit_events
from tests.support.app import BASE_URL, an_app
from tests.support.builders import OPERATOR, a_connector
from tests.support.clock import NOON, FakeClock
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.support.portal import Portal, Visitor, a_portal
from tests.support.server import a_running_server

CALLBACK = "https://app.example/cb"


@dataclass
class World:
    portal: Portal
    provider: Provider
    provider_id: str

    @property
    def way(self) -> str:
        return f"/sign-in/at/{self.portal.tenant.id}/{self.provider_id}?next=/connectors"

    @property
    def callback(self) -> str:
        return f"/sign-in/callback/{self.portal.tenant.id}/{self.provider_id}"

    async def leave(self) -> tuple[Visitor, dict[str, str]]:
        visitor = await self.portal.visit(None)
        answer = await visitor.open(self.way)
        assert answer.status_code == 303, visitor.text
        return visitor, self.provider.visit(answer.headers["location"])

    async def come(self, **claims: Any) -> tuple[Visitor, Response]:
        """There and back, with these claims in the ID token."""
        visitor, asked = await self.leave()
        self.provider.claims = {"email": self.portal.mia.user_principal_name, "email_verified": True, **claims}
        return visitor, await visitor.open(f"{self.callback}?code=c&state={asked['state']}")

    async def reasons(self) -> list[str]:
        async with self.portal.app.deps.store.read() as read:
            trail = await audit_events.list_latest(read, self.portal.tenant.id, 100)
        return [event.data.split('"reason":"')[1].split('"')[0] for event in trail if "upstream" in event.type]

    async def users(self) -> list[str]:
        async with self.portal.app.deps.store.read() as read:
            return await read.all(
                str,
                "SELECT user_id FROM sessions WHERE tenant_id = :t AND amr LIKE '%fed%'",
                t=self.portal.tenant.id,
            )


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    app = await an_app(store, outgoing_private_addresses=True)
    portal = await a_portal(app)
    provider = Provider()

    async def make_app(address: str) -> App:
        provider.issuer = address
        return cast(App, provider.app())

    async with a_running_server(make_app):
        yield World(portal, provider, await add(portal, provider))
    for http in portal.visitors:
        await http.aclose()
    await app.close()


async def add(portal: Portal, provider: Provider, **more: Any) -> str:
    new = NewProvider(name="Entra", issuer=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **more)
    deps = portal.app.deps
    async with deps.store.write() as tx:
        return await add_identity_provider(tx, deps.master_key, OPERATOR, portal.tenant.id, new, NOON)


async def test_a_verified_address_in_the_tenants_domain_signs_in_and_is_linked(world: World) -> None:
    visitor, answer = await world.come()
    assert (answer.status_code, answer.headers["location"]) == (303, "/connectors")
    assert world.provider.asked["redirect_uri"] == BASE_URL + world.callback
    assert world.provider.asked["code_challenge_method"] == "S256"
    await visitor.open("/sessions")
    assert "organisation account" in visitor.text
    _visitor, again = await world.come(email="renamed@elsewhere.example", email_verified=False)
    assert again.status_code == 303
    assert await world.users() == [world.portal.mia.id] * 2


async def test_the_choice_of_the_organisation_leads_to_its_provider(world: World) -> None:
    visitor = await world.portal.visit(None)
    await visitor.open(f"/sign-in/organisation?domain=someone@{world.portal.tenant.domain}")
    assert "Continue to Entra" in visitor.text
    for unknown in ("nowhere.example", "x" * 300, "%00", ""):
        await visitor.open(f"/sign-in/organisation?domain={unknown}")
        assert "Continue to" not in visitor.text


FALSE: list[tuple[dict[str, Any], str]] = [
    ({"iss": "https://elsewhere.example"}, "wrong_iss"),
    ({"iss": None}, "wrong_iss"),
    ({"aud": "another"}, "wrong_aud"),
    ({"aud": None}, "wrong_aud"),
    ({"aud": [CLIENT_ID, "another"]}, "wrong_aud"),
    ({"aud": [CLIENT_ID, "another"], "azp": "another"}, "wrong_aud"),
    ({"azp": "another"}, "wrong_azp"),
    ({"nonce": "other"}, "wrong_nonce"),
    ({"nonce": None}, "wrong_nonce"),
    ({"nonce": 7}, "wrong_nonce"),
    ({"exp": NOON // 1_000_000 - 61}, "expired"),
    ({"exp": None}, "wrong_times"),
    ({"exp": "soon"}, "wrong_times"),
    ({"exp": 10**400}, "wrong_times"),
    ({"exp": 1e300}, "wrong_times"),
    ({"iat": NOON // 1_000_000 + 61}, "not_yet_valid"),
    ({"nbf": NOON // 1_000_000 + 61}, "not_yet_valid"),
    ({"sub": None}, "wrong_sub"),
    ({"sub": ""}, "wrong_sub"),
    ({"sub": "x" * 256}, "wrong_sub"),
    ({"sub": "a\u0000b"}, "wrong_sub"),
    ({"email_verified": False}, "name_not_verified"),
    ({"email_verified": "true"}, "email_verified_not_boolean"),
    ({"email_verified": 1}, "email_verified_not_boolean"),
    ({"email_verified": None}, "name_not_verified"),
    ({"email": None, "preferred_username": "mia"}, "name_not_verified"),
    ({"email": "mia@elsewhere.example"}, "foreign_domain"),
    ({"email": "mia@a@b.example"}, "name_not_verified"),
]
"""What an ID token may claim, and why that lets nobody in."""


async def test_a_token_that_says_something_else_lets_nobody_in(world: World, subtests: Any) -> None:
    for claims, reason in FALSE:
        with subtests.test(msg=str(claims)[:60]):
            visitor, answer = await world.come(**claims)
            assert answer.status_code == 403
            assert "did not work" in visitor.text
            assert reason not in answer.text
            assert (await world.reasons())[0] == reason
            assert (await visitor.open("/")).status_code == 303
    assert await world.users() == []


async def test_a_name_nobody_has_and_one_of_another_tenant_let_nobody_in(world: World) -> None:
    _visitor, answer = await world.come(email=f"nobody@{world.portal.tenant.domain}")
    assert answer.status_code == 403
    _visitor, answer = await world.come(email=world.portal.otto.user_principal_name)
    assert answer.status_code == 403
    assert sorted(await world.reasons()) == ["foreign_domain", "unknown_user"]


async def test_a_provider_whose_key_set_is_too_long_fails_like_one_that_does_not_answer(world: World) -> None:
    world.provider.key_set = {"filling": "x" * 60_000}
    _visitor, answer = await world.come(email=world.portal.mia.user_principal_name)
    assert answer.status_code == 303
    world.provider.key_set = {"filling": "x" * MAX_DOCUMENT}
    _visitor, answer = await world.come()
    assert answer.status_code == 403
    assert await world.reasons() == ["provider_unreachable: the answer is too long"]


async def test_a_signature_that_is_not_the_providers_is_refused(world: World) -> None:
    provider = world.provider
    foreign = ECKey.generate_key("P-256", {"kid": "one"})
    for algorithm, key in (
        ("none", None),
        ("HS256", CLIENT_SECRET.encode()),
        ("HS256", provider.own_key.as_pem(private=False)),
        ("ES256", foreign),
    ):
        provider.algorithm, provider.key = algorithm, key
        _visitor, answer = await world.come()
        assert answer.status_code == 403
    for raw in ("", "a.b.c", "x" * 10_000, "...", "e30.e30."):
        provider.raw_token = raw
        _visitor, answer = await world.come()
        assert answer.status_code == 403
    assert set(await world.reasons()) <= {"bad_signature", "no_id_token"}
    assert await world.users() == []


async def test_a_linked_user_has_one_subject_and_another_is_refused(world: World) -> None:
    assert (await world.come())[1].status_code == 303
    assert (await world.come(sub="subject-2"))[1].status_code == 403
    assert await world.reasons() == ["user_has_another_subject"]
    other = {"email": world.portal.erik.user_principal_name}
    assert (await world.come(sub="subject-2", **other))[1].status_code == 303
    assert (await world.come(**other))[1].status_code == 303
    assert sorted(await world.users()) == sorted([world.portal.mia.id, world.portal.mia.id, world.portal.erik.id])


async def test_a_state_is_of_one_browser_and_good_once_and_not_for_long(world: World) -> None:
    _mine, asked = await world.leave()
    world.provider.claims = {"email": world.portal.mia.user_principal_name, "email_verified": True}
    thief = await world.portal.visit(None)
    assert (await thief.open(f"{world.callback}?code=c&state={asked['state']}")).status_code == 403
    other, _asked = await world.leave()
    assert (await other.open(f"{world.callback}?code=c&state={asked['state']}")).status_code == 403
    for bad in ("", "?state=", "?code=c", "?code=c&state=x&state=y"):
        assert (await other.open(f"{world.callback}{bad}")).status_code == 403
    visitor, asked = await world.leave()
    [(name, cookie)] = [pair for pair in visitor.http.cookies.items() if "upstream" in pair[0]]
    path = f"{world.callback}?code=c&state={asked['state']}"
    assert (await visitor.open(path)).status_code == 303
    visitor.http.cookies.clear()
    visitor.http.cookies.set(name, cookie)
    assert (await visitor.open(path)).status_code == 403
    visitor, asked = await world.leave()
    assert isinstance(world.portal.app.deps.clock, FakeClock)
    world.portal.app.deps.clock.advance(10 * MINUTE)
    assert (await visitor.open(f"{world.callback}?code=c&state={asked['state']}")).status_code == 403
    assert await world.users() == [world.portal.mia.id]


async def test_an_answer_of_another_issuer_or_an_error_lets_nobody_in(world: World) -> None:
    for answer in ("code=c&iss=https://elsewhere.example", "error=access_denied", "error=x&code=c", "nothing=1"):
        visitor, asked = await world.leave()
        assert (await visitor.open(f"{world.callback}?state={asked['state']}&{answer}")).status_code == 403
    assert sorted(await world.reasons()) == [
        "no_code",
        "provider_refused: access_denied",
        "provider_refused: x",
        "wrong_iss_in_answer",
    ]


async def test_a_discovery_document_of_another_issuer_is_not_followed(world: World) -> None:
    for discovery in (
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ):
        world.provider.discovery = discovery
        visitor = await world.portal.visit(None)
        answer = await visitor.open(world.way)
        assert answer.status_code == 403
        assert "location" not in answer.headers


async def test_a_user_principal_name_counts_only_where_the_administrator_said_so(world: World) -> None:
    name = world.portal.mia.user_principal_name
    _visitor, answer = await world.come(email=None, upn=name)
    assert answer.status_code == 403
    world.provider_id = await add(world.portal, world.provider, name_claim=NameClaim.UPN)
    _visitor, answer = await world.come(email="else@where.example", upn=name)
    assert answer.status_code == 303


@pytest.mark.parametrize(("trusts", "amr", "expected"), [(True, ["pwd", "mfa"], "fed mfa"), (False, ["mfa"], "fed")])
async def test_a_second_factor_there_counts_only_when_it_is_trusted(
    world: World, trusts: bool, amr: list[str], expected: str
) -> None:
    world.provider_id = await add(world.portal, world.provider, trusts_mfa=trusts)
    await world.come(amr=amr)
    async with world.portal.app.deps.store.read() as read:
        found = await read.all(str, "SELECT amr FROM sessions WHERE tenant_id = :t", t=world.portal.tenant.id)
    assert found == [expected]


async def test_a_disabled_user_and_a_removed_provider_let_nobody_in(world: World) -> None:
    assert (await world.come())[1].status_code == 303
    async with world.portal.app.deps.store.write() as tx:
        await tx.run("UPDATE users SET disabled_at = 1 WHERE id = :id", id=world.portal.mia.id)
    assert (await world.come())[1].status_code == 403
    visitor, asked = await world.leave()
    dana = await world.portal.visit(world.portal.dana)
    path = f"/identity-providers/{world.provider_id}/remove"
    await dana.open(path)
    assert "Remove Entra?" in dana.text
    assert (await dana.send(path)).status_code == 303
    assert (await visitor.open(f"{world.callback}?code=c&state={asked['state']}")).status_code == 403
    assert (await visitor.open(world.way)).status_code == 404


async def test_the_administrator_adds_a_provider_that_is_there_and_others_may_not(world: World) -> None:
    dana = await world.portal.visit(world.portal.dana)
    typed = {"name": "Okta", "issuer": world.provider.issuer, "client_id": "a", "client_secret": CLIENT_SECRET}
    await dana.open("/identity-providers")
    refused = await dana.send("/identity-providers", **{**typed, "issuer": world.provider.issuer + "/nothing"})
    assert refused.status_code == 422
    assert 'id="issuer-error"' in refused.text
    assert CLIENT_SECRET not in refused.text
    assert (await dana.send("/identity-providers", **typed)).status_code == 303
    await dana.open("/identity-providers")
    assert "Okta" in dana.text
    async with world.portal.app.deps.store.read() as read:
        stored = repr(await read.all(lambda *row: row, "SELECT * FROM identity_providers"))
    assert CLIENT_SECRET not in stored
    mia = await world.portal.visit(world.portal.mia)
    assert (await mia.open("/identity-providers")).status_code == 403


async def test_the_server_does_not_go_into_its_own_network(store: Store) -> None:
    app = await an_app(store)
    portal = await a_portal(app)
    dana = await portal.visit(portal.dana)
    for issuer in ("http://127.0.0.1:1", "https://127.0.0.1:1", "https://localhost", "https://[::1]", "file:///x", "x"):
        await dana.open("/identity-providers")
        typed = {"name": "a", "issuer": issuer, "client_id": "a", "client_secret": "b"}
        refused = await dana.send("/identity-providers", **typed)
        assert refused.status_code == 422
        assert 'id="issuer-error"' in refused.text
    await app.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[fd00::1]",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "2130706433",
        "0x7f.1",
        "127.1",
        "localhost",
    ],
)
async def test_no_spelling_of_a_private_address_is_gone_to(host: str) -> None:
    with pytest.raises(Unreachable, match=r"private network|no answer"):
        await OutgoingHttp().get(f"https://{host}:1/", tenant_id="t")


async def test_an_answer_that_is_too_long_is_given_up(world: World) -> None:
    world.provider.discovery = {"padding": "x" * 2_000_000}
    visitor = await world.portal.visit(None)
    assert (await visitor.open(world.way)).status_code == 403


async def test_what_an_app_demands_of_the_sign_in_is_passed_on_through_every_page(world: World) -> None:
    portal = world.portal
    app = await a_connector(
        portal.app.deps.store, portal.tenant, permissions=[Permission.GROUP_INFORMATION], redirect_uris=[CALLBACK]
    )
    asked = {"client_id": app.id, "response_type": "code", "scope": "openid", "prompt": "login", "max_age": "60"}
    visitor = await portal.visit(portal.mia)
    answer = await visitor.open(f"/common/oauth2/v2.0/authorize?{urlencode(asked)}")
    await visitor.open(answer.headers["location"])
    await visitor.open(_link(visitor, "/sign-in/organisation"))
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', visitor.page.text))
    fields = {name: unescape(value) for name, value in fields.items()}
    assert (fields["prompt"], fields["max_age"]) == ("login", "60")
    await visitor.open(f"/sign-in/organisation?{urlencode({**fields, 'domain': portal.tenant.domain})}")
    sent = world.provider.visit((await visitor.open(_link(visitor, "/sign-in/at/"))).headers["location"])
    assert (sent["prompt"], sent["max_age"]) == ("login", "60")
    world.provider.claims = {
        "email": portal.mia.user_principal_name,
        "email_verified": True,
        "auth_time": NOON // SECOND - 20,
    }
    back = await visitor.open(f"{world.callback}?code=c&state={sent['state']}")
    consent = back.headers["location"]
    assert (await visitor.open(consent)).status_code == 200, "nobody is asked twice"
    code = parse_qs(urlsplit((await visitor.send(consent, decision="allow")).headers["location"]).query)["code"][0]
    data = {
        "grant_type": "authorization_code",
        "client_id": app.id,
        "client_secret": app.secret,
        "code": code,
        "redirect_uri": CALLBACK,
    }
    token = (await visitor.http.post("/common/oauth2/v2.0/token", data=data)).json()["id_token"]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["auth_time"] == NOON // SECOND - 20, "the provider's word, not the time of the way back"


def _link(visitor: Visitor, start: str) -> str:
    """Where the page's link of that kind leads."""
    found = re.search(rf'href="({start}[^"]*)"', visitor.page.text)
    assert found, visitor.page.text
    return unescape(found[1])


AGES: list[tuple[str, Any, str | None]] = [
    ("", None, None),
    ("", -86_400, None),
    ("&max_age=60", -120, None),
    ("&max_age=60", -121, "authenticated_too_long_ago"),
    ("&max_age=60", None, "no_auth_time"),
    ("&max_age=0", -60, None),
    ("&max_age=0", -61, "authenticated_too_long_ago"),
    ("&max_age=soon", None, None),
    ("&prompt=login", None, None),
    ("&prompt=login", -60, None),
    ("&prompt=login", -61, "authenticated_too_long_ago"),
    ("&prompt=login&max_age=3600", -61, "authenticated_too_long_ago"),
    ("&prompt=login&max_age=3600", None, "no_auth_time"),
    ("", 61, "not_yet_valid"),
    ("", "soon", "wrong_times"),
    ("", True, "wrong_times"),
    ("", float("nan"), "wrong_times"),
    ("", -1e300, "wrong_times"),
    ("", 1e15, "not_yet_valid"),
    ("", 1e300, "wrong_times"),
]
"""What is demanded, when the provider says it proved the person (seconds from now), and why that lets nobody in. A
minute is allowed for clocks that differ.
"""


async def test_a_provider_that_did_not_do_what_was_demanded_lets_nobody_in(world: World, subtests: Any) -> None:
    for demanded, since, reason in AGES:
        with subtests.test(msg=f"{demanded} {since}"):
            visitor = await world.portal.visit(None)
            asked = world.provider.visit((await visitor.open(world.way + demanded)).headers["location"])
            says = since if since is None or isinstance(since, bool | str) else NOON // SECOND + since
            world.provider.claims = {
                "email": world.portal.mia.user_principal_name,
                "email_verified": True,
                "auth_time": says,
            }
            answer = await visitor.open(f"{world.callback}?code=c&state={asked['state']}")
            assert answer.status_code == (303 if reason is None else 403)
            if reason is not None:
                assert (await world.reasons())[0] == reason


async def test_a_session_is_as_old_as_the_provider_says(world: World) -> None:
    portal = world.portal
    app = await a_connector(
        portal.app.deps.store, portal.tenant, permissions=[Permission.GROUP_INFORMATION], redirect_uris=[CALLBACK]
    )
    visitor, _answer = await world.come(auth_time=NOON // SECOND - 600)
    path = f"/common/oauth2/v2.0/authorize?client_id={app.id}&response_type=code"
    assert (await visitor.open(f"{path}&max_age=600")).status_code == 200
    assert (await visitor.open(f"{path}&max_age=599")).status_code == 303


async def test_the_address_to_register_is_shown_before_and_stays_that_of_the_provider(world: World) -> None:
    dana = await world.portal.visit(world.portal.dana)
    await dana.open("/identity-providers")
    shown = re.findall(rf"{BASE_URL}(/sign-in/callback/[0-9a-f-]+/[0-9a-f-]+)", dana.page.text)[-1]
    assert shown != world.callback
    await dana.open("/identity-providers")
    assert shown in dana.page.text, "it does not change while the administrator is at the provider"
    typed = {"name": "Okta", "issuer": world.provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    next_id = shown.rpartition("/")[2]
    assert (await dana.send("/identity-providers", provider_id=next_id, **typed)).status_code == 303
    world.provider_id = next_id
    _visitor, answer = await world.come()
    assert answer.status_code == 303
    assert world.provider.asked["redirect_uri"] == BASE_URL + shown
    await dana.open("/identity-providers")
    late = await dana.send("/identity-providers", provider_id=next_id, **typed)
    assert late.status_code == 422
    assert "Another provider was added meanwhile" in dana.text


async def test_a_provider_from_before_keeps_working_and_its_administrator_is_told_what_to_do(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    own, deps = world.callback, world.portal.app.deps
    async with deps.store.write() as tx:
        await tx.run(
            "INSERT INTO shared_callbacks (tenant_id, provider_id) VALUES (:t, :p)",
            t=world.portal.tenant.id,
            p=world.provider_id,
        )
    dana, mia = await world.portal.visit(world.portal.dana), await world.portal.visit(None)
    await dana.open("/")
    assert "Entra, where people sign in, needs a redirect address of its own." in dana.text
    await dana.open("/identity-providers")
    assert "Replace the address of Entra" in dana.text
    await warn_of_shared_callbacks(deps.store, BASE_URL)
    assert BASE_URL + own in capsys.readouterr().out
    asked = world.provider.visit((await mia.open(world.way)).headers["location"])
    assert asked["redirect_uri"] == f"{BASE_URL}/sign-in/callback"
    world.provider.claims = {"email": world.portal.mia.user_principal_name, "email_verified": True}
    assert (await mia.open(f"/sign-in/callback?code=c&state={asked['state']}")).status_code == 303
    path = f"/identity-providers/{world.provider_id}/callback"
    for _twice in range(2):
        await dana.open(path)
        assert BASE_URL + own in dana.text
        assert (await dana.send(path)).status_code == 303
    await dana.open("/")
    assert "needs a redirect address" not in dana.text
    assert (await world.come())[1].status_code == 303
    assert world.provider.asked["redirect_uri"] == BASE_URL + own
    async with deps.store.read() as read:
        trail = await audit_events.list_latest(read, world.portal.tenant.id, 100)
    assert [event.type for event in trail].count("identity_provider.callback_replaced") == 1


async def test_several_tabs_may_be_at_the_provider_at_once_and_the_first_may_be_finished_last(world: World) -> None:
    visitor = await world.portal.visit(None)
    world.provider.claims = {"email": world.portal.mia.user_principal_name, "email_verified": True}
    tabs = [world.provider.visit((await visitor.open(world.way)).headers["location"]) for _ in range(3)]
    for tab in reversed(tabs):
        world.provider.asked = tab
        assert (await visitor.open(f"{world.callback}?code=c&state={tab['state']}")).status_code == 303
        assert (await visitor.open("/sessions")).status_code == 200
    assert not [name for name in visitor.http.cookies if "upstream" in name]


async def test_of_many_tabs_the_oldest_gives_way(world: World) -> None:
    visitor = await world.portal.visit(None)
    world.provider.claims = {"email": world.portal.mia.user_principal_name, "email_verified": True}
    for name in ("tenantry-upstream-", "tenantry-upstream-(x)", "tenantry-upstream-" + "f" * 13):
        visitor.http.cookies.set(name, "of somebody else")
    tabs = [world.provider.visit((await visitor.open(world.way)).headers["location"]) for _ in range(12)]
    assert len([name for name in visitor.http.cookies if "upstream" in name]) == 3 + 8
    for tab, status in ((tabs[3], 403), (tabs[4], 303), (tabs[11], 303)):
        world.provider.asked = tab
        assert (await visitor.open(f"{world.callback}?code=c&state={tab['state']}")).status_code == status


async def test_only_what_is_read_of_an_answer_must_be_there_once(world: World) -> None:
    for more, status in (("&scope=a&scope=b", 303), ("&code=d", 403), ("&iss=&iss=", 403), ("&error=a&error=b", 403)):
        visitor, asked = await world.leave()
        world.provider.claims = {"email": world.portal.mia.user_principal_name, "email_verified": True}
        answer = await visitor.open(f"{world.callback}?code=c&state={asked['state']}{more}")
        assert answer.status_code == status


async def test_a_provider_that_cannot_be_asked_is_in_the_trail(world: World) -> None:
    world.provider.discovery = {"issuer": "https://elsewhere.example"}
    visitor = await world.portal.visit(None)
    assert (await visitor.open(world.way)).status_code == 403
    assert "elsewhere" not in visitor.text
    reason = "provider_unreachable: the discovery document is of the issuer https://elsewhere.example"
    assert await world.reasons() == [reason]
