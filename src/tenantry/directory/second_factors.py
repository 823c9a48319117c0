"""A user's second factors: an authenticator app (TOTP), a phone, passkeys; and recovery codes for when they are lost.

1. A user who has any is asked for one at each sign-in (sign_in_steps.py).
2. The first one comes with recovery codes, which are shown once and good for one sign-in each.
3. `amr` of a sign-in says what was used (RFC 8176): `otp`, `sms`, `hwk` or `swk`, with `mfa` once it counts
   (proofs.py).
"""

from __future__ import annotations

import secrets
from enum import StrEnum

from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.codes import read_code
from tenantry.core.errors import FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.notices import What, tell
from tenantry.directory.pins import PinPurpose, PinRules, PinUse, claim_pin, request_pin
from tenantry.directory.policies import is_to_have_one
from tenantry.directory.proofs import note_given_up, note_set_up
from tenantry.directory.sessions import end_sessions
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import enrolments, second_factors
from tenantry.store.sign_in.second_factors import Factors
from tenantry.tokens.secrets import SecretHasher

RECOVERY_CODES = 10
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_HALF = 6
_NONE = Factors(None, None, 0, 0)


class Method(StrEnum):
    """A second factor, in the words of addresses and the trail."""

    PASSKEY = "passkey"
    TOTP = "totp"
    PHONE = "phone"
    RECOVERY_CODE = "recovery_code"
    # A code that an administrator makes for a user who has no second factor (enrolment.py).
    ENROLMENT_CODE = "enrolment_code"


AMR: dict[Method, frozenset[str]] = {
    Method.TOTP: frozenset({"otp", "mfa"}),
    Method.PHONE: frozenset({"otp", "sms", "mfa"}),
    Method.RECOVERY_CODE: frozenset({"otp", "mfa"}),
    Method.ENROLMENT_CODE: frozenset({"otp", "mfa"}),
}
"""The `amr` of each method. That of a passkey depends on the key, see passkeys.py."""


async def find_factors(read: Read, tenant_id: TenantId, user_id: UserId) -> Factors:
    """What the user has set up."""
    return await second_factors.find_factors(read, tenant_id, user_id) or _NONE


async def list_methods(read: Read, tenant_id: TenantId, user_id: UserId) -> list[Method]:
    """How the user can prove a second factor, the strongest first; empty when none is set up."""
    return methods_of(await find_factors(read, tenant_id, user_id))


def methods_of(factors: Factors) -> list[Method]:
    """The methods of these factors. Recovery codes alone are no second factor: they replace one."""
    has = {
        Method.PASSKEY: factors.passkeys > 0,
        Method.TOTP: factors.totp_since is not None,
        Method.PHONE: factors.phone_number is not None,
    }
    found = [method for method, is_there in has.items() if is_there]
    return [*found, Method.RECOVERY_CODE] if found and factors.recovery_codes else found


async def note_added(
    tx: Tx, hasher: SecretHasher, caller: Caller, tenant_id: TenantId, user_id: UserId, method: Method, now: Micros
) -> list[str]:
    """Record that a factor was set up, and tell the user. Answers recovery codes when the user has none yet, else
    nothing.
    """
    await record(tx, tenant_id, caller, events.SecondFactorAdded(user_id=user_id, method=method), now)
    await tell(tx, caller, tenant_id, user_id, What.FACTOR_ADDED, now)
    await enrolments.delete(tx, tenant_id, user_id)
    await note_set_up(tx, caller, tenant_id, user_id, now)
    if (await find_factors(tx, tenant_id, user_id)).recovery_codes:
        return []
    return await make_recovery_codes(tx, hasher, caller, tenant_id, user_id, now)


async def note_removed(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, method: Method, now: Micros
) -> None:
    """Record that a factor was taken away, and tell the user. Recovery codes go with the last factor.

    Users who remove their own have proven it. When somebody else removes the last one, the sign-in does not begin to
    ask for less: the user has to set up another one. Raises FailedPrecondition for one's own last one where the tenant
    requires one.
    """
    await record(tx, tenant_id, caller, events.SecondFactorRemoved(user_id=user_id, method=method), now)
    await tell(tx, caller, tenant_id, user_id, What.FACTOR_REMOVED, now)
    if await list_methods(tx, tenant_id, user_id):
        return
    await second_factors.replace_recovery_codes(tx, tenant_id, user_id, [], now)
    if (caller.tenant_id, caller.user_id) != (tenant_id, user_id):
        await second_factors.set_counts_from(tx, tenant_id, user_id, None)
        await require_enrolment(tx, caller, tenant_id, user_id, now)
        return
    if await is_to_have_one(tx, tenant_id, user_id, now):
        raise FailedPrecondition("Your organisation asks for a second step. Set up another one first.")
    await note_given_up(tx, tenant_id, user_id)


