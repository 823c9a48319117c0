"""What groups have besides members: deletion and restoration, groups below, subscribers, files, invite links."""

from __future__ import annotations

import csv
import io
import re

import pytest

from tenantry.access.actions import Permission
from tenantry.core.caller import Reach
from tenantry.core.ids import GrantId, GroupId
from tenantry.store.groups import group_invitations, member_lists, members
from tenantry.store.groups.member_lists import ListedMember
from tenantry.store.tokens import grant_lists
from tests.support.builders import SomeUser, a_connector, a_grant, a_group, a_user
from tests.support.clock import NOON
from tests.support.portal import Portal, Visitor
from tests.support.queries import counted_queries


async def role_of(portal: Portal, group_id: GroupId, user: SomeUser) -> str | None:
    async with portal.app.deps.store.read() as read:
        return await members.find_role(read, portal.tenant.id, group_id, user.id)


async def subscribers_of(portal: Portal, group_id: GroupId) -> list[ListedMember]:
    async with portal.app.deps.store.read() as read:
        return await member_lists.list_by_name(
            read, portal.tenant.id, group_id, member_lists.Standing.SUBSCRIBER, prefix="", after=None, limit=1000
        )


async def a_broadcast(portal: Portal, *subscribers: SomeUser) -> GroupId:
    store = portal.app.deps.store
    return await a_group(
        store, portal.tenant, name="News", admins=[portal.erik], members=[portal.mia], subscribers=subscribers
    )


async def upload(visitor: Visitor, path: str, raw: bytes) -> None:
    page = await visitor.open(path)
    hidden = dict(re.findall(r'name="(form_token|form_id)" value="([^"]+)"', page.text))
    visitor.page = await visitor.http.post(path, data=hidden, files={"file": ("people.csv", raw)})


async def test_a_group_is_deleted_after_what_stops_was_read_and_comes_back_without_its_tokens(portal: Portal) -> None:
    store, group = portal.app.deps.store, portal.group
    connector = await a_connector(store, portal.tenant, permissions=[Permission.GROUP_INFORMATION])
    grant = await a_grant(
        store, connector, portal.erik, reach=Reach.GROUP, group_id=group, permissions=[Permission.GROUP_INFORMATION]
    )
    mia, erik = await portal.visit(portal.mia), await portal.visit(portal.erik)
    path = f"/groups/{group}/delete"
    assert (await mia.open(path)).status_code == 403
    await mia.open("/groups/new")
    assert (await mia.send(path)).status_code == 403
    page = await erik.open(path)
    for text in (
        "2 people no longer hear",
        "1 token for this group is revoked",
        "1 sub-group stays",
        "can be restored",
    ):
        assert text in erik.text
    done = await erik.send(path)
    assert done.headers["location"] == "/groups/deleted"
    erik.page = page
    assert (await erik.send(path)).status_code == 409
    assert (await erik.open(f"/groups/{group}")).status_code == 404
    assert (await erik.open(f"/groups/{portal.below}")).status_code == 200
    assert "Part of" not in erik.text
    await erik.open("/groups/deleted")
    assert "Night shift" in erik.text
    await mia.open("/groups/deleted")
    assert "Night shift" not in mia.text
    restore = f"/groups/{group}/restore"
    assert (await mia.open(restore)).status_code == 403
    await erik.open(restore)
    assert "stay revoked" in erik.text
    back = await erik.send(restore)
    assert back.headers["location"] == f"/groups/{group}"
    await erik.open(f"/groups/{group}")
    assert "2 members" in erik.text
    assert "Night drivers" in erik.text
    assert (await erik.open(restore)).status_code == 403  # no admin of a group that is deleted
    async with store.read() as read:
        assert await grant_lists.find_live(read, portal.tenant.id, GrantId(grant.id), NOON) is None


