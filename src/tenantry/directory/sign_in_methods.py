"""What an administrator takes from another user: a phone number, or every second factor of a user who lost them.

A caller who could not set the user's password cannot do this either, since together with the password it opens the
account. Users change their own methods on their own pages, where the factor itself is asked for first.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.decide import decide, require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.enrolment import list_asked, make_enrolment_code
from tenantry.directory.notices import What, tell
from tenantry.directory.passkeys import remove_passkey
from tenantry.directory.phone_removal import release_phone
from tenantry.directory.proofs import counts_from, vouches
from tenantry.directory.roles import require_over
from tenantry.directory.second_factors import (
    Method,
    end_recovery_codes,
    find_factors,
    list_methods,
    require_enrolment,
)
from tenantry.directory.sessions import end_sessions
from tenantry.directory.totp import remove_totp
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import passkeys, phones, second_factors
from tenantry.store.sign_in.phones import OwnPhone
from tenantry.store.sign_in.second_factors import Factors
from tenantry.store.users import users
from tenantry.store.users.users import User
from tenantry.tokens.secrets import SecretHasher


async def get_user_to_help(read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> User:
    """The live user whose sign-in methods the caller may take away.

    Raises what `access.require` does; NotFound; FailedPrecondition for one's own.
    """
    await require(read, caller, Action.CHANGE_SIGN_IN_METHODS, tenant_id, now=now)
    user = await users.find(read, tenant_id, user_id)
    if user is None or user.deleted_at is not None:
        raise NotFound("user")
    if (caller.tenant_id, caller.user_id) == (tenant_id, user_id):
        raise FailedPrecondition("These are your own. Change them under Sign-in and security, or Add a Phone Number.")
    await require_over(read, caller, tenant_id, user_id, now)
    return user


class SignInMethods(NamedTuple):
    """How a user signs in, as far as an administrator may take it away."""

    user: User
    numbers: list[OwnPhone]
    factors: Factors
    waits_until: Micros | None
    """When the methods count as a second factor, if they do not yet."""


async def look_at_methods(
    read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros
) -> SignInMethods:
    """The user's methods. Raises as `get_user_to_help`."""
    user = await get_user_to_help(read, caller, tenant_id, user_id, now)
    numbers = await phones.list_of_user(read, tenant_id, user_id)
    factors = await find_factors(read, tenant_id, user_id)
    return SignInMethods(user, numbers, factors, await counts_from(read, tenant_id, user_id, now))


async def remove_phone_of(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, number: str, now: Micros
) -> None:
    """Take a number (E.164) from the user. Raises as `get_user_to_help`; NotFound("phone number")."""
    await get_user_to_help(tx, caller, tenant_id, user_id, now)
    await release_phone(tx, caller, tenant_id, user_id, number, now)


class Lately(NamedTuple):
    """A way to sign in that was set up since a moment. `key` names it in `take_away`; `what` is the number or name."""

    key: str
    kind: Method
    what: str
    added_at: Micros


async def list_added_lately(
    read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, since: Micros, now: Micros
) -> list[Lately]:
    """Phones, passkeys, the authenticator app and recovery codes that were added since then, by whoever had the
    account. Nothing for a caller who may not take them away, and of oneself.
    """
    decision = await decide(read, caller, Action.CHANGE_SIGN_IN_METHODS, tenant_id, now=now)
    if not decision.allowed or (caller.tenant_id, caller.user_id) == (tenant_id, user_id):
        return []
    found = [
        Lately(f"phone {phone.number}", Method.PHONE, phone.number, phone.verified_at)
        for phone in await phones.list_of_user(read, tenant_id, user_id)
        if phone.verified_at is not None
    ]
    found += [
        Lately(f"passkey {key.credential_id}", Method.PASSKEY, key.name, key.created_at)
        for key in await passkeys.list_of_user(read, tenant_id, user_id)
    ]
    totp_since = (await find_factors(read, tenant_id, user_id)).totp_since
    if totp_since is not None:
        found.append(Lately(Method.TOTP, Method.TOTP, "", totp_since))
    codes_since = await second_factors.find_recovery_codes_made(read, tenant_id, user_id)
    if codes_since is not None:
        found.append(Lately(Method.RECOVERY_CODE, Method.RECOVERY_CODE, "", codes_since))
    return [each for each in found if each.added_at > since]


