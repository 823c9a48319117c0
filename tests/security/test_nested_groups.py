"""A member cannot nest groups without end: how deep and how many side by side is bounded where they are made."""

from __future__ import annotations

import asyncio

import pytest

from tenantry.core.caller import Reach
from tenantry.core.errors import FailedPrecondition, StoreBusy
from tenantry.core.ids import GroupId
from tenantry.directory import group_places, group_views
from tenantry.directory.group_deletion import delete_group, restore_group
from tenantry.directory.group_links import link_group
from tenantry.directory.group_places import LEVELS
from tenantry.store.engine.interface import Store
from tenantry.store.groups import group_walks
from tests.support.builders import SomeTenant, SomeUser, a_group, a_tenant, a_user, as_user
from tests.support.clock import NOON
from tests.support.crowds import crowd_id, many_groups
from tests.support.kaizala import World, a_world


async def a_chain(store: Store, tenant: SomeTenant, admin: SomeUser, length: int) -> list[GroupId]:
    """Groups below each other, the highest first."""
    chain = [await a_group(store, tenant, admins=[admin])]
    while len(chain) < length:
        chain.append(await a_group(store, tenant, admins=[admin], parent_id=chain[-1]))
    return chain


async def link(store: Store, user: SomeUser, parent: GroupId, child: GroupId) -> None:
    async with store.write() as tx:
        await link_group(tx, as_user(user), user.tenant_id, parent, child, NOON)


async def levels_below(store: Store, tenant: SomeTenant, group: GroupId) -> int:
    async with store.read() as read:
        return (await group_walks.measure_below(read, tenant.id, group, deepest=99, most=9_999)).levels


async def test_groups_stand_at_most_ten_levels_below_each_other_however_they_get_there(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    chain = await a_chain(store, tenant, admin, LEVELS + 1)
    with pytest.raises(FailedPrecondition, match="10 levels"):
        await a_group(store, tenant, admins=[admin], parent_id=chain[-1])
    pair = await a_chain(store, tenant, admin, 2)
    for parent, child in ((chain[-1], pair[0]), (chain[-2], pair[0]), (pair[0], chain[0]), (pair[1], chain[0])):
        with pytest.raises(FailedPrecondition, match="10 levels"):
            await link(store, admin, parent, child)
    await link(store, admin, chain[-3], pair[0])


@pytest.mark.parametrize("is_above", [True, False])
async def test_a_group_that_is_deleted_keeps_its_place_so_that_restoring_it_nests_no_deeper(
    store: Store, is_above: bool
) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    upper, lower = await a_chain(store, tenant, admin, 6), await a_chain(store, tenant, admin, 6)
    deleted = upper[2] if is_above else lower[2]
    async with store.write() as tx:
        await delete_group(tx, as_user(admin), tenant.id, deleted, NOON)
    with pytest.raises(FailedPrecondition, match="10 levels"):
        await link(store, admin, upper[-1], lower[0])
    async with store.write() as tx:
        await restore_group(tx, as_user(admin), tenant.id, deleted, NOON)
    assert [await levels_below(store, tenant, chain[0]) for chain in (upper, lower)] == [5, 5]


async def test_links_made_at_once_nest_no_deeper_than_one_after_the_other(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    for _ in range(3):
        first, second, third = [await a_chain(store, tenant, admin, 4) for _ in range(3)]
        outcomes = await asyncio.gather(
            link(store, admin, first[-1], second[0]), link(store, admin, second[-1], third[0]), return_exceptions=True
        )
        assert all(outcome is None or isinstance(outcome, FailedPrecondition | StoreBusy) for outcome in outcomes)
        assert None in outcomes
        assert await levels_below(store, tenant, first[0]) <= LEVELS


async def test_a_group_has_at_most_so_many_sub_groups_and_groups_above_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_places, "SUB_GROUPS", 2)
    monkeypatch.setattr(group_places, "ABOVE", 4)
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    top = await a_group(store, tenant, admins=[admin])
    for _ in range(2):
        await a_group(store, tenant, admins=[admin], parent_id=top)
    with pytest.raises(FailedPrecondition, match="at most 2 sub-groups"):
        await a_group(store, tenant, admins=[admin], parent_id=top)
    alone = await a_group(store, tenant, admins=[admin])
    with pytest.raises(FailedPrecondition, match="at most 2 sub-groups"):
        await link(store, admin, top, alone)
    for _ in range(3):
        await link(store, admin, await a_group(store, tenant, admins=[admin]), alone)
    with pytest.raises(FailedPrecondition, match="at most 4 groups above"):
        await link(store, admin, await a_group(store, tenant, admins=[admin]), alone)


async def test_no_link_brings_more_groups_below_others_at_once_than_may_be_walked_through(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_places, "BELOW", 3)
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    top, crowded = [await a_group(store, tenant, admins=[admin]) for _ in range(2)]
    for _ in range(3):
        await a_group(store, tenant, admins=[admin], parent_id=crowded)
    with pytest.raises(FailedPrecondition, match="More than 3 groups"):
        await link(store, admin, top, crowded)
    monkeypatch.setattr(group_places, "BELOW", 4)
    await link(store, admin, top, crowded)


async def test_what_was_nested_before_there_was_a_bound_gets_no_deeper(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    top = await a_group(store, tenant, admins=[admin])
    await many_groups(store, tenant.id, admin.id, top, 40, NOON, deep=True)
    other = await a_group(store, tenant, admins=[admin])
    bottom = GroupId(crowd_id(2, 40))
    for parent, child in ((other, top), (bottom, other), (bottom, top)):
        with pytest.raises(FailedPrecondition):
            await link(store, admin, parent, child)
    with pytest.raises(FailedPrecondition):
        await a_group(store, tenant, admins=[admin], parent_id=bottom)


@pytest.mark.parametrize("reach", [Reach.GROUP, Reach.USER])
async def test_no_list_of_groups_goes_beyond_its_ceiling(
    store: Store, monkeypatch: pytest.MonkeyPatch, reach: Reach
) -> None:
    world: World = await a_world(store, rate_limits="off")
    chain = await a_chain(world.store, world.tenant, world.bob, 6)
    headers = await world.token(world.bob, reach, chain[0] if reach is Reach.GROUP else None)
    for ceiling in (4, 10):
        monkeypatch.setattr(group_views, "LISTED", ceiling)
        for query in ("", "?fetchAllGroups=true"):
            groups = (await world.client.get(f"/kaizala/v1/groups{query}", headers=headers)).json()["groups"]
            assert (len(groups) == 4) is (ceiling == 4)
    await world.client.aclose()
    await world.app.close()


async def test_an_app_is_told_in_its_own_form_that_groups_stand_too_deep(store: Store) -> None:
    world: World = await a_world(store, rate_limits="off")
    chain = await a_chain(world.store, world.tenant, world.anna, LEVELS + 1)

    headers = await world.token(world.anna, Reach.GROUP, chain[-1])
    answer = await world.client.post(
        "/kaizala/v1/groups", json={"name": "Deeper", "welcomeMessage": "Hi"}, headers=headers
    )
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "InvalidParameters")
    assert "10 levels" in answer.json()["message"]
    await world.client.aclose()
    await world.app.close()
