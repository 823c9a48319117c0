"""What writes much does so by short transactions, one after the other: others write in between.

And of what ends at once, with the user or the group it belongs to, there is only so much.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable

import pytest

from tenantry.access.actions import Permission
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY
from tenantry.core.errors import NotFound
from tenantry.directory.group_deletion import delete_group, restore_group
from tenantry.directory.purging import purge_groups, purge_users
from tenantry.directory.users import RESTORABLE, delete_user, restore_user
from tenantry.outbox.many_groups import tell_next
from tenantry.store.engine.interface import Store
from tenantry.store.groups import members
from tenantry.store.outbox import webhook_deliveries
from tenantry.store.sign_in import phones
from tenantry.store.tokens.grants import list_of_tenant
from tenantry.store.trail import audit_search
from tenantry.tokens import grants
from tenantry.tokens.grants import GrantTerms, Replaces, create_grant
from tests.support.app import an_app
from tests.support.builders import HASHER, OPERATOR, a_connector, a_group, a_tenant, a_user, a_webhook, as_user
from tests.support.clock import NOON
from tests.support.crowds import many_grants, many_groups, many_members
from tests.support.kaizala import a_world
from tests.support.portal import Portal, a_portal
from tests.support.waits.bystanders import not_run

GROUPS = "/kaizala/v1/groups"
HALF = 0.5
"""Of the whole time: a single transaction would take nearly all of it."""
MANY = [f"+1425555{number:04}" for number in range(600)]


async def longest_wait(store: Store, work: Awaitable[object]) -> float:
    """Of a write in another tenant beside the work, as a part of how long that took."""
    other = await a_tenant(store)
    begun = _time_run()
    working = asyncio.ensure_future(work)
    longest = 0.0
    while not working.done():
        asked = _time_run()
        async with store.write() as tx:
            await tx.run("UPDATE tenants SET name = name WHERE id = :tenant_id", tenant_id=other.id)
        longest = max(longest, _time_run() - asked)
        await asyncio.sleep(0)
    await working
    return longest / (_time_run() - begun)


def _time_run() -> float:
    """Seconds by the clock, but for those in which the machine ran something else in this thread's stead."""
    return time.perf_counter() - not_run("thread-self")


async def test_members_added_by_the_hundred_keep_no_other_tenants_writers_waiting(store: Store) -> None:
    world = await a_world(store, rate_limits="off")
    headers = await world.token(world.anna)

    async def put() -> None:
        answer = await world.client.put(f"{GROUPS}/{world.group}/members", json={"members": MANY}, headers=headers)
        assert answer.status_code == 200, answer.text

    assert await longest_wait(store, asyncio.gather(*(put() for _ in range(4)))) < HALF
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


@pytest.fixture
async def portal(store: Store) -> AsyncIterator[Portal]:
    app = await an_app(store)
    made = await a_portal(app)
    yield made
    for http in made.visitors:
        await http.aclose()
    await app.close()


async def test_a_large_file_of_people_keeps_no_other_tenants_writers_waiting(portal: Portal) -> None:
    store, path = portal.app.deps.store, f"/groups/{portal.group}/members/import"
    erik = await portal.visit(portal.erik)
    page = await erik.open(path)
    hidden = dict(re.findall(r'name="(form_token|form_id)" value="([^"]+)"', page.text))
    lines = ["member,role", *MANY, "garbage", f"{MANY[0]},admin"]
    files = {"file": ("people.csv", "\r\n".join(lines).encode())}
    assert await longest_wait(store, erik.http.post(path, data=hidden, files=files)) < HALF
    async with store.read() as read:
        roles = await read.all(
            str,
            "SELECT role FROM group_members WHERE tenant_id = :tenant_id AND group_id = :group_id",
            tenant_id=portal.tenant.id,
            group_id=portal.group,
        )
        first = await phones.find_owner(read, portal.tenant.id, MANY[0])
        assert first is not None
        assert await members.find_role(read, portal.tenant.id, portal.group, first.user_id) == "admin"
    assert len(roles) >= len(MANY)


