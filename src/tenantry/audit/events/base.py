"""What every event is."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tenantry.core.ids import TenantId

__all__ = ["SYSTEM_TENANT", "Event", "Mark", "all_events"]

SYSTEM_TENANT = TenantId("00000000-0000-0000-0000-000000000000")
"""The trail of what belongs to no tenant, such as signing keys."""


class Event(msgspec.Struct, omit_defaults=True):
    """Base of all events."""


class Mark(Event):
    """Base of the events that anybody can bring about by asking, without proof or against the rules.

    The trail takes only so many of them (marks.py).
    """

    budget: ClassVar[str | None] = None
    """What it is counted with; None: what has the same tag."""

    def detail(self) -> str:
        """What it is counted as, besides its tag, where it is left out: one of a few words."""
        return str(getattr(self, "reason", "")).partition(":")[0]


def all_events() -> list[type[Event]]:
    """Every event type, for the tests that hold the list against the documentation."""
    return [kind for kind in _below(Event) if kind is not Mark]


def _below(base: type[Event]) -> list[type[Event]]:
    return [kind for child in base.__subclasses__() for kind in (child, *_below(child))]
