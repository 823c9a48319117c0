"""Reads the address of a list, and makes those of its other pages: lists are searched, and paged by key."""

from __future__ import annotations

from urllib.parse import urlencode

from tenantry.core.normal_form import name_key
from tenantry.store.engine.pages import Position
from tenantry.surfaces.shared.body import is_clean


def searched(q: str) -> str:
    """The text to search for; empty for a text that no name can contain."""
    return q.strip()[:128] if is_clean(q) else ""


def like(text: str) -> str:
    """A LIKE pattern that finds the text anywhere in a name; `!` is its escape character."""
    escaped = name_key(text).replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


def position(key: str, after: str) -> Position | None:
    """The position at which the previous page ended."""
    return (key, after) if after and is_clean(key + after) else None


def address(path: str, **query: str) -> str:
    """`path`, with those values of `query` that are not empty."""
    kept = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path


def next_address(path: str, position: Position | None, **query: str) -> str:
    """The address of the next page; empty on the last."""
    return "" if position is None else address(path, **query, key=position[0], after=position[1])
