"""The base classes of events."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tenantry.core.ids import TenantId

__all__ = ["SYSTEM_TENANT", "Event", "Mark", "all_events"]

SYSTEM_TENANT = TenantId("00000000-0000-0000-0000-000000000000")
"""The tenant id of the system's trail: events that belong to no tenant, such as those of signing keys."""


class Event(msgspec.Struct, omit_defaults=True):
    """Base of all events."""


class Mark(Event):
    """Base of the events that anybody can bring about by asking, without proof or against the rules.

    The trail takes only so many of them (marks.py).
    """

    budget: ClassVar[str | None] = None
    """Marks of the same budget are counted together; None: those with the same tag."""

    def detail(self) -> str:
        """A word that, with the tag, names the kind under which a left-out mark is counted; one of few."""
        return str(getattr(self, "reason", "")).partition(":")[0]


def all_events() -> list[type[Event]]:
    """Every event type, for the tests that compare the list with the documentation."""
    return [kind for kind in _below(Event) if kind is not Mark]


def _below(base: type[Event]) -> list[type[Event]]:
    return [kind for child in base.__subclasses__() for kind in (child, *_below(child))]