async def require_enrolment(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """Require another second factor of the user, who lost the last one by what `caller` did (enrolment.py)."""
    await enrolments.put(tx, tenant_id, user_id, "factor_lost", now)
    await end_unasked_sessions(tx, caller, tenant_id, user_id, now)
    await record(tx, tenant_id, caller, events.EnrolmentRequired(user_id=user_id), now)


async def end_unasked_sessions(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """End the sessions of a user who is to set up a second factor with a code: whoever is signed in already was not
    asked for the code, and could set up a factor without it. A sign-in under way goes on, since it asks for the code.
    """
    await end_sessions(tx, caller, tenant_id, user_id, now, reason="enrolment_required", with_sign_ins=False)


async def note_refused(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, method: Method, reason: str, now: Micros
) -> None:
    """Record that somebody failed to prove a second factor; that person is not told the reason."""
    event = events.SecondFactorRefused(user_id=user_id, method=method, reason=reason)
    await record(tx, tenant_id, caller, event, now)


async def note_proved(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, method: Method, now: Micros
) -> None:
    """Record that the user has proven a second factor."""
    await record(tx, tenant_id, caller, events.SecondFactorProved(user_id=user_id, method=method), now)


async def make_recovery_codes(
    tx: Tx, hasher: SecretHasher, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros
) -> list[str]:
    """Make RECOVERY_CODES codes of 59 bits in place of the earlier ones; they are shown once. Raises
    FailedPrecondition.
    """
    if not await list_methods(tx, tenant_id, user_id):
        raise FailedPrecondition("Set up a second step first.")
    codes = ["-".join(_random(_HALF) for _ in range(2)) for _ in range(RECOVERY_CODES)]
    hashes = [hasher.hash(_text(tenant_id, user_id, code)) for code in codes]
    await second_factors.replace_recovery_codes(tx, tenant_id, user_id, hashes, now)
    event = events.SecondFactorAdded(user_id=user_id, method=Method.RECOVERY_CODE)
    await record(tx, tenant_id, caller, event, now)
    return codes


async def end_recovery_codes(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """End the user's recovery codes. Raises NotFound when there are none."""
    if not (await find_factors(tx, tenant_id, user_id)).recovery_codes:
        raise NotFound("second step")
    await second_factors.replace_recovery_codes(tx, tenant_id, user_id, [], now)
    await note_removed(tx, caller, tenant_id, user_id, Method.RECOVERY_CODE, now)


async def claim_recovery_code(
    tx: Tx, hasher: SecretHasher, caller: Caller, tenant_id: TenantId, user_id: UserId, code: str, now: Micros
) -> bool:
    """Whether it is an unused code of the user, which is then used up. On False the caller commits first and refuses
    afterwards.
    """
    for code_hash in hasher.hashes(_text(tenant_id, user_id, code)):
        if await second_factors.claim_recovery_code(tx, tenant_id, user_id, code_hash):
            await note_proved(tx, caller, tenant_id, user_id, Method.RECOVERY_CODE, now)
            return True
    await note_refused(tx, caller, tenant_id, user_id, Method.RECOVERY_CODE, "unknown_code", now)
    return False


async def use_phone(
    tx: Tx, hasher: SecretHasher, caller: Caller, tenant_id: TenantId, user_id: UserId, number: str, now: Micros
) -> list[str]:
    """Ask for PINs to a verified number of the user. Recovery codes as `note_added`. Raises InvalidValue."""
    if not await second_factors.put_phone_factor(tx, tenant_id, user_id, number, now):
        raise InvalidValue("This is not a verified number of yours.", field="number")
    return await note_added(tx, hasher, caller, tenant_id, user_id, Method.PHONE, now)


async def stop_using_phone(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """Ask for no PIN at sign-in any more. Raises NotFound when none was asked for."""
    if not await second_factors.delete_phone_factor(tx, tenant_id, user_id):
        raise NotFound("second step")
    await note_removed(tx, caller, tenant_id, user_id, Method.PHONE, now)


async def request_factor_pin(
    tx: Tx, hasher: SecretHasher, caller: Caller, tenant_id: TenantId, user_id: UserId, rules: PinRules, now: Micros
) -> tuple[str, str]:
    """The user's number, and a PIN to send to it after the commit. Raises NotFound when no phone is set up,
    RateLimited.
    """
    number = await _phone_of(tx, tenant_id, user_id)
    pin = await request_pin(
        tx,
        caller,
        hasher,
        tenant_id,
        use=PinUse(number=number, purpose=PinPurpose.SECOND_FACTOR, subject=user_id),
        rules=rules,
        now=now,
    )
    return number, pin


async def claim_factor_pin(
    tx: Tx, hasher: SecretHasher, caller: Caller, tenant_id: TenantId, user_id: UserId, pin: str, now: Micros
) -> bool:
    """Whether the PIN is the live one. On False the caller commits first and refuses afterwards. Raises NotFound."""
    number = await _phone_of(tx, tenant_id, user_id)
    if not await claim_pin(
        tx,
        caller,
        hasher,
        tenant_id,
        use=PinUse(number=number, purpose=PinPurpose.SECOND_FACTOR, subject=user_id),
        pin=pin,
        now=now,
    ):
        return False
    await note_proved(tx, caller, tenant_id, user_id, Method.PHONE, now)
    return True


async def _phone_of(tx: Tx, tenant_id: TenantId, user_id: UserId) -> str:
    number = (await find_factors(tx, tenant_id, user_id)).phone_number
    if number is None:
        raise NotFound("second step")
    return number


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _text(tenant_id: TenantId, user_id: UserId, code: str) -> str:
    """The text that is hashed: the code without dashes and blanks, in one letter case, since people type it in several
    ways.
    """
    return f"recovery {tenant_id} {user_id} {read_code(code)}"
