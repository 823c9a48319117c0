"""A tenant that points many requests at a host which never answers holds up nobody but itself."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from tenantry.core import dns
from tenantry.core.http import MOST_AT_ONCE, OutgoingHttp, Unreachable
from tenantry.directory.identity_providers import NewProvider, add_identity_provider
from tenantry.directory.messages import AppriseMessages
from tenantry.store import Store
from tests.support.app import an_app
from tests.support.builders import OPERATOR, a_tenant
from tests.support.clock import NOON
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.support.portal import Portal, a_portal
from tests.support.server import a_running_server


@dataclass
class MuteHost:
    """Takes every connection and says nothing until `let_go`."""

    address: str = ""
    met: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def meet(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.met += 1
        self.news.set()
        await self.let_go.wait()
        writer.close()

    async def until(self, met: int) -> None:
        """So many connections came."""
        async with asyncio.timeout(10):
            while self.met < met:
                self.news.clear()
                await self.news.wait()


@pytest.fixture
async def mute() -> AsyncIterator[MuteHost]:
    host = MuteHost()
    server = await asyncio.start_server(host.meet, "127.0.0.1", 0)
    host.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield host
    host.let_go.set()
    server.close()


async def ask(http: OutgoingHttp, url: str, tenant_id: str) -> str:
    """What became of it."""
    try:
        await http.get(url, tenant_id=tenant_id)
    except Unreachable as error:
        return str(error)
    return "answered"


async def test_a_mute_host_of_one_tenant_does_not_delay_the_sign_in_of_another(store: Store, mute: MuteHost) -> None:
    app = await an_app(store, outgoing_private_addresses=True)
    portal = await a_portal(app)
    provider = Provider(claims={"email": portal.mia.user_principal_name, "email_verified": True})
    loud = await a_tenant(store)

    async def make_app(address: str) -> Any:
        provider.issuer = address
        return provider.app()

    async with a_running_server(make_app):
        way = await _add(portal, portal.tenant.id, provider.issuer)
        mute_way = await _add(portal, loud.id, mute.address)
        strangers = [await portal.visit(None) for _ in range(60)]
        waiting = [asyncio.create_task(stranger.open(mute_way)) for stranger in strangers]
        await mute.until(4)
        began = time.monotonic()
        visitor = await portal.visit(None)
        left = await visitor.open(way)
        await visitor.follow(left.headers["location"])
        took = time.monotonic() - began
        assert visitor.page.status_code == 303
        assert took < 3, "without the others it takes a tenth of a second, behind them five seconds"
        assert mute.met < 10
        mute.let_go.set()
        refused = await asyncio.gather(*waiting)
        assert {answer.status_code for answer in refused} == {403}
    for http in portal.visitors:
        await http.aclose()
    await app.close()


async def _add(portal: Portal, tenant_id: Any, issuer: str) -> str:
    deps = portal.app.deps
    new = NewProvider(name="P", issuer=issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    async with deps.store.write() as tx:
        provider_id = await add_identity_provider(tx, deps.master_key, OPERATOR, tenant_id, new, NOON)
    return f"/sign-in/at/{tenant_id}/{provider_id}"


async def test_many_tenants_at_mute_hosts_leave_room_for_the_next(mute: MuteHost) -> None:
    http = OutgoingHttp(allow_private=True)
    loud = [
        asyncio.create_task(ask(http, mute.address, tenant)) for tenant in ("a", "b", "c", "d", "e") for _ in range(30)
    ]
    await mute.until(20)
    async with a_running_server(_answering) as address:
        began = time.monotonic()
        assert await ask(http, address, "quiet") == "answered"
        assert time.monotonic() - began < 3
    mute.let_go.set()
    await asyncio.gather(*loud)


async def _answering(_address: str) -> Any:
    return Provider(issuer="x").app()


async def test_receivers_that_never_answer_keep_nobody_from_signing_in(mute: MuteHost) -> None:
    """What is told to receivers and what people wait for have places of their own, however many tenants tell."""
    http = OutgoingHttp(allow_private=True)

    async def tell(tenant: str) -> None:
        with suppress(Unreachable):
            await http.post_json(mute.address, b"{}", tenant_id=tenant)

    loud = [asyncio.create_task(tell(f"tenant {number}")) for number in range(60)]
    await mute.until(MOST_AT_ONCE)
    async with a_running_server(_answering) as address:
        began = time.monotonic()
        assert await ask(http, address, "quiet") == "answered"
        assert time.monotonic() - began < 3
    mute.let_go.set()
    await asyncio.gather(*loud)


async def test_whoever_asks_too_much_is_told_so_and_soon_may_ask_again(mute: MuteHost) -> None:
    http = OutgoingHttp(allow_private=True)
    asked = [asyncio.create_task(ask(http, mute.address, "loud")) for _ in range(80)]
    done, _pending = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    assert {task.result() for task in done} == {"no answer: too many requests are under way, try again in a moment"}, (
        "its queue is full at once"
    )
    mute.let_go.set()
    await asyncio.gather(*asked)
    async with a_running_server(_answering) as address:
        assert await ask(http, address, "loud") == "answered"


async def test_names_that_never_resolve_take_no_place_of_another_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go, plain = threading.Event(), socket.getaddrinfo

    def look_up(host: str, *more: Any, **kinds: Any) -> Any:
        if host == "slow.example":
            let_go.wait(30)
            return []
        return plain("127.0.0.1" if host == "quick.example" else host, *more, **kinds)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    http = OutgoingHttp(allow_private=True)
    loud = [asyncio.create_task(ask(http, "http://slow.example/", "loud")) for _ in range(40)]
    await asyncio.sleep(0)
    async with a_running_server(_answering) as address:
        began = time.monotonic()
        assert await ask(http, address.replace("127.0.0.1", "quick.example"), "quiet") == "answered"
        assert time.monotonic() - began < 3
    let_go.set()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*loud)


async def test_mute_name_servers_of_one_tenant_do_not_delay_the_proof_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_go = threading.Event()

    def ask_dns(name: str) -> list[str]:
        if name == "slow.example":
            let_go.wait(30)
        return ["found"]

    monkeypatch.setattr(dns, "_ask", ask_dns)
    questions = dns.SystemDns()
    loud = [asyncio.create_task(questions.find("slow.example", tenant_id="loud")) for _ in range(40)]
    await asyncio.sleep(0)
    began = time.monotonic()
    assert await questions.find("quick.example", tenant_id="quiet") == ["found"]
    assert time.monotonic() - began < 3
    let_go.set()
    assert await asyncio.gather(*loud) == [["found"]] * len(loud)


async def test_many_pins_of_one_tenant_at_a_slow_gateway_do_not_delay_those_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_go, sent = threading.Event(), []

    def send(_self: AppriseMessages, number: str, _text: str) -> None:
        if number == "loud":
            let_go.wait(30)
        sent.append(number)

    monkeypatch.setattr(AppriseMessages, "_send", send)
    messages = AppriseMessages(["json://gateway.example"])
    loud = [asyncio.create_task(messages.send("loud", "PIN", tenant_id="loud")) for _ in range(200)]
    await asyncio.sleep(0)
    began = time.monotonic()
    await messages.send("quiet", "PIN", tenant_id="quiet")
    assert time.monotonic() - began < 3
    assert sent == ["quiet"]
    let_go.set()
    await asyncio.gather(*loud)
    assert sent.count("loud") == 200, "and none of theirs is lost"


async def test_the_form_for_a_provider_is_limited_for_each_tenant(store: Store, mute: MuteHost) -> None:
    app = await an_app(store, outgoing_private_addresses=True, rate_limits="on")
    portal = await a_portal(app)
    mute.let_go.set()
    form = {"name": "P", "client_id": "a", "client_secret": "b", "issuer": mute.address}
    dana, otto = await portal.visit(portal.dana), await portal.visit(portal.otto)
    await dana.open("/identity-providers")
    for _ in range(10):
        await dana.send("/identity-providers", **form)
        assert "There is no OpenID provider" in dana.text
    met = mute.met
    assert (await dana.send("/identity-providers", **form)).status_code == 422
    assert "There is no OpenID provider" not in dana.text
    assert mute.met == met
    await otto.open("/identity-providers")
    await otto.send("/identity-providers", **form)
    assert mute.met == met + 1
    for http in portal.visitors:
        await http.aclose()
    await app.close()
