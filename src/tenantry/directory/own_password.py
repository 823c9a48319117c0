"""Users change their own password: because they know the present one, or because a sign-in asks for another."""

from __future__ import annotations

from tenantry.access.actions import Action
from tenantry.access.own import require_own
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Clock, Micros
from tenantry.core.errors import BadCredentials, InvalidValue
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.passwords import PasswordHasher, check_new_password, names_of
from tenantry.directory.sessions import end_sessions, hold_session
from tenantry.store.engine.interface import Read, Store, Tx
from tenantry.store.sign_in import passwords


async def hash_new_password(store: Store, hasher: PasswordHasher, caller: Caller, password: str, now: Micros) -> str:
    """The hash of a password for the caller that is good enough and not the present one. Raises InvalidValue,
    RateLimited, and what `require_own` does.
    """
    async with store.read() as read:
        tenant_id, user_id = await require_own(read, caller, Action.MANAGE_OWN_SIGN_IN, now)
        own = await names_of(read, tenant_id, user_id)
    check_new_password(password, own)
    if await _is_present(store, hasher, tenant_id, user_id, password):
        raise InvalidValue("This is the present password. Choose another one.", field="password")
    return await hasher.hash(password, tenant_id)


async def change_own_password(
    store: Store, hasher: PasswordHasher, caller: Caller, session_id: str, *, present: str, wanted: str, clock: Clock
) -> None:
    """Replace the caller's password by the one that is wanted, for whoever knows the present one. The session with this
    id goes on; all others end. Raises BadCredentials for a wrong one, and what `hash_new_password` and
    `replace_own_password` do.
    """
    async with store.read() as read:
        own = await require_own(read, caller, Action.MANAGE_OWN_SIGN_IN, clock())
    if not await _is_present(store, hasher, *own, present):
        raise BadCredentials("wrong_password", "The present password is not right.")
    new_hash = await hash_new_password(store, hasher, caller, wanted, clock())
    async with store.write() as tx:
        await replace_own_password(tx, caller, new_hash, clock(), but_session=session_id)


async def replace_own_password(
    tx: Tx,
    caller: Caller,
    password_hash: str,
    now: Micros,
    *,
    but_session: str = "",
    but_sign_in: bytes = b"",
) -> None:
    """Set the caller's password, and end every session and sign-in under way but those named. Audited.

    Raises BadCredentials when `but_session` has ended meanwhile: a new password that somebody else set may have ended
    it, and must not be undone. Raises what `require_own` does.
    """
    tenant_id, user_id = await require_own(tx, caller, Action.MANAGE_OWN_SIGN_IN, now)
    await passwords.set_credential(tx, tenant_id, user_id, password_hash=password_hash, must_change=False, now=now)
    if but_session:
        await hold_session(tx, tenant_id, user_id, but_session, now)
    await record(tx, tenant_id, caller, events.PasswordSet(user_id=user_id, must_change=False), now)
    await end_sessions(
        tx, caller, tenant_id, user_id, now, reason="password_set", but=but_session, but_sign_in=but_sign_in
    )


async def _is_present(
    store: Store, hasher: PasswordHasher, tenant_id: TenantId, user_id: UserId, password: str
) -> bool:
    async with store.read() as read:
        credential = await passwords.find_credential(read, tenant_id, user_id)
    return await hasher.verify(None if credential is None else credential.password_hash, password, tenant_id)


async def find_password_date(read: Read, tenant_id: TenantId, user_id: UserId) -> Micros | None:
    """When the user's present password was set; None when there is none. For a browser that signed in with it."""
    return await passwords.find_set_at(read, tenant_id, user_id)
