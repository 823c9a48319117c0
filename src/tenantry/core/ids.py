"""Identifiers. A GUID is lower-case text with dashes everywhere, so that both engines compare it as text."""

from __future__ import annotations

import os
import re
from typing import NewType

TenantId = NewType("TenantId", str)
UserId = NewType("UserId", str)
GroupId = NewType("GroupId", str)
ConnectorId = NewType("ConnectorId", str)
GrantId = NewType("GrantId", str)
RelationshipId = NewType("RelationshipId", str)
EnterpriseId = NewType("EnterpriseId", str)
ManagedAccountId = NewType("ManagedAccountId", str)
CorrelationId = NewType("CorrelationId", str)

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DRAWN_AT_ONCE = 256
_drawn: list[bytes] = []
_guids: list[str] = []
os.register_at_fork(after_in_child=_drawn.clear)
os.register_at_fork(after_in_child=_guids.clear)

_BLANK = b"xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx"
_PLACES = [place for place, sign in enumerate(_BLANK) if sign == ord("x")]
_DIGITS = [digit for digit in range(32) if digit != 12]  # the digit at place 12 is the version
_VARIANT_PLACE, _VARIANT_DIGIT = 19, 16
_VARIANT = bytes.maketrans(b"0123456789abcdef", b"89ab" * 4)


def random_16() -> bytes:
    """Random bytes for what must be unique. They were drawn some time ago, so secrets are made of bytes of their own.

    A system call for each would also give other threads the interpreter, several times in a request.
    """
    if not _drawn:
        drawn = os.urandom(16 * _DRAWN_AT_ONCE)
        _drawn.extend(drawn[start : start + 16] for start in range(0, len(drawn), 16))
    return _drawn.pop()


def new_guid() -> str:
    """A random GUID (RFC 9562 version 4). It was drawn some time ago, so no secret is made of it.

    Many are written at once, which takes half as long as one by one, and every request needs some.
    """
    if not _guids:
        _guids.extend(_write_guids())
    return _guids.pop()


def _write_guids() -> list[str]:
    """As many GUIDs as are drawn at once. They are written side by side: each step fills the same place in all
    of them.
    """
    digits = os.urandom(16 * _DRAWN_AT_ONCE).hex().encode()
    text = bytearray(_BLANK * _DRAWN_AT_ONCE)
    for place, digit in zip(_PLACES, _DIGITS, strict=True):
        text[place :: len(_BLANK)] = digits[digit::32]
    text[_VARIANT_PLACE :: len(_BLANK)] = digits[_VARIANT_DIGIT::32].translate(_VARIANT)
    whole = text.decode()
    return [whole[start : start + len(_BLANK)] for start in range(0, len(whole), len(_BLANK))]


def parse_guid(raw: str) -> str | None:
    """The canonical form of a GUID in any letter case, with or without braces; None when it is not one."""
    if _GUID.fullmatch(raw):
        return raw
    text = raw.strip().strip("{}").lower()
    return text if _GUID.fullmatch(text) else None
