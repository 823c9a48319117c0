"""Without a gateway for messages nothing says that a PIN was sent, and who can mend it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from tenantry.access.actions import RoleId
from tenantry.app import build
from tenantry.directory.phones import add_verified_phone
from tenantry.directory.second_factors import use_phone
from tenantry.store import Store
from tests.support.app import FakeDns, client_for, some_settings
from tests.support.builders import HASHER, OPERATOR, a_connector, a_user
from tests.support.clock import NOON, FakeClock
from tests.support.portal import Portal, a_portal
from tests.support.server import a_running_server
from tests.support.trail import types_of

SAYS = "this server has no gateway for messages"


@pytest.fixture
async def portal(store: Store) -> AsyncIterator[Portal]:
    app = await build(some_settings(), store=store, clock=FakeClock(), dns=FakeDns())
    made = await a_portal(app)
    yield made
    for http in made.visitors:
        await http.aclose()
    await app.close()


async def test_no_page_says_that_a_pin_was_sent(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    for path in ("/phones", "/phones/verify?number=%2B14255550100", "/second-factor/phone"):
        await visitor.open(path)
        assert SAYS in visitor.text, path
        assert "We sent" not in visitor.text
    await visitor.open("/phones")
    assert (await visitor.send("/phones", number="+1 425 555 0100")).status_code == 422
    assert SAYS in visitor.text
    assert "pin.sent" not in await types_of(portal.app.deps.store, portal.tenant.id)


async def test_a_second_step_by_phone_is_neither_set_up_nor_said_to_be_sent(portal: Portal) -> None:
    store, number = portal.app.deps.store, "+14255550191"
    async with store.write() as tx:
        await add_verified_phone(tx, OPERATOR, portal.tenant.id, portal.mia.id, number, NOON)
        await add_verified_phone(tx, OPERATOR, portal.tenant.id, portal.erik.id, "+14255550192", NOON)
        await use_phone(tx, HASHER, OPERATOR, portal.tenant.id, portal.erik.id, "+14255550192", NOON)
    mia, erik = await portal.visit(portal.mia), await portal.visit(portal.erik, "pwd")
    await mia.open("/second-factor/phone")
    await mia.send("/second-factor/phone", number=number)
    assert SAYS in mia.text
    await erik.open("/second-factor?with=phone&sent=1")
    assert SAYS in erik.text
    assert "We sent" not in erik.text
    await erik.send("/second-factor?with=phone", method="phone", send="1")
    assert SAYS in erik.text
    assert "pin.sent" not in await types_of(store, portal.tenant.id)


async def test_an_app_that_asks_for_a_pin_is_told_the_same_for_every_number(portal: Portal) -> None:
    store = portal.app.deps.store
    known, connector = await a_user(store, portal.tenant, phone=True), await a_connector(store, portal.tenant)
    answers = []
    async with client_for(portal.app) as client:
        for number in (known.phone_number, "+14255550999"):
            asked = {"mobileNumber": number, "applicationId": connector.id}
            answers.append(await client.post("/kaizala/v1/generatePin", json=asked))
    assert {answer.status_code for answer in answers} == {400}
    assert all(SAYS in answer.text for answer in answers)
    assert answers[0].json() == answers[1].json()


async def test_administrators_are_told_on_the_first_page_and_others_are_not(portal: Portal) -> None:
    await a_user(portal.app.deps.store, portal.tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    dana, mia = await portal.visit(portal.dana), await portal.visit(portal.mia)
    await dana.open("/")
    assert SAYS in dana.text
    await mia.open("/")
    assert SAYS not in mia.text


@pytest.mark.parametrize("urls", [[], ["json://127.0.0.1:1/{phone}"]])
async def test_a_server_warns_at_its_start(sqlite_url: str, urls: list[str]) -> None:
    settings = some_settings(message_urls=urls, database_url=None)
    from tenantry.store import open_store

    store = await open_store(sqlite_url)
    with capture_logs() as logs:
        async with a_running_server(lambda _address: build(settings, store=store)):
            pass
    warned = [line["event"] for line in logs if line["log_level"] == "warning"]
    assert any("no gateway for messages" in event for event in warned) == (not urls)
    await store.close()
