"""The one reader and the one writer of CSV files (RFC 4180). What is written can be read again and is the same.

Reading is strict where a cell could be lost, and lenient where none can:

1. UTF-8, with or without its mark, or UTF-16 with one (Excel's "Unicode text"). Windows-1252, UTF-32 and files that
   are no text, such as workbooks, are told by name.
2. Comma, semicolon, tab or `|` divide cells: what `sep=;` in the first line says, or else what the heading has most of.
   Lines end with CR, LF or both, mixed at will. Lines before the heading that name a version or a type are skipped.
3. A quotation mark that is never closed, or within a cell that has none around it, refuses the file with its line.
4. A row with more cells than the heading has, or with something under a blank heading, is wrong by itself: `problem`.
   Missing cells at a row's end are empty. Empty rows are left out.
5. Every row knows the line at which it begins in the file, whatever line breaks its cells hold.

Spreadsheets take a cell for a formula that begins with `=`, `+`, `-` or `@`, in any width, also behind blanks and
quotation marks; where they divide at another sign than we do, behind a semicolon, comma or tab within. `escape` puts an
apostrophe in front of such a sign, and `unescape` takes it away: they are on every cell that is written and read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tenantry.core.errors import InvalidValue

FIELD = "file"
MARK = "\ufeff"
"""Begins a file, so that spreadsheets read it as UTF-8."""
MOST_COLUMNS = 200
LONGEST_CELL = 32_767
"""How many characters a cell of a spreadsheet holds at most."""
LONGEST_ROW = 131_072

DELIMITERS = (",", ";", "\t", "|")

_CELL = {
    delimiter: re.compile(
        rf"""(?: [ ]*+ "(?P<quoted> (?:[^"]++|""){{0,65535}}+ )" (?P<junk> [^{delimiter}\r\n]*+ )
              |  (?P<plain> [^{delimiter}\r\n"]*+ ) (?P<stray> "? )
             ) (?P<end> [{delimiter}] | \r\n | \r | \n | \Z )?+""".replace("\t", r"\t"),
        re.VERBOSE,
    )
    for delimiter in DELIMITERS
}
"""The bound is that of the longest cell, each of whose characters may be a doubled quotation mark: a match holds
everybody up.
"""
_LINE = re.compile(r"\r\n|\r|\n")
_EMPTY_LINES = re.compile(r"[\r\n]++")
_SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t|]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_PREAMBLE = re.compile(r'(?:"?version:v?[0-9.]++"?[,;\t ]*+|"?#TYPE [^\r\n]*+)(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
"""The lines with which Entra's templates and PowerShell's exports begin."""
_NO_TEXT = (
    (b"PK\x03\x04", "a workbook (.xlsx) or another ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old workbook (.xls)"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "packed with gzip"),
    (b"\xff\xfe\0\0", "UTF-32 text"),
    (b"\0\0\xfe\xff", "UTF-32 text"),
)
"""How those files begin that people take for CSV."""
_MOST_BEFORE = 8
"""How many lines may stand before the heading, where empty ones count as one."""

_SIGNS = "=+@\\-\u2212\u207a\u207c\u208a\u208c\u2a75\u2a76\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20"
"""A character class: what NFKC turns into a text that begins with one of the four signs, and the minus of
mathematics.
"""
_FORMULA = re.compile(rf"(\A[\s;,|\"']*+|[\s;,|\"']++)([{_SIGNS}]?)")
_NUMBER = re.compile(r"[+-]?[0-9() .-]*[0-9]")
_DIVIDES = re.compile(r"[;,|\t\r\n]")
_LED_BY_BREAK = re.compile(r"'*+[\t\r\n]")


class Row(NamedTuple):
    """A row. `line` is the line of the file in which it begins, from 1. `problem` says why the row cannot be used."""

    line: int
    cells: dict[str, str]
    problem: str | None


class Table(NamedTuple):
    """A file that was read. `columns` are as the heading has them, without blank ones; `rows` are read when somebody
    asks for them.
    """

    columns: list[str]
    rows: Iterator[Row]


def read_table(raw: bytes, *, most_rows: int) -> Table:
    """Read the heading and the rows beneath it. It takes time in proportion to the file's length.

    Raises InvalidValue (field `file`) when the file is no CSV file. Asking for the rows raises it too, when there are
    more than `most_rows`, or none.
    """
    text = _decode(raw)
    delimiter, start = _find_start(text)
    rows = _read_rows(text, delimiter, start)
    line, heading = next(rows, (1, []))
    columns = [cell.strip() for cell in heading]
    if not any(columns):
        raise _wrong("The file is empty. Its first line must name the columns.")
    if len(columns) > MOST_COLUMNS:
        raise _wrong(f"Line {line} names more than {MOST_COLUMNS} columns. Is this the right file?")
    twice = [name for name, count in Counter(name.casefold() for name in columns if name).items() if count > 1]
    if twice:
        raise _wrong(f"The column {twice[0][:40]} is named twice in line {line}.")
    return Table([name for name in columns if name], _named(rows, columns, most_rows))


def _named(rows: Iterator[tuple[int, list[str]]], columns: Sequence[str], most_rows: int) -> Iterator[Row]:
    count = 0
    for line, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > most_rows:
            raise _wrong(f"The file has more than {most_rows} rows. Divide it.")
        named = dict(zip(columns, cells, strict=False))
        stray = named.pop("", "") if "" in columns else ""
        problem = None
        if len(cells) > len(columns):
            problem = (
                f"Line {line} has {len(cells)} cells, and the heading names {len(columns)}. "
                "Put quotation marks around a cell that holds the sign which divides cells."
            )
        elif stray or any(cell for name, cell in zip(columns, cells, strict=False) if not name):
            problem = f"Line {line} has a cell in a column without a name. Name the column, or empty it."
        yield Row(line, named, problem)
    if not count:
        raise _wrong("The file has no rows beneath its heading.")


def _decode(raw: bytes) -> str:
    for beginning, kind in _NO_TEXT:
        if raw.startswith(beginning):
            raise _wrong(f"The file is {kind}, not CSV. Open it where it was made, and save it as CSV UTF-8.")
    coding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(coding)
    except UnicodeDecodeError as error:
        if coding == "utf-16":
            raise _wrong("The file is UTF-16 text that breaks off, not UTF-8. Save it as CSV UTF-8.") from None
        line = _line_of(raw[: error.start].decode("latin-1"), error.start)
        raise _wrong(
            f"Line {line} is not UTF-8 text; the file seems to be Windows-1252, which is what a spreadsheet's plain "
            '"CSV" is. Save it as "CSV UTF-8".'
        ) from None
    place = text.find("\0")
    if place >= 0:
        raise _wrong(f"Line {_line_of(text, place)} holds a NUL, so the file is not text. Save it as CSV UTF-8.")
    return text.lstrip(MARK)  # a file that was put together from others has several marks


def _find_start(text: str) -> tuple[str, int]:
    """The sign that divides cells, and the place where the heading begins."""
    start, said = 0, ""
    for _ in range(_MOST_BEFORE):
        found = _SEPARATOR.match(text, start) or _PREAMBLE.match(text, start) or _EMPTY_LINES.match(text, start)
        if found is None:
            break
        said = said or (found[1] if found.re is _SEPARATOR else "")
        start = found.end()
    if said:
        if said not in DELIMITERS:
            raise _wrong(f"Cells are divided by a comma, a semicolon, a tab or |, not by {said!a}.")
        return said, start
    end = _LINE.search(text, start)
    heading = re.sub(r'"[^"]*+"', "", text[start : min(end.start() if end else len(text), start + LONGEST_ROW)])
    return max(DELIMITERS, key=heading.count), start


def _read_rows(text: str, delimiter: str, start: int) -> Iterator[tuple[int, list[str]]]:
    """Every record with the line in which it begins. Raises InvalidValue where cells cannot be told apart."""
    cell = _CELL[delimiter]
    place, line = start, _line_of(text, start)
    while place < len(text):
        if empty := _EMPTY_LINES.match(text, place):
            line += _breaks(text, place, empty.end())
            place = empty.end()
            continue
        begin, begun_at, cells, lines = place, line, [], 0
        ended = False
        while not ended:
            found = cell.match(text, place)
            # A quotation mark that is never closed does not match as a quoted cell.
            if found is None or found["end"] is None or found["stray"]:
                raise _misquoted(text, place, line + lines)
            quoted = found["quoted"]
            content = found["plain"] if quoted is None else quoted.replace('""', '"')
            if len(content) > LONGEST_CELL:
                raise _wrong(f"A cell of line {begun_at} is longer than {LONGEST_CELL} characters.")
            if quoted is not None:
                lines += _breaks(quoted)
                if found["junk"].strip():
                    raise _wrong(
                        f"Line {line + lines} has text behind a closing quotation mark. Write a quotation mark within "
                        "a cell twice."
                    )
            cells.append(unescape(content))
            place = found.end()
            ended = found["end"] != delimiter
            if place - begin > LONGEST_ROW:
                raise _wrong(f"Line {begun_at} is longer than {LONGEST_ROW} characters.")
        line += lines + 1
        yield begun_at, cells


def _misquoted(text: str, place: int, line: int) -> InvalidValue:
    if text[place : place + LONGEST_CELL].lstrip(" ").startswith('"'):
        return _wrong(f"The file is not CSV: line {line} has a quotation mark that is never closed.")
    return _wrong(
        f"Line {line} has a quotation mark within a cell that has none around it. Put quotation marks around the cell, "
        "and write the one within twice."
    )


def _breaks(text: str, start: int = 0, end: int = 2**62) -> int:
    """How many lines end between the two places of the text."""
    return text.count("\n", start, end) + text.count("\r", start, end) - text.count("\r\n", start, end)


def _line_of(text: str, place: int) -> int:
    return _breaks(text, 0, place) + 1


def write_row(cells: Iterable[str | None]) -> str:
    """One line, every cell in quotation marks and harmless in a spreadsheet."""
    return ",".join('"' + escape(cell or "").replace('"', '""') + '"' for cell in cells) + "\r\n"


def escape(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would take for a formula; a plain number has none."""
    if _NUMBER.fullmatch(text):
        return text
    text = _FORMULA.sub(lambda found: f"{found[1]}'{found[2]}" if _is_formula(found) else found[0], text)
    return f"'{text}" if _LED_BY_BREAK.match(text) else text


def unescape(text: str) -> str:
    """The text that `escape` was given. In a file that others wrote, it is the text without the apostrophe that
    spreadsheets know too.
    """
    if "'" not in text:
        return text
    if text[0] == "'" and _LED_BY_BREAK.match(text, 1):
        text = text[1:]
    return _FORMULA.sub(
        lambda found: found[1][:-1] + found[2] if found[1].endswith("'") and _is_formula(found) else found[0], text
    )


def _is_formula(found: re.Match[str]) -> bool:
    return bool(found[2]) and (found.start() == 0 or _DIVIDES.search(found[1]) is not None)


def _wrong(text: str) -> InvalidValue:
    return InvalidValue(text, field=FIELD)
