"""Events of phone numbers, and of the PINs that prove them."""

from __future__ import annotations

from tenantry.audit.events.base import Event, Mark


class PinSent(Mark, tag="pin.sent"):
    budget = "pin"  # one, so that what is noted takes as long for numbers that are known as for others
    number: str
    purpose: str


class PinRefused(Mark, tag="pin.refused"):
    budget = "pin"
    number: str
    purpose: str
    reason: str


class PhoneVerified(Event, tag="phone.verified"):
    user_id: str
    number: str


class PhoneRemoved(Event, tag="phone.removed"):
    user_id: str
    number: str
