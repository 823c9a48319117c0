"""Time. Everything inside is an integer of microseconds since 1970 UTC; wire forms are made at the edge."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Micros = int
"""Microseconds since 1970-01-01T00:00:00Z, or a span of them."""

Clock = Callable[[], Micros]
"""Answers the present instant in `Micros`. Built in `app.py`; tests pass their own."""

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def system_clock() -> int:
    """The machine's wall clock."""
    return time.time_ns() // 1_000


def to_iso(instant: int) -> str:
    """`2017-01-20T00:33:34Z`: whole seconds, RFC 3339."""
    return datetime.fromtimestamp(instant // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_millis(instant: int) -> int:
    """Milliseconds since 1970, as Kaizala's wire has it."""
    return instant // MILLISECOND


def to_seconds(instant: int) -> int:
    """Whole seconds since 1970, as JWT's NumericDate has it."""
    return instant // SECOND
