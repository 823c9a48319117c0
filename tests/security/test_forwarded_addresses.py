"""What a client says of a proxy switches no limit off, and makes nobody else wait."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence

import pytest
import uvicorn
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from tenantry import settings
from tenantry.cli.http import BoundedProtocol
from tenantry.store import Store
from tenantry.surfaces.shared.failures import CLIENTS_OF_A_PROXY
from tests.support.app import an_app, client_for

LIMIT = 2
FORM = {"grant_type": "client_credentials", "client_secret": "x", "resource": "https://graph.windows.net"}

SAYINGS: dict[str, Callable[[int], dict[str, str]]] = {
    "x-forwarded-for": lambda number: {"x-forwarded-for": f"203.0.113.{number}"},
    "forwarded": lambda number: {"forwarded": f"for=203.0.113.{number};proto=https"},
    "a long list": lambda number: {"x-forwarded-for": "198.51.100.1, " * 500 + f"203.0.113.{number}"},
    "nothing sensible": lambda number: {"x-forwarded-for": "x" * number},
}


async def statuses(
    store: Store, count: int, told: Callable[[int], dict[str, str]], proxies: Sequence[str] = ()
) -> list[int]:
    app = await an_app(store, rate_limits="on", refusals_per_address_per_minute=LIMIT, trusted_proxies=list(proxies))
    found = []
    async with client_for(app) as client:
        for number in range(count):
            form = {**FORM, "client_id": f"0a1b2c3d-0000-4000-8000-{number:012}"}
            found.append((await client.post("/common/oauth2/token", data=form, headers=told(number))).status_code)
    await app.close()
    return found


@pytest.mark.parametrize("saying", SAYINGS)
async def test_a_forwarded_address_that_stays_the_same_has_its_limit(store: Store, saying: str) -> None:
    assert await statuses(store, 4, lambda _number: SAYINGS[saying](7)) == [401, 401, 429, 429]


@pytest.mark.parametrize("saying", SAYINGS)
async def test_another_forwarded_address_each_time_ends_at_the_limit_of_the_peer(store: Store, saying: str) -> None:
    most = CLIENTS_OF_A_PROXY * LIMIT
    assert await statuses(store, most + 3, SAYINGS[saying]) == [401] * most + [429] * 3


@pytest.mark.parametrize("saying", SAYINGS)
async def test_who_comes_past_the_named_proxies_has_one_limit_whatever_it_says(store: Store, saying: str) -> None:
    assert await statuses(store, 4, SAYINGS[saying], ["192.0.2.200"]) == [401, 401, 429, 429]


async def test_one_client_of_an_unnamed_proxy_makes_no_other_wait(store: Store) -> None:
    found = await statuses(store, 5, lambda number: {"x-forwarded-for": f"1.2.3.4, 203.0.113.{number == 4:d}"})
    assert found == [401, 401, 429, 429, 401]


async def test_what_the_client_adds_in_front_of_the_proxys_word_changes_nothing(store: Store) -> None:
    found = await statuses(store, 4, lambda number: {"x-forwarded-for": f"10.0.0.{number}, 203.0.113.7"})
    assert found == [401, 401, 429, 429]


@pytest.mark.parametrize(
    "proxies",
    [["*"], ["0.0.0.0/0"], ["::/0"], ["10.0.0.2", "*"], ["10.0.0.300"], ["10.0.0.2/8"], ["proxy.example"], [""]],
)
def test_nobody_believes_every_client_or_an_address_that_is_none(proxies: list[str]) -> None:
    with pytest.raises(ValidationError, match=r"no address and no network of proxies"):
        settings.load(trusted_proxies=proxies)


def test_addresses_and_networks_of_proxies_are_believed() -> None:
    proxies = ["10.0.0.2", "10.0.0.0/24", "2001:db8::2", "fd00::/8"]
    assert settings.load(trusted_proxies=proxies).trusted_proxies == proxies


@pytest.mark.parametrize("proxies", [["127.0.0.1"], ["127.0.0.0/8"], []])
async def test_a_proxy_of_ipv4_is_the_one_that_is_named_on_a_socket_for_both_kinds(proxies: list[str]) -> None:
    async def say_client(scope: Scope, _receive: Receive, send: Send) -> None:
        body = scope["client"][0].encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": body})

    config = uvicorn.Config(
        say_client,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
    )
    config.load()
    try:
        listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedProtocol(config=config, server_state=ServerState(), app_state={}), sock=listener
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.51.100.1, 203.0.113.9\r\n\r\n")
    answer = await reader.read()
    writer.close()
    server.close()
    assert answer.split(b"\r\n\r\n", 1)[1].split(b"\r\n")[1] == (b"203.0.113.9" if proxies else b"127.0.0.1")
