"""Phone numbers and the PINs that prove them."""

from __future__ import annotations

from tenantry.audit.events.base import Event


class PinSent(Event, tag="pin.sent"):
    number: str
    purpose: str


class PinRefused(Event, tag="pin.refused"):
    number: str
    purpose: str
    reason: str


class PhoneVerified(Event, tag="phone.verified"):
    user_id: str
    number: str


class PhoneRemoved(Event, tag="phone.removed"):
    user_id: str
    number: str
