"""A file with events of a trail ends with a line that seals it, so that whoever holds the key can check it.

1. The last line looks like an event of type `export.seal`. Its `data` names the tenant, how many events stand before
   it, the newest seal of the trail at that time (NUMBER:DIGEST), and at its very end a digest.
2. The digest is HMAC-SHA256, under the key of the trail's seals, over LABEL and every byte of the file before it.
3. So the seal of a file that was changed or cut does not hold; and when it holds, it says by which seal to check the
   trail itself.

The form of the lines is not checked: only that the digest is the last thing but quotation marks and brackets.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

import msgspec

from tenantry.audit.seals import SealKeys
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.trail.audit_seals import Seal

TYPE = "export.seal"
LABEL = b"tenantry audit export\n"
"""The first bytes under the digest; no seal of a trail begins with them."""

_NO_DIGEST = "0" * 64
_LAST_LINE = 16_384
"""Bytes; no last line is as long."""
_CHUNK = 1 << 20
# In CSV a quotation mark within quotation marks is doubled.
_SEAL = re.compile(rb'(\{"+type"+:"+export\.seal"+,[^\n{]*,"+digest"+:"+)([0-9a-f]{64})(?:"\}\}\n|""\}"\r\n)\Z')


class _Data(msgspec.Struct):
    """The data of the last line, in this order: the digest comes last."""

    type: str
    tenant_id: str
    events: int
    head: str | None
    digest: str


class Export:
    """A file being written: every part of it passes through here."""

    def __init__(self, keys: SealKeys, tenant_id: TenantId, head: Seal | None) -> None:
        self._digest = hmac.new(keys[-1].key, LABEL, "sha256")
        self._tenant_id = tenant_id
        self._head = head.mark if head else None
        self._events = 0

    def add(self, text: str, events: int = 0) -> str:
        """Write the next part of the file, which has this many events in it."""
        self._digest.update(text.encode())
        self._events += events
        return text

    def end(self, line: Callable[[str], str]) -> str:
        """Write the last line. `line` writes it in the form of the others, given its `data`, with which it ends."""
        data = _Data(TYPE, self._tenant_id, self._events, self._head, _NO_DIGEST)
        before, _, after = line(msgspec.json.encode(data).decode()).rpartition(_NO_DIGEST)
        self._digest.update(before.encode())
        return f"{before}{self._digest.hexdigest()}{after}"


class ExportSeal(NamedTuple):
    """What the last line of a file says. `head` is the newest seal of the trail when it was made, None without any.
    `followed_at`: when another master key followed the one under which it was made, which others may know by now.
    """

    tenant_id: str
    events: int
    head: str | None
    followed_at: Micros | None = None


def check_export(keys: SealKeys, file: BinaryIO) -> ExportSeal | None:
    """The seal of a file that is as it was made, under any of the keys there were; None for a file that was changed or
    cut, and for one that is no export.
    """
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, size - _LAST_LINE))
    found = _SEAL.search(file.read())
    if found is None:
        return None
    digests, left = [hmac.new(key, LABEL, "sha256") for _, key in keys], start + found.start(2)
    file.seek(0)
    while chunk := file.read(min(left, _CHUNK)):
        for digest in digests:
            digest.update(chunk)
        left -= len(chunk)
    holds = [hmac.compare_digest(digest.hexdigest().encode(), found[2]) for digest in digests]
    if not any(holds):
        return None
    said = msgspec.json.decode(found[1].replace(b'""', b'"') + b'"}', type=_Data)
    followed_at = None if holds[-1] else keys[holds.index(True) + 1].since
    return ExportSeal(said.tenant_id, said.events, said.head, followed_at)
