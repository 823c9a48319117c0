"""Users set up and take away their own second factors, and end their own sessions. The caller says whose they are.

Each function raises what `access.own.require_own` does, and what the function behind it does; one that changes a factor
also what `require_proven` does, which is asked of the session with the id `session_id`.
"""

from __future__ import annotations

from tenantry.access.actions import Action
from tenantry.access.own import require_own
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.directory.own_sign_in import require_proven
from tenantry.directory.passkeys import RelyingParty, add_passkey, remove_passkey
from tenantry.directory.second_factors import make_recovery_codes, stop_using_phone, use_phone
from tenantry.directory.sessions import end_session, end_sessions
from tenantry.directory.totp import begin_totp, confirm_totp, remove_totp
from tenantry.store.engine.interface import Tx
from tenantry.tokens.keys.master_key import MasterKey
from tenantry.tokens.secrets import SecretHasher

_OWN = Action.MANAGE_OWN_SIGN_IN


async def begin_own_totp(tx: Tx, master_key: MasterKey, caller: Caller, session_id: str, now: Micros) -> str:
    """Begin to set up the caller's own authenticator app, as `begin_totp` does."""
    await require_proven(tx, caller, session_id, now)
    return await begin_totp(tx, master_key, caller, session_id, now)


async def confirm_own_totp(
    tx: Tx, master_key: MasterKey, hasher: SecretHasher, caller: Caller, session_id: str, code: str, now: Micros
) -> list[str]:
    """Confirm the caller's own authenticator app, as `confirm_totp` does."""
    own = await require_proven(tx, caller, session_id, now)
    return await confirm_totp(tx, master_key, hasher, caller, *own, session_id, code, now)


async def remove_own_totp(tx: Tx, caller: Caller, session_id: str, now: Micros) -> None:
    """Take the caller's own authenticator app away, as `remove_totp` does."""
    await remove_totp(tx, caller, *await require_proven(tx, caller, session_id, now), now)


async def add_own_passkey(
    tx: Tx,
    hasher: SecretHasher,
    caller: Caller,
    session_id: str,
    party: RelyingParty,
    *,
    answer: str,
    name: str,
    now: Micros,
) -> tuple[frozenset[str], list[str]]:
    """Add a passkey to the caller's own account, as `add_passkey` does."""
    own = await require_proven(tx, caller, session_id, now)
    return await add_passkey(tx, hasher, caller, party, *own, answer=answer, name=name, now=now)


async def remove_own_passkey(tx: Tx, caller: Caller, session_id: str, credential_id: str, now: Micros) -> None:
    """Take one of the caller's own passkeys away, as `remove_passkey` does."""
    await remove_passkey(tx, caller, *await require_proven(tx, caller, session_id, now), credential_id, now)


async def use_own_phone(
    tx: Tx, hasher: SecretHasher, caller: Caller, session_id: str, number: str, now: Micros
) -> list[str]:
    """Take one of the caller's own verified numbers as a second factor, as `use_phone` does."""
    return await use_phone(tx, hasher, caller, *await require_proven(tx, caller, session_id, now), number, now)


async def stop_using_own_phone(tx: Tx, caller: Caller, session_id: str, now: Micros) -> None:
    """Take the caller's own phone no longer as a second factor, as `stop_using_phone` does."""
    await stop_using_phone(tx, caller, *await require_proven(tx, caller, session_id, now), now)


async def renew_own_recovery_codes(
    tx: Tx, hasher: SecretHasher, caller: Caller, session_id: str, now: Micros
) -> list[str]:
    """Make new recovery codes for the caller, as `make_recovery_codes` does."""
    return await make_recovery_codes(tx, hasher, caller, *await require_proven(tx, caller, session_id, now), now)


async def end_own_session(tx: Tx, caller: Caller, session_id: str, now: Micros) -> None:
    """End one of the caller's own sessions, as `end_session` does."""
    await end_session(tx, caller, *await require_own(tx, caller, _OWN, now), session_id, now)


async def end_own_sessions(tx: Tx, caller: Caller, now: Micros, *, but: str) -> int:
    """End every session of the caller but that of the browser which asks. See `end_sessions`."""
    tenant_id, user_id = await require_own(tx, caller, _OWN, now)
    return await end_sessions(tx, caller, tenant_id, user_id, now, reason="ended_by_user", but=but)
