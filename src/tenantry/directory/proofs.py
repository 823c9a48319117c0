"""Which second factor counts as one, and from when on.

1. Whoever knows a password can set up a factor for an account that has none. It never counts in the session that set it
   up (`sign_in_steps.step_up`). Where a password alone should not be enough, it counts only after WAIT: for an account
   that had one before, and where the tenant is about to require one of the user. Until then it signs the user in, but
   the sign-in does not say `mfa`: the user cannot act in customers, and can give no connector a token that needs a
   second factor. The user is told of it, and an administrator can take it away.
2. It counts at once when somebody vouches for it who has proven a second factor: by an enrolment code, by confirming it
   (`sign_in_methods.confirm_second_factors`), or when the user's own provider does. The operator vouches for anybody.
3. Somebody with a password alone vouches for nobody, so their enrolment code leads to a factor that waits.
"""

from __future__ import annotations

from collections.abc import Iterable

from tenantry.core.caller import Caller, CallerKind
from tenantry.core.clock import DAY, Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.policies import is_to_have_one
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import second_factors

WAIT = DAY
_HAD_ONE = Micros(0)
SECOND = frozenset({"mfa", "otp", "sms", "hwk", "swk"})
"""Words of `amr` (RFC 8176) that a session gets only by a second factor, whether that counts yet or not."""


def has_second(amr: Iterable[str]) -> bool:
    """Whether a second factor was proven besides the first. It is enough to sign in where one is required, if not for
    `mfa`.
    """
    return not SECOND.isdisjoint(amr)


async def counted(read: Read, tenant_id: TenantId, user_id: UserId, amr: Iterable[str], now: Micros) -> frozenset[str]:
    """The `amr` of a second factor that the user has just proven: without `mfa` while the factor does not count."""
    proven = frozenset(amr)
    return proven - {"mfa"} if await counts_from(read, tenant_id, user_id, now) is not None else proven


async def counts_from(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros) -> Micros | None:
    """When the user's second factor will count; None when it does, or when there is none. 1 query."""
    start = await second_factors.find_counts_from(read, tenant_id, user_id)
    return start if start is not None and start > now else None


def vouches(caller: Caller) -> bool:
    """Whether the caller has proven a second factor, and so may vouch for another's."""
    return caller.kind is CallerKind.OPERATOR or "mfa" in caller.amr


async def note_set_up(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """Note that the caller has set up a factor of the user, or made a code for that, and when it will count. A factor
    that waits already goes on waiting.
    """
    if vouches(caller):
        await second_factors.set_counts_from(tx, tenant_id, user_id, None)
        return
    start = await second_factors.find_counts_from(tx, tenant_id, user_id)
    if start is not None and start > now:
        return
    if start is not None or caller.user_id != user_id or await is_to_have_one(tx, tenant_id, user_id, now):
        await second_factors.set_counts_from(tx, tenant_id, user_id, now + WAIT)


async def note_given_up(tx: Tx, tenant_id: TenantId, user_id: UserId) -> None:
    """Note that the user has taken away the own last factor: the next one is not the account's first."""
    await second_factors.set_counts_from(tx, tenant_id, user_id, _HAD_ONE)
