"""What differs between the engines below the level of SQL: how parameters are written; and the check of column
names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | :: | :(?P<name>[A-Za-z_]\w*)""", re.VERBOSE | re.DOTALL
)

_BLANK = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | (?P<blank>(?: \s | --[^\n]* | /\*.*?\*/ )+)""", re.VERBOSE | re.DOTALL
)


@cache
def to_positional(sql: str) -> tuple[str, tuple[str, ...]]:
    """The statement with `$n` for `:name`, and the names in the order of n. Equal names share one n.

    Literals, quoted names, comments and `::` casts stay as they are.
    """
    names: dict[str, int] = {}

    def replace(match: re.Match[str]) -> str:
        name = match["name"]
        return match[0] if name is None else f"${names.setdefault(name, len(names) + 1)}"

    return _TOKEN.sub(replace, sql), tuple(names)


def without_blanks(sql: str) -> str:
    """The statement with one blank for each row of blanks, line ends and comments; literals and names stay."""
    return _BLANK.sub(lambda match: match[0] if match["blank"] is None else " ", sql).strip()


def require_columns(shape: Callable[..., Any], sql: str, columns: Sequence[str]) -> None:
    """Raise TypeError unless the statement's columns are the fields of `shape`, in their order."""
    fields = getattr(shape, "_fields", None)
    if fields is not None and tuple(columns) != tuple(fields):
        raise TypeError(
            f"{getattr(shape, '__qualname__', shape)} has the fields {', '.join(fields)}, "
            f"the statement gives {', '.join(columns)}: {' '.join(sql.split())}"
        )


def only_row(rows: Sequence[Any], sql: str) -> Any | None:
    """The row, or None; raises RuntimeError when there are more."""
    if not rows:
        return None
    if len(rows) > 1:
        raise RuntimeError(f"{len(rows)} rows where at most one may be: {' '.join(sql.split())}")
    return rows[0]
