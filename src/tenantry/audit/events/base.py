"""What every event is."""

from __future__ import annotations

import msgspec

from tenantry.core.ids import TenantId

__all__ = ["SYSTEM_TENANT", "Event", "all_events"]

SYSTEM_TENANT = TenantId("00000000-0000-0000-0000-000000000000")
"""The trail of what belongs to no tenant, such as signing keys."""


class Event(msgspec.Struct, omit_defaults=True):
    """Base of all events."""


def all_events() -> list[type[Event]]:
    """Every event type, for the tests that hold the list against the documentation."""
    return _below(Event)


def _below(base: type[Event]) -> list[type[Event]]:
    return [kind for child in base.__subclasses__() for kind in (child, *_below(child))]
