"""People for a group, as they come in a file: a row for each, with a phone number or a sign-in name, and a role.

The column is called `member`, or as in Entra's template for adding members in bulk (`Member object ID or user principal
name [memberObjectIdOrUpn] Required`) and in files of users: `Phone number`, `Mobile phone`, `userPrincipalName`. A
country code may stand in a column of its own. No page was found that tells the columns of Kaizala's own template, which
was a list of names and numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tenantry.access.actions import GroupRole
from tenantry.core import csv_files
from tenantry.core.csv_files import Row, read_table
from tenantry.core.errors import InvalidValue
from tenantry.directory.headings import names_in

COLUMNS = ("member", "role")
MOST_ROWS = 1_000
_PERSON = (
    ("member", "subscriber", "memberid", "who"),
    ("mobilenumber", "phonenumber", "mobile", "mobilephone", "phone", "number"),
    ("userprincipalname", "memberobjectidorupn", "username", "emailaddress", "email", "signinname"),
)
_ROLE = ("role", "memberrole", "grouprole")
_COUNTRY_CODE = ("countrycode", "cc")
_ROLES = {
    "": GroupRole.MEMBER,
    "member": GroupRole.MEMBER,
    "subscriber": GroupRole.MEMBER,
    "admin": GroupRole.ADMIN,
    "administrator": GroupRole.ADMIN,
}


class PersonRow(NamedTuple):
    """`number` is the line in the file, from 1. `role` is None when the file names one that does not exist.

    `problem` says why the row cannot be used at all.
    """

    number: int
    who: str
    role: GroupRole | None
    problem: str | None = None


class PeopleFile(NamedTuple):
    """A file that was read. `ignored` are headings, as the file has them, of columns that were not read."""

    rows: list[PersonRow]
    ignored: list[str]


def read_people(raw: bytes) -> PeopleFile:
    """Read the people of a file. Raises InvalidValue (field `file`) when it is no CSV file."""
    table = read_table(raw, most_rows=MOST_ROWS)
    squashed = {name: heading for heading in reversed(table.columns) for name in reversed(names_in(heading))}
    people = [squashed[name] for names in _PERSON for name in names if name in squashed]
    if not people:
        raise InvalidValue("The first line must name the columns: member, and role if you like.", field=csv_files.FIELD)
    role = next((squashed[name] for name in _ROLE if name in squashed), "")
    code = next((squashed[name] for name in _COUNTRY_CODE if name in squashed), "")
    taken = {*people, role, code}
    ignored = [heading for heading in table.columns if heading not in taken]
    return PeopleFile(list(_read(table.rows, people, role, code)), ignored)


def _read(rows: Iterator[Row], people: list[str], role: str, code: str) -> Iterator[PersonRow]:
    for row in rows:
        who = next((text for heading in people if (text := row.cells.get(heading, "").strip())), "")
        prefix = row.cells.get(code, "").strip() if code else ""
        if prefix and "@" not in who and not who.startswith("+"):
            who = f"+{prefix.lstrip('+')} {who}"
        word = row.cells.get(role, "").strip().casefold() if role else ""
        yield PersonRow(row.line, who, _ROLES.get(word), row.problem)
