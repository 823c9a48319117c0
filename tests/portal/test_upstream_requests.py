"""What the server asks a provider itself: it goes nowhere else, reads no more than it may, and says what failed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tenantry.core.http import OutgoingHttp, Unreachable
from tenantry.directory.provider_documents import MAX_DOCUMENT
from tenantry.store import Store
from tests.support.app import an_app
from tests.support.portal import a_portal
from tests.support.upstream import World, an_upstream


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    async with an_upstream(store) as made:
        yield made


async def test_a_provider_whose_key_set_is_too_long_fails_like_one_that_does_not_answer(world: World) -> None:
    world.provider.key_set = {"filling": "x" * 60_000}
    _visitor, answer = await world.come(email=world.portal.mia.user_principal_name)
    assert answer.status_code == 303
    world.provider.key_set = {"filling": "x" * MAX_DOCUMENT}
    _visitor, answer = await world.come()
    assert answer.status_code == 403
    assert await world.reasons() == ["provider_unreachable: the answer is too long"]


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


async def test_a_provider_that_cannot_be_asked_is_in_the_trail(world: World) -> None:
    world.provider.discovery = {"issuer": "https://elsewhere.example"}
    visitor = await world.portal.visit(None)
    assert (await visitor.open(world.way)).status_code == 403
    assert "elsewhere" not in visitor.text
    reason = "provider_unreachable: the discovery document is of the issuer https://elsewhere.example"
    assert await world.reasons() == [reason]
