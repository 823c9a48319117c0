"""Users in the portal: found, added, changed, deleted and brought back; roles; files in and out."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

import pytest

from tenantry.access.actions import EFFECTIVE_ROLES, RoleId
from tenantry.core.clock import DAY
from tenantry.core.ids import TenantId
from tenantry.directory.user_files import COLUMNS
from tenantry.directory.user_imports import STEP
from tenantry.store.sign_in import passwords
from tenantry.store.users import users
from tenantry.store.users.users import User
from tests.support.builders import PASSWORD, a_group, a_user
from tests.support.portal import Portal, Visitor
from tests.support.queries import counted_queries
from tests.support.trail import types_of

USER_ADMINISTRATOR = RoleId.USER_ADMINISTRATOR.value


async def row_of(portal: Portal, name: str) -> User | None:
    async with portal.app.deps.store.read() as read:
        return await users.find_by_name(read, portal.tenant.id, name)


async def events_of(portal: Portal, tenant_id: TenantId | None = None) -> list[str]:
    return await types_of(portal.app.deps.store, tenant_id or portal.tenant.id)


def typed(portal: Portal, name: str = "nora", **other: str) -> dict[str, str]:
    fields = {
        "user_principal_name": f"{name}@{portal.tenant.domain}",
        "display_name": name.title(),
        "given_name": "",
        "family_name": "",
        "usage_location": "in",
        "phone_number": "",
        "immutable_id": "",
        "password_kind": "generate",
    }
    return {**fields, **other}


async def test_a_user_is_added_and_signs_in_with_the_password_that_is_shown_once(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    await visitor.open("/users/new")
    assert portal.tenant.domain in visitor.text
    page = await visitor.send("/users/new", **typed(portal))
    assert page.status_code == 200
    password = re.search(r'id="password"[^>]*value="([^"]+)"', page.text)
    user = await row_of(portal, f"nora@{portal.tenant.domain}")
    assert user is not None
    assert password is not None
    assert user.usage_location == "IN"
    async with portal.app.deps.store.read() as read:
        credential = await passwords.find_credential(read, portal.tenant.id, user.id)
    assert credential is not None
    assert credential.must_change == 1
    assert await portal.app.deps.passwords.verify(credential.password_hash, unescape(password[1]))
    assert password[1] not in (await visitor.open(f"/users/{user.id}")).text
    assert "user.created" in await events_of(portal)


async def test_a_form_sent_twice_adds_one_user_and_says_so(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    page = await visitor.open("/users/new")
    await visitor.send("/users/new", **typed(portal, password_kind="none"))
    visitor.page = page
    second = await visitor.send("/users/new", **typed(portal, "olga", password_kind="none"))
    assert second.status_code == 409
    assert await row_of(portal, f"olga@{portal.tenant.domain}") is None


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("user_principal_name", "nora@elsewhere.example", "not a verified domain"),
        ("user_principal_name", "nora", "reads NAME@DOMAIN"),
        ("display_name", "", "required"),
        ("usage_location", "ZZ", "two letters"),
        ("given_name", "x" * 65, "longer than"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    sqlite_portal: Portal, field: str, value: str, says: str
) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    await visitor.open("/users/new")
    page = await visitor.send("/users/new", **typed(sqlite_portal, family_name="Okafor", **{field: value}))
    assert page.status_code == 422
    error = re.search(f'id="{field}-error"[^>]*>(.*?)</p>', page.text, re.DOTALL)
    assert error is not None
    assert says in error[1]
    assert 'value="Okafor"' in page.text


async def test_a_name_that_is_taken_is_said_beside_the_name(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    await visitor.open("/users/new")
    page = await visitor.send("/users/new", **typed(portal, portal.mia.user_principal_name.partition("@")[0]))
    assert page.status_code == 422
    assert 'id="user_principal_name-error"' in page.text


async def test_search_finds_by_the_start_of_either_name_and_pages_by_key(portal: Portal) -> None:
    store, tenant = portal.app.deps.store, portal.tenant
    for number in range(60):
        await a_user(store, tenant, name=f"zoe{number:02}")
    for name in ("100%zoe", "zo_e", "Zöe"):
        async with store.write() as tx:
            await tx.run(
                """
                INSERT INTO users (tenant_id, id, user_principal_name, upn_key, user_type, display_name, display_key,
                                   created_at, updated_at)
                VALUES (:tenant_id, :id, :id, :id, 'member', :name, :key, 0, 0)
                """,
                tenant_id=tenant.id,
                id=name,
                name=name,
                key=name.lower(),
            )
    visitor = await portal.visit(portal.dana)
    first = await visitor.open("/users?q=ZOE")
    assert first.text.count('class="name"') == 50
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following is not None
    second = await visitor.open(following[1].replace("&amp;", "&"))
    assert second.text.count('class="name"') == 10
    seen = re.findall(r'class="name" href="/users/([^"]+)"', first.text + second.text)
    assert len(set(seen)) == 60
    assert (await visitor.open("/users?q=zo_e")).text.count('class="name"') == 1
    assert (await visitor.open("/users?q=100%25")).text.count('class="name"') == 1
    assert (await visitor.open("/users?q=Z%C3%96E")).text.count('class="name"') == 1
    await visitor.open("/users?q=nobody-like-this")
    assert "Nobody found" in visitor.text


async def test_those_found_by_sign_in_name_come_after_those_found_by_name_on_any_page(portal: Portal) -> None:
    store, tenant = portal.app.deps.store, portal.tenant
    for number in range(40):
        await a_user(store, tenant, name=f"ana{number:02}")
    for number in range(30):
        user = await a_user(store, tenant, name=f"anax{number:02}")
        async with store.write() as tx:
            await users.update(tx, tenant.id, user.id, display_name=f"Berta {number}", now=1)
    visitor = await portal.visit(portal.dana)
    names: list[str] = []
    address = "/users?q=ana"
    while address:
        page = await visitor.open(address)
        names += re.findall(r'class="name" href="[^"]+">([^<]+)<', page.text)
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(names) == len(set(names)) == 70
    assert names[:40] == sorted(names[:40])
    assert all(name.startswith("Ana") for name in names[:40])
    assert all(name.startswith("Berta") for name in names[40:])


async def test_an_edit_changes_what_was_typed_and_a_stale_one_nothing(portal: Portal) -> None:
    visitor, mia = await portal.visit(portal.dana), portal.mia
    page = await visitor.open(f"/users/{mia.id}/edit")
    seen = re.search(r'name="seen" value="(\d+)"', page.text)
    assert seen is not None
    portal.app.deps.clock.advance(1)  # type: ignore[attr-defined]
    name = mia.user_principal_name.partition("@")[0]
    saved = await visitor.send(f"/users/{mia.id}/edit", **typed(portal, name, display_name="Mia Sato", seen=seen[1]))
    assert saved.status_code == 303
    user = await row_of(portal, mia.user_principal_name)
    assert user is not None
    assert user.display_name == "Mia Sato"
    stale = await visitor.open(f"/users/{mia.id}/edit")
    stale = await visitor.send(f"/users/{mia.id}/edit", **typed(portal, name, display_name="Old", seen=seen[1]))
    assert stale.status_code == 422
    assert "meanwhile" in visitor.text
    assert (await row_of(portal, mia.user_principal_name)).display_name == "Mia Sato"  # type: ignore[union-attr]


async def test_a_reset_password_is_shown_once_and_ends_sessions(portal: Portal) -> None:
    mine, visitor = await portal.visit(portal.mia), await portal.visit(portal.dana)
    assert (await mine.open("/phones")).status_code == 200
    await visitor.open(f"/users/{portal.mia.id}/password")
    portal.app.deps.clock.advance(1)  # type: ignore[attr-defined]
    page = await visitor.send(f"/users/{portal.mia.id}/password")
    assert page.status_code == 200
    assert 'id="password"' in page.text
    assert (await mine.open("/phones")).status_code == 303
    async with portal.app.deps.store.read() as read:
        credential = await passwords.find_credential(read, portal.tenant.id, portal.mia.id)
    assert credential is not None
    assert not await portal.app.deps.passwords.verify(credential.password_hash, PASSWORD)


async def test_a_user_is_deleted_found_among_the_deleted_and_restored(portal: Portal) -> None:
    visitor, mia = await portal.visit(portal.dana), portal.mia
    await visitor.open(f"/users/{mia.id}/delete")
    assert (await visitor.send(f"/users/{mia.id}/delete")).status_code == 303
    assert mia.user_principal_name not in (await visitor.open("/users")).text
    assert mia.user_principal_name in (await visitor.open("/users?show=deleted")).text
    await visitor.open(f"/users/{mia.id}")
    assert "can be restored until" in visitor.text
    await visitor.open(f"/users/{mia.id}/restore")
    assert (await visitor.send(f"/users/{mia.id}/restore")).status_code == 303
    assert mia.user_principal_name in (await visitor.open("/users")).text
    assert {"user.deleted", "user.restored"} <= set(await events_of(portal))


async def test_restoring_a_name_that_is_taken_by_now_says_so_on_the_page(portal: Portal) -> None:
    visitor, mia = await portal.visit(portal.dana), portal.mia
    await visitor.open(f"/users/{mia.id}/delete")
    await visitor.send(f"/users/{mia.id}/delete")
    await a_user(portal.app.deps.store, portal.tenant, name=mia.user_principal_name.partition("@")[0])
    await visitor.open(f"/users/{mia.id}/restore")
    page = await visitor.send(f"/users/{mia.id}/restore")
    assert page.status_code == 422
    assert "exists already" in visitor.text


async def test_after_thirty_days_a_deleted_user_is_no_page(portal: Portal) -> None:
    visitor, mia = await portal.visit(portal.dana), portal.mia
    await visitor.open(f"/users/{mia.id}/delete")
    await visitor.send(f"/users/{mia.id}/delete")
    portal.app.deps.clock.advance(31 * DAY)  # type: ignore[attr-defined]
    visitor = await portal.visit(portal.dana)
    assert (await visitor.open(f"/users/{mia.id}")).status_code == 404


async def test_a_role_is_given_until_a_day_and_taken_away(portal: Portal) -> None:
    visitor, mia = await portal.visit(portal.dana), portal.mia
    await visitor.open(f"/users/{mia.id}/roles")
    past = await visitor.send(f"/users/{mia.id}/roles", role_id=USER_ADMINISTRATOR, expires_at="2001-01-01")
    assert past.status_code == 422
    assert 'id="expires_at-error"' in past.text
    given = await visitor.send(f"/users/{mia.id}/roles", role_id=USER_ADMINISTRATOR, expires_at="2199-12-31")
    assert given.status_code == 303
    assert (await (await portal.visit(mia)).open("/users")).status_code == 200
    await visitor.open(f"/users/{mia.id}/roles/{USER_ADMINISTRATOR}/remove")
    assert (await visitor.send(f"/users/{mia.id}/roles/{USER_ADMINISTRATOR}/remove")).status_code == 303
    assert (await (await portal.visit(mia)).open("/users")).status_code == 403
    assert {"role.assigned", "role.removed"} <= set(await events_of(portal))


async def test_a_user_administrator_cannot_make_itself_more_than_it_is(portal: Portal) -> None:
    """Neither by giving roles, nor by the password of somebody who is more."""
    helper = await a_user(portal.app.deps.store, portal.tenant, roles=[RoleId.USER_ADMINISTRATOR])
    visitor = await portal.visit(helper)
    assert (await visitor.open(f"/users/{helper.id}/roles")).status_code == 403
    await visitor.open(f"/users/{portal.mia.id}/password")
    for path in (f"/users/{portal.dana.id}/password", f"/users/{portal.dana.id}/delete"):
        await visitor.open(path)
        assert (await visitor.send(path)).status_code == 403
    await visitor.open(f"/users/{portal.mia.id}/password")
    assert (await visitor.send(f"/users/{portal.mia.id}/password")).status_code == 200


async def import_file(visitor: Visitor, content: str | bytes, **fields: str) -> None:
    page = await visitor.open("/users/import")
    hidden = dict(re.findall(r'name="(form_token|form_id)" value="([^"]+)"', page.text))
    raw = content if isinstance(content, bytes) else content.encode()
    visitor.page = await visitor.http.post("/users/import", data=hidden | fields, files={"file": ("people.csv", raw)})


async def test_a_file_is_imported_in_steps_and_rows_that_fail_hinder_no_other(portal: Portal) -> None:
    visitor, domain = await portal.visit(portal.dana), portal.tenant.domain
    count = STEP + 20
    lines = [f"user{number:04}x@{domain},Person {number},US" for number in range(count)]
    lines[3] = f"user0003x@{domain},Person 3,ZZ"
    lines[5] = f"user0004x@{domain},Twice,US"
    lines[7] = "user0007x@elsewhere.example,Far,US"
    await import_file(visitor, "User Principal Name,Display-Name,usage_location\r\n" + "\r\n".join(lines))
    assert visitor.page.status_code == 303
    address = visitor.page.headers["location"]
    await visitor.open(address)
    assert f"0 of {count} rows tried" in visitor.text
    await visitor.send(address)
    await visitor.open(address)
    assert f"{STEP} of {count} rows tried" in visitor.text
    await visitor.send(address)
    page = await visitor.open(address)
    assert f"{count} of {count} rows tried: {count - 3} users added, 3 failed" in visitor.text
    rows = re.findall(r'<td class="number">(\d+)</td><td>([^<]*)</td><td>([^<]*)</td>', page.text)
    assert [row[0] for row in rows] == ["5", "7", "9"]
    assert "two letters" in rows[0][2]
    assert "exists already" in rows[1][2]
    assert "verified domain" in rows[2][2]
    failed = list(csv.DictReader(io.StringIO((await visitor.open(f"{address}/failed.csv")).text.lstrip("\ufeff"))))
    assert [row["display_name"] for row in failed] == ["Person 3", "Twice", "Far"]
    assert all(row["error"] for row in failed)
    assert "user_import.begun" in await events_of(portal)


async def test_what_is_exported_can_be_imported_and_no_cell_is_a_formula(portal: Portal) -> None:
    store, visitor = portal.app.deps.store, await portal.visit(portal.dana)
    formula = '=cmd|"/c calc"!A1'
    user = await a_user(store, portal.tenant, name="tricky")
    async with store.write() as tx:
        await users.update(tx, portal.tenant.id, user.id, display_name=formula, phone_number="+1 425 555 0100", now=1)
    text = (await visitor.open("/users.csv")).text
    assert "'=cmd" in text
    assert ',"+1 425 555 0100"' in text
    kept = next(row for row in csv.DictReader(io.StringIO(text.lstrip("\ufeff"))) if "tricky" in row[COLUMNS[0]])
    other = kept[COLUMNS[0]].replace("tricky", "trickier")
    await import_file(visitor, text.replace(kept[COLUMNS[0]], other))
    address = visitor.page.headers["location"]
    await visitor.open(address)
    await visitor.send(address)
    made = await row_of(portal, other)
    assert made is not None
    assert made.display_name == formula
    assert "users.exported" in await events_of(portal)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "Choose a file"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("name\nx", "user_principal_name is missing"),
        ("user_principal_name\nx", "display_name is missing"),
        ('user_principal_name,display_name\nx,y\nx,"y', "line 3 has a quotation mark that is never closed"),
        ('user_principal_name,display_name\nx,"y\nz",\n,a"b', "Line 4 has a quotation mark within a cell"),
        ("user_principal_name,display_name\nx,Jos\u00e9".encode("cp1252"), "Line 2 is not UTF-8.*Windows-1252"),
        ("user_principal_name,display_name\n", "no rows"),
        ('user_principal_name,display_name\n"x', "CSV"),
        ("user_principal_name,display_name,display_name\nx,y,z", "named twice"),
        ("user_principal_name,display_name\n" + "x,y\n" * 20_001, "more than 20000"),
        ("user_principal_name,display_name\nx\0,y", "not text"),
    ],
)
async def test_a_file_that_is_none_is_refused_beside_the_field(
    sqlite_portal: Portal, content: str | bytes, says: str
) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    await import_file(visitor, content)
    assert visitor.page.status_code == 422
    error = re.search(r'id="file-error"[^>]*>(.*?)</p>', visitor.page.text, re.DOTALL)
    assert error is not None
    assert re.search(says, error[1])


async def test_a_page_of_users_asks_the_same_questions_for_one_and_for_fifty(sqlite_portal: Portal) -> None:
    portal = sqlite_portal
    visitor = await portal.visit(portal.dana)

    async def questions(path: str) -> int:
        with counted_queries(portal.app.deps.store) as queries:
            assert (await visitor.open(path)).status_code == 200
        return len(queries)

    few = [await questions(path) for path in ("/users", "/users?q=u", f"/users/{portal.mia.id}", "/audit")]
    for number in range(60):
        user = await a_user(portal.app.deps.store, portal.tenant, roles=[RoleId.DIRECTORY_READERS])
        await a_group(portal.app.deps.store, portal.tenant, admins=[portal.mia], members=[user], name=f"G{number}")
    many = [await questions(path) for path in ("/users", "/users?q=u", f"/users/{portal.mia.id}", "/audit")]
    assert 0 < max(many) <= 20
    assert all(after <= before for after, before in zip(many, few, strict=True))


@pytest.mark.parametrize("role", [RoleId.HELPDESK_ADMINISTRATOR, RoleId.PASSWORD_ADMINISTRATOR])
async def test_who_helps_with_passwords_sets_those_of_users_without_a_role_and_changes_nothing_else(
    sqlite_portal: Portal, role: RoleId
) -> None:
    helper = await a_user(sqlite_portal.app.deps.store, sqlite_portal.tenant, name="helper", roles=[role])
    visitor = await sqlite_portal.visit(helper)
    page = await visitor.open(f"/users/{sqlite_portal.mia.id}")
    assert f"/users/{sqlite_portal.mia.id}/password" in page.text
    assert "/edit" not in page.text
    assert "/delete" not in page.text
    await visitor.open(f"/users/{sqlite_portal.mia.id}/password")
    assert (await visitor.send(f"/users/{sqlite_portal.mia.id}/password", password="")).status_code in (200, 303)
    await visitor.open(f"/users/{sqlite_portal.dana.id}")
    assert "/password" not in visitor.page.text.partition("<main")[2]
    assert (await visitor.open(f"/users/{sqlite_portal.dana.id}/password")).status_code == 403


async def test_a_role_that_opens_nothing_is_not_offered_and_not_given(sqlite_portal: Portal) -> None:
    visitor, path = await sqlite_portal.visit(sqlite_portal.dana), f"/users/{sqlite_portal.mia.id}/roles"
    for idle in set(RoleId) - EFFECTIVE_ROLES:
        for page in (path, "/customers/new"):
            assert idle not in (await visitor.open(page)).text
        await visitor.open(path)
        assert (await visitor.send(path, role_id=idle)).status_code == 422
