"""A user who must set up a second factor, because the tenant requires one or because somebody else took the last one
away. The password alone then signs the user in no more; with an administrator's code beside it, it does so once.

1. `list_asked` says what a sign-in asks for after the first factor: nothing, when the user has no second factor and
   needs none.
2. `require_enrolment` is called at every loss that the user did not bring about.
3. `make_enrolment_code` is for an administrator who is sure of the user; the code is shown once and good for
   CODE_LIFETIME.
4. Setting a factor up ends the obligation (`second_factors.note_added`).
"""

from __future__ import annotations

import secrets

from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import DAY, Micros
from tenantry.core.codes import read_code
from tenantry.core.errors import FailedPrecondition
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.notices import What, tell
from tenantry.directory.policies import asks_second_factor
from tenantry.directory.proofs import note_set_up
from tenantry.directory.second_factors import Method, end_unasked_sessions, list_methods, note_proved, note_refused
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import enrolments
from tenantry.tokens.secrets import SecretHasher

CODE_LIFETIME = 3 * DAY
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_ASKED_FOR = "asked_for"


async def list_asked(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros) -> list[Method]:
    """The methods by which the user can prove the second factor that a sign-in asks for; empty: none is asked for."""
    methods = await list_methods(read, tenant_id, user_id)
    if methods or not await must_enrol(read, tenant_id, user_id, now):
        return methods
    return [Method.ENROLMENT_CODE]


async def must_enrol(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros) -> bool:
    """Whether the user has no second factor and must have one."""
    if await enrolments.exists(read, tenant_id, user_id):
        return True
    return await asks_second_factor(read, tenant_id, user_id, now)


async def make_enrolment_code(
    tx: Tx, hasher: SecretHasher, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros
) -> str:
    """Make a code of 59 bits in place of an earlier one, and end the user's sessions. The caller has been checked
    (`get_user_to_help`). A factor that is set up with the code counts at once if the caller has proven a second factor
    (proofs.py).

    Raises FailedPrecondition for a user who has a second factor, which has to be reset first.
    """
    if await list_methods(tx, tenant_id, user_id):
        raise FailedPrecondition("This user has a second step. Reset the second steps first.")
    code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(6)) for _ in range(2))
    await enrolments.put_code(
        tx,
        tenant_id,
        user_id,
        code_hash=hasher.hash(_text(tenant_id, user_id, code)),
        expires_at=now + CODE_LIFETIME,
        reason=_ASKED_FOR,
        now=now,
    )
    await note_set_up(tx, caller, tenant_id, user_id, now)
    await end_unasked_sessions(tx, caller, tenant_id, user_id, now)
    await record(tx, tenant_id, caller, events.EnrolmentCodeMade(user_id=user_id), now)
    await tell(tx, caller, tenant_id, user_id, What.ENROLMENT_CODE, now)
    return code


async def claim_enrolment_code(
    tx: Tx, hasher: SecretHasher, caller: Caller, tenant_id: TenantId, user_id: UserId, code: str, now: Micros
) -> bool:
    """Whether this is the user's valid code, which is then used up. On False the caller commits first and refuses
    afterwards.
    """
    for code_hash in hasher.hashes(_text(tenant_id, user_id, code)):
        if await enrolments.claim_code(tx, tenant_id, user_id, code_hash, now):
            await note_proved(tx, caller, tenant_id, user_id, Method.ENROLMENT_CODE, now)
            return True
    await note_refused(tx, caller, tenant_id, user_id, Method.ENROLMENT_CODE, "unknown_code", now)
    return False


def _text(tenant_id: TenantId, user_id: UserId, code: str) -> str:
    return f"enrolment {tenant_id} {user_id} {read_code(code)}"
