"""Subscribers of a ConnectGroup over HTTP, in the forms of the contract's §3.7."""

from __future__ import annotations

import pytest

from tenantry.access.actions import Permission
from tenantry.core.caller import Reach
from tenantry.core.ids import GroupId
from tests.support.builders import SomeUser, a_group, a_user
from tests.support.kaizala import World

GROUPS = "/kaizala/v1/groups"


async def a_broadcast(world: World, *subscribers: SomeUser) -> GroupId:
    return await a_group(world.store, world.tenant, admins=[world.anna], members=[world.bob], subscribers=subscribers)


async def test_subscribers_are_listed_with_every_key_and_a_cursor_only_when_there_are_more(world: World) -> None:
    fans = [await a_user(world.store, world.tenant, phone=True) for _ in range(3)]
    group = await a_broadcast(world, *fans)
    headers = await world.token(world.anna)
    path = f"{GROUPS}/{group}/subscribers"
    first = (await world.client.post(path, json={"count": 2}, headers=headers)).json()
    assert set(first) == {"subscribers", "cursor"}
    rest = (await world.client.post(path, content=f"{{cursor: '{first['cursor']}'}}", headers=headers)).json()
    assert set(rest) == {"subscribers"}
    shown = [*first["subscribers"], *rest["subscribers"]]
    assert sorted(row["id"] for row in shown) == sorted(fan.id for fan in fans)
    assert {row["mobileNumber"] for row in shown} == {fan.phone_number for fan in fans}
    assert set(shown[0]) == {"id", "mobileNumber", "name", "profilePic", "isProvisioned"}
    assert shown[0]["isProvisioned"] is True
    by_query = (await world.client.get(f"{path}?Count=2&cursor={first['cursor']}", headers=headers)).json()
    assert by_query == rest


async def test_a_list_without_a_body_and_one_of_too_many_give_at_most_fifty(world: World) -> None:
    fans = [await a_user(world.store, world.tenant) for _ in range(51)]
    path = f"{GROUPS}/{await a_broadcast(world, *fans)}/subscribers"
    headers = await world.token(world.anna)
    for answer in (
        await world.client.post(path, headers=headers),
        await world.client.get(path, headers=headers),
        await world.client.post(path, json={"count": 5000}, headers=headers),
    ):
        assert answer.status_code == 200
        assert len(answer.json()["subscribers"]) == 50
        assert answer.json()["cursor"]


async def test_each_number_is_added_and_removed_for_itself(world: World) -> None:
    group = await a_broadcast(world)
    headers = await world.token(world.anna)
    path = f"{GROUPS}/{group}/subscribers"
    body = {"subscribers": ["+14255550131", "+14255550132", "12"]}
    added = (await world.client.put(f"{path}/add", json=body, headers=headers)).json()["result"]
    assert added["+14255550131"] == added["+14255550132"] == {"isAdded": True}
    assert added["12"]["isAdded"] is False
    assert added["12"]["reason"]
    listed = (await world.client.get(path, headers=headers)).json()["subscribers"]
    assert {row["mobileNumber"] for row in listed} == {"+14255550131", "+14255550132"}
    members = (await world.client.get(f"{GROUPS}/{group}/members", headers=headers)).json()["members"]
    assert len(members) == 2
    body = {"subscribers": ["+14255550131", str(world.anna.phone_number)]}
    removed = (await world.client.put(f"{path}/remove", json=body, headers=headers)).json()["result"]
    assert removed["+14255550131"] == {"isRemoved": True}
    assert removed[str(world.anna.phone_number)]["isRemoved"] is False
    assert len((await world.client.get(path, headers=headers)).json()["subscribers"]) == 1


@pytest.mark.parametrize("ending", ["", "/add", "/remove"])
async def test_only_a_connect_group_has_subscribers(world: World, ending: str) -> None:
    method = "PUT" if ending else "POST"
    path = f"{GROUPS}/{world.group}/subscribers{ending}"
    headers = await world.token(world.anna)
    answer = await world.client.request(method, path, json={"subscribers": ["+14255550133"]}, headers=headers)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "InvalidParameters")


async def test_a_member_reads_names_and_changes_nothing(world: World) -> None:
    fan = await a_user(world.store, world.tenant, phone=True)
    group = await a_broadcast(world, fan)
    bob, fans = await world.token(world.bob), await world.token(fan)
    path = f"{GROUPS}/{group}/subscribers"
    [row] = (await world.client.get(path, headers=bob)).json()["subscribers"]
    assert (row["id"], row["mobileNumber"]) == (fan.id, "")
    body = {"subscribers": [fan.phone_number]}
    for headers, call in ((bob, "/add"), (bob, "/remove"), (fans, "/add"), (fans, "/remove")):
        assert (await world.client.put(path + call, json=body, headers=headers)).status_code == 403
    assert (await world.client.get(path, headers=fans)).status_code == 403
    powerless = await world.token(world.anna, permissions=[Permission.GROUP_INFORMATION])
    assert (await world.client.get(path, headers=powerless)).status_code == 403


async def test_a_group_is_deleted_by_its_admin_and_its_token_stops(world: World) -> None:
    groups_token = await world.token(world.anna, Reach.GROUP, world.group)
    path = f"{GROUPS}/{world.group}"
    assert (await world.client.delete(path, headers=await world.token(world.bob))).status_code == 403
    answer = await world.client.delete(path, headers=await world.token(world.anna))
    assert (answer.status_code, answer.json()) == (200, {"result": True})
    assert (await world.client.get(path, headers=groups_token)).status_code == 401
    assert (await world.client.get(path, headers=await world.token(world.anna))).status_code == 404
