"""Turns JSON values and query parameters into the Struct that an operation declares. Everything it refuses is an
InvalidValue.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec

from tenantry.core.errors import InvalidValue
from tenantry.surfaces.shared.body import is_clean

T = TypeVar("T")

LONGEST_PARAMETER = 2048

_FIELD_AT = re.compile(r"`\$\.?([^`]*)`")
_FIELD_MISSING = re.compile(r"missing required field `([^`]*)`")


def convert(value: Any, shape: type[T]) -> T:
    """A JSON value as a wire shape. Raises InvalidValue that names the field."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        text = str(error)
        missing, at = _FIELD_MISSING.search(text), _FIELD_AT.search(text)
        path = at[1] if at else ""
        if missing:
            field = f"{path}.{missing[1]}" if path else missing[1]
            raise InvalidValue(f"Required field: {field}.", field=field) from None
        raise InvalidValue(f"{text.partition(' - at')[0]}.", field=path or "body") from None


@cache
def _parameters_of(shape: Hashable) -> tuple[tuple[str, bool], ...]:
    return tuple((field.encode_name, field.required) for field in msgspec.structs.fields(shape))  # type: ignore[arg-type]


def read_texts(query: bytes, shape: type[T]) -> T:
    """Query parameters that are texts. Of one name the last counts; parameters that the shape does not have are passed
    over.

    Raises InvalidValue that names the parameter, also when it is longer than LONGEST_PARAMETER.
    """
    given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    found = {}
    for name, required in _parameters_of(cast(Hashable, shape)):
        value = given.get(name)
        if required and not value:
            raise InvalidValue(f"Required parameter: {name}.", field=name)
        if value is not None:
            if len(value) > LONGEST_PARAMETER or not is_clean(value):
                raise InvalidValue("The parameter is too long, or holds a character that cannot be.", field=name)
            found[name] = value
    return convert(found, shape)


def read_any_case(query: bytes, shape: type[T]) -> T:
    """Query parameters whose names come in any letter case. All fields of `shape` are texts with a default."""
    given = {name.lower(): value for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)}
    names = (name for name, _ in _parameters_of(cast(Hashable, shape)))
    return convert({name: given[name.lower()] for name in names if name.lower() in given}, shape)
