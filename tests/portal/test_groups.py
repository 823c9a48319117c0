"""Groups in the portal: found, made, edited; people added one by one and from a file, made admin, taken out."""

from __future__ import annotations

import re

import pytest

from tenantry.access.actions import Permission, RoleId
from tenantry.core.ids import GroupId, UserId
from tenantry.store.groups import members
from tenantry.store.sign_in import phones
from tests.support.builders import SomeUser, a_connector, a_group, a_relationship, a_tenant, a_user
from tests.support.portal import Portal, Visitor
from tests.support.queries import counted_queries
from tests.support.trail import types_of


async def role_of(portal: Portal, group_id: GroupId, user: SomeUser | UserId) -> str | None:
    user_id = user.id if isinstance(user, SomeUser) else user
    async with portal.app.deps.store.read() as read:
        return await members.find_role(read, portal.tenant.id, group_id, user_id)


async def events_of(portal: Portal) -> list[str]:
    return await types_of(portal.app.deps.store, portal.tenant.id)


def names_on(visitor: Visitor) -> list[str]:
    return re.findall(r'class="name" href="/groups/[^"]+">([^<]+)<', visitor.page.text)


def next_page(visitor: Visitor) -> str:
    found = re.search(r'rel="next" href="([^"]+)"', visitor.page.text)
    return found[1].replace("&amp;", "&") if found else ""


async def test_an_administrator_sees_every_group_and_others_their_own(portal: Portal) -> None:
    dana, mia = await portal.visit(portal.dana), await portal.visit(portal.mia)
    await dana.open("/groups")
    assert names_on(dana) == ["Day shift", "Night drivers", "Night shift"]
    await dana.open("/groups?show=mine")
    assert names_on(dana) == ["Day shift"]
    await mia.open("/groups?show=all")
    assert names_on(mia) == ["Night shift"]
    assert (await mia.open(f"/groups/{portal.group}")).status_code == 200
    assert (await mia.open(f"/groups/{portal.below}")).status_code == 403


async def test_a_global_reader_looks_at_a_group_and_changes_nothing(portal: Portal) -> None:
    reader = await portal.visit(await a_user(portal.app.deps.store, portal.tenant, roles=[RoleId.GLOBAL_READER]))
    assert (await reader.open(f"/groups/{portal.group}")).status_code == 200
    assert "/members/add" not in reader.page.text
    for path in ("members/add", "members/import", "edit", "sub-groups/new"):
        assert (await reader.open(f"/groups/{portal.group}/{path}")).status_code == 403


async def test_search_finds_by_the_start_of_the_name_and_pages_by_key(portal: Portal) -> None:
    for number in range(60):
        await a_group(portal.app.deps.store, portal.tenant, name=f"Zebra {number:02}", admins=[portal.dana])
    await a_group(portal.app.deps.store, portal.tenant, name="Ze%ro", admins=[portal.dana])
    visitor = await portal.visit(portal.dana)
    for address in ("/groups?q=zebra", "/groups?show=mine&q=zebra"):
        await visitor.open(address)
        first = names_on(visitor)
        await visitor.open(next_page(visitor))
        assert [*first, *names_on(visitor)] == [f"Zebra {number:02}" for number in range(60)]
        assert next_page(visitor) == ""
    await visitor.open("/groups?q=ze%25")
    assert names_on(visitor) == ["Ze%ro"]
    await visitor.open("/groups?q=nothing-like-it")
    assert "No group found" in visitor.text


