"""Users as CSV files, both ways. What is exported can be imported and is the same; passwords are in no export.

Files of other systems are read as they are: Entra's template for creating users in bulk and its export, Graph's names
of properties, the templates and exports of the Microsoft 365 admin centre and of Google Workspace, Partner Center's
names. A heading counts without letter case, blanks and signs; what stands in brackets is the property's name
(`User name [userPrincipalName] Required`) or a remark (`Email Address [Required]`). Columns that no user has here are
ignored, and told. Sources: "Bulk create users in Microsoft Entra ID", "Add several users at the same time to Microsoft
365", "Add or update multiple users from a CSV file" (Google Workspace Admin Help), all read 2026-12-01.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from tenantry.core import csv_files
from tenantry.core.csv_files import Row, read_table
from tenantry.core.errors import InvalidValue

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
"""What an export has besides: `yes` for who may not sign in, who is imported so again."""
MOST_ROWS = 20_000
ERROR = "error"
"""What a file of failed rows has besides, to be imported again."""

_ALIASES: dict[str, tuple[str, ...]] = {
    "user_principal_name": ("userprincipalname", "username", "emailaddress", "signinname"),
    "display_name": ("displayname", "name"),
    "given_name": ("givenname", "firstname"),
    "family_name": ("familyname", "surname", "lastname", "sn"),
    "usage_location": ("usagelocation",),
    "immutable_id": ("immutableid", "onpremisesimmutableid", "sourceanchor"),
    "phone_number": ("mobile", "mobilephone", "mobilenumber", "phonenumber"),
    "password": ("password", "initialpassword", "passwordprofile", "passwordprofilepassword"),
    "blocked": ("blocked", "blocksignin", "blockcredential", "newstatus", "status"),
    "enabled": ("accountenabled",),
}
"""Squashed headings by what they hold, the better one first where a file has several."""
_PROPERTIES = {alias: (column, rank) for column, aliases in _ALIASES.items() for rank, alias in enumerate(aliases)}
_BRACKETS = re.compile(r"\[([^\]]*)\]|\(([^)]*)\)")
_SQUASHED = re.compile(r"[^a-z0-9]+")
_EXAMPLE = re.compile(r"\s*example:", re.IGNORECASE)
_YES = frozenset({"yes", "true", "1", "suspended", "blocked"})
_NO = frozenset({"no", "false", "0"})
_encoder = msgspec.json.Encoder()


class UserRow(NamedTuple):
    """`number` is the line in the file, `data` a JSON object of texts; `problem` says why no user comes of it."""

    number: int
    data: str
    problem: str | None


class UserFile(NamedTuple):
    """`ignored` are headings, as the file has them, of columns that were not taken."""

    rows: list[UserRow]
    ignored: list[str]


def read_users(raw: bytes) -> UserFile:
    """The users of a file; raises InvalidValue (field `file`) for a file that is none. Passwords are not taken."""
    table = read_table(raw, most_rows=MOST_ROWS)
    taken, ignored = _match(table.columns)
    missing = [column for column in REQUIRED if not any(_is_given(column, found) for found in [set(taken.values())])]
    if missing:
        raise InvalidValue(
            f"The first line must name the columns; {missing[0]} is missing. They are: {', '.join(COLUMNS)}.",
            field=csv_files.FIELD,
        )
    rows = list(_read(table.rows, taken))
    if not rows:
        raise InvalidValue("The file has no rows beneath its heading but examples.", field=csv_files.FIELD)
    return UserFile(rows, ignored)


def _match(columns: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Which heading holds what, the better ones of the same first, and the headings that are not taken."""
    found = [(heading, *_property_of(heading)) for heading in columns]
    known = sorted((entry for entry in found if entry[1] is not None), key=lambda entry: entry[2])
    taken = {heading: column for heading, column, _ in known if column is not None and column != "password"}
    return taken, [heading for heading in columns if heading not in taken and heading.casefold() != ERROR]


def _property_of(heading: str) -> tuple[str | None, int]:
    """What the column holds and how good a heading for it this is; None: nothing that a user has here."""
    within = [_squash(first or second) for first, second in _BRACKETS.findall(heading)]
    outside = _squash(re.sub(r"\b[Rr]equired\s*$", "", _BRACKETS.sub(" ", heading)))
    # The words outside tell more where a property is turned around: `Block sign in (Yes/No) [accountEnabled]`.
    for words in ("blocksignin",) if outside == "blocksignin" else (*within, outside):
        if words in _PROPERTIES:
            return _PROPERTIES[words]
    return None, 0


def _squash(text: str) -> str:
    return _SQUASHED.sub("", text.casefold())


def _is_given(column: str, found: set[str]) -> bool:
    """A display name can be made from the two others, as in files of Google."""
    return column in found or (column == "display_name" and not {"given_name", "family_name"}.isdisjoint(found))


def _read(rows: Iterator[Row], taken: Mapping[str, str]) -> Iterator[UserRow]:
    for row in rows:
        if any(_EXAMPLE.match(cell) for cell in row.cells.values()):  # the row that shows how, in Entra's template
            continue
        values: dict[str, str] = {}
        for heading, column in taken.items():
            if not values.get(column):
                values[column] = row.cells.get(heading, "").strip()
        if not values.get("display_name"):
            values["display_name"] = " ".join(filter(None, (values.get("given_name"), values.get("family_name"))))
        if values.pop(BLOCKED, "").casefold() in _YES or values.pop("enabled", "").casefold() in _NO:
            values[BLOCKED] = "yes"
        values.pop("enabled", None)
        yield UserRow(row.line, _encoder.encode(values).decode(), row.problem)
