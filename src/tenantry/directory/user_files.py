"""Users as CSV files, read and written. What is exported can be imported again and is the same; no export has
passwords.

Files of other systems are read as they are: Entra's template for creating users in bulk and its export, which has
Graph's names of properties; the template and the export of the Microsoft 365 admin centre; the template and the
download of Google Workspace; Partner Center's names. `headings.py` reads the headings. Columns of what users do not
have here are ignored, and named.

Where the headings are from, read 2026-12-01: the example in "Bulk create users" and the list in "Download a list of
users" (MicrosoftDocs/entra-docs, users-bulk-add.md and users-bulk-download.md); the example in "Add several users at
the same time" (Microsoft 365 admin help); "How to create users in bulk" (knowledge.workspace.google.com), which names
the columns, and public programs that carry the whole first line of Google's files. No page of Microsoft's lists what
the export of its admin centre holds: those headings are from public programs that read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from tenantry.core import csv_files
from tenantry.core.csv_files import Row, read_table
from tenantry.core.errors import InvalidValue
from tenantry.core.hiding import hiding
from tenantry.directory.headings import names_in, words_of

COLUMNS = (
    "user_principal_name",
    "display_name",
    "given_name",
    "family_name",
    "usage_location",
    "immutable_id",
    "phone_number",
)
REQUIRED = COLUMNS[:2]
BLOCKED = "blocked"
"""A further column of exports: `yes` for a blocked user, who is blocked again when imported."""
MOST_ROWS = 20_000
MOST_WITH_PASSWORDS = 300
"""Rows of a file whose passwords are used: each is hashed, slowly by design, while somebody waits for the page."""
ERROR = "error"
"""A further column of a file of failed rows, which can be imported again."""

_PASSWORD, _HASHED, _ENABLED = "password", "password_hash_function", "enabled"
_ALIASES: dict[str, tuple[str, ...]] = {
    "user_principal_name": ("userprincipalname", "username", "emailaddress", "signinname"),
    "display_name": ("displayname", "name"),
    "given_name": ("givenname", "firstname"),
    "family_name": ("familyname", "surname", "lastname", "sn"),
    "usage_location": ("usagelocation",),
    "immutable_id": ("immutableid", "onpremisesimmutableid", "sourceanchor"),
    "phone_number": ("mobile", "mobilephone", "mobilenumber", "phonenumber"),
    _PASSWORD: ("initialpassword", "passwordprofile", "passwordprofilepassword", "password"),
    _HASHED: ("passwordhashfunction",),
    BLOCKED: ("blocked", "blocksignin", "blockcredential", "newstatus", "status"),
    _ENABLED: ("accountenabled",),
}
"""For each property the names that headings have for it, the best first. Where a file has several, only the best is
read, since `Phone number` beside `Mobile Phone` is the office's. Of the columns that say who is blocked, each is read.
"""
_PROPERTIES = {alias: (column, rank) for column, aliases in _ALIASES.items() for rank, alias in enumerate(aliases)}
_EXAMPLE = re.compile(r"\s*example:", re.IGNORECASE)
_YES = frozenset({"yes", "true", "1", "suspended", "archived", "blocked"})
_NO = frozenset({"no", "false", "0", "active", ""})
_UNCHANGED = "****"
"""What Google's download has in place of a password."""
_encoder = msgspec.json.Encoder()


@hiding("password")
class UserRow(NamedTuple):
    """A row of the file. `number` is its line in the file, `data` a JSON object of texts; `problem` says why it makes
    no user.
    """

    number: int
    data: str
    problem: str | None
    password: str | None = None


class UserFile(NamedTuple):
    """A file that was read. `ignored` are headings, as the file has them, of columns that were not read."""

    rows: list[UserRow]
    ignored: list[str]


