"""Limits hold for whoever has many addresses or many apps, and leave to others what is theirs."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable

import httpx
import pytest

from tenantry.core.caller import Reach
from tenantry.core.clock import DAY, MINUTE
from tenantry.core.errors import RateLimited
from tenantry.core.ids import TenantId, UserId, new_guid
from tenantry.store.engine.interface import Store
from tenantry.surfaces.kaizala.callers import throttle
from tenantry.surfaces.shared import limits as limits_module
from tenantry.surfaces.shared.limits import RateLimiter, networks_of
from tests.support.app import BASE_URL, an_app
from tests.support.builders import a_connector
from tests.support.clock import FakeClock
from tests.support.kaizala import World, a_world
from tests.support.portal import Visitor

ME = "/kaizala/v1/users/me"


def addresses(network: str, bits: int, many: int) -> list[str]:
    """One of each of the first networks of `bits` within."""
    subnets = ipaddress.IPv6Network(network).subnets(new_prefix=bits)
    return [str(next(subnets)[1]) for _ in range(many)]


def taken(limits: RateLimiter, asking: list[str]) -> int:
    count = 0
    for address in asking:
        try:
            limits.hit_from(address, "pin", limit=10, window=MINUTE)
        except RateLimited:
            continue
        count += 1
    return count


def test_one_subscriber_with_many_networks_has_little_more_than_one_with_one() -> None:
    limits = RateLimiter(True, FakeClock())
    assert taken(limits, addresses("2001:db8:1::/48", 64, 1)[:1] * 100) == 10
    assert taken(limits, addresses("2001:db8:2::/48", 64, 256)) == 40  # they are all in one /56
    assert taken(limits, addresses("2001:db8:3::/48", 56, 256)) == 160
    assert taken(limits, addresses("2001:db8:4::/48", 64, 2_000)) <= 160
    assert taken(limits, ["192.0.2.1"] * 20) == 10
    assert taken(limits, ["192.0.2.2"]) == taken(limits, ["2001:db8:5::1"]) == 1


def test_who_is_refused_for_its_network_uses_up_nothing_of_its_neighbours() -> None:
    limits = RateLimiter(True, FakeClock())
    taken(limits, ["2001:db8:1::1"] * 1_000)
    assert taken(limits, ["2001:db8:1:1::1"] * 10) == 10


def test_nobody_makes_a_limit_forget_by_filling_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Client ids are free to make up. Neither do short windows push out long ones of the same kind."""
    monkeypatch.setattr(limits_module, "MAX_KEYS", 100)
    limits = RateLimiter(True, FakeClock())
    limits.hit("second_factor", "victim", limit=1, window=MINUTE)
    limits.hit("sign_in.name", "victim", limit=1, window=DAY)
    for number in range(1_000):
        limits.hit("oauth", "192.0.2.1", f"made up {number}", limit=1, window=MINUTE)
        limits.hit("sign_in.name", f"made up {number}", limit=1, window=MINUTE)
    with pytest.raises(RateLimited):
        limits.hit("second_factor", "victim", limit=1, window=MINUTE)
    with pytest.raises(RateLimited):
        limits.hit("sign_in.name", "victim", limit=1, window=DAY)


@pytest.mark.parametrize("odd", ["", "unknown", "1:2:3", "x" * 10_000])
def test_what_is_no_address_counts_as_it_is(odd: str) -> None:
    assert networks_of(odd) == ((odd, 1),)


def test_an_address_counts_the_same_however_it_is_written() -> None:
    assert networks_of("::ffff:192.0.2.1") == networks_of("192.0.2.1") == (("192.0.2.1", 1),)
    assert networks_of("FE80::0001%eth0") == networks_of("fe80::1")
    assert networks_of("fe80::1")[0] == ("fe80::/64", 1)


async def _open(http: httpx.AsyncClient, path: str) -> httpx.Response:
    return await http.get(path, follow_redirects=False)


async def _guess(world: World, http: httpx.AsyncClient, number: int) -> httpx.Response:
    visitor = Visitor(http)
    await visitor.open("/sign-in")
    return await visitor.send("/sign-in", name=f"user{number}@{world.tenant.domain}", password="wrong")


def _pin(world: World, number: int, **more: str) -> dict[str, str]:
    return {"mobileNumber": f"+1425555{number:04}", "applicationId": world.connector.id, **more}


