"""Reads a sloppy wire by the Struct that an operation declares.

Keys come in any letter case, and where one comes in two of them the last counts; null counts as absent; `"true"`, `1`
and `"12"` are the flag and the number that they mean. Where a shape says `str | int`, a number from 0 becomes its
digits; where it says `list[str] | str`, a text is split at `,` and `;`. Everything refused is an InvalidValue, whose
field is the wire's name for it behind those of the enclosing objects (`passwordProfile.password`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

from msgspec import inspect

from tenantry.core.errors import InvalidValue
from tenantry.surfaces.shared.body import read_flag

T = TypeVar("T")

LONGEST_TEXT = 1024
MOST_ITEMS = 1000
NOTHING: dict[str, Any] = {"also_absent": {}}
"""`Meta(extra=NOTHING)` on a field: `{}` counts as absent too, since one client sends it where it has no value."""

_SEPARATORS = re.compile("[,;]")
_WHOLE = re.compile(r"-?[0-9]{1,19}")

_Reader = Callable[[Any, str], Any]


def read_loosely(value: Any, shape: type[T]) -> T:
    """A JSON value as the Struct `shape`. Raises InvalidValue."""
    return cast(T, _object_reader(cast(Any, shape))(value, ""))


@cache
def _object_reader(shape: Any) -> _Reader:
    """What reads a Struct, made once for each shape."""
    fields = [(field, *_reader_of(field.type)) for field in _struct(shape).fields]

    def read(value: Any, path: str) -> Any:
        if not isinstance(value, Mapping):
            raise InvalidValue(f"{path or 'The request body'} must be a JSON object.", field=path or "body")
        given = {str(key).lower(): child for key, child in value.items()}
        found = {}
        for field, reader, also_absent in fields:
            name = f"{path}.{field.encode_name}" if path else field.encode_name
            child = given.get(field.encode_name.lower())
            if child is None or child == also_absent:
                child = None
            elif reader is not None:
                child = reader(child, name)
            if child is not None and not (field.required and isinstance(child, str) and not child.strip()):
                found[field.name] = child
            elif field.required:
                raise _wrong(name, "is required")
        return shape(**found)

    return read


def _struct(shape: Any) -> inspect.StructType:
    info = inspect.type_info(shape)
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{shape} is no Struct")
    return info


def _reader_of(kind: inspect.Type) -> tuple[_Reader | None, Any]:
    """What reads such a value (None: it stays as it is), and which value counts as absent besides null."""
    if isinstance(kind, inspect.Metadata):
        return _reader_of(kind.type)[0], (kind.extra or {}).get("also_absent")
    if isinstance(kind, inspect.UnionType):
        inner = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
        return _reader_of(inner[0]) if len(inner) == 1 else (_reader_of_either(inner), None)
    return _plain_reader(kind), None


def _plain_reader(kind: inspect.Type) -> _Reader | None:
    reader: _Reader | None = None
    match kind:
        case inspect.StrType(max_length=most):
            reader = _text_reader(most or LONGEST_TEXT)
        case inspect.BoolType():
            reader = _read_flag
        case inspect.IntType(ge=low, le=high):
            reader = _whole_reader(low or 0, 2**53 if high is None else high)
        case inspect.StructType(cls=shape):
            reader = _object_reader(shape)
        case inspect.ListType(item_type=item, max_length=most):
            reader = _list_reader(_reader_of(item)[0], most or MOST_ITEMS)
        case inspect.AnyType():
            pass
        case _:
            raise TypeError(f"nobody reads {kind} loosely")
    return reader


def _reader_of_either(kinds: Sequence[inspect.Type]) -> _Reader:
    """What reads a value that comes in one form from one client and in another from another. It is read as the
    first.
    """
    match kinds:
        case [inspect.StrType(max_length=most), inspect.IntType()]:
            return _digits_reader(most or LONGEST_TEXT)
        case [inspect.ListType(item_type=item, max_length=most), inspect.StrType()]:
            return _spread_reader(_reader_of(item)[0], most or MOST_ITEMS)
    raise TypeError(f"nobody reads {kinds} loosely")


def _text_reader(most: int) -> _Reader:
    def read(value: Any, name: str) -> str:
        if not isinstance(value, str):
            raise _wrong(name, "must be a string")
        if len(value) > most:
            raise _wrong(name, f"must not be longer than {most} characters")
        return value

    return read


def _digits_reader(most: int) -> _Reader:
    read_text = _text_reader(most)

    def read(value: Any, name: str) -> str:
        if (
            isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**most
        ):  # Python refuses to write out integers that are longer
            return str(value)
        return cast(str, read_text(value, name))

    return read


def _read_flag(value: Any, name: str) -> bool:
    flag = read_flag(str(value)) if isinstance(value, str | int) else None
    if flag is None:
        raise _wrong(name, "must be true or false")
    return flag


def _whole_reader(low: int, high: int) -> _Reader:
    def read(value: Any, name: str) -> int:
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise _wrong(name, f"must be a whole number from {low} to {high}")
        return value

    return read


def _list_reader(item: _Reader | None, most: int) -> _Reader:
    def read(value: Any, name: str) -> list[Any]:
        if not isinstance(value, list):
            raise _wrong(name, "must be a list")
        if len(value) > most:
            raise _wrong(name, f"must not have more than {most} entries")
        return value if item is None else [item(child, f"{name}[{index}]") for index, child in enumerate(value)]

    return read


def _spread_reader(item: _Reader | None, most: int) -> _Reader:
    read_list = _list_reader(item, most)

    def read(value: Any, name: str) -> list[Any]:
        if not isinstance(value, str):
            return cast(list[Any], read_list(value, name))
        found = _SEPARATORS.split(value, most + 1)
        if len(found) > most + 1:  # a separator after the last entry adds an empty one
            raise _wrong(name, f"must not have more than {most} entries")
        return found

    return read


def _wrong(name: str, what: str) -> InvalidValue:
    return InvalidValue(f"{name} {what}.", field=name)