async def test_many_users_blocked_at_once_keep_no_other_tenants_writers_waiting(portal: Portal) -> None:
    store = portal.app.deps.store
    connector = await a_connector(store, portal.tenant)
    many = [await a_user(store, portal.tenant) for _ in range(20)]
    for user in many:
        await many_grants(store, portal.tenant.id, connector.id, user.id, 100, NOON)
    path = "/users/block?" + "&".join(f"user={user.id}" for user in many)
    admin = await portal.visit(portal.dana)
    await admin.open(path)
    assert await longest_wait(store, admin.send(path)) < HALF
    async with store.read() as read:
        live = await list_of_tenant(read, portal.tenant.id, NOON, "", 10)
    assert [grant for grant in live if grant.connector_id == connector.id] == []


async def test_a_user_of_many_groups_who_is_deleted_keeps_no_other_tenants_writers_waiting(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    await many_groups(store, tenant.id, user.id, await a_group(store, tenant), 1_000, NOON, deep=False)
    webhook_ids = [await a_webhook(store, tenant, None) for _ in range(3)]

    async def delete() -> None:
        async with store.write() as tx:
            await delete_user(tx, OPERATOR, tenant.id, user.id, NOON)
        while await tell_next(store, tenant.id):
            pass

    assert await longest_wait(store, delete()) < HALF
    async with store.read() as read:
        for webhook_id in webhook_ids:
            assert await webhook_deliveries.count_waiting(read, tenant.id, webhook_id, 2_000) == 1_000


@pytest.mark.parametrize("what", ["group", "user"])
async def test_what_is_large_is_purged_in_steps_and_nobody_restores_a_part_of_it(store: Store, what: str) -> None:
    tenant = await a_tenant(store)
    boss = await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[boss])
    later = NOON + RESTORABLE
    if what == "group":
        await many_members(store, tenant.id, group, 2_000, NOON)
        async with store.write() as tx:
            await delete_group(tx, OPERATOR, tenant.id, group, NOON)
        work = purge_groups(store, OPERATOR, later, pause=0)
    else:
        await many_grants(store, tenant.id, (await a_connector(store, tenant)).id, boss.id, 2_000, NOON)
        async with store.write() as tx:
            await delete_user(tx, OPERATOR, tenant.id, boss.id, NOON)
        work = purge_users(store, OPERATOR, later, pause=0)

    async def restore() -> None:
        """As soon as the first step is done, by a clock that is behind."""
        sql = "SELECT COUNT(*) FROM group_members" if what == "group" else "SELECT COUNT(*) FROM grants"
        while True:
            async with store.read() as read:
                (left,) = await read.all(int, f"{sql} WHERE tenant_id = :tenant_id", tenant_id=tenant.id)
            if left < 2_000:
                break
            await asyncio.sleep(0)
        async with store.write() as tx:
            if what == "group":
                await restore_group(tx, OPERATOR, tenant.id, group, NOON + 1)
            else:
                await restore_user(tx, OPERATOR, tenant.id, boss.id, NOON + 1)

    async def purge_beside_a_restoration() -> None:
        purged, restored = await asyncio.gather(work, restore(), return_exceptions=True)
        assert purged == 1
        assert isinstance(restored, NotFound)

    assert await longest_wait(store, purge_beside_a_restoration()) < HALF


@pytest.mark.parametrize("kind", ["connector", "user", "group"])
async def test_of_the_tokens_that_end_together_the_oldest_gives_way(
    store: Store, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grants, f"MOST_OF_{kind.upper()}", 3)
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[user])
    made = []
    one = await a_connector(store, tenant)
    for number in range(5):
        connector = one if kind == "connector" else await a_connector(store, tenant)
        async with store.write() as tx:
            grant = await create_grant(
                tx,
                as_user(user),
                HASHER,
                tenant_id=tenant.id,
                terms=GrantTerms(
                    connector_id=connector.id,
                    user_id=user.id,
                    reach=Reach.GROUP if kind == "group" else Reach.USER,
                    permissions=[Permission.GROUP_INFORMATION],
                    amr=["pwd"],
                    group_id=group if kind == "group" else None,
                ),
                lifetime=DAY,
                now=NOON + number,
                replaces=Replaces.NONE,
            )
        made.append(grant.grant_id)
    async with store.read() as read:
        live = await list_of_tenant(read, tenant.id, NOON + 5, "", 100)
        ended = await audit_search.of_type(
            read, tenant.id, "grant.revoked", since=audit_search.FIRST, before=audit_search.LAST, limit=10
        )
    assert {grant.id for grant in live} == set(made[2:])
    assert len(ended) == 2
