"""Users as CSV files, both ways. What is exported can be imported; passwords are in neither.

Spreadsheets take a cell that begins with one of `= + - @` for a formula, and run it. Such a cell gets an apostrophe in
front on the way out, and loses it on the way in.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

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
MOST_ROWS = 20_000

_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9() .-]*[0-9]")
_encoder = msgspec.json.Encoder()


def write_row(cells: Iterable[str | None]) -> str:
    """One line of CSV (RFC 4180), safe to open in a spreadsheet."""
    line = io.StringIO()
    csv.writer(line).writerow([_without_formula(cell or "") for cell in cells])
    return line.getvalue()


def _without_formula(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def read_rows(raw: bytes) -> list[tuple[int, str]]:
    """The rows as (line number from 2, JSON object); raises InvalidValue (field `file`) for a file that is none.

    The first line names the columns, in any order and letter case; the comma or the semicolon divides them.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong("The file is not UTF-8 text. Save it as CSV UTF-8.") from None
    if "\0" in text:
        raise _wrong("The file is not text. Save it as CSV UTF-8.")
    heading, _, _ = text.partition("\n")
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        columns = _read_heading(next(lines, []))
        rows = list(_read_rows(lines, columns))
    except csv.Error:
        raise _wrong("The file is not CSV: a quotation mark is never closed, or a cell is too long.") from None
    if not rows:
        raise _wrong("The file has no rows beneath its heading.")
    return rows


def _read_heading(cells: Sequence[str]) -> list[str]:
    columns = [re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in cells]
    columns = ["" if column == "error" else column for column in columns]  # what a file of failed rows has besides
    if "password" in columns:
        raise _wrong(
            "Passwords do not belong in a file. Remove the column; reset passwords here, or sign in elsewhere."
        )
    unknown = [column for column in columns if column and column not in COLUMNS]
    if unknown:
        raise _wrong(f"The column {unknown[0][:40]} is not known. The columns are: {', '.join(COLUMNS)}.")
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        raise _wrong(f"The first line must name the columns; {missing[0]} is missing.")
    if len(set(columns) - {""}) < len([column for column in columns if column]):
        raise _wrong("A column is named twice.")
    return columns


def _read_rows(lines: Iterable[Sequence[str]], columns: Sequence[str]) -> Iterator[tuple[int, str]]:
    for count, cells in enumerate(lines):
        if not any(cell.strip() for cell in cells):
            continue
        if count >= MOST_ROWS:
            raise _wrong(f"The file has more than {MOST_ROWS} rows. Divide it.")
        row = {column: _read_cell(cell) for column, cell in zip(columns, cells, strict=False) if column}
        yield count + 2, _encoder.encode(row).decode()


def _read_cell(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def _wrong(text: str) -> InvalidValue:
    return InvalidValue(text, field="file")