def read_users(raw: bytes, *, with_passwords: bool = False) -> UserFile:
    """Read the users of a file. Raises InvalidValue (field `file`) when it is no CSV file, and when it has too many
    passwords.
    """
    table = read_table(raw, most_rows=MOST_ROWS)
    taken, ignored = _match(table.columns, with_passwords=with_passwords)
    missing = [column for column in REQUIRED if not _is_given(column, set(taken.values()))]
    if missing:
        raise InvalidValue(
            f"The first line must name the columns; {missing[0]} is missing. They are: {', '.join(COLUMNS)}.",
            field=csv_files.FIELD,
        )
    rows = list(_read(table.rows, taken))
    if not rows:
        raise InvalidValue("The file has no rows beneath its heading but examples.", field=csv_files.FIELD)
    if sum(row.password is not None for row in rows) > MOST_WITH_PASSWORDS:
        raise InvalidValue(
            f"The file has more than {MOST_WITH_PASSWORDS} passwords. Divide it, or import it without them.",
            field=csv_files.FIELD,
        )
    return UserFile(rows, ignored)


def _match(columns: Sequence[str], *, with_passwords: bool) -> tuple[dict[str, str], list[str]]:
    """The heading for each property, the better one of several, and the headings that are not read."""
    known = sorted(
        ((heading, *found) for heading in columns if (found := _property_of(heading)) is not None),
        key=lambda entry: entry[2],
    )
    taken: dict[str, str] = {}
    for heading, column, _ in known:
        if column in (_PASSWORD, _HASHED) and not with_passwords:
            continue
        if column == BLOCKED or column not in taken.values():
            taken[heading] = column
    return taken, [heading for heading in columns if heading not in taken and heading.casefold() != ERROR]


def _property_of(heading: str) -> tuple[str, int] | None:
    """The property that the column has, and how good this heading is for it; None when users have no such property
    here.
    """
    if heading.casefold() in COLUMNS:
        return heading.casefold(), -1
    names = names_in(heading)
    # Words beside this property turn it around, in whatever language: `Block sign in (Yes/No) [accountEnabled]`.
    if "accountenabled" in names[:-1] and words_of(heading) and names[-1] != "accountenabled":
        return _PROPERTIES["blocksignin"]
    return next((_PROPERTIES[name] for name in names if name in _PROPERTIES), None)


def _is_given(column: str, found: set[str]) -> bool:
    """Whether the column is in the file. A display name also is when the two other names are, as in files of Google."""
    return column in found or (column == "display_name" and not {"given_name", "family_name"}.isdisjoint(found))


def _read(rows: Iterator[Row], taken: Mapping[str, str]) -> Iterator[UserRow]:
    has_example = any("[" in heading for heading in taken)  # Entra's template has a row of examples
    for row in rows:
        values: dict[str, str] = {}
        for heading, column in taken.items():
            if not values.get(column):
                cell = row.cells.get(heading, "")
                values[column] = cell if column == _PASSWORD else cell.strip()
        if has_example and any(_EXAMPLE.match(values.get(column, "")) for column in REQUIRED):
            continue
        if not values.get("display_name"):
            values["display_name"] = " ".join(filter(None, (values.get("given_name"), values.get("family_name"))))
        password, hashed = values.pop(_PASSWORD, ""), values.pop(_HASHED, "")
        problem = row.problem
        if hashed and password not in ("", _UNCHANGED):
            problem = problem or f"password: It is a hash ({hashed[:20]}), which is not taken. Leave it out."
        is_blocked, unclear = _read_blocked(values.pop(BLOCKED, ""), values.pop(_ENABLED, ""))
        if is_blocked:
            values[BLOCKED] = "yes"
        problem = problem or unclear
        takes_password = problem is None and password not in ("", _UNCHANGED)
        yield UserRow(row.line, _encoder.encode(values).decode(), problem, password if takes_password else None)


def _read_blocked(blocked: str, enabled: str) -> tuple[bool, str | None]:
    """Whether the user may not sign in, and what is wrong with a cell that says neither yes nor no.

    Such a cell makes the row fail: nobody whom another system blocked may come in by a word that was not understood.
    """
    for cell in (blocked, enabled):
        if cell.casefold() not in _YES | _NO:
            return False, f"blocked: {cell[:20]} is neither yes nor no."
    return blocked.casefold() in _YES or (bool(enabled) and enabled.casefold() in _NO), None
