"""A thousand people let in at once are let in by short transactions, one after the other: others write in between."""

from __future__ import annotations

import asyncio
import time

from tenantry.core.caller import Reach
from tenantry.store.engine import Store
from tests.support.builders import a_group, a_tenant
from tests.support.kaizala import World, a_world

GROUPS = "/kaizala/v1/groups"
MANY = [f"+1425555{number:04}" for number in range(600)]


async def longest_wait(world: World, *requests: tuple[str, str, object], headers: dict[str, str]) -> float:
    """Of a write in another tenant, beside these."""
    other = await a_tenant(world.store)

    async def ask(method: str, path: str, body: object) -> None:
        answer = await world.client.request(method, path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text

    asking = asyncio.gather(*(ask(*request) for request in requests))
    longest = 0.0
    while not asking.done():
        begun = time.perf_counter()
        async with world.store.write() as tx:
            await tx.run("UPDATE tenants SET name = name WHERE id = :tenant_id", tenant_id=other.id)
        longest = max(longest, time.perf_counter() - begun)
    await asking
    return longest


async def test_members_added_by_the_hundred_keep_no_other_tenants_writers_waiting(store: Store) -> None:
    world = await a_world(store, rate_limits="off")
    headers = await world.token(world.anna)
    puts = [("PUT", f"{GROUPS}/{world.group}/members", {"members": MANY})] * 4
    begun = time.perf_counter()
    longest = await longest_wait(world, *puts, headers=headers)
    assert longest < (time.perf_counter() - begun) / 4
    members = (await world.client.get(f"{GROUPS}/{world.group}/members", headers=headers)).json()["members"]
    assert set(MANY) <= {member["mobileNumber"] for member in members}
    await world.client.aclose()
    await world.app.close()


async def test_all_newcomers_of_a_new_group_and_all_subscribers_get_in(store: Store) -> None:
    world = await a_world(store, rate_limits="off")
    headers = await world.token(world.boss, Reach.TENANT)
    body = {
        "name": "Everybody",
        "welcomeMessage": "Hi",
        "members": [*MANY[:120], "garbage"],
        "groupType": "ConnectGroup",
    }
    made = (await world.client.post(GROUPS, json=body, headers=headers)).json()
    assert made["membersAdded"] is False
    group = made["groupId"]
    assert len((await world.client.get(f"{GROUPS}/{group}/members", headers=headers)).json()["members"]) == 121
    for step, word in (("add", "isAdded"), ("remove", "isRemoved")):
        path = f"{GROUPS}/{group}/subscribers/{step}"
        done = (await world.client.put(path, json={"subscribers": MANY[200:320]}, headers=headers)).json()["result"]
        assert [done[number][word] for number in MANY[200:320]] == [True] * 120
    await world.client.aclose()
    await world.app.close()


async def test_of_newcomers_one_of_whom_cannot_be_added_nobody_is(store: Store) -> None:
    world = await a_world(store, rate_limits="off")
    headers = await world.token(world.anna)
    group = await a_group(world.store, world.tenant, admins=[world.anna])
    path = f"{GROUPS}/{group}/members"
    for bad in ({"members": [*MANY[:120], "garbage"]}, {"members": MANY[:120], "memberUserIds": [group]}):
        assert (await world.client.put(path, json=bad, headers=headers)).status_code == 400
        assert len((await world.client.get(path, headers=headers)).json()["members"]) == 1
    await world.client.aclose()
    await world.app.close()
