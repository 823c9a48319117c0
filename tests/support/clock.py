"""A clock that stands still until a test moves it."""

from __future__ import annotations

from tenantry.core.clock import Micros

NOON = 1_767_268_800_000_000
"""2026-01-01T12:00:00Z"""


class FakeClock:
    """Called, it answers the present instant."""

    def __init__(self, now: Micros = NOON) -> None:
        self.now = now

    def __call__(self) -> Micros:
        return self.now

    def advance(self, span: Micros) -> None:
        """Move on by `span`; backwards when it is negative."""
        self.now += span
