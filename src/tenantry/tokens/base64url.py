"""base64url without padding, as JOSE has it (RFC 7515 §2)."""

from __future__ import annotations

import binascii

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/", b"+/--")  # `+` and `/` of the standard alphabet become `-`, which is refused


def encode(data: bytes) -> bytes:
    """Without padding."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=")


def decode(text: bytes) -> bytes | None:
    """The bytes; None unless `text` is exactly what `encode` gives: no padding, no blanks, no stray last bits."""
    try:
        data = binascii.a2b_base64(text.translate(_FROM_URL) + b"=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        return None
    return data if encode(data) == text else None
