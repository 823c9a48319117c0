"""CSV files: nothing is lost on the way in, nothing is run on the way out, and what goes out comes in the same."""

from __future__ import annotations

import csv
import io
import re
import time
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.core.csv_files import LONGEST_CELL, MARK, Row, escape, read_table, unescape, write_row
from tenantry.core.errors import InvalidValue

CELLS = st.text(max_size=30) | st.text("=+-@\uff1d\uff0b'\";,|\t\r\n ab1", max_size=12)
WRITABLE = CELLS.filter(lambda cell: "\0" not in cell and not re.search("[\ud800-\udfff]", cell))


def read(content: str | bytes, most_rows: int = 100) -> list[Row]:
    raw = content if isinstance(content, bytes) else content.encode()
    return list(read_table(raw, most_rows=most_rows).rows)


def cells(content: str | bytes) -> list[tuple[int, list[str]]]:
    return [(row.line, list(row.cells.values())) for row in read(content)]


def refusal(content: str | bytes) -> str:
    with pytest.raises(InvalidValue) as refused:
        read(content)
    assert refused.value.field == "file"
    return refused.value.public


@given(st.lists(st.lists(WRITABLE, min_size=3, max_size=3), min_size=1, max_size=5))
def test_what_is_written_is_read_the_same(rows: list[list[str]]) -> None:
    kept = [row for row in rows if any(cell.strip() for cell in row)]
    if not kept:
        return
    text = MARK + write_row(("a", "b", "c")) + "".join(map(write_row, rows))
    assert [list(row.cells.values()) for row in read(text)] == kept
    plain = list(csv.reader(io.StringIO(text.removeprefix(MARK), newline=""), strict=True))
    assert [[unescape(cell) for cell in row] for row in plain[1:]] == rows


@given(CELLS)
def test_an_escaped_cell_is_no_formula_for_a_spreadsheet_that_divides_at_whatever_sign(cell: str) -> None:
    written = escape(cell)
    assert unescape(written) == cell
    if re.fullmatch(r"[+-]?[0-9() .-]*[0-9]", cell):
        return
    for divider in (None, ";", ",", "\t", "|", "\n", "\r"):
        for part in written.split(divider) if divider else [written]:
            shown = part.lstrip(" \t\r\n\"'\u00a0")
            if shown[:1] and normalize("NFKC", shown)[:1] in ("=", "+", "-", "@"):
                assert part[: len(part) - len(shown)].endswith("'")


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("\uff0bcmd", "'\uff0bcmd"),
        ("\uff0d2+3", "'\uff0d2+3"),
        ("\uff20SUM(1)", "'\uff20SUM(1)"),
        ("\u22122+3", "'\u22122+3"),
        ("a;=1+1", "a;'=1+1"),
        ("a\t@x", "a\t'@x"),
        ('  "=1', "  \"'=1"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("'=1", "''=1"),
        ("'t Hooft", "'t Hooft"),
        ("Smith-Jones", "Smith-Jones"),
        ("dana@contoso.example", "dana@contoso.example"),
        ("+1 (425) 555-0100", "+1 (425) 555-0100"),
        ("-5", "-5"),
        ("-5+3", "'-5+3"),
    ],
)
def test_what_begins_like_a_formula_gets_an_apostrophe_and_loses_it(cell: str, written: str) -> None:
    assert (escape(cell), unescape(written)) == (written, cell)


def test_every_cell_is_written_in_quotation_marks() -> None:
    assert write_row(["a", None, 'b"c']) == '"a","","b""c"\r\n'


@pytest.mark.parametrize(
    "content",
    [
        "a,b\r\n1,\u00e9\r\n",
        "\ufeffa,b\n1,\u00e9",
        "a;b\r1;\u00e9\r",
        "a\tb\n1\t\u00e9",
        "sep=;\r\na;b\r\n1;\u00e9",
        '"sep=;"\r\na;b\r\n1;\u00e9',
        "sep=|\na|b\n1|\u00e9",
        "a|b\n1|\u00e9",
        "\ufeff\ufeffa,b\n1,\u00e9",
        "version:v1.0,\r\na,b\r\n1,\u00e9",
        "#TYPE Microsoft.Graph.User\r\na,b\r\n1,\u00e9",
        '\n\n"a" , "b"\n\n , \n"1", "\u00e9"',
        "a\tb\r\n1\t\u00e9\r\n".encode("utf-16"),
        b"\xfe\xff" + "a,b\n1,\u00e9".encode("utf-16-be"),
    ],
)
def test_files_of_every_usual_form_are_read(content: str | bytes) -> None:
    assert [row.cells for row in read(content)] == [{"a": "1", "b": "\u00e9"}]


