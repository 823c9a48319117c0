"""Partial responses: the parameter `fields` of Google's APIs selects fields of an answer, as in `a,b(c,d),e/f,*`.

A comma separates fields; `a/b` and `a(b)` select a field within a field; `*` stands for every field; a selection that
meets a list applies to each of its entries. Source: "Improve performance: partial response" of Google's API client
guides.
"""

from __future__ import annotations

import re
from typing import Any

from tenantry.core.errors import InvalidValue

Selection = dict[str, "Selection"]
"""For each selected field, what is selected of its value. An empty selection means all of it."""

_TOKEN = re.compile(r"[A-Za-z0-9_$.-]+|[*(),/]")
_DEEPEST = 16


def parse_fields(text: str) -> Selection:
    """Read the parameter. Raises InvalidValue(field="fields")."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text.replace(" ", "") or not tokens:
        raise _invalid()
    tokens.reverse()
    selection = _parse_list(tokens, _DEEPEST)
    if tokens:
        raise _invalid()
    return selection


def select(value: Any, selection: Selection) -> Any:
    """The selected part of `value`. A field that `value` does not have selects nothing."""
    if not selection:
        return value
    if isinstance(value, list):
        return [select(entry, selection) for entry in value]
    if not isinstance(value, dict):
        return value
    every = selection.get("*")
    wanted = {name: selection.get(name, every) for name in value}
    return {name: select(value[name], inner) for name, inner in wanted.items() if inner is not None}


def _parse_list(tokens: list[str], depth: int) -> Selection:
    """Read `item,item,...` off the end of `tokens`, which are in reverse order."""
    selection: Selection = {}
    while True:
        _parse_item(tokens, selection, depth)
        if not tokens or tokens[-1] != ",":
            return selection
        tokens.pop()


def _parse_item(tokens: list[str], selection: Selection, depth: int) -> None:
    if not tokens or not depth or tokens[-1] in "(),/":
        raise _invalid()
    name = tokens.pop()
    inner: Selection = {}
    if tokens and tokens[-1] == "/":
        tokens.pop()
        _parse_item(tokens, inner, depth - 1)
    elif tokens and tokens[-1] == "(":
        tokens.pop()
        inner = _parse_list(tokens, depth - 1)
        if not tokens or tokens.pop() != ")":
            raise _invalid()
    _merge(selection, name, inner)


def _merge(selection: Selection, name: str, inner: Selection) -> None:
    """Add a field to the selection: `a/b,a/c` is `a(b,c)`, and `a,a/b` is `a`."""
    if name in selection and inner and selection[name]:
        for key, value in inner.items():
            _merge(selection[name], key, value)
    else:
        selection[name] = {} if name in selection else inner


def _invalid() -> InvalidValue:
    return InvalidValue("It must read like id,device(androidId,policy/policyId).", field="fields")
