"""People for a group as they come in a file: a row each, with a phone number or a sign-in name, and a role."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tenantry.access.actions import GroupRole
from tenantry.core.errors import InvalidValue

COLUMNS = ("member", "role")
MOST_ROWS = 1_000
_APOSTROPHE = re.compile(r"^'(?=[=+\-@])")
"""Spreadsheets, and our own files, have one before what looks like a formula, as `+1...` does."""
_ROLES = {"": GroupRole.MEMBER, "member": GroupRole.MEMBER, "admin": GroupRole.ADMIN}


class PersonRow(NamedTuple):
    """`number` is the line, from 1. `role` is None when the file names one that does not exist."""

    number: int
    who: str
    role: GroupRole | None


def read_people(raw: bytes) -> list[PersonRow]:
    """The rows of a file; raises InvalidValue (field `file`) for a file that is none.

    The first line names the columns; `role` may be left out. The comma or the semicolon divides them.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong("The file is not UTF-8 text. Save it as CSV UTF-8.") from None
    if "\0" in text:
        raise _wrong("The file is not text. Save it as CSV UTF-8.")
    heading = text.partition("\n")[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        columns = [re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in next(lines, [])]
        if "member" not in columns or len(set(columns)) < len(columns):
            raise _wrong("The first line must name the columns, each once: member, and role if you like.")
        rows = list(_read(lines, columns))
    except csv.Error:
        raise _wrong("The file is not CSV: a quotation mark is never closed, or a cell is too long.") from None
    if not rows:
        raise _wrong("The file has no rows beneath its heading.")
    return rows


def _read(lines: Iterable[Sequence[str]], columns: Sequence[str]) -> Iterator[PersonRow]:
    for count, cells in enumerate(lines):
        row = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
        if not any(row.values()):
            continue
        if count >= MOST_ROWS:
            raise _wrong(f"The file has more than {MOST_ROWS} rows. Divide it.")
        yield PersonRow(count + 2, _APOSTROPHE.sub("", row.get("member", "")), _ROLES.get(row.get("role", "").lower()))


def _wrong(text: str) -> InvalidValue:
    return InvalidValue(text, field="file")
