"""Request bodies: read within a limit, parse as JSON, look at fields. Everything refused is an InvalidValue."""

from __future__ import annotations

import json
import math
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal, overload

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from tenantry.core.errors import InvalidValue, PayloadTooLarge

LARGEST_OF_STRANGERS = 16_384
"""The most bytes of a body that is parsed before the caller is authenticated: credentials are short."""
MOST_VALUES = 50_000
"""The most values in one JSON body: checking a megabyte of empty lists would block the event loop for half a second."""

_fast = msgspec.json.Decoder()

# A string or comment, left as it is, or one of Python's constants. Quotes and comments need no end, so that the
# scan stays linear on any input.
_PYTHON_CONSTANT = re.compile(
    r""" "(?:[^"\\]|\\.?)*"? | '(?:[^'\\]|\\.?)*'? | //[^\n]* | /\*(?:[^*]|\*(?!/))*(?:\*/)?
       | \b(?P<constant>True|False|None)\b """,
    re.VERBOSE | re.DOTALL,
)
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_JSON_CONSTANT = {"True": "true", "False": "false", "None": "null"}


async def read_body(source: Request | Receive, limit: int, length: str | None = None) -> bytes:
    """Read the whole body, at most `limit` bytes. `length`: its Content-Length, which a Request knows by itself.

    Raises PayloadTooLarge, with a length before anything is read; ClientDisconnect.
    """
    if isinstance(source, Request):
        length, source = source.headers.get("content-length", ""), source.receive
    body = bytearray()
    async for part in read_parts(source, limit, length):
        body += part
    return bytes(body)


async def read_parts(receive: Receive, limit: int, length: str | None = None) -> AsyncIterator[bytes]:
    """Read the body in parts, without holding it whole. Parts before the limit was exceeded have been passed on."""
    if length and length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)
    came, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        came += len(part)
        if came > limit:
            raise _too_large(limit)
        yield part
        more = message.get("more_body", False)


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The request body is larger than {limit} bytes.", field="body")


def parse_json(raw: bytes, *, depth_limit: int, lenient: bool = False) -> Any:
    """One JSON value. `lenient` also takes JSON5 and Python's `str(dict)`, as some clients send them.

    Raises InvalidValue: field `body` when it is not JSON, nested deeper than `depth_limit` or of more than MOST_VALUES;
    for a NUL, a lone surrogate or a number that is none, the key it stands at. One of two equal keys: the last counts.
    """
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        value = _fast.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _parse_slowly(raw, depth_limit, lenient)
    _check(value, depth_limit)
    return value


def _parse_slowly(raw: bytes, depth_limit: int, lenient: bool) -> Any:
    """Parse what the quick parser refused. The standard one takes lone surrogates, so the field can be named."""
    try:
        return json.loads(raw.decode())
    except RecursionError:
        raise _too_deep(depth_limit) from None
    except ValueError:
        if lenient:
            return _parse_lenient(raw, depth_limit)
        raise _not_json() from None


def _parse_lenient(raw: bytes, depth_limit: int) -> Any:
    import pyjson5

    try:
        text = raw.decode()
        try:
            return pyjson5.decode(text, depth_limit)
        except pyjson5.Json5IllegalCharacter:
            return pyjson5.decode(_PYTHON_CONSTANT.sub(_as_json, text), depth_limit)
    except pyjson5.Json5NestingTooDeep:
        raise _too_deep(depth_limit) from None
    except (pyjson5.Json5DecoderException, ValueError):
        raise _not_json() from None


def _as_json(match: re.Match[str]) -> str:
    constant = match["constant"]
    return match[0] if constant is None else _JSON_CONSTANT[constant]


def _check(value: Any, depth_limit: int) -> None:
    """Walk the value without recursion. The field named is the nearest key."""
    todo: list[tuple[Any, str, int]] = [(value, "body", 0)]
    room = MOST_VALUES
    while todo:
        item, name, depth = todo.pop()
        if isinstance(item, dict | list):
            room -= len(item)
            if room < 0:
                raise InvalidValue(f"The request body holds more than {MOST_VALUES} values.", field="body")
        if isinstance(item, str):
            _check_text(item, name)
        elif isinstance(item, dict):
            for key in item:
                _check_text(key, name)
            todo += [(child, key[:64], depth + 1) for key, child in item.items()]
        elif isinstance(item, list):
            todo += [(child, name, depth + 1) for child in item]
        elif isinstance(item, float) and not math.isfinite(item):
            raise InvalidValue(f"{name} is not a number.", field=name)
        if depth >= depth_limit and isinstance(item, dict | list):
            raise _too_deep(depth_limit)


def _not_json() -> InvalidValue:
    return InvalidValue("The request body is not valid JSON.", field="body")


def _too_deep(depth_limit: int) -> InvalidValue:
    return InvalidValue(f"The request body is nested deeper than {depth_limit} levels.", field="body")