async def take_away(
    tx: Tx, hasher: SecretHasher, caller: Caller, tenant_id: TenantId, user_id: UserId, keys: Iterable[str], now: Micros
) -> str:
    """Take these (`Lately.key`) from the user; what is gone already stays gone. When that leaves the user without a
    second factor that the sign-in asks for, it answers a code to set one up with, which is shown once; else nothing.

    Raises as `get_user_to_help`.
    """
    await get_user_to_help(tx, caller, tenant_id, user_id, now)
    for key in sorted(set(keys)):
        kind, _, name = key.partition(" ")
        with suppress(NotFound):
            if kind == Method.PHONE:
                await release_phone(tx, caller, tenant_id, user_id, name, now)
            elif kind == Method.PASSKEY:
                await remove_passkey(tx, caller, tenant_id, user_id, name, now)
            elif kind == Method.TOTP:
                await remove_totp(tx, caller, tenant_id, user_id, now)
            elif kind == Method.RECOVERY_CODE:
                await end_recovery_codes(tx, caller, tenant_id, user_id, now)
    if await list_asked(tx, tenant_id, user_id, now) != [Method.ENROLMENT_CODE]:
        return ""
    return await make_enrolment_code(tx, hasher, caller, tenant_id, user_id, now)


async def give_enrolment_code(
    tx: Tx, hasher: SecretHasher, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros
) -> str:
    """Make a code with which a user without a second factor sets one up; it is shown once. Raises as
    `get_user_to_help`; FailedPrecondition for a user who has one.
    """
    await get_user_to_help(tx, caller, tenant_id, user_id, now)
    return await make_enrolment_code(tx, hasher, caller, tenant_id, user_id, now)


async def confirm_second_factors(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """Let the factors that the user set up on the password alone count from now on: the caller is sure whose they are.

    Raises as `get_user_to_help`; FailedPrecondition when the caller has proven no second factor, and when nothing
    waits.
    """
    await get_user_to_help(tx, caller, tenant_id, user_id, now)
    if not vouches(caller):
        raise FailedPrecondition("Sign in with a second step of your own first.")
    waits = await counts_from(tx, tenant_id, user_id, now) is not None and await list_methods(tx, tenant_id, user_id)
    if not waits or not await second_factors.set_counts_from(tx, tenant_id, user_id, None):
        raise FailedPrecondition("This user has no second step that waits.")
    await record(tx, tenant_id, caller, events.SecondFactorsConfirmed(user_id=user_id), now)
    await tell(tx, caller, tenant_id, user_id, What.FACTORS_CONFIRMED, now)


async def reset_second_factors(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """Take every second factor and the recovery codes from the user, and end the sessions in which they were used. The
    user has to set up another one, with an administrator's code (enrolment.py).

    Raises as `get_user_to_help`; FailedPrecondition when there is none, which the second of two callers finds too.
    """
    await get_user_to_help(tx, caller, tenant_id, user_id, now)
    had = {
        Method.PASSKEY: await passkeys.delete_of_user(tx, tenant_id, user_id) > 0,
        Method.TOTP: await second_factors.delete_totp(tx, tenant_id, user_id),
        Method.PHONE: await second_factors.delete_phone_factor(tx, tenant_id, user_id),
    }
    removed = [method.value for method, was_there in had.items() if was_there]
    if not removed:
        raise FailedPrecondition("This user has no second step.")
    await second_factors.replace_recovery_codes(tx, tenant_id, user_id, [], now)
    await second_factors.set_counts_from(tx, tenant_id, user_id, None)
    await end_sessions(tx, caller, tenant_id, user_id, now, reason="second_factors_reset")
    await require_enrolment(tx, caller, tenant_id, user_id, now)
    await record(tx, tenant_id, caller, events.SecondFactorsReset(user_id=user_id, methods=removed), now)
    await tell(tx, caller, tenant_id, user_id, What.FACTORS_RESET, now)
