"""What commands print. All of it passes `say`, so that no text that somebody stored reaches the terminal as a command.

Escape sequences, signs that turn the direction of writing and the like are shown as in `\\x1b`, `\\u202e`, in tables,
sentences and errors; JSON escapes them as JSON does. What the stream cannot encode is shown so too.

In a terminal, a list is a table or, where the terminal is too narrow for one, its rows below each other, field by
field. In a pipe it is a line for the heading and one for each row, with tabs between. No value is ever shortened or
broken.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer

from tenantry.core.names import escaped, is_commanding

Row = Mapping[str, Any]
NOTHING = "None."


def say(line: str, *, err: bool = False) -> None:
    """Print one line of plain text, to standard output or to standard error."""
    _write(escaped(line), err=err)


def _write(text: str, *, err: bool = False) -> None:
    encoding = (sys.stderr if err else sys.stdout).encoding or "utf-8"
    typer.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=err)


def say_json(value: object, *, indent: int | None = 2) -> None:
    """Print the value as JSON. Letters of every script stay readable; what a terminal would carry out is escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    _write("".join(json.dumps(char)[1:-1] if char != "\n" and is_commanding(char) else char for char in text))


def show(row: Row, as_json: bool) -> None:
    """Print one thing: its fields below each other."""
    if as_json:
        say_json(_readable(row))
    else:
        _say_fields(_readable(row))


def show_list(rows: Iterable[Any], columns: tuple[str, ...], as_json: bool) -> None:
    """Print a page of rows: a table for people, or as JSON an array of whole rows. Rows are mappings or NamedTuples."""
    found = [_readable(row if isinstance(row, Mapping) else row._asdict()) for row in rows]
    if as_json:
        say_json(found)
        return
    lines = [[escaped(_text(row[column])) for column in columns] for row in found]
    if not sys.stdout.isatty():
        for line in [columns, *lines]:
            _write("\t".join(line))
    elif not lines:
        say(NOTHING)
    else:
        _show_in_terminal(columns, lines)


def _show_in_terminal(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    widths = [max(map(_width, column)) for column in zip(columns, *lines, strict=True)]
    if sum(widths) + 2 * (len(widths) - 1) > shutil.get_terminal_size().columns:
        for line in lines:
            _say_fields(dict(zip(columns, line, strict=True)))
            _write("")
        return
    for line in [columns, ["-" * width for width in widths], *lines]:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True))
        _write("  ".join(padded).rstrip())


def _say_fields(row: Row) -> None:
    width = max(map(len, row))
    for name, value in row.items():
        say(f"{name:<{width}}  {_text(value)}")


def _width(text: str) -> int:
    """How many cells of a terminal the text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _readable(row: Row) -> dict[str, Any]:
    from tenantry.core.clock import to_iso

    return {
        name: to_iso(value) if name.endswith(("_at", "_until", "_from")) and isinstance(value, int) else value
        for name, value in row.items()
    }


def _text(value: object) -> str:
    return "" if value is None else str(value)
