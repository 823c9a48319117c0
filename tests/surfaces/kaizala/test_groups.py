"""Groups and members, over HTTP: what each kind of token reaches, and what the counts say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tenantry.access.actions import Permission
from tenantry.core.caller import Reach
from tenantry.directory.users import delete_user
from tests.support.builders import OPERATOR, a_group, a_tenant, a_user
from tests.support.kaizala import World

GROUPS = "/kaizala/v1/groups"

GROUP_KEYS = {
    "groupId",
    "groupName",
    "groupImageUrl",
    "groupType",
    "callerRole",
    "hasSubGroups",
    "hasParentGroups",
    "isMappedToTenant",
    "userCount",
    "uniqueUserCount",
    "currentLevelUserCount",
    "currentLevelSubGroupCount",
    "currentLevelParentGroupCount",
    "unProvisionedUserCount",
    "currentLevelUnProvisionedUserCount",
    "isDuplicate",
    "isEditable",
    "isDetailsReadable",
}


async def names(world: World, headers: dict[str, str], query: str = "") -> list[str]:
    answer = await world.client.get(GROUPS + query, headers=headers)
    assert answer.status_code == 200, answer.text
    return [group["groupName"] for group in answer.json()["groups"]]


async def members(world: World, headers: dict[str, str], group: str | None = None) -> dict[str, dict[str, Any]]:
    answer = await world.client.get(f"{GROUPS}/{group or world.group}/members", headers=headers)
    assert answer.status_code == 200, answer.text
    return {member["id"]: member for member in answer.json()["members"]}


async def test_a_users_token_reaches_the_users_groups_and_a_tenants_token_every_group(world: World) -> None:
    await a_group(world.store, world.tenant, name="Board", admins=[world.boss])
    other = await a_tenant(world.store)
    await a_group(world.store, other, name="Elsewhere", admins=[await a_user(world.store, other)])
    assert await names(world, await world.token(world.bob)) == ["Sales"]
    assert await names(world, await world.token(world.boss)) == ["Board"]
    assert await names(world, await world.token(world.boss, Reach.TENANT)) == ["Board", "Sales"]


async def test_a_groups_token_reaches_that_group_and_what_is_below_it(world: World) -> None:
    north = await a_group(world.store, world.tenant, name="North", parent_id=world.group)
    await a_group(world.store, world.tenant, name="North Pole", parent_id=north)
    aside = await a_group(world.store, world.tenant, name="Aside", admins=[world.anna])
    headers = await world.token(world.anna, Reach.GROUP, world.group)
    assert await names(world, headers) == ["North", "North Pole", "Sales"]
    assert (await world.client.get(f"{GROUPS}/{north}", headers=headers)).status_code == 200
    outside = await world.client.get(f"{GROUPS}/{aside}", headers=headers)
    assert (outside.status_code, outside.json()["errorCode"]) == (403, "AccessDenied")
    for method, path, body in (
        ("GET", "/members", None),
        ("PUT", "/members", {"members": ["+12065551212"]}),
        ("DELETE", f"/members/{world.anna.id}", None),
        ("PUT", f"/members/{world.anna.id}", {"role": "Member"}),
    ):
        answer = await world.client.request(method, f"{GROUPS}/{aside}{path}", json=body, headers=headers)
        assert answer.status_code == 403


async def test_a_group_has_every_key_of_the_contract_and_counts_that_are_true(world: World) -> None:
    guest_number = "+12065557777"
    admin = await world.token(world.anna)
    await world.client.put(f"{GROUPS}/{world.group}/members", json={"members": [guest_number]}, headers=admin)
    await a_group(world.store, world.tenant, name="North", admins=[world.anna, world.boss], parent_id=world.group)
    group = (await world.client.get(f"{GROUPS}/{world.group}", headers=admin)).json()
    assert set(group) >= GROUP_KEYS
    assert group["groups"] == [{key: value for key, value in group.items() if key != "groups"}]
    counts = {key: value for key, value in group.items() if key.endswith("Count")}
    assert counts == {
        "userCount": 5,
        "uniqueUserCount": 4,
        "currentLevelUserCount": 3,
        "currentLevelSubGroupCount": 1,
        "currentLevelParentGroupCount": 0,
        "unProvisionedUserCount": 1,
        "currentLevelUnProvisionedUserCount": 1,
    }
    assert (group["callerRole"], group["isEditable"]) == ("Admin", True)
    assert (group["hasSubGroups"], group["hasParentGroups"], group["groupType"]) == (True, False, "Group")
    assert [child["groupName"] for child in group["subGroups"]] == ["North"]
    assert group["subGroups"][0]["hasParentGroups"] is True
    seen_by_bob = (await world.client.get(f"{GROUPS}/{world.group}", headers=await world.token(world.bob))).json()
    assert (seen_by_bob["callerRole"], seen_by_bob["isEditable"]) == ("Member", False)
    assert seen_by_bob["subGroups"] == []


async def test_a_deleted_user_is_counted_and_listed_no_more(world: World) -> None:
    async with world.store.write() as tx:
        await delete_user(tx, OPERATOR, world.tenant.id, world.bob.id, world.clock())
    headers = await world.token(world.anna)
    group = (await world.client.get(f"{GROUPS}/{world.group}", headers=headers)).json()
    assert group["userCount"] == 1
    assert set(await members(world, headers)) == {world.anna.id}


async def test_fetch_all_groups_adds_sub_groups_and_show_detail_the_welcome_message(world: World) -> None:
    await a_group(world.store, world.tenant, name="North", parent_id=world.group)
    headers = await world.token(world.boss, Reach.TENANT)

    async def sales(query: str) -> dict[str, Any]:
        answer = await world.client.get(GROUPS + query, headers=headers)
        return next(group for group in answer.json()["groups"] if group["groupName"] == "Sales")

    assert not {"subGroups", "welcomeMessage"} & set(await sales(""))
    assert [child["groupName"] for child in (await sales("?fetchAllGroups=true"))["subGroups"]] == ["North"]
    for yes in ("1", "TRUE", "True", "%20true"):
        assert "subGroups" in await sales(f"?FETCHALLGROUPS={yes}")
    for no in ("0", "FALSE", "False", ""):
        assert "subGroups" not in await sales(f"?fetchAllGroups={no}")
    for query in ("?showDetail=true", "?showDetails=True", "?SHOWDETAILS=true"):
        assert (await sales(query))["welcomeMessage"] == "Welcome"
    assert "welcomeMessage" not in await sales("?showDetails=false")


async def test_the_number_of_queries_does_not_grow_with_the_groups(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = await world.token(world.boss, Reach.TENANT)
    read_block = type(world.store.read())
    queries: list[str] = []
    for name in ("all", "one_or_none"):
        monkeypatch.setattr(read_block, name, _counting(getattr(read_block, name), queries), raising=True)

    async def cost() -> int:
        queries.clear()
        await names(world, headers, "?fetchAllGroups=true&showDetails=true")
        return len(queries)

    await a_group(world.store, world.tenant, name="First", admins=[world.anna], parent_id=world.group)
    before = await cost()
    for number in range(12):
        await a_group(world.store, world.tenant, name=f"G{number}", admins=[world.anna], parent_id=world.group)
    assert 0 < await cost() == before <= 4


def _counting(method: Any, queries: list[str]) -> Any:
    async def counted(self: Any, shape: Any, sql: str, /, **params: Any) -> Any:
        queries.append(sql)
        return await method(self, shape, sql, **params)

    return counted


async def test_a_new_group_has_its_maker_as_admin_and_the_others_as_asked(world: World) -> None:
    headers = await world.token(world.bob)
    answer = await world.client.post(
        GROUPS,
        json={
            "name": "Support",
            "welcomeMessage": "Hello",
            "members": [world.anna.phone_number, "+12065557777"],
            "memberUserIds": [f"{world.boss.id}@1"],
        },
        headers=headers,
    )
    assert answer.status_code == 200
    made = answer.json()
    assert (set(made), made["groupName"], made["membersAdded"]) == (
        {"groupId", "groupName", "membersAdded"},
        "Support",
        True,
    )
    found = await members(world, headers, made["groupId"])
    assert {found[user.id]["role"] for user in (world.anna, world.boss)} == {"Member"}
    assert found[world.bob.id]["role"] == "Admin"
    guest = next(member for member in found.values() if member["mobileNumber"] == "+12065557777")
    assert guest["isProvisioned"] is False
    assert found[world.anna.id]["isProvisioned"] is True
    assert len(await world.events("user.created")) == 4


async def test_admins_may_be_numbers_or_ids_and_lists_one_string(world: World) -> None:
    headers = await world.token(world.bob)
    body = {
        "name": "Support",
        "welcomeMessage": "Hello",
        "admins": f"{world.anna.phone_number}; {world.boss.id}",
        "members": "+12065557777,+12065557778",
    }
    made = (await world.client.post(GROUPS, json=body, headers=headers)).json()
    found = await members(world, headers, made["groupId"])
    assert [found[user.id]["role"] for user in (world.anna, world.boss)] == ["Admin", "Admin"]
    assert len(found) == 5


async def test_members_who_cannot_be_added_are_left_out_and_said(world: World) -> None:
    other = await a_tenant(world.store)
    stranger = await a_user(world.store, other)
    for members_of_it in (
        {"members": ["12"]},
        {"members": ["+12065557777", "nobody"]},
        {"memberUserIds": ["garbage"]},
        {"memberUserIds": [stranger.id]},
        {"admins": [stranger.id]},
    ):
        body = {"name": "Support", "welcomeMessage": "Hello", **members_of_it}
        made = await world.client.post(GROUPS, json=body, headers=await world.token(world.bob))
        assert (made.status_code, made.json()["membersAdded"]) == (200, False)


async def test_a_group_token_makes_a_sub_group(world: World) -> None:
    headers = await world.token(world.anna, Reach.GROUP, world.group)
    made = await world.client.post(GROUPS, json={"name": "North", "welcomeMessage": "Hi"}, headers=headers)
    group = (await world.client.get(f"{GROUPS}/{made.json()['groupId']}", headers=headers)).json()
    assert group["currentLevelParentGroupCount"] == 1
    assert any(f'"parent_id":"{world.group}"' in event.data for event in await world.events("group.created"))


async def test_a_connect_group_needs_a_tenant_level_token(world: World) -> None:
    body = {"name": "News", "welcomeMessage": "Hi", "groupType": "connectgroup"}
    for reach, group_id in ((Reach.USER, None), (Reach.GROUP, world.group)):
        headers = await world.token(world.anna, reach, group_id)
        assert (await world.client.post(GROUPS, json=body, headers=headers)).status_code == 403
    headers = await world.token(world.boss, Reach.TENANT)
    answer = await world.client.post(GROUPS, json=body, headers=headers)
    assert answer.status_code == 200
    group = (await world.client.get(f"{GROUPS}/{answer.json()['groupId']}", headers=headers)).json()
    assert group["groupType"] == "ConnectGroup"


async def test_members_come_and_go_and_change_their_role(world: World) -> None:
    headers = await world.token(world.anna)
    path = f"{GROUPS}/{world.group}/members"
    for _ in range(2):  # the second time nothing changes
        answer = await world.client.put(path, json={"members": [world.boss.phone_number]}, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"result": True})
    assert (await members(world, headers))[world.boss.id]["role"] == "Member"
    answer = await world.client.put(f"{path}/{world.boss.id}", json={"role": "admin"}, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"result": True})
    assert (await members(world, headers))[world.boss.id]["role"] == "Admin"
    answer = await world.client.delete(f"{path}/{world.boss.id}", headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"result": True})
    assert world.boss.id not in await members(world, headers)
    gone = await world.client.delete(f"{path}/{world.boss.id}", headers=headers)
    assert gone.status_code == 404


async def test_a_known_number_is_its_user_and_an_unknown_one_the_same_guest_each_time(world: World) -> None:
    headers = await world.token(world.anna)
    first = await a_group(world.store, world.tenant, admins=[world.anna])
    second = await a_group(world.store, world.tenant, admins=[world.anna])
    for group, number in ((first, "+1 206 555 7777"), (second, "+1-206-555-7777"), (first, world.bob.phone_number)):
        answer = await world.client.put(f"{GROUPS}/{group}/members", json={"members": [number]}, headers=headers)
        assert answer.status_code == 200
    in_first, in_second = set(await members(world, headers, first)), set(await members(world, headers, second))
    assert world.bob.id in in_first
    assert len(in_first) == 3
    assert in_second < in_first


async def test_twins_who_add_one_unknown_number_make_one_guest(world: World) -> None:
    headers = await world.token(world.anna)
    groups = [await a_group(world.store, world.tenant, admins=[world.anna]) for _ in range(6)]
    answers = await asyncio.gather(
        *(
            world.client.put(f"{GROUPS}/{group}/members", json={"members": ["+12065557777"]}, headers=headers)
            for group in groups
        )
    )
    assert [answer.status_code for answer in answers] == [200] * 6
    found = [set(await members(world, headers, group)) for group in groups]
    assert len(set.union(*found)) == 2


async def test_an_invalid_number_adds_nobody(world: World) -> None:
    headers = await world.token(world.anna)
    answer = await world.client.put(
        f"{GROUPS}/{world.group}/members", json={"members": ["+12065557777", "12"]}, headers=headers
    )
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "InvalidParameters")
    assert len(await members(world, headers)) == 2


async def test_plain_members_see_no_numbers_but_their_own_and_change_nothing(world: World) -> None:
    headers = await world.token(world.bob)
    found = await members(world, headers)
    assert found[world.anna.id]["mobileNumber"] == ""
    assert found[world.bob.id]["mobileNumber"] == world.bob.phone_number
    path = f"{GROUPS}/{world.group}/members"
    for method, url, body in (
        ("PUT", path, {"members": ["+12065557777"]}),
        ("PUT", f"{path}/{world.bob.id}", {"role": "Admin"}),
        ("DELETE", f"{path}/{world.anna.id}", None),
    ):
        answer = await world.client.request(method, url, json=body, headers=headers)
        assert (answer.status_code, answer.json()["errorCode"]) == (403, "AccessDenied")
    assert len(await members(world, headers)) == 2
    assert len(await world.events("access.denied")) == 3


async def test_strangers_to_a_group_are_refused(world: World) -> None:
    headers = await world.token(world.boss)
    assert (await world.client.get(f"{GROUPS}/{world.group}", headers=headers)).status_code == 403
    assert (await world.client.get(f"{GROUPS}/{world.group}/members", headers=headers)).status_code == 403


async def test_the_last_admin_stays(world: World) -> None:
    headers = await world.token(world.boss, Reach.TENANT)
    path = f"{GROUPS}/{world.group}/members/{world.anna.id}"
    for answer in (
        await world.client.delete(path, headers=headers),
        await world.client.put(path, json={"role": "Member"}, headers=headers),
    ):
        assert (answer.status_code, answer.json()["errorCode"]) == (400, "InvalidParameters")
        assert "admin" in answer.json()["message"]
    assert (await members(world, headers))[world.anna.id]["role"] == "Admin"


@pytest.mark.parametrize("how", ["remove", "demote"])
async def test_two_admins_who_remove_each_other_at_once_leave_one(world: World, how: str) -> None:
    for _ in range(5):
        group = await a_group(world.store, world.tenant, admins=[world.anna, world.bob])
        anna, bob = await world.token(world.anna), await world.token(world.bob)
        calls = [(anna, world.bob), (bob, world.anna)]
        if how == "remove":
            tasks = [
                world.client.delete(f"{GROUPS}/{group}/members/{victim.id}", headers=headers)
                for headers, victim in calls
            ]
        else:
            tasks = [
                world.client.put(f"{GROUPS}/{group}/members/{victim.id}", json={"role": "Member"}, headers=headers)
                for headers, victim in calls
            ]
        answers = await asyncio.gather(*tasks)
        assert sorted(answer.status_code for answer in answers) == [200, 403]
        found = await members(world, await world.token(world.boss, Reach.TENANT), group)
        assert [member["role"] for member in found.values()].count("Admin") == 1


async def test_another_tenants_ids_are_absent_and_nothing_is_written(world: World) -> None:
    other = await a_tenant(world.store)
    foreign_user = await a_user(world.store, other)
    foreign = await a_group(world.store, other, admins=[foreign_user])
    headers = await world.token(world.boss, Reach.TENANT)
    path = f"{GROUPS}/{foreign}"
    for method, url, body in (
        ("GET", path, None),
        ("GET", f"{path}/members", None),
        ("PUT", f"{path}/members", {"members": ["+12065557777"]}),
        ("PUT", f"{path}/members/{foreign_user.id}", {"role": "Member"}),
        ("DELETE", f"{path}/members/{foreign_user.id}", None),
        ("PUT", f"{GROUPS}/{world.group}/members/{foreign_user.id}", {"role": "Admin"}),
        ("DELETE", f"{GROUPS}/{world.group}/members/{foreign_user.id}", None),
    ):
        answer = await world.client.request(method, url, json=body, headers=headers)
        unknown = url.replace(foreign, "00000000-0000-4000-8000-000000000000").replace(
            foreign_user.id, "00000000-0000-4000-8000-000000000001"
        )
        absent = await world.client.request(method, unknown, json=body, headers=headers)
        assert (answer.status_code, answer.json()) == (404, absent.json())
    assert await world.events("group.member_role_set") == []
    assert await world.events("group.member_removed") == []
    assert len(await world.events("user.created")) == 3


async def test_a_permission_for_groups_is_none_for_their_members(world: World) -> None:
    headers = await world.token(world.anna, permissions=[Permission.GROUP_INFORMATION])
    assert (await world.client.get(f"{GROUPS}/{world.group}", headers=headers)).status_code == 200
    assert (await world.client.get(f"{GROUPS}/{world.group}/members", headers=headers)).status_code == 403