DOORS: dict[str, Callable[[World, httpx.AsyncClient, int], Awaitable[httpx.Response]]] = {
    "a PIN is asked for": lambda world, http, number: http.post("/kaizala/v1/generatepin", json=_pin(world, number)),
    "a PIN is tried": lambda world, http, number: http.post(
        "/kaizala/v1/loginwithpinandapplicationid", json=_pin(world, number, pin="123456")
    ),
    "a password is tried": _guess,
    "an organisation is looked for": lambda _world, http, number: _open(
        http, f"/sign-in/organisation?domain=a{number}.example"
    ),
    "a provider is gone to": lambda world, http, _number: _open(http, f"/sign-in/at/{world.tenant.id}/{new_guid()}"),
    "a secret is tried": lambda world, http, number: http.post(
        "/common/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": world.connector.id,
            "client_secret": f"wrong {number}",
            "resource": "https://api.partnercenter.microsoft.com",
        },
    ),
    "a refresh token is tried": lambda world, http, number: http.get(
        "/kaizala/v1/accessToken",
        headers={
            "applicationId": world.connector.id,
            "applicationSecret": world.connector.secret,
            "refreshToken": f"wrong {number}",
        },
    ),
}


@pytest.mark.parametrize("door", DOORS)
async def test_at_no_door_one_subscriber_has_a_limit_for_each_of_its_networks(
    store: Store, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    """One request from each /64 of a /56, where an address has one: the four that the /56 has, and no more."""
    monkeypatch.setattr("tenantry.surfaces.portal.sign_in.sign_in.TRIES_PER_ADDRESS", 1)
    monkeypatch.setattr("tenantry.surfaces.portal.sign_in.upstream.PER_MINUTE", 1)
    world: World = await a_world(
        store, rate_limits="on", pins_per_address_per_hour=1, refusals_per_address_per_minute=1
    )
    refused = []
    for number, address in enumerate(addresses("2001:db8:9::/48", 64, 8)):
        transport = httpx.ASGITransport(world.app, client=(address, 50000))
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            answer = await DOORS[door](world, http, number)
        refused.append(answer.status_code == 429 or "Too many requests" in answer.text)
    assert refused == [False] * 4 + [True] * 4
    await world.client.aclose()
    await world.app.close()


async def test_the_apps_of_one_member_do_not_use_up_the_calls_of_the_others_or_of_administrators(store: Store) -> None:
    world: World = await a_world(store, rate_limits="on")
    for _ in range(3):
        connector = await a_connector(store, world.tenant)
        refresh_token = await world.refresh_token(world.bob, connector=connector)
        headers = {
            **world.exchange_headers(refresh_token),
            "applicationId": connector.id,
            "applicationSecret": connector.secret,
        }
        answer = await world.client.get("/kaizala/v1/accessToken", headers=headers)
        if answer.status_code != 200:
            break
        access = {"accessToken": answer.json()["accessToken"]}
        statuses = [(await world.client.get(ME, headers=access)).status_code for _ in range(110)]
        assert 429 in statuses
    anna, boss = await world.token(world.anna), await world.token(world.boss, Reach.TENANT)
    assert (await world.client.get(ME, headers=anna)).status_code == 200
    assert (await world.client.get(ME, headers=boss)).status_code == 200
    await world.client.aclose()
    await world.app.close()


async def test_members_who_ask_for_much_leave_something_to_who_asks_for_little_and_to_administrators(
    store: Store,
) -> None:
    app = await an_app(store, rate_limits="on")
    tenant = TenantId("t")

    def calls(owner: str, reach: Reach | None, many: int) -> int:
        done = 0
        for number in range(many):
            try:
                throttle(app.deps, f"{owner} {number % 5}", tenant, UserId(owner), reach)
            except RateLimited:
                continue
            done += 1
        return done

    assert [calls(f"greedy {number}", Reach.USER, 200) for number in range(4)] == [100, 50, 30, 20]
    assert calls("boss", Reach.TENANT, 200) == 100
    assert calls("anybody", Reach.USER, 1) == 0  # the minute's calls are used up
    app.deps.clock.advance(MINUTE)  # type: ignore[attr-defined]
    assert calls("exchanges much", None, 200) == 100  # an exchange is somebody's call too
    assert calls("exchanges much", Reach.USER, 1) == 0
    await app.close()