def test_a_row_knows_its_line_in_the_file_whatever_breaks_lines() -> None:
    content = 'a,b\r\n"x\ny\r\nz",1\r2,2\n\n\r\n"",\n3,3\r\n'
    assert [line for line, _ in cells(content)] == [2, 5, 9]


@pytest.mark.parametrize("content", ["a,b\nm1@D,Mills, Dana\nx,y", "a,b\nm1@D,Dana,\nx,y", "a,,b\nx,lost,y\nx,,y"])
def test_a_row_with_a_cell_that_has_no_column_is_wrong_and_named_by_its_line(content: str) -> None:
    first, second = read(content)
    assert first.problem is not None
    assert first.problem.startswith("Line 2 has ")
    assert second.problem is None
    assert list(second.cells.values()) == ["x", "y"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('a,b\n1,2\n3,"4\n5,6\n7,8', "line 3 has a quotation mark that is never closed"),
        ('a,b\n"1\n2",3\n4,"', "line 4 has a quotation mark that is never closed"),
        ('a,b\n1,2\n3,4"5\n', "Line 3 has a quotation mark within a cell"),
        ('a,b\n"1"2,3', "Line 2 has text behind a closing quotation mark"),
        ("a,b\n1,2\n3,\0", "Line 3 holds a NUL"),
        ("a,b\n1,2\n3,\u00e9".encode("latin-1"), "Line 3 is not UTF-8.*Windows-1252"),
        ("a,b\n1,2".encode("utf-16")[:-1], "UTF-16"),
        ("a,b\n1,2".encode("utf-16-le"), "NUL"),
        ("a,b\n1,2".encode("utf-32"), "is UTF-32 text, not CSV"),
        (b"\0\0\xfe\xff" + "a,b\n1,2".encode("utf-32-be"), "is UTF-32 text, not CSV"),
        (b"PK\x03\x04\x14\0\x06\0", "is a workbook"),
        (b"\x1f\x8b\x08\0", "gzip"),
        ("sep=:\na:b\n1:2", "not by ':'"),
        ("a,b\n1,\ud800".encode("utf-8", "surrogatepass"), "Line 2 is not UTF-8"),
        ("a,b\n1," + "x" * (1 << 20), "longer than"),
        (",".join(f"c{number}" for number in range(10_001)) + "\nx", "more than 200 columns"),
        ("a,b,A\n1,2,3", "The column a is named twice in line 1"),
        ("", "empty"),
        ("\n\n", "empty"),
        (",,\n1,2,3", "empty"),
        ("a,b\n", "no rows"),
        ("a,b\n\n,\n , \n", "no rows"),
        ("a\n" + "x\n" * 101, "more than 100 rows"),
        ("a\n" + "x" * (LONGEST_CELL + 1), "line 2 is longer"),
        ('a\n"' + "x" * (LONGEST_CELL + 1) + '"', "line 2 is longer"),
        ("a\n" + "," * 200_000, "Line 2 is longer"),
        (",".join(f"c{number}" for number in range(201)) + "\nx", "more than 200 columns"),
    ],
)
def test_a_file_in_which_cells_could_be_lost_is_refused_with_its_line(content: str | bytes, says: str) -> None:
    assert re.search(says, refusal(content))


@given(st.binary(max_size=60) | st.text('ab,;\t"\r\n\ufeff=', max_size=40).map(str.encode))
def test_whatever_is_sent_is_read_or_refused(raw: bytes) -> None:
    try:
        rows = read(raw)
    except InvalidValue:
        return
    assert [row.line for row in rows] == sorted({row.line for row in rows})


@pytest.mark.parametrize(
    "part",
    ["a,b,c\n", '"a""b"\n', "\n", "\r\n", ",\n", '"\n"\n', "version:v1.0\n", "#TYPE , \n", "' ; ' ;\n", " \t\n"],
)
def test_reading_takes_time_in_proportion_to_the_length(part: str) -> None:
    def seconds(times: int) -> float:
        raw = b"x,y,z\n" + part.encode() * times
        begun = time.process_time()
        try:
            for _ in read_table(raw, most_rows=1_000_000).rows:
                pass
        except InvalidValue:
            pass
        return time.process_time() - begun

    seconds(100)
    assert seconds(64_000) < 64 * max(seconds(4_000), 0.005)