async def test_any_user_makes_a_group_and_is_its_admin_and_a_form_sent_twice_makes_one(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    page = await visitor.open("/groups/new")
    assert "ConnectGroup" not in visitor.text
    made = await visitor.send("/groups/new", name="Drivers", welcome_message="Hello,\nall")
    assert made.status_code == 303
    group_id = GroupId(made.headers["location"].removeprefix("/groups/"))
    assert await role_of(portal, group_id, portal.mia) == "admin"
    visitor.page = page
    assert (await visitor.send("/groups/new", name="Drivers again")).status_code == 409
    await visitor.open("/groups")
    assert names_on(visitor) == ["Drivers", "Night shift"]
    refused = await visitor.open("/groups/new")
    refused = await visitor.send("/groups/new", name="Broadcast", group_type="connect_group")
    assert refused.status_code == 403


async def test_a_broadcast_group_is_made_by_who_administers_groups(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    await visitor.open("/groups/new")
    made = await visitor.send("/groups/new", name="Broadcast", group_type="connect_group")
    await visitor.open(made.headers["location"])
    assert "Broadcast (ConnectGroup)" in visitor.text


@pytest.mark.parametrize(("name", "says"), [("  ", "fill this in"), ("x" * 257, "At most 256"), ("a\u0007b", "cannot")])
async def test_a_wrong_name_is_said_beside_it_and_the_message_stays(
    sqlite_portal: Portal, name: str, says: str
) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    await visitor.open("/groups/new")
    page = await visitor.send("/groups/new", name=name, welcome_message="Kept <b>")
    assert page.status_code == 422
    error = re.search(r'id="name-error"[^>]*>(.*?)</p>', page.text, re.DOTALL)
    assert error is not None
    assert says in error[1]
    assert "Kept &lt;b&gt;" in page.text


async def test_a_sub_group_is_made_by_an_admin_of_the_group_above(portal: Portal) -> None:
    erik, mia = await portal.visit(portal.erik), await portal.visit(portal.mia)
    path = f"/groups/{portal.group}/sub-groups/new"
    assert (await mia.open(path)).status_code == 403
    await mia.open("/groups/new")
    assert (await mia.send(path, name="Sneaky")).status_code == 403
    await erik.open(path)
    made = await erik.send(path, name="Loaders")
    await erik.open(made.headers["location"])
    assert f'href="/groups/{portal.group}">Night shift' in erik.page.text
    await erik.open(f"/groups/{portal.group}")
    assert "Loaders" in erik.text


async def test_an_edit_changes_name_and_message_and_a_stale_one_nothing(portal: Portal) -> None:
    visitor, path = await portal.visit(portal.erik), f"/groups/{portal.group}/edit"
    page = await visitor.open(path)
    seen = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert seen is not None
    saved = await visitor.send(path, name="Late shift", welcome_message="", seen=seen[1])
    assert saved.status_code == 303
    await visitor.open("/groups?q=late")
    assert names_on(visitor) == ["Late shift"]
    await visitor.open(path)
    stale = await visitor.send(path, name="Early shift", welcome_message="", seen=seen[1])
    assert stale.status_code == 422
    assert "meanwhile" in visitor.text
    assert "group.updated" in await events_of(portal)


async def test_members_are_added_by_number_in_any_spelling_and_by_sign_in_name(portal: Portal) -> None:
    store, visitor = portal.app.deps.store, await portal.visit(portal.erik)
    path = f"/groups/{portal.group}/members/add"
    known = await a_user(store, portal.tenant, phone="+14255550107")
    await visitor.open(path)
    typed = f"{portal.dana.user_principal_name.upper()}\r\n(425) 555-0107\r\n00 1 425 555 0108\r\n"
    assert (await visitor.send(path, people=typed, role="admin")).status_code == 303
    assert await role_of(portal, portal.group, portal.dana) == "admin"
    assert await role_of(portal, portal.group, known) == "admin"
    async with store.read() as read:
        guest = await phones.find_owner(read, portal.tenant.id, "+14255550108")
    assert guest is not None
    assert guest.user_type == "guest"
    await visitor.open(f"/groups/{portal.group}")
    assert "+14255550108" in visitor.text
    assert (await events_of(portal)).count("group.member_added") >= 3


async def test_of_typed_people_all_are_added_or_none_and_the_page_says_who_is_wrong(portal: Portal) -> None:
    visitor, path = await portal.visit(portal.erik), f"/groups/{portal.group}/members/add"
    await visitor.open(path)
    page = await visitor.send(path, people=f"{portal.dana.user_principal_name}\nnobody@{portal.tenant.domain}\n12")
    assert page.status_code == 422
    error = re.search(r'id="people-error"[^>]*>(.*?)</p>', page.text, re.DOTALL)
    assert error is not None
    assert f"nobody@{portal.tenant.domain}: No user" in error[1]
    assert "12: A phone number" in error[1]
    assert portal.dana.user_principal_name in page.text
    assert await role_of(portal, portal.group, portal.dana) is None


@pytest.mark.parametrize("people", ["", " \n ", "\n".join(["+14255550100"] * 101), "a\u0007b", "x" * 5000])
async def test_lines_that_are_none_or_too_many_are_refused(sqlite_portal: Portal, people: str) -> None:
    visitor, path = await sqlite_portal.visit(sqlite_portal.erik), f"/groups/{sqlite_portal.group}/members/add"
    await visitor.open(path)
    assert (await visitor.send(path, people=people)).status_code == 422
    assert 'id="people-error"' in visitor.page.text


async def import_file(visitor: Visitor, path: str, raw: bytes) -> None:
    page = await visitor.open(path)
    hidden = dict(re.findall(r'name="(form_token|form_id)" value="([^"]+)"', page.text))
    visitor.page = await visitor.http.post(path, data=hidden, files={"file": ("people.csv", raw)})


async def test_of_a_file_those_who_can_are_added_and_each_other_row_says_why_not(portal: Portal) -> None:
    visitor, path = await portal.visit(portal.erik), f"/groups/{portal.group}/members/import"
    lines = [
        "Role;Member",
        f"admin;{portal.dana.user_principal_name}",
        f";{portal.mia.user_principal_name}",
        "member;'+14255550109",
        "",
        f"owner;{portal.erik.user_principal_name}",
        "member;<script>@x",
    ]
    await import_file(visitor, path, "\r\n".join(lines).encode("utf-8-sig"))
    assert visitor.page.status_code == 200
    assert "2 people added, 1 was in already, 2 rows failed" in visitor.text
    rows = re.findall(r'<td class="number">(\d+)</td><td>([^<]*)</td><td>([^<]*)</td>', visitor.page.text)
    assert [row[0] for row in rows] == ["6", "7"]
    assert rows[0][2] == "A role is admin or member."
    assert rows[1][1] == "&lt;script&gt;@x"
    assert await role_of(portal, portal.group, portal.dana) == "admin"
    assert await role_of(portal, portal.group, portal.mia) == "member"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "Choose a file"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"name\nx", "must name the columns"),
        (b"member,member\nx,y", "named twice"),
        (b"member\n", "no rows"),
        (b"member\nx\0", "not text"),
        (b"member\n" + b"x\n" * 1001, "more than 1000"),
    ],
)
async def test_a_file_that_is_none_is_refused_beside_the_field(sqlite_portal: Portal, raw: bytes, says: str) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.erik)
    await import_file(visitor, f"/groups/{sqlite_portal.group}/members/import", raw)
    assert visitor.page.status_code == 422
    error = re.search(r'id="file-error"[^>]*>(.*?)</p>', visitor.page.text, re.DOTALL)
    assert error is not None
    assert says in error[1]