def _check_text(text: str, name: str) -> None:
    if not is_clean(text):
        raise InvalidValue(f"{name} holds a character that cannot be stored.", field=name)


def is_clean(text: str) -> bool:
    """Whether every store can keep it: no NUL, no lone surrogate. For texts that come by header, query or form too."""
    if text.isascii():
        return "\0" not in text
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def read_flag(text: str) -> bool | None:
    """`true` or `1`, `false` or `0`, in any letter case; None for any other text."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower())


class Fields:
    """A view of one JSON object. If a key comes in two casings, the last counts; null counts as absent.

    Every refusal is an InvalidValue whose field is the name asked for, behind that of the enclosing objects
    (`passwordProfile.password`).
    """

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, dict):
            raise InvalidValue(f"{path or 'The request body'} must be a JSON object.", field=path or "body")
        self._path = path
        self._values: dict[str, Any] = {str(key).lower(): child for key, child in value.items()}

    def __contains__(self, name: str) -> bool:
        """Whether the key is there, if only with null."""
        return name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        """The keys, in lower case."""
        return iter(self._values)

    def get(self, name: str) -> Any:
        """The value as it is; None when absent."""
        return self._values.get(name.lower())

    def name_of(self, name: str) -> str:
        """What errors call this field."""
        return f"{self._path}.{name}" if self._path else name

    @overload
    def text(self, name: str, *, required: Literal[True], max_length: int = 1024) -> str: ...
    @overload
    def text(self, name: str, *, required: bool = False, max_length: int = 1024) -> str | None: ...
    def text(self, name: str, *, required: bool = False, max_length: int = 1024) -> str | None:
        """A string of at most `max_length` characters. Required: present and not blank."""
        value = self.get(name)
        if value is None:
            self._miss(name, required)
            return None
        text = self._as_text(name, value, max_length)
        if not text.strip():
            self._miss(name, required)
        return text

    @overload
    def flag(self, name: str, *, required: Literal[True]) -> bool: ...
    @overload
    def flag(self, name: str, *, required: bool = False) -> bool | None: ...
    def flag(self, name: str, *, required: bool = False) -> bool | None:
        """A boolean, also if sent as `true`, `1` and the like."""
        value = self.get(name)
        if value is None:
            self._miss(name, required)
            return None
        flag = read_flag(str(value)) if isinstance(value, str | int) else None
        if flag is None:
            raise self._wrong(name, "must be true or false")
        return flag

    @overload
    def whole(self, name: str, *, required: Literal[True], low: int = 0, high: int = 2**53) -> int: ...
    @overload
    def whole(self, name: str, *, required: bool = False, low: int = 0, high: int = 2**53) -> int | None: ...
    def whole(self, name: str, *, required: bool = False, low: int = 0, high: int = 2**53) -> int | None:
        """A whole number from `low` to `high`, also as text."""
        value = self.get(name)
        if value is None:
            self._miss(name, required)
            return None
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self._wrong(name, f"must be a whole number from {low} to {high}")
        return value

    def texts(self, name: str, *, required: bool = False, max_items: int = 1000, max_length: int = 1024) -> list[str]:
        """A list of strings; empty when absent. Required: present and not empty."""
        return [
            self._as_text(f"{name}[{index}]", item, max_length)
            for index, item in enumerate(self._as_list(name, required, max_items))
        ]

    @overload
    def object(self, name: str, *, required: Literal[True]) -> Fields: ...
    @overload
    def object(self, name: str, *, required: bool = False) -> Fields | None: ...
    def object(self, name: str, *, required: bool = False) -> Fields | None:
        """A nested object."""
        value = self.get(name)
        if value is None:
            self._miss(name, required)
            return None
        return Fields(value, self.name_of(name))

    def objects(self, name: str, *, required: bool = False, max_items: int = 1000) -> list[Fields]:
        """A list of objects; empty when absent. Required: present and not empty."""
        return [
            Fields(item, self.name_of(f"{name}[{index}]"))
            for index, item in enumerate(self._as_list(name, required, max_items))
        ]

    def _as_list(self, name: str, required: bool, max_items: int) -> list[Any]:
        value = self.get(name)
        if not value:
            if value is not None and not isinstance(value, list):
                raise self._wrong(name, "must be a list")
            self._miss(name, required)
            return []
        if not isinstance(value, list):
            raise self._wrong(name, "must be a list")
        if len(value) > max_items:
            raise self._wrong(name, f"must not have more than {max_items} entries")
        return value

    def _as_text(self, name: str, value: Any, max_length: int) -> str:
        if not isinstance(value, str):
            raise self._wrong(name, "must be a string")
        if len(value) > max_length:
            raise self._wrong(name, f"must not be longer than {max_length} characters")
        return value

    def _miss(self, name: str, required: bool) -> None:
        if required:
            raise self._wrong(name, "is required")

    def _wrong(self, name: str, what: str) -> InvalidValue:
        full = self.name_of(name)
        return InvalidValue(f"{full} {what}.", field=full)
