"""How results look: nothing is shortened or broken, wherever they are printed."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tenantry.cli.output import say, say_json, show, show_list
from tests.cli.test_commands import Shell

ID = "0bbe0ee4-1aee-4965-b39a-b49e72d58f79"
ROWS: list[dict[str, Any]] = [
    {"id": ID, "name": "\u5c71\u7530 \u592a\u90ce", "email": None, "created_at": 0},
    {
        "id": ID[::-1],
        "name": "a much longer name than the others have",
        "email": "dana@contoso.example",
        "created_at": 1,
    },
]
COLUMNS = ("id", "name", "email", "created_at")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(monkeypatch: pytest.MonkeyPatch, width: int | None) -> list[str]:
    out = io.StringIO() if width is None else Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("COLUMNS", str(width or 20))
    show_list(ROWS, COLUMNS, False)
    return out.getvalue().splitlines()


def test_a_piped_list_is_a_line_for_each_row_with_tabs_between(monkeypatch: pytest.MonkeyPatch) -> None:
    heading, *lines = printed(monkeypatch, None)
    assert heading == "\t".join(COLUMNS)
    assert [line.split("\t")[:3] for line in lines] == [[row["id"], row["name"], row["email"] or ""] for row in ROWS]
    assert all(line.count("\t") == len(COLUMNS) - 1 for line in lines)


def test_no_list_breaks_an_id_where_its_output_is_piped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    shell, here = Shell(tmp_path), ("-t", "contoso.example")
    shell.run("init")
    shell.run("tenant", "create", "Contoso", "--domain", "contoso.example")
    shell.run("user", "create", "jo@contoso.example", *here)
    shell.run("group", "create", "The night shift of the northern depot", "--admin", "jo@contoso.example", *here)
    shell.run("connector", "register", "App", *here)
    lists = [("tenant", "list"), *((noun, "list", *here) for noun in ("user", "group", "connector"))]
    for words in lists:
        (row,) = shell.json(*words)
        ids = {value for value in row.values() if isinstance(value, str) and value.count("-") == 4}
        text = shell.run(*words)
        assert ids & set(text.split()), text


@pytest.mark.parametrize("width", [20, 40, 80, 120, 300])
def test_no_terminal_is_too_narrow_for_an_id(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    lines = printed(monkeypatch, width)
    text = "\n".join(lines)
    for row in ROWS:
        assert str(row["id"]) in text
        assert str(row["name"]) in text
    assert "\u2026" not in text
    if width == 300:
        assert len(lines) == 4
        assert lines[1].replace("-", "").strip() == ""


def test_columns_of_a_table_stand_below_each_other_in_every_script(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.cells import cell_len

    lines = printed(monkeypatch, 300)
    begins = {cell_len(line[: line.index(word)]) for line, word in zip(lines[2:], ["1970", "dana"], strict=True)}
    assert len({cell_len(lines[0][: lines[0].index("email")]), *(begin for begin in begins)}) <= 2


def test_an_empty_list_says_so_to_people(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    show_list([], COLUMNS, False)
    assert out.getvalue() == "None.\n"


def test_json_is_the_value_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"name": "\x1b[2J\u202e\u009b\u2028\x7f \u00e9\u5c71 \U000e0061 \U0001f469\u200d\U0001f467"}
    say_json(value)
    text = capsys.readouterr().out
    assert json.loads(text) == value
    assert "\u00e9\u5c71" in text
    assert text.replace("\n", "").isprintable()


def test_a_stream_that_has_no_such_letter_shows_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    show({"name": "\u00c9lodie"}, False)
    say("fin")
    sys.stdout.flush()
    assert raw.getvalue() == b"name  \\xc9lodie\nfin\n"