async def test_an_existing_group_is_put_below_and_taken_out_again(portal: Portal) -> None:
    store = portal.app.deps.store
    loaders = await a_group(store, portal.tenant, name="Loaders", admins=[portal.erik])
    erik, mia = await portal.visit(portal.erik), await portal.visit(portal.mia)
    await erik.open(f"/groups/{portal.group}/sub-groups/new")
    assert f'href="/groups/{portal.group}/sub-groups/add"' in erik.page.text
    path = f"/groups/{portal.group}/sub-groups/add"
    assert (await mia.open(path)).status_code == 403
    await erik.open(f"{path}?q=load")
    assert "Loaders" in erik.text
    assert "Night drivers" not in erik.text
    assert "Day shift" not in erik.text
    assert (await erik.send(path)).status_code == 422
    assert "Choose a group" in erik.text
    assert (await erik.send(path, child_id=loaders)).headers["location"] == f"/groups/{portal.group}"
    await erik.open(f"/groups/{loaders}")
    assert "Part of" in erik.text
    await erik.open(f"/groups/{portal.below}/sub-groups/add")
    ring = await erik.send(f"/groups/{portal.below}/sub-groups/add", child_id=portal.group)
    assert ring.status_code == 422
    assert "above this one" in erik.text
    await erik.open(f"/groups/{loaders}/sub-groups/add")
    not_mine = await erik.send(f"/groups/{loaders}/sub-groups/add", child_id=GroupId("none"))
    assert not_mine.status_code == 404
    unlink = f"/groups/{portal.group}/sub-groups/{loaders}/unlink"
    assert (await mia.open(unlink)).status_code == 403
    await erik.open(unlink)
    assert "Loaders" in erik.text
    assert (await erik.send(unlink)).status_code == 303
    assert (await erik.open(unlink)).status_code == 404
    await erik.open(f"/groups/{loaders}")
    assert "Part of" not in erik.text


async def test_subscribers_are_added_typed_and_from_a_file_and_taken_out(portal: Portal) -> None:
    group = await a_broadcast(portal)
    erik, mia, list_path = (
        await portal.visit(portal.erik),
        await portal.visit(portal.mia),
        f"/groups/{group}/subscribers",
    )
    await erik.open(list_path)
    assert "No subscribers yet" in erik.text
    add = f"{list_path}/add"
    page = await erik.open(add)
    wrong = await erik.send(add, people=f"{portal.dana.user_principal_name}\nnobody@{portal.tenant.domain}")
    assert wrong.status_code == 422
    assert "No user has this sign-in name" in erik.text
    assert await subscribers_of(portal, group) == []
    erik.page = page
    assert (await erik.send(add, people=f"{portal.dana.user_principal_name}\n(425) 555-0171")).status_code == 303
    erik.page = page
    assert (await erik.send(add, people="+14255550172")).status_code == 409
    rows = f"member;role\r\n+14255550173;admin\r\n{portal.mia.user_principal_name};\r\nnobody@x;\r\n"
    await upload(erik, f"{list_path}/import", rows.encode("utf-8-sig"))
    assert "1 person added, 1 was in already, 1 row failed" in erik.text
    assert await role_of(portal, group, portal.mia) == "member"
    found = await subscribers_of(portal, group)
    assert {row.number for row in found} == {None, "+14255550171", "+14255550173"}
    await erik.open(f"{list_path}?q=DA")
    assert "Dana" in erik.text
    assert "+14255550171" not in erik.text
    await erik.open(f"/groups/{group}")
    assert "3 subscribers" in erik.text
    await mia.open(list_path)
    assert "Dana" in mia.text
    remove = f"{list_path}/{portal.dana.id}/remove"
    assert (await mia.open(remove)).status_code == 403
    await erik.open(remove)
    assert (await erik.send(remove)).headers["location"] == list_path
    assert await role_of(portal, group, portal.dana) is None
    assert (await erik.open(remove)).status_code == 404
    members_path = f"{list_path}/{portal.mia.id}/remove"
    assert (await erik.open(members_path)).status_code == 404


async def test_a_group_that_does_not_broadcast_has_no_page_of_subscribers(portal: Portal) -> None:
    erik = await portal.visit(portal.erik)
    for ending in ("", "/add", "/import", ".csv"):
        page = await erik.open(f"/groups/{portal.group}/subscribers{ending}")
        assert page.status_code == 409
        assert "broadcasting" in erik.text


@pytest.mark.parametrize("kind", ["members", "subscribers"])
async def test_a_row_with_more_cells_than_the_heading_adds_nobody_and_is_named_by_its_line(
    portal: Portal, kind: str
) -> None:
    erik, path = await portal.visit(portal.erik), f"/groups/{await a_broadcast(portal)}/{kind}"
    await erik.open(f"{path}/add")
    await upload(erik, f"{path}/import", b"member\r\n+12065550142,admin\r\n+12065550143\r\n")
    assert "1 person added" in erik.text
    assert "1 row failed" in erik.text
    assert "Line 2 has 2 cells, and the heading names 1" in erik.text
    exported = (await erik.open(f"{path}.csv")).text
    assert "+12065550143" in exported
    assert "+12065550142" not in exported


