"""What a vendor's API has and this server has not, as data: method, path, and the operation's name.

An operation that is not offered must not look like a thing that was deleted: clients take 404 for that, and after a 5xx
they send again. So each surface looks here before it says that there is nothing at an address, and answers in the
vendor's own words for it. `tests/completeness/test_not_offered.py` compares the lists with the routes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

ANY = "*"
"""Every method."""


class Missing(NamedTuple):
    """An operation that is not offered. `path` begins behind the surface's root, with `{names}` for values; `/**` at
    the end means this path and all below.
    """

    method: str
    path: str
    name: str


class NotOffered:
    """The operations of one surface that are not offered."""

    def __init__(self, root: str, operations: Iterable[Missing]) -> None:
        """`root` is the path in front of each operation's."""
        self.root = root
        self.operations = tuple(operations)
        self._patterns = [(operation, _pattern_of(f"{root}/{operation.path}")) for operation in self.operations]

    def find(self, method: str, path: str) -> Missing | None:
        """The first operation that this request would be, whatever its letter case. HEAD would be what GET is."""
        method = "GET" if method == "HEAD" else method
        for operation, pattern in self._patterns:
            if operation.method in (method, ANY) and pattern.fullmatch(path):
                return operation
        return None


def _pattern_of(path: str) -> re.Pattern[str]:
    stem, below, _ = path.partition("/**")
    parts = (re.escape(part) if not part.startswith("{") else "[^/]+" for part in stem.split("/"))
    return re.compile("/".join(parts) + ("(?:/.*)?" if below else "/?"), re.IGNORECASE)
