"""How users sign in, for their own pages. The caller says who the user is, so that nobody asks about somebody else.

A caller whose sign-in is under way counts as its user, as far as authenticated: it has to be told what is asked for
next.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.own import require_own
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import MfaRequired
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.enrolment import list_asked
from tenantry.directory.notices import list_notices
from tenantry.directory.policies import find_policies, is_met
from tenantry.directory.proofs import counts_from, has_second
from tenantry.directory.second_factors import Method, find_factors, list_methods
from tenantry.directory.sessions import list_sessions
from tenantry.directory.totp import find_unconfirmed_secret
from tenantry.store.engine.interface import Read
from tenantry.store.sign_in import passkeys, sessions
from tenantry.store.sign_in.passkeys import Passkey
from tenantry.store.sign_in.second_factors import Factors
from tenantry.store.sign_in.sessions import ListedSession
from tenantry.store.sign_in.sign_in_notices import Notice
from tenantry.tokens.keys.master_key import MasterKey

_OWN = Action.MANAGE_OWN_SIGN_IN


async def require_proven(
    read: Read, caller: Caller, session_id: str, now: Micros, *, action: Action = _OWN
) -> tuple[TenantId, UserId]:
    """The caller's tenant and user, who may change how the user signs in: who has a second factor must have proven it
    in this session, or have set up the first one in it. A session from before that, in some other browser, must not be
    able to take the factor away. Raises MfaRequired, and what `require_own` does.
    """
    tenant_id, user_id = await require_own(read, caller, action, now)
    if (
        not has_second(caller.amr)
        and await list_methods(read, tenant_id, user_id)
        and not await sessions.has_added_factor(read, tenant_id, user_id, session_id, now)
    ):
        raise MfaRequired
    return tenant_id, user_id


class OwnSignIn(NamedTuple):
    """The caller's sessions, what signing in asks for, and what the caller was told about changes to it."""

    sessions: list[ListedSession]
    factors: Factors
    passkeys: list[Passkey]
    notices: list[Notice]


class OwnProof(NamedTuple):
    """How the caller proves a second factor. `counts_from`: when it will count; None: it does."""

    factors: Factors
    asked: list[Method]
    counts_from: Micros | None


async def look_at_own_sign_in(read: Read, caller: Caller, since: Micros, now: Micros) -> OwnSignIn:
    """The caller's sign-in, with notices since then. Raises what `require_own` does. 4 queries."""
    tenant_id, user_id = await require_own(read, caller, _OWN, now)
    return OwnSignIn(
        await list_sessions(read, tenant_id, user_id, now),
        await find_factors(read, tenant_id, user_id),
        await passkeys.list_of_user(read, tenant_id, user_id),
        await list_notices(read, tenant_id, user_id, since),
    )


async def find_own_factors(read: Read, caller: Caller, now: Micros) -> Factors:
    """What the caller has set up. Raises what `require_own` does."""
    return await find_factors(read, *await require_own(read, caller, _OWN, now))


async def list_own_passkeys(read: Read, caller: Caller, now: Micros) -> list[Passkey]:
    """The caller's passkeys, oldest first. Raises what `require_own` does."""
    return await passkeys.list_of_user(read, *await require_own(read, caller, _OWN, now))


async def list_own_notices(read: Read, caller: Caller, since: Micros, now: Micros) -> list[Notice]:
    """The caller's notices since then, newest first. Raises what `require_own` does."""
    return await list_notices(read, *await require_own(read, caller, _OWN, now), since)


async def find_own_totp_secret(
    read: Read, master_key: MasterKey, caller: Caller, session_id: str, now: Micros
) -> str | None:
    """The secret that waits for its first code in the session that made it. Raises what `require_own` does."""
    return await find_unconfirmed_secret(read, master_key, *await require_own(read, caller, _OWN, now), session_id)


async def list_own_asked(read: Read, caller: Caller, now: Micros) -> list[Method]:
    """What the caller's sign-in asks for after the first factor. Raises what `require_own` does."""
    return await list_asked(read, *await require_own(read, caller, _OWN, now), now)


async def look_at_own_proof(read: Read, caller: Caller, now: Micros) -> OwnProof:
    """How the caller proves a second factor. Raises what `require_own` does. At most 5 queries."""
    tenant_id, user_id = await require_own(read, caller, _OWN, now)
    proven = has_second(caller.amr)
    return OwnProof(
        await find_factors(read, tenant_id, user_id),
        await list_asked(read, tenant_id, user_id, now),
        await counts_from(read, tenant_id, user_id, now) if proven else None,
    )


async def find_own_reminder(read: Read, caller: Caller, now: Micros) -> Micros | None:
    """The day from which on the caller needs a second factor and has none; None when no such day is ahead.

    1 query, for a caller who signed in with the password alone. Raises what `require_own` does.
    """
    tenant_id, user_id = await require_own(read, caller, _OWN, now)
    if has_second(caller.amr):
        return None
    policies = await find_policies(read, tenant_id)
    starts = policies.second_factor_from
    if starts is None or starts <= now or not await is_met(read, tenant_id, user_id, policies.second_factor, now):
        return None
    return None if await list_methods(read, tenant_id, user_id) else starts
