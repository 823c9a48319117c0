"""Sessions of the portal: kept on the server, found by a secret that only the browser's cookie holds.

1. `start_session` follows a whole sign-in, second factor included; the secret is new each time (no session fixation).
2. `find_session` is asked on every page. A session ends with its lifetime, by `end_session`, with its user or tenant,
   and with every change of the password.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import BadCredentials, NotFound
from tenantry.core.hiding import hiding
from tenantry.core.ids import TenantId, UserId, new_guid
from tenantry.core.names import cleaned_name
from tenantry.directory.policies import asks_second_factor
from tenantry.directory.proofs import has_second
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import pins, sessions, sign_ins
from tenantry.store.sign_in.sessions import FoundSession, ListedSession
from tenantry.store.tokens import authorization_codes
from tenantry.store.users import users
from tenantry.tokens.secrets import SecretHasher, SecretKind, tenant_of

MAX_LISTED = 100
_MAX_BROWSER = 256


@hiding("secret")
class NewSession(NamedTuple):
    """A new session. `secret` is the cookie's value, which is shown to nobody else and stored nowhere."""

    id: str
    secret: str


class SessionTerms(NamedTuple):
    """Whose session it is, how that was proven (`amr`: RFC 8176), and how long it lasts. `browser`: what the browser
    calls itself, for the list of sessions. `authenticated_at`: when the user was authenticated, if not now.
    """

    tenant_id: TenantId
    user_id: UserId
    amr: Iterable[str]
    browser: str
    lifetime: Micros
    authenticated_at: Micros | None = None


async def start_session(
    tx: Tx, hasher: SecretHasher, caller: Caller, *, terms: SessionTerms, now: Micros
) -> NewSession:
    """Begin a session for a user who was authenticated, and delete the user's past sessions. Audited, and noted as the
    user's last sign-in.
    """
    tenant_id, user_id, proven = terms.tenant_id, terms.user_id, sorted(set(terms.amr))
    new = await _insert(tx, hasher, caller, terms._replace(amr=proven), added_factor=False, now=now)
    await users.note_sign_in(tx, tenant_id, user_id, now)
    await record(tx, tenant_id, caller, events.SessionStarted(session_id=new.id, user_id=user_id, amr=proven), now)
    return new


async def raise_session(
    tx: Tx,
    hasher: SecretHasher,
    caller: Caller,
    session_id: str,
    *,
    terms: SessionTerms,
    added_factor: bool,
    now: Micros,
) -> NewSession:
    """Begin a session with these terms in place of the user's session with this id, which ends. Audited as one event.

    `added_factor`: the user's first second factor was set up in it. Raises NotFound when that session has ended.
    """
    tenant_id, user_id, proven = terms.tenant_id, terms.user_id, sorted(set(terms.amr))
    if not await sessions.end(tx, tenant_id, user_id, session_id, now):
        raise NotFound("session")
    new = await _insert(tx, hasher, caller, terms._replace(amr=proven), added_factor=added_factor, now=now)
    event = events.SessionRaised(session_id=new.id, user_id=user_id, amr=proven, earlier_id=session_id)
    await record(tx, tenant_id, caller, event, now)
    return new


async def _insert(
    tx: Tx, hasher: SecretHasher, caller: Caller, terms: SessionTerms, *, added_factor: bool, now: Micros
) -> NewSession:
    new = NewSession(new_guid(), hasher.mint(SecretKind.SESSION, terms.tenant_id))
    await sessions.delete_past(tx, terms.tenant_id, terms.user_id, now)
    await sessions.insert(
        tx,
        terms.tenant_id,
        hasher.hash(new.secret),
        id=new.id,
        user_id=terms.user_id,
        amr=" ".join(terms.amr),
        address=caller.origin.address,
        browser=cleaned_name(terms.browser, longest=_MAX_BROWSER) or "",
        authenticated_at=terms.authenticated_at,
        expires_at=now + terms.lifetime,
        added_factor=added_factor,
        now=now,
    )
    return new


async def find_session(read: Read, hasher: SecretHasher, raw: str, now: Micros) -> FoundSession | None:
    """The live session behind a cookie; None for anything else. None also for a session that the password alone began,
    once the tenant requires a second factor of its user. Garbage costs no read. Hot path: 1 query; for such a session 2
    or 3.
    """
    tenant_id = tenant_of(raw, SecretKind.SESSION)
    found = None if tenant_id is None else await sessions.find_live(read, tenant_id, hasher.hash(raw), now)
    if found is None or has_second(found.amr.split()):
        return found
    return None if await asks_second_factor(read, found.tenant_id, found.user_id, now) else found


async def hold_session(tx: Tx, tenant_id: TenantId, user_id: UserId, session_id: str, now: Micros) -> None:
    """Hold the session until the transaction ends, so that whoever ends it also ends what was made in it. Raises
    BadCredentials when it has ended since the request was let in.
    """
    if not await sessions.hold(tx, tenant_id, user_id, session_id, now):
        raise BadCredentials("session_gone", "The session has ended. Sign in again.")


async def list_sessions(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros) -> list[ListedSession]:
    """The user's live sessions, newest first, at most MAX_LISTED."""
    return await sessions.list_live(read, tenant_id, user_id, now, MAX_LISTED)


async def end_session(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, session_id: str, now: Micros
) -> None:
    """End one session of this user. Audited. Raises NotFound when the user has no such live one."""
    if not await sessions.end(tx, tenant_id, user_id, session_id, now):
        raise NotFound("session")
    await record(tx, tenant_id, caller, events.SessionEnded(session_id=session_id, user_id=user_id), now)


async def end_sessions(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    user_id: UserId,
    now: Micros,
    *,
    reason: str,
    but: str = "",
    but_sign_in: bytes = b"",
    with_sign_ins: bool = True,
) -> int:
    """End every session of the user, and all that would lead to one or to a token: sign-ins under way, codes that
    connectors have not redeemed, PINs sent to the user's phones. Answers how many sessions; audited when there was one.

    The session with the id `but` and the sign-in with the hash `but_sign_in` go on; without `with_sign_ins`, all
    sign-ins under way do. Sessions end first: whoever makes a code holds the session's row (`hold_session`), so that no
    code is made after it.
    """
    if with_sign_ins:
        await sign_ins.delete_of_user(tx, tenant_id, user_id, but_sign_in)
    ended = await sessions.end_of_user(tx, tenant_id, user_id, but, now)
    await authorization_codes.end_of_user(tx, tenant_id, user_id, now)
    await pins.end_of_user(tx, tenant_id, user_id)
    if ended:
        event = events.SessionsEnded(user_id=user_id, sessions=ended, reason=reason)
        await record(tx, tenant_id, caller, event, now)
    return ended
