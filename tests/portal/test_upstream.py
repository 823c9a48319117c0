"""Signing in at the organisation's own provider: whom it lets in, and every way in which it must not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc.jwk import ECKey

from tenantry.directory.identity_providers import (
    NameClaim,
)
from tenantry.store import Store
from tests.support.app import BASE_URL
from tests.support.clock import NOON
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET
from tests.support.upstream import World, add_provider, an_upstream


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    async with an_upstream(store) as made:
        yield made


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


async def test_a_user_principal_name_counts_only_where_the_administrator_said_so(world: World) -> None:
    name = world.portal.mia.user_principal_name
    _visitor, answer = await world.come(email=None, upn=name)
    assert answer.status_code == 403
    world.provider_id = await add_provider(world.portal, world.provider, name_claim=NameClaim.UPN)
    _visitor, answer = await world.come(email="else@where.example", upn=name)
    assert answer.status_code == 303


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


async def test_only_what_is_read_of_an_answer_must_be_there_once(world: World) -> None:
    for more, status in (("&scope=a&scope=b", 303), ("&code=d", 403), ("&iss=&iss=", 403), ("&error=a&error=b", 403)):
        visitor, asked = await world.leave()
        world.provider.claims = {"email": world.portal.mia.user_principal_name, "email_verified": True}
        answer = await visitor.open(f"{world.callback}?code=c&state={asked['state']}{more}")
        assert answer.status_code == status
