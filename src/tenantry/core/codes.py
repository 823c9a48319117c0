"""Codes that people read somewhere and type here: PINs, authenticator codes, recovery codes.

People group them with blanks and dashes, and their keyboards have digits of their own script. A code that was typed so
is still the code.
"""

from __future__ import annotations

import re
from unicodedata import decimal

from tenantry.core.normal_form import name_key

LONGEST = 64
"""How many characters of what somebody typed are looked at; no code is longer."""

_BETWEEN = re.compile(r"[\s\-\u00ad\u058a\u1806\u2010-\u2015\u2043\u2212\u30fb\u30fc\ufe58\ufe63\uff0d._\u00b7]+")


def read_code(raw: str) -> str:
    """The code in lower-case letters and ASCII digits, without blanks and dashes; empty when the text is no code."""
    if len(raw) > LONGEST:
        return ""
    found = _BETWEEN.sub("", name_key(raw))
    code = "".join(to_digit(char) for char in found)
    return code if code.isascii() and code.isalnum() else ""


def to_digit(char: str) -> str:
    """A decimal digit of any script as the ASCII one; any other character as it is."""
    value = decimal(char, None)
    return char if value is None else str(value)