async def test_a_file_of_members_can_be_imported_again_and_holds_no_formula(portal: Portal) -> None:
    store = portal.app.deps.store
    evil = await a_user(store, portal.tenant, name="-dde", phone="+14255550174")
    quoted = await a_user(store, portal.tenant, name="'ann")
    many = [await a_user(store, portal.tenant) for _ in range(3)]
    group = await a_group(store, portal.tenant, admins=[portal.erik], members=[evil, quoted, portal.mia, *many])
    erik, mia = await portal.visit(portal.erik), await portal.visit(portal.mia)
    await erik.open(f"/groups/{group}/members/add")
    await erik.send(f"/groups/{group}/members/add", people="+14255550175")
    page = await erik.open(f"/groups/{group}/members.csv")
    assert page.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(page.text.removeprefix("\ufeff"))))
    assert len(rows) == 8
    assert "+14255550175" in {row["member"] for row in rows}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("-", "="))]
    assert {row["role"] for row in rows if row["member"] == portal.erik.user_principal_name} == {"admin"}
    assert (await mia.open(f"/groups/{group}/members.csv")).status_code == 403
    copy = await a_group(store, portal.tenant, admins=[portal.erik])
    await upload(erik, f"/groups/{copy}/members/import", page.content)
    assert "7 people added, 1 was in already, 0 rows failed" in erik.text
    news = await a_broadcast(portal, evil)
    page = await erik.open(f"/groups/{news}/subscribers.csv")
    assert [row["phone_number"] for row in csv.DictReader(io.StringIO(page.text))] == ["+14255550174"]
    async with store.read() as read:
        told = await read.all(
            str,
            "SELECT data FROM audit_events WHERE tenant_id = :tenant_id AND type = 'group_members.exported'",
            tenant_id=portal.tenant.id,
        )
    assert len(told) == 2


async def invite(visitor: Visitor, group: GroupId, days: str = "7") -> str:
    """The link of a new invitation."""
    path = f"/groups/{group}/invitations"
    await visitor.open(path)
    await visitor.send(path, lifetime=days)
    assert visitor.page.status_code == 200
    found = re.search(r'data-copy="([^"]+/join/tny_gi_\w+)"', visitor.page.text)
    assert found is not None
    return found[1].partition("/join/")[2]


async def test_an_invite_link_is_shown_once_listed_and_ended(portal: Portal) -> None:
    erik, mia = await portal.visit(portal.erik), await portal.visit(portal.mia)
    path = f"/groups/{portal.group}/invitations"
    assert (await mia.open(path)).status_code == 403
    page = await erik.open(path)
    assert "No link is live" in erik.text
    assert (await erik.send(path, lifetime="365")).status_code == 422
    assert 'id="lifetime-error"' in erik.page.text
    erik.page = page
    made = await erik.send(path, lifetime="7")
    assert "/join/tny_gi_" in made.text
    erik.page = page
    assert (await erik.send(path, lifetime="7")).status_code == 409
    assert "make another" in erik.text
    await erik.open(path)
    assert "tny_gi_" not in erik.page.text
    assert "Erik" in erik.text
    ends = re.findall(r'href="(/groups/[^"]+/end)"', erik.page.text)
    assert len(ends) == 1
    assert (await mia.open(ends[0])).status_code == 403
    await erik.open(ends[0])
    assert (await erik.send(ends[0])).headers["location"] == path
    assert (await erik.open(ends[0])).status_code == 404


async def test_whoever_follows_a_link_reads_what_joining_means_and_joins_once(portal: Portal) -> None:
    link = await invite(await portal.visit(portal.erik), portal.group)
    dana = await portal.visit(portal.dana)
    led = await dana.open(f"/join/{link}")
    assert (led.status_code, led.headers["location"]) == (303, "/join")
    page = await dana.open("/join")
    for text in ("Join Night shift", "Northwind", "member", "What joining means"):
        assert text in dana.text
    hidden = re.search(r'name="link" value="([^"]+)"', page.text)
    assert hidden is not None
    for _ in range(2):
        dana.page = page
        done = await dana.send("/join", link=hidden[1])
        assert done.headers["location"] == f"/groups/{portal.group}"
    assert await role_of(portal, portal.group, portal.dana) == "member"
    await dana.open("/join")
    assert "You are in this group, as member" in dana.text
    assert "Join the group" not in dana.text


async def test_of_two_links_in_two_tabs_each_joins_its_own_group(portal: Portal) -> None:
    erik, dana = await portal.visit(portal.erik), await portal.visit(portal.dana)
    first, second = await invite(erik, portal.group), await invite(erik, portal.below)
    await dana.open(f"/join/{first}")
    tab = await dana.open("/join")
    await dana.open(f"/join/{second}")
    dana.page = tab
    hidden = re.search(r'name="link" value="([^"]+)"', tab.text)
    assert hidden is not None
    await dana.send("/join", link=hidden[1])
    assert await role_of(portal, portal.group, portal.dana) == "member"
    assert await role_of(portal, portal.below, portal.dana) is None


