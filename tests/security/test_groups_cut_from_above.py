"""Who has lost a group reaches it no more: its admins see who administers it from above, and cut that."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tenantry.access.actions import GroupRole
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY
from tenantry.core.errors import Forbidden, NotFound
from tenantry.core.ids import GroupId
from tenantry.directory.group_links import link_group, unlink_group
from tenantry.directory.group_oversight import cut_remains, find_remains, list_overseers
from tenantry.directory.invitations import end_invitation, invite
from tenantry.directory.members import set_role
from tenantry.store.engine.interface import Store
from tenantry.store.groups import group_links
from tenantry.store.trail import audit_events
from tests.support.builders import HASHER, SomeUser, a_grant, a_group, a_tenant, a_user, a_webhook, as_user
from tests.support.clock import NOON
from tests.support.kaizala import World, a_world
from tests.support.portal import Portal

GROUPS = "/kaizala/v1/groups"


async def link(store: Store, user: SomeUser, parent: GroupId, child: GroupId) -> None:
    async with store.write() as tx:
        await link_group(tx, as_user(user), user.tenant_id, parent, child, NOON)


async def unlink(store: Store, user: SomeUser, parent: GroupId, child: GroupId) -> None:
    async with store.write() as tx:
        await unlink_group(tx, as_user(user), user.tenant_id, parent, child, NOON)


async def test_the_token_of_a_removed_admin_who_linked_the_group_below_one_of_their_own_is_refused_after_the_cut(
    store: Store,
) -> None:
    world: World = await a_world(store, rate_limits="off")
    tenant, ann = world.tenant, world.anna
    mal = await a_user(store, tenant, name="mal", phone=True)
    group = await a_group(store, tenant, name="Clinic", admins=[ann, mal])
    own = await a_group(store, tenant, name="Mine", admins=[mal])
    await link(store, mal, own, group)
    headers = await world.token(mal, Reach.GROUP, own)
    async with store.write() as tx:
        await set_role(tx, as_user(ann), tenant.id, group, mal.id, GroupRole.MEMBER, NOON)
    assert (await world.client.get(f"{GROUPS}/{group}", headers=headers)).status_code == 200
    async with store.read() as read:
        (above,) = await list_overseers(read, as_user(ann), tenant.id, group, NOON)
        remains = await find_remains(read, as_user(ann), tenant.id, group, mal.id, NOON)
    assert (above.id, above.is_direct, above.admin_name, above.admins, above.tokens) == (own, 1, "Mal", 1, 1)
    assert [parent.id for parent in remains.parents] == [own]
    await unlink(store, ann, own, group)
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/members", None),
        ("PUT", "/members", {"members": ["+12065551212"]}),
        ("DELETE", "", None),
    ):
        answer = await world.client.request(method, f"{GROUPS}/{group}{path}", json=body, headers=headers)
        assert answer.status_code == 403, (method, path)
    await world.client.aclose()
    await world.app.close()


async def test_either_side_cuts_a_link_and_nobody_else(store: Store) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    both, upper, lower, neither = [await a_user(store, tenant) for _ in range(4)]
    stranger = await a_user(store, other)
    parent = await a_group(store, tenant, admins=[both, upper], members=[lower])
    child = await a_group(store, tenant, admins=[both, lower], members=[upper, neither])
    for who in (upper, lower):
        await link(store, both, parent, child)
        with pytest.raises(Forbidden):
            await unlink(store, neither, parent, child)
        with pytest.raises((NotFound, Forbidden)):
            async with store.write() as tx:
                await unlink_group(tx, as_user(stranger), tenant.id, parent, child, NOON)
        with pytest.raises(Forbidden):
            await link(store, who, child if who is upper else parent, await a_group(store, tenant, admins=[who]))
        await unlink(store, who, parent, child)
        with pytest.raises(NotFound):
            await unlink(store, who, parent, child)


async def test_what_a_removed_admin_left_is_found_and_ends_and_nothing_of_others(store: Store) -> None:
    world: World = await a_world(store, rate_limits="off")
    tenant, ann = world.tenant, world.anna
    mal = await a_user(store, tenant, name="mal")
    group = await a_group(store, tenant, admins=[ann, mal])
    top, middle = await a_group(store, tenant, admins=[mal]), await a_group(store, tenant, admins=[ann, mal])
    anns = await a_group(store, tenant, admins=[ann])
    await link(store, mal, top, middle)
    for parent in (middle, anns):
        await link(store, ann, parent, group)
    kept = {}
    for user in (mal, ann):
        grant = await a_grant(store, world.connector, user, reach=Reach.GROUP, group_id=group, now=NOON)
        async with store.write() as tx:
            invitation = await invite(tx, as_user(user), HASHER, tenant.id, group, 7 * DAY, NOON)
        webhook = await a_webhook(store, tenant, group, by=as_user(user))
        kept[user.id] = (grant.id, invitation, webhook)
    async with store.write() as tx:
        await cut_remains(tx, as_user(ann), tenant.id, group, mal.id, NOON)
    async with store.read() as read:
        left = await find_remains(read, as_user(ann), tenant.id, group, mal.id, NOON)
        anns_own = await find_remains(read, as_user(ann), tenant.id, group, ann.id, NOON)
        trail = [event.type for event in await audit_events.list_after(read, tenant.id, "", 1000)]
    assert left == ([], [], [], [])
    assert [len(part) for part in anns_own] == [1, 1, 1, 1]
    for kind in ("group.unlinked", "grant.revoked", "group_invitation.ended", "webhook.deleted"):
        assert trail.count(kind) == 1
    await world.client.aclose()
    await world.app.close()


@pytest.mark.parametrize("held_by", ["a place", "a token"])
@pytest.mark.parametrize("levels", [1, 2])
async def test_whatever_holds_a_group_above_is_shown_and_counts_as_left_however_far_above(
    store: Store, held_by: str, levels: int
) -> None:
    world: World = await a_world(store, rate_limits="off")
    tenant, ann, bob = world.tenant, world.anna, world.bob
    mal = await a_user(store, tenant, name="mal")
    chain = [await a_group(store, tenant, admins=[ann]) for _ in range(levels)]
    chain.append(await a_group(store, tenant, admins=[mal if held_by == "a place" else bob]))
    group, top = chain[0], chain[-1]
    if held_by == "a token":  # whoever gave it is no admin there any more
        await a_grant(store, world.connector, mal, reach=Reach.GROUP, group_id=top, now=NOON)
    async with store.write() as tx:
        for child, parent in pairwise(chain):
            await group_links.insert(tx, tenant.id, parent, child, NOON)
    async with store.read() as read:
        above = await list_overseers(read, as_user(ann), tenant.id, group, NOON)
        left = await find_remains(read, as_user(ann), tenant.id, group, mal.id, NOON)
        of_ann = await find_remains(read, as_user(ann), tenant.id, group, ann.id, NOON)
    assert [row.id for row in above] == chain[1:]
    assert [row.is_direct for row in above] == [1, 0][:levels]
    assert [(row.admins, row.tokens) for row in above][-1] == (1, 1 if held_by == "a token" else 0)
    assert [parent.id for parent in left.parents] == [chain[1]], "cut where the group is linked, by who administers it"
    assert [parent.id for parent in of_ann.parents] == ([] if levels == 1 else [chain[1]])
    await world.client.aclose()
    await world.app.close()


async def test_only_who_administers_the_group_learns_what_of_a_person_reaches_it_and_ends_it(store: Store) -> None:
    tenant = await a_tenant(store)
    ann, bob = await a_user(store, tenant), await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[ann], members=[bob])
    for work in (find_remains, cut_remains):
        with pytest.raises(Forbidden):
            async with store.write() as tx:
                await work(tx, as_user(bob), tenant.id, group, ann.id, NOON)
    with pytest.raises(Forbidden):
        async with store.read() as read:
            await list_overseers(read, as_user(bob), tenant.id, group, NOON)


async def test_the_page_of_a_group_says_who_administers_it_from_above_and_cuts_it(portal: Portal) -> None:
    store, tenant, mia = portal.app.deps.store, portal.tenant, portal.mia
    group = await a_group(store, tenant, name="Clinic", admins=[mia, portal.erik])
    await link(store, portal.erik, portal.group, group)
    visitor = await portal.visit(mia)
    page = (await visitor.open(f"/groups/{group}")).text
    assert "Administered from above" in page
    assert "Erik" in page
    cut = f"/groups/{portal.group}/sub-groups/{group}/unlink"
    assert cut in page
    assert "Night shift" in (await visitor.open(cut)).text
    done = await visitor.send(cut)
    assert (done.status_code, done.headers["location"]) == (303, f"/groups/{group}")
    assert "Administered from above" not in (await visitor.open(f"/groups/{group}")).text
    assert (await visitor.open(cut)).status_code == 404


@pytest.mark.parametrize("also", [True, False])
@pytest.mark.parametrize("way", ["remove", "role"])
async def test_who_takes_an_admins_role_away_is_asked_about_what_is_left_of_them(
    portal: Portal, way: str, also: bool
) -> None:
    store, tenant, mia, erik = portal.app.deps.store, portal.tenant, portal.mia, portal.erik
    group = await a_group(store, tenant, name="Clinic", admins=[mia, erik])
    await link(store, erik, portal.group, group)
    visitor = await portal.visit(mia)
    path = f"/groups/{group}/members/{erik.id}/{way}"
    page = (await visitor.open(path)).text
    assert "End what still reaches the group through Erik" in page
    assert "Erik administers Night shift" in page
    typed = {"role": "member"} if way == "role" else {}
    assert (await visitor.send(path, **typed, **({"also": "1"} if also else {}))).status_code == 303
    async with store.read() as read:
        left = await list_overseers(read, as_user(mia), tenant.id, group, NOON)
    assert len(left) == (0 if also else 1)


@pytest.mark.parametrize("kind", ["members", "subscribers"])
async def test_nobody_is_taken_out_without_a_word_of_the_links_that_lead_back(portal: Portal, kind: str) -> None:
    """A link does not know whom it was given to. The one that the person made leads nowhere afterwards."""
    store, mia = portal.app.deps.store, portal.mia
    erik_and_mia, broadcasts = [portal.erik, mia], kind == "subscribers"
    admins, subscribers = (erik_and_mia[:1], [mia]) if broadcasts else (erik_and_mia, [])
    group = await a_group(store, portal.tenant, name="Clinic", admins=admins, subscribers=subscribers)
    page = f"/groups/{group}/{kind}/{mia.id}/remove"
    erik = await portal.visit(portal.erik)
    if kind == "members":
        async with store.write() as tx:
            await invite(tx, as_user(mia), HASHER, portal.tenant.id, group, 7 * DAY, NOON)
    assert "invite link leads into" not in (await erik.open(page)).text
    async with store.write() as tx:
        made = await invite(tx, as_user(portal.erik), HASHER, portal.tenant.id, group, 7 * DAY, NOON)
    assert "1 invite link leads into the group. If Mia has it" in (await erik.open(page)).text
    async with store.write() as tx:
        await end_invitation(tx, as_user(portal.erik), portal.tenant.id, group, made.id, NOON)
    assert "invite link leads into" not in (await erik.open(page)).text