async def test_a_member_is_made_admin_and_the_last_admin_stays_one(portal: Portal) -> None:
    visitor, members = await portal.visit(portal.erik), f"/groups/{portal.group}/members"
    own, mias = f"{members}/{portal.erik.id}", f"{members}/{portal.mia.id}"
    await visitor.open(f"{own}/role")
    refused = await visitor.send(f"{own}/role", role="member")
    assert refused.status_code == 422
    assert "at least one admin" in visitor.text
    await visitor.open(f"{own}/remove")
    assert (await visitor.send(f"{own}/remove")).status_code == 422
    await visitor.open(f"{mias}/role")
    assert (await visitor.send(f"{mias}/role", role="captain")).status_code == 422
    assert (await visitor.send(f"{mias}/role", role="admin")).status_code == 303
    await visitor.open(f"{own}/remove")
    gone = await visitor.send(f"{own}/remove")
    assert gone.headers["location"] == "/groups"
    assert await role_of(portal, portal.group, portal.erik) is None
    assert (await visitor.open(f"/groups/{portal.group}")).status_code == 403
    assert {"group.member_role_set", "group.member_removed"} <= set(await events_of(portal))


async def test_a_member_sees_names_and_no_numbers_of_others(portal: Portal) -> None:
    await a_user(portal.app.deps.store, portal.tenant, name="ulla", phone="+14255550111")
    erik, mia = await portal.visit(portal.erik), await portal.visit(portal.mia)
    await erik.open(f"/groups/{portal.group}/members/add")
    await erik.send(f"/groups/{portal.group}/members/add", people="+14255550111")
    await erik.open(f"/groups/{portal.group}?q=ull")
    assert "+14255550111" in erik.text
    assert "Erik" not in erik.text.partition("Role")[2].partition("Sub-groups")[0]
    await mia.open(f"/groups/{portal.group}")
    assert "Ulla" in mia.text
    assert "+14255550111" not in mia.text