async def test_a_subscribers_link_makes_a_subscriber_and_says_so_afterwards(portal: Portal) -> None:
    group = await a_broadcast(portal)
    link = await invite(await portal.visit(portal.erik), group)
    dana = await portal.visit(portal.dana)
    await dana.open(f"/join/{link}")
    await dana.open("/join")
    assert "Other subscribers do not see you" in dana.text
    assert (await dana.send("/join", link=link)).headers["location"] == "/join"
    await dana.open("/join")
    assert "You are in this group, as subscriber" in dana.text
    assert await role_of(portal, group, portal.dana) == "subscriber"


async def test_who_is_signed_out_signs_in_and_comes_back_and_no_address_holds_the_link(portal: Portal) -> None:
    link = await invite(await portal.visit(portal.erik), portal.group)
    nobody = await portal.visit(None)
    led = await nobody.open(f"/join/{link}")
    assert led.headers["referrer-policy"] == "same-origin"
    assert "HttpOnly" in led.headers["set-cookie"]
    assert "Path=/join" in led.headers["set-cookie"]
    asked = await nobody.open(led.headers["location"])
    assert asked.headers["location"] == "/sign-in?next=%2Fjoin"
    assert "tny_gi_" not in (await nobody.open(asked.headers["location"])).text


async def test_a_link_that_leads_nowhere_has_one_page_for_every_reason(portal: Portal) -> None:
    erik, otto, dana = await portal.visit(portal.erik), await portal.visit(portal.otto), await portal.visit(portal.dana)
    link, ended = await invite(erik, portal.group), await invite(erik, portal.group)
    async with portal.app.deps.store.write() as tx:
        found = await group_invitations.find_live(
            tx, portal.tenant.id, portal.app.deps.hasher.hash(ended), portal.dana.id, NOON
        )
        assert found is not None
        await group_invitations.end(tx, portal.tenant.id, portal.group, found.id, NOON)
    pages = []
    for visitor, path in ((otto, f"/join/{link}"), (dana, f"/join/{ended}"), (dana, "/join/none"), (dana, "/join")):
        page = await visitor.open(path)
        if page.status_code == 303:
            page = await visitor.open("/join")
        assert page.status_code == 404
        pages.append(re.search(r"<main.*</main>", page.text, re.DOTALL)[0])  # type: ignore[index]
        assert "Night shift" not in page.text
    assert len(set(pages)) == 1
    await otto.open("/phones")
    assert (await otto.send("/join", link=link)).status_code == 404
    await dana.open("/phones")
    assert (await dana.send("/join", link=ended)).status_code == 404
    assert (await dana.send("/join")).status_code == 404


@pytest.mark.parametrize("path", ["subscribers", "sub-groups/add", "invitations", ""])
async def test_a_page_asks_the_same_questions_however_much_it_lists(sqlite_portal: Portal, path: str) -> None:
    portal = sqlite_portal
    store, tenant = portal.app.deps.store, portal.tenant
    visitor = await portal.visit(portal.erik)
    group = await a_broadcast(portal, portal.dana)
    await a_group(store, tenant, admins=[portal.erik])
    await invite(visitor, group)

    async def questions() -> int:
        with counted_queries(store) as queries:
            assert (await visitor.open(f"/groups/{group}/{path}".rstrip("/"))).status_code == 200
        return len(queries)

    few = await questions()
    users = [await a_user(store, tenant) for _ in range(10)]
    async with store.write() as tx:
        for user in users:
            await members.insert(tx, tenant.id, group, user.id, "subscriber", NOON)
    for _ in range(10):
        await a_group(store, tenant, admins=[portal.erik])
        await invite(visitor, group)
    assert await questions() == few


async def test_the_deleted_ones_are_one_question(sqlite_portal: Portal) -> None:
    portal = sqlite_portal
    visitor = await portal.visit(portal.erik)

    async def delete(group: GroupId) -> int:
        await visitor.open(f"/groups/{group}/delete")
        assert (await visitor.send(f"/groups/{group}/delete")).status_code == 303
        with counted_queries(portal.app.deps.store) as queries:
            await visitor.open("/groups/deleted")
        return len(queries)

    store = portal.app.deps.store
    made = [await a_group(store, portal.tenant, admins=[portal.erik]) for _ in range(6)]
    assert len({await delete(group) for group in made}) == 1
    assert visitor.page.text.count("/restore") == 6
