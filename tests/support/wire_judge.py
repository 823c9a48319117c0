"""Whether an answer is what a recorded client needs, in the words that tests/conformance/wire/README.md explains."""

from __future__ import annotations

import base64
import email
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Right = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """Header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """None when it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def is_not_offered(answer: Answer) -> bool:
    """Whether it says, in the form of the vendor, that the operation is not here."""
    body = answer.json()
    return answer.status in (400, 404) and (
        at(body, "code") == 900127
        or at(body, "errorCode") == "NotSupported"
        or at(body, "error.errors.0.reason") == "notSupported"
        or str(at(body, "error.message")).endswith("this server does not offer Microsoft Graph.")
    )


def at(value: Any, path: str) -> Any:
    """What is there: keys and places, with dots between them; None when nothing is."""
    if isinstance(value, dict) and path in value:
        return value[path]  # a key with a dot in it, such as @odata.etag
    name, _, rest = path.partition(".")
    if isinstance(value, dict):
        name = name if name in value else next((key for key in value if path.startswith(f"{key}.")), name)
        rest = path.removeprefix(name).removeprefix(".")
        found = value.get(name)
    elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
        found = value[int(name)]
    else:
        return None
    return at(found, rest) if rest else found


def faults_of(answer: Answer, alternatives: list[Right]) -> list[str]:
    """Nothing when one of them holds; else what keeps each from it."""
    found = []
    for right in alternatives:
        faults = list(_faults(answer, right))
        if not faults:
            return []
        found += faults
    return found


def _faults(answer: Answer, right: Right) -> Iterator[str]:
    if answer.status not in right["status"]:
        yield f"status {answer.status}"
        return
    if "text/html" in answer.headers.get("content-type", "") and answer.status >= 400:
        yield "an error as a page"
    yield from (f"no header {name}" for name in right.get("headers", ()) if name.lower() not in answer.headers)
    if "parts" in right:
        yield from _faults_of_parts(answer, right["parts"])
    if right.get("empty") and answer.body:
        yield "a body"
    value = answer.json()
    for word, kind in (("object", dict), ("list", list), ("text", str)):
        if right.get(word) and not isinstance(value, kind):
            yield f"no JSON {word}"
    yield from _faults_of_fields(value, right)
    yield from _faults_of_lists(value, right)


def _faults_of_parts(answer: Answer, statuses: list[int]) -> Iterator[str]:
    whole = email.message_from_bytes(f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode() + answer.body)
    parts = [part for part in whole.walk() if part.get_content_type() == "application/http"]
    lines = [str(part.get_payload()).split(" ", 2)[1] for part in parts]
    if lines != [str(status) for status in statuses]:
        yield f"parts {lines}"
    if not all(str(part["Content-ID"]).lstrip("<").startswith("response-") for part in parts):
        yield "a part without its id"


def _faults_of_fields(value: Any, right: Right) -> Iterator[str]:
    for path, names in right.get("claims", {}).items():
        claims = _claims_of(str(at(value, path)))
        yield from (f"{path}: no {name}" for name in names if not claims.get(name))
    for word, holds in _PLAIN.items():
        yield from (f"{path}: not {word}" for path in right.get(word, ()) if not holds(at(value, path)))
    for word, compares in _COMPARED.items():
        for path, other in right.get(word, {}).items():
            found = at(value, path)
            if not compares(found, other):
                yield f"{path}: {found!r}, not {word} {other!r}"


_PLAIN: dict[str, Callable[[Any], bool]] = {
    "has": lambda found: found is not None,
    "lacks": lambda found: found is None,
    "number": lambda found: isinstance(found, int),
    "slashless": lambda found: not str(found or "").startswith("/"),
    "jwt": lambda found: "exp" in _claims_of(str(found)),
    "some": bool,
}
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda found, other: bool(found == other),
    "not": lambda found, other: bool(found != other),
    "starts": lambda found, other: str(found).startswith(other),
    "ends": lambda found, other: str(found).endswith(other),
    "most": lambda found, other: len(found or ()) <= other,
}


def _faults_of_lists(value: Any, right: Right) -> Iterator[str]:
    for path, names in right.get("each", {}).items():
        for item in at(value, path) or ():
            yield from (f"no {path}[].{name}" for name in names if at(item, name) is None)
    for path, unwanted in right.get("none", {}).items():
        if unwanted in _column(value, path):
            yield f"some {path} is {unwanted!r}"
    if "descending" in right:
        shown = [str(found).casefold() for found in _column(value, right["descending"])]
        if shown != sorted(shown, reverse=True):
            yield f"{right['descending']} is not in order"


def _column(value: Any, path: str) -> list[Any]:
    """One field of each item: `items.state`."""
    items, _, name = path.partition(".")
    return [at(item, name) for item in at(value, items) or ()]


def _claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