async def test_members_page_by_key(portal: Portal) -> None:
    store = portal.app.deps.store
    many = [await a_user(store, portal.tenant, name=f"kim{number:02}") for number in range(60)]
    group = await a_group(store, portal.tenant, name="Many", admins=[portal.erik], members=many)
    visitor = await portal.visit(portal.erik)
    await visitor.open(f"/groups/{group}?q=KIM")
    seen = re.findall(r"<strong>(Kim\d\d)<", visitor.page.text)
    await visitor.open(next_page(visitor))
    assert [*seen, *re.findall(r"<strong>(Kim\d\d)<", visitor.page.text)] == [f"Kim{number:02}" for number in range(60)]


async def test_a_page_of_groups_asks_the_same_questions_for_one_and_for_fifty(sqlite_portal: Portal) -> None:
    portal = sqlite_portal
    visitor = await portal.visit(portal.dana)

    async def questions(path: str) -> int:
        with counted_queries(portal.app.deps.store) as queries:
            assert (await visitor.open(path)).status_code == 200
        return len(queries)

    paths = ("/groups", "/groups?show=mine", f"/groups/{portal.group}")
    few = [await questions(path) for path in paths]
    users = [await a_user(portal.app.deps.store, portal.tenant) for _ in range(20)]
    for user in users:
        await a_group(portal.app.deps.store, portal.tenant, admins=[user], parent_id=portal.group)
    async with portal.app.deps.store.write() as tx:
        for user in users:
            await members.insert(tx, portal.tenant.id, portal.group, user.id, "member", 0)
    assert [await questions(path) for path in paths] == few


async def test_a_member_of_another_group_is_no_page(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    assert (await visitor.open(f"/groups/{portal.below}/members/{portal.mia.id}/role")).status_code == 404
    assert (await visitor.open(f"/groups/{GroupId('none')}/members/add")).status_code == 404


async def test_a_partners_groups_administrator_manages_members_of_the_customers_groups(portal: Portal) -> None:
    store = portal.app.deps.store
    partner, role = await a_tenant(store), RoleId.GROUPS_ADMINISTRATOR
    pat = await portal.visit(await a_user(store, partner, roles=[role]))
    await a_relationship(store, partner, portal.tenant, roles=[role])
    act = f"/customers/{portal.tenant.id}/act"
    await pat.open(act)
    assert (await pat.send(act)).status_code == 303
    await pat.open("/groups")
    assert names_on(pat) == ["Day shift", "Night drivers", "Night shift"]
    assert 'href="/groups/new"' not in pat.page.text
    await pat.open(f"/groups/{portal.group}")
    assert "sub-groups/new" not in pat.page.text
    await pat.open(f"/groups/{portal.group}/members/add")
    added = await pat.send(f"/groups/{portal.group}/members/add", people=portal.dana.user_principal_name)
    assert added.status_code == 303
    assert await role_of(portal, portal.group, portal.dana) == "member"
    assert (await pat.open("/groups/new")).status_code == 403
    connector = await a_connector(store, portal.tenant, permissions=[Permission.GROUP_INFORMATION])
    await pat.open(f"/groups/{portal.group}/connectors")
    assert "Ask an admin of the group." in pat.page.text
    wanted = {"connector_id": connector.id, "permissions": "group_information", "days": "1"}
    given = await pat.send(f"/groups/{portal.group}/connectors", **wanted)
    assert given.status_code == 404  # a token is a user's of the organisation to give
