"""Files of users in the portal: from other systems, with mistakes; and names that are found however they are typed."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tenantry.store.sign_in import passwords
from tenantry.store.users import users
from tests.portal.test_users import import_file, row_of
from tests.support.builders import PASSWORD, a_connector, a_group, a_relationship, a_tenant, a_user
from tests.support.portal import Portal, Visitor


async def imported(visitor: Visitor, content: str, **fields: str) -> str:
    """The text of the page once every row of the file was tried."""
    await import_file(visitor, content, **fields)
    assert visitor.page.status_code == 303, visitor.text
    address = visitor.page.headers["location"]
    await visitor.open(address)
    while "Continue" in visitor.page.text:
        await visitor.send(address)
        await visitor.open(address)
    return visitor.page.text


async def test_a_row_whose_name_holds_a_comma_fails_by_its_line_and_loses_nothing(portal: Portal) -> None:
    visitor, domain = await portal.visit(portal.dana), portal.tenant.domain
    content = f'user_principal_name,display_name\nn1@{domain},"Two\nlines"\nn2@{domain},Mills, Dana\nn3@{domain},Ann\n'
    page = await imported(visitor, content)
    rows = re.findall(r'<td class="number">(\d+)</td><td>([^<]*)</td><td>([^<]*)</td>', page)
    assert [row[0] for row in rows] == ["2", "4"]
    assert "a line break (U+000A) at character 4" in rows[0][2]
    assert "has 3 cells" in rows[1][2]
    assert await row_of(portal, f"n2@{domain}") is None
    assert await row_of(portal, f"n3@{domain}") is not None


async def test_a_row_after_a_line_break_in_a_cell_is_named_by_its_line_in_the_file(portal: Portal) -> None:
    visitor, domain = await portal.visit(portal.dana), portal.tenant.domain
    page = await imported(visitor, f'user_principal_name,display_name\nn1@{domain},"Two\nlines"\nno address,Ann\n')
    assert re.findall(r'<td class="number">(\d+)</td>', page)[-1] == "4"


@pytest.mark.parametrize("file", ["sep=;\r\n{heading};{other}\r\n{name};Nia\r\n", "{heading}\t{other}\n{name}\tNia\n"])
async def test_a_file_is_read_whatever_sign_a_spreadsheet_put_between_its_cells(portal: Portal, file: str) -> None:
    visitor, name = await portal.visit(portal.dana), f"nia@{portal.tenant.domain}"
    await imported(visitor, file.format(heading="user_principal_name", other="display_name", name=name))
    made = await row_of(portal, name)
    assert made is not None
    assert made.display_name == "Nia"


async def test_a_template_of_another_system_is_imported_and_what_was_not_taken_is_told(portal: Portal) -> None:
    visitor, domain = await portal.visit(portal.dana), portal.tenant.domain
    page = await imported(
        visitor,
        "version:v1.0,,,,\r\nName [displayName] Required,User name [userPrincipalName] Required,Initial password "
        "[passwordProfile] Required,Block sign in (Yes/No) [accountEnabled] Required,Mobile phone [mobile]\r\n"
        f"Example: Chris Green,chris@contoso.com,myPassword1234,No,\r\nNora,nora@{domain},Secret-1234,No,"
        f"+1 425 555 0100\r\nOlga,olga@{domain},Secret-1234,Yes,\r\nPia,pia@{domain},Secret-1234,No,1.42556E+10\r\n",
    )
    assert "Initial password [passwordProfile] Required" in page
    assert "damaged by a spreadsheet" in page
    nora, olga = await row_of(portal, f"nora@{domain}"), await row_of(portal, f"olga@{domain}")
    assert nora is not None
    assert olga is not None
    assert (nora.phone_number, nora.disabled_at) == ("+1 425 555 0100", None)
    assert olga.disabled_at is not None
    assert await row_of(portal, f"pia@{domain}") is None
    async with portal.app.deps.store.read() as read:
        assert await passwords.find_credential(read, portal.tenant.id, nora.id) is None
        assert not [row for row in await read.all(str, "SELECT data FROM user_import_rows") if "Secret" in row]


CLEAR = ["quiet-Harbour-71-lamp", "Password1", "Pialou-Pialou-1", "amber-Ladder-52-frost"]


def with_passwords(domain: str) -> str:
    return (
        "user_principal_name,display_name,password\n"
        f"nora@{domain},Nora,{CLEAR[0]}\n"
        f"olga@{domain},Olga,{CLEAR[1]}\n"  # on the list of what people guess
        f"pialou@{domain},Pialou,{CLEAR[2]}\n"  # made of her own name
        f"quin@nowhere.example,Quin,{CLEAR[3]}\n"  # fails when it is tried
        f"rosa@{domain},Rosa,\n"
    )


async def test_passwords_of_a_file_are_taken_where_a_tick_says_so_and_must_be_changed(portal: Portal) -> None:
    visitor, domain = await portal.visit(portal.dana), portal.tenant.domain
    page = await imported(visitor, with_passwords(domain), with_passwords="1")
    assert page.count("people use, or is made of a common word or a name") == 2
    made = [await row_of(portal, f"{name}@{domain}") for name in ("nora", "rosa", "olga", "pialou")]
    assert [user is not None for user in made] == [True, True, False, False]
    async with portal.app.deps.store.read() as read:
        nora, rosa = [await passwords.find_credential(read, portal.tenant.id, user.id) for user in made[:2] if user]
    assert rosa is None
    assert nora is not None
    assert nora.must_change
    assert await portal.app.deps.passwords.verify(nora.password_hash, CLEAR[0])


def everything_in(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


async def test_no_password_of_a_file_is_on_disk_on_a_page_or_in_an_export_in_clear(
    sqlite_portal: Portal, tmp_path: Path
) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    page = await imported(visitor, with_passwords(sqlite_portal.tenant.domain), with_passwords="1")
    failed = await visitor.open(f"{visitor.page.url.path}/failed.csv")
    assert "quin@nowhere.example" in failed.text
    on_disk = everything_in(tmp_path)
    assert b"quin@nowhere.example" in on_disk
    for password in CLEAR:
        assert password not in page + failed.text
        assert password.encode() not in on_disk
    async with sqlite_portal.app.deps.store.read() as read:
        rows = await read.all(str, "SELECT data FROM user_import_rows")
    assert len(rows) == 3
    assert not any("hash" in row for row in rows), "a row that failed keeps no hash"


async def test_who_may_not_create_users_has_no_passwords_hashed(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    await import_file(visitor, "user_principal_name,display_name,password\na@b.c,A,quiet-Harbour-71-lamp\n")
    assert visitor.page.status_code == 403


@pytest.mark.parametrize(("name", "typed_name"), [("\u00c9lodie", "e\u0301lod"), ("Stra\u1e9ee", "STRASSE")])
async def test_whatever_has_a_name_is_found_however_a_letter_is_composed(
    portal: Portal, name: str, typed_name: str
) -> None:
    store = portal.app.deps.store
    user = await a_user(store, portal.tenant, name="someone")
    async with store.write() as tx:
        await users.update(tx, portal.tenant.id, user.id, display_name=name, now=1)
    await a_group(store, portal.tenant, name=name, admins=[portal.dana])
    await a_connector(store, portal.tenant, name=name)
    below = await a_group(store, portal.tenant, admins=[portal.dana])
    await a_relationship(store, portal.tenant, await a_tenant(store, name=name))
    visitor = await portal.visit(portal.dana)
    for path in ("/users", "/groups", "/connectors", "/customers", f"/groups/{below}/sub-groups/add"):
        await visitor.open(f"{path}?{urlencode({'q': typed_name})}")
        assert name in visitor.text, path


async def test_somebody_may_sign_in_with_a_name_typed_full_width(portal: Portal) -> None:
    visitor = await portal.visit(None)
    await visitor.open("/sign-in")
    wide = "".join(chr(ord(char) + 0xFEE0) for char in portal.mia.user_principal_name)
    await visitor.send("/sign-in", name=wide, password=PASSWORD)
    assert visitor.page.status_code == 303
