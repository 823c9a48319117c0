"""PINs: short-lived proofs that a phone number is in somebody's hand.

1. `request_pin` replaces the number's PIN for one purpose and answers it, to be sent after the transaction.
2. `claim_pin` uses one of the PIN's tries; the right PIN uses it up. Each is one conditional statement.
3. Only a keyed hash is stored. It covers number, purpose and subject, so that a PIN opens nothing else.
4. Numbers that nobody has proven come from strangers, who have all numbers there are: of these the table keeps as many
   rows as there are `PLACES`. A number has its place by a keyed hash, and takes it over from whichever was there.

Limits: `tries` for each PIN, `sends_per_hour` for each number and purpose; those per client address are the surface's.
A PIN lives 5 minutes unless a setting says otherwise, since six digits are few (Kaizala contract §6 #4).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum

from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import HOUR, SECOND, Micros
from tenantry.core.codes import read_code
from tenantry.core.errors import RateLimited
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Tx
from tenantry.store.sign_in import pins
from tenantry.tokens.secrets import SecretHasher

PLACES = 4096
"""Rows per tenant and purpose. To reset the count of one number, a stranger has to ask for about as many numbers."""


class PinPurpose(StrEnum):
    """What a PIN proves a number for. The subject is the connector, or the user whose phone it is."""

    SIGN_IN = "sign_in"
    REGISTRATION = "registration"
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, slots=True)
class PinRules:
    """`sends_per_hour` None: as many as one likes, for load tests."""

    lifetime: Micros
    tries: int
    sends_per_hour: int | None


async def request_pin(
    tx: Tx,
    caller: Caller,
    hasher: SecretHasher,
    tenant_id: TenantId,
    *,
    number: str,
    purpose: PinPurpose,
    subject: str,
    known: bool,
    rules: PinRules,
    now: Micros,
) -> str:
    """A new PIN for `number` (E.164); the earlier one of this purpose ends. Raises RateLimited.

    For a number that is not `known` all is done alike, but for where its row is, so that neither time nor limits tell
    it from others; the trail says that nothing was sent, and the caller sends nothing.
    """
    row, place_hash = _row_of(hasher, tenant_id, number, known=known)
    pin = str(secrets.choice(range(100_000, 1_000_000)))  # six digits; the first is not 0, as it may travel as a number
    await pins.delete_stale(tx, tenant_id, now - HOUR)
    kept = await pins.upsert(
        tx,
        tenant_id,
        row,
        purpose,
        pin_hash=place_hash or hasher.hash(_text(tenant_id, number, purpose, subject, pin)),
        takes_over=not known,
        tries=rules.tries,
        expires_at=now + rules.lifetime,
        window_floor=now if rules.sends_per_hour is None else now - HOUR,
        sends_per_window=rules.sends_per_hour or 1,
        now=now,
    )
    if not kept:
        began = await pins.find_window(tx, tenant_id, row, purpose) or now
        raise RateLimited(
            -(-(began + HOUR - now) // SECOND), "Too many PINs were sent to this number. Wait, then retry."
        )
    event = (
        events.PinSent(number=number, purpose=purpose)
        if known
        else events.PinRefused(number=number, purpose=purpose, reason="unknown_number")
    )
    await record(tx, tenant_id, caller, event, now)
    return pin


async def claim_pin(
    tx: Tx,
    caller: Caller,
    hasher: SecretHasher,
    tenant_id: TenantId,
    *,
    number: str,
    purpose: PinPurpose,
    subject: str,
    known: bool,
    pin: str,
    now: Micros,
) -> bool:
    """Whether `pin` is the live PIN of `number` (E.164); at most one caller ever wins. Of one not `known` none is.

    False is to be raised after the commit: the try, and the reason in the trail, must be kept.
    """
    row, _ = _row_of(hasher, tenant_id, number, known=known)
    expected = hasher.hashes(_text(tenant_id, number, purpose, subject, read_code(pin)))[:2]  # older ones have expired
    stored = await pins.spend_try(tx, tenant_id, row, purpose, expected[0], expected[-1], now)
    if stored is not None and any(hmac.compare_digest(stored, each) for each in expected):
        return True
    reason = "no_live_pin" if stored is None else "wrong_pin"
    await record(tx, tenant_id, caller, events.PinRefused(number=number, purpose=purpose, reason=reason), now)
    return False


def _row_of(hasher: SecretHasher, tenant_id: TenantId, number: str, *, known: bool) -> tuple[str, bytes | None]:
    """The key of the row; for a place also its owner, stored instead of a PIN's hash, which it never equals."""
    place_hash = hasher.hash(f"pin place {tenant_id} {number}")
    return (number, None) if known else (f"#{int.from_bytes(place_hash[:8]) % PLACES}", place_hash)


def _text(tenant_id: TenantId, number: str, purpose: PinPurpose, subject: str, pin: str) -> str:
    return f"pin {tenant_id} {number} {purpose} {subject} {pin}"
