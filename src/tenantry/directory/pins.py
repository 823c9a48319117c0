"""PINs: short-lived proofs that whoever types one has a phone number at hand.

1. `request_pin` replaces the number's PIN for one purpose and answers it, to be sent after the transaction.
2. `claim_pin` uses one of the PIN's tries; the right PIN uses up all. Each is one conditional statement.
3. Only a keyed hash is stored. It covers number, purpose and subject, so that a PIN opens nothing else.
4. Numbers that nobody has proven come from strangers, who can name every number there is. The table keeps at most
   `PLACES` rows for them: a keyed hash gives each number its place, which it takes over from the number that had it.

Limits: `tries` for each PIN, `sends_per_hour` for each number and purpose; surfaces limit what one client address may
do. A PIN lives 5 minutes unless a setting says otherwise, since six digits are few (Kaizala contract §6 #4).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

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
"""Rows of a tenant and purpose. To reset the count of one number, a stranger has to ask for about as many numbers."""


class PinPurpose(StrEnum):
    """What a PIN proves a number for. The subject is the connector, or the user whose phone it is."""

    SIGN_IN = "sign_in"
    REGISTRATION = "registration"
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, slots=True)
class PinRules:
    """Lifetime and limits of PINs. `sends_per_hour` None: no limit, for load tests."""

    lifetime: Micros
    tries: int
    sends_per_hour: int | None


class PinUse(NamedTuple):
    """What a PIN is for: what is proven of which number (E.164), for the connector or the user that `subject` is the id
    of. `known`: whether there is somebody to send it to.
    """

    number: str
    purpose: PinPurpose
    subject: str
    known: bool = True


async def request_pin(
    tx: Tx, caller: Caller, hasher: SecretHasher, tenant_id: TenantId, *, use: PinUse, rules: PinRules, now: Micros
) -> str:
    """Make a new PIN, which ends the number's earlier one of this purpose. Raises RateLimited.

    For a number that is not known everything is done alike, except for where its row is, so that neither time nor
    limits distinguish it. The trail says that nothing was sent, and the caller sends nothing.
    """
    number, purpose, _subject, known = use
    row, place_hash = _row_of(hasher, tenant_id, number, known=known)
    pin = str(secrets.choice(range(100_000, 1_000_000)))  # six digits; the first is not 0, as it may travel as a number
    await pins.delete_stale(tx, tenant_id, now - HOUR)
    kept = await pins.upsert(
        tx,
        tenant_id,
        row,
        purpose,
        pin_hash=place_hash or hasher.hash(_text(tenant_id, use, pin)),
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
    tx: Tx, caller: Caller, hasher: SecretHasher, tenant_id: TenantId, *, use: PinUse, pin: str, now: Micros
) -> bool:
    """Whether `pin` is the live PIN of the number for this use; of several callers at most one gets True. A number that
    is not known has none.

    On False the caller commits first and refuses afterwards: the try, and the reason in the trail, must be kept.
    """
    number, purpose, _subject, known = use
    row, _ = _row_of(hasher, tenant_id, number, known=known)
    expected = hasher.hashes(_text(tenant_id, use, read_code(pin)))[:2]  # PINs under still older peppers have expired
    stored = await pins.spend_try(tx, tenant_id, row, purpose, expected[0], expected[-1], now)
    if stored is not None and any(hmac.compare_digest(stored, each) for each in expected):
        return True
    reason = "no_live_pin" if stored is None else "wrong_pin"
    await record(tx, tenant_id, caller, events.PinRefused(number=number, purpose=purpose, reason=reason), now)
    return False


def _row_of(hasher: SecretHasher, tenant_id: TenantId, number: str, *, known: bool) -> tuple[str, bytes | None]:
    """The key of the number's row. Of a place also the value that says whose it is, which stands where a PIN's hash
    would and never equals one.
    """
    place_hash = hasher.hash(f"pin place {tenant_id} {number}")
    return (number, None) if known else (f"#{int.from_bytes(place_hash[:8]) % PLACES}", place_hash)


def _text(tenant_id: TenantId, use: PinUse, pin: str) -> str:
    return f"pin {tenant_id} {use.number} {use.purpose} {use.subject} {pin}"
