"""Authenticator apps: six digits that change every 30 seconds (RFC 6238), each good for one sign-in.

1. `begin_totp` makes a secret, which is shown as a QR code and as text. It counts only after `confirm_totp` has seen a
   code.
2. The secret has to be known again, so it is stored encrypted under the master key, bound to its user. Until it is
   confirmed it belongs to the session that made it, and no other session sees or confirms it. Otherwise a thief could
   leave one behind, and when the user set it up later, both would have it.
3. A code is accepted one step early or late, since clocks differ, and never twice.
4. At any moment three codes of a million are right. So the database counts the wrong codes in a row: neither a restart
   nor a further server gives more tries (RFC 4226 §7.3, NIST SP 800-63B §5.2.2).
"""

from __future__ import annotations

import hmac

import pyotp

from tenantry.access.actions import Action
from tenantry.access.own import require_own
from tenantry.core.caller import Caller
from tenantry.core.clock import HOUR, MINUTE, SECOND, Micros
from tenantry.core.codes import read_code
from tenantry.core.errors import FailedPrecondition, InvalidValue, NotFound, RateLimited
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.notices import What, tell
from tenantry.directory.second_factors import Method, note_added, note_proved, note_refused, note_removed
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import second_factors
from tenantry.store.sign_in.second_factors import TotpCredential
from tenantry.tokens.keys.master_key import MasterKey
from tenantry.tokens.secrets import SecretHasher

PERIOD = 30 * SECOND
FREE_TRIES = 20
"""Wrong codes in a row; whoever types them has the password. Then the user is told, and one is taken each WAIT."""
WAIT = HOUR
_WRONG = "That is not the present code. Check that the clock of the device is right, then type the code it shows."


async def begin_totp(tx: Tx, master_key: MasterKey, caller: Caller, session_id: str, now: Micros) -> str:
    """Make a new secret of the caller, in base32, which has to be confirmed in the same session. Raises what
    `require_own` does; FailedPrecondition for a caller who has a confirmed one.
    """
    tenant_id, user_id = await require_own(tx, caller, Action.MANAGE_OWN_SIGN_IN, now)
    secret = pyotp.random_base32()
    sealed = master_key.encrypt(f"{session_id} {secret}".encode(), context_of(tenant_id, user_id))
    if not await second_factors.put_totp(tx, tenant_id, user_id, secret=sealed, now=now):
        raise FailedPrecondition("An authenticator app is set up already. Remove it first.")
    return secret


async def find_unconfirmed_secret(
    read: Read, master_key: MasterKey, tenant_id: TenantId, user_id: UserId, session_id: str
) -> str | None:
    """The secret of this session that waits for its first code, so that the form can be shown again."""
    found = await second_factors.find_totp(read, tenant_id, user_id)
    if found is None or found.confirmed_at is not None:
        return None
    made_in, secret = _open(found, master_key, tenant_id, user_id)
    return secret if made_in == session_id else None


async def confirm_totp(
    tx: Tx,
    master_key: MasterKey,
    hasher: SecretHasher,
    caller: Caller,
    tenant_id: TenantId,
    user_id: UserId,
    session_id: str,
    code: str,
    now: Micros,
) -> list[str]:
    """Ask for the app's codes from now on, after a first one was right. Answers recovery codes as `note_added` does.
    Raises InvalidValue, NotFound.
    """
    found = await second_factors.find_totp(tx, tenant_id, user_id)
    if found is None or found.confirmed_at is not None:
        raise NotFound("second step")
    made_in, secret = _open(found, master_key, tenant_id, user_id)
    if made_in != session_id:
        raise NotFound("second step")
    step = _step_of(secret, code, now)
    if step is None:
        raise InvalidValue(_WRONG, field="code")
    if not await second_factors.confirm_totp(tx, tenant_id, user_id, secret=found.secret, step=step, now=now):
        raise NotFound("second step")
    return await note_added(tx, hasher, caller, tenant_id, user_id, Method.TOTP, now)


async def claim_totp(
    tx: Tx, master_key: MasterKey, caller: Caller, tenant_id: TenantId, user_id: UserId, code: str, now: Micros
) -> bool:
    """Whether the code is right and unused. On False the caller commits first and refuses afterwards: the trail says
    why.

    Raises RateLimited when too many codes in a row were wrong: after FREE_TRIES one is looked at each WAIT.
    """
    found = await second_factors.find_totp(tx, tenant_id, user_id)
    if found is None or found.confirmed_at is None:
        return False
    tries = await second_factors.spend_totp_try(
        tx, tenant_id, user_id, most=FREE_TRIES, before=now - WAIT, after=now + MINUTE, now=now
    )
    if tries is None:
        left = (found.tried_at or now) + WAIT - now
        raise RateLimited(
            max(1, -(-left // SECOND)), "Too many codes were wrong. Wait, then try again, or use another second step."
        )
    step = _step_of(_open(found, master_key, tenant_id, user_id)[1], code, now)
    if step is None:
        await note_refused(tx, caller, tenant_id, user_id, Method.TOTP, "wrong_code", now)
        if tries == FREE_TRIES:
            await note_refused(tx, caller, tenant_id, user_id, Method.TOTP, "too_many_tries", now)
            await tell(tx, caller, tenant_id, user_id, What.WRONG_CODES, now)
        return False
    if not await second_factors.claim_totp_step(tx, tenant_id, user_id, secret=found.secret, step=step):
        await note_refused(tx, caller, tenant_id, user_id, Method.TOTP, "code_reused", now)
        return False
    await note_proved(tx, caller, tenant_id, user_id, Method.TOTP, now)
    return True


async def remove_totp(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """Take the authenticator app from the user. Raises NotFound when there was none."""
    if not await second_factors.delete_totp(tx, tenant_id, user_id):
        raise NotFound("second step")
    await note_removed(tx, caller, tenant_id, user_id, Method.TOTP, now)


def provisioning_uri(secret: str, account: str, issuer: str) -> str:
    """The address `otpauth://totp/...` in the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def _open(found: TotpCredential, master_key: MasterKey, tenant_id: TenantId, user_id: UserId) -> tuple[str, str]:
    """The session that made the secret, which earlier versions did not note, and the secret in base32."""
    made_in, _, secret = master_key.decrypt(found.secret, context_of(tenant_id, user_id)).decode().rpartition(" ")
    return made_in, secret


def _step_of(secret: str, code: str, now: Micros) -> int | None:
    """The time step, the present one or one beside it, whose code this is; None when it is no such code."""
    digits = read_code(code)
    if len(digits) != 6 or not digits.isdecimal():
        return None
    counter = pyotp.HOTP(secret)
    present = now // PERIOD
    found = None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(counter.at(step), digits):
            found = step
    return found


def context_of(tenant_id: TenantId, user_id: UserId) -> bytes:
    """What the secret is bound to, see `MasterKey.encrypt`."""
    return f"totp {tenant_id} {user_id}".encode()
