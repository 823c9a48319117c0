"""What lies between the first factor and a session: another password where that is asked for, then a second factor.

1. `begin_sign_in` follows the first factor. When nothing more is asked for it starts the session at once;
   `session.started` is then the one event of the sign-in.
2. Otherwise the trail says that the first step was passed, and the browser holds the secret of a sign-in under way,
   which opens no page but those of the next steps.
3. `change_expired_password` comes first, `finish_sign_in` last: after the second factor, or in place of it when the
   user has none. Each try of a second factor is counted, see `MAX_TRIES`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.own import require_own
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller, Origin, in_person
from tenantry.core.clock import MINUTE, Micros
from tenantry.core.errors import BadCredentials
from tenantry.core.hiding import hiding
from tenantry.core.ids import TenantId
from tenantry.directory.enrolment import list_asked
from tenantry.directory.own_password import replace_own_password
from tenantry.directory.proofs import counted
from tenantry.directory.sessions import NewSession, SessionTerms, raise_session, start_session
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import passwords, sessions, sign_ins
from tenantry.store.sign_in.sign_ins import SignInUnderWay
from tenantry.tokens.secrets import SecretHasher, SecretKind, tenant_of

STEP_LIFETIME = 15 * MINUTE
MAX_TRIES = 5
_GONE = "The sign-in took too long, or there were too many wrong tries. Sign in again."


@hiding("secret")
class NextStep(NamedTuple):
    """A sign-in under way that asks for more. `secret` is the cookie's value."""

    secret: str
    must_change: bool


async def begin_sign_in(
    tx: Tx,
    hasher: SecretHasher,
    caller: Caller,
    *,
    terms: SessionTerms,
    must_change: bool,
    password_hash: str | None = None,
    now: Micros,
) -> NewSession | NextStep:
    """Answer the session when the first factor suffices, else what leads to it. `terms` are the session's, as far as
    the first factor goes; a second factor is proven when it comes.

    `password_hash`: what the password was checked against. Raises BadCredentials when the user has another one by now,
    since a new password ends only what it finds.
    """
    tenant_id, user_id, proven = terms.tenant_id, terms.user_id, frozenset(terms.amr)
    if password_hash is not None and not await passwords.hold(tx, tenant_id, user_id, password_hash):
        raise BadCredentials("password_changed", _GONE)
    needs_more = "mfa" not in proven and bool(await list_asked(tx, tenant_id, user_id, now))
    if not must_change and not needs_more:
        return await start_session(tx, hasher, caller, terms=terms._replace(amr=proven), now=now)
    event = events.FirstStepPassed(user_id=user_id, amr=sorted(proven))
    await record(tx, tenant_id, caller, event, now)
    step = NextStep(hasher.mint(SecretKind.SIGN_IN, tenant_id), must_change)
    await sign_ins.delete_past(tx, tenant_id, user_id, now)
    await sign_ins.insert(
        tx,
        tenant_id,
        hasher.hash(step.secret),
        user_id=user_id,
        amr=" ".join(sorted(proven)),
        must_change=must_change,
        tries=MAX_TRIES,
        expires_at=now + STEP_LIFETIME,
        now=now,
    )
    return step


async def find_sign_in(read: Read, hasher: SecretHasher, raw: str, now: Micros) -> SignInUnderWay | None:
    """The sign-in under way behind a cookie; None for anything else."""
    tenant_id = tenant_of(raw, SecretKind.SIGN_IN)
    return None if tenant_id is None else await sign_ins.find_live(read, tenant_id, hasher.hash(raw), now)


async def use_try(tx: Tx, hasher: SecretHasher, raw: str, tenant_id: TenantId) -> None:
    """Count a wrong second factor. It has to be committed before the refusal."""
    await sign_ins.use_try(tx, tenant_id, hasher.hash(raw))


async def change_expired_password(
    tx: Tx, hasher: SecretHasher, raw: str, under_way: SignInUnderWay, password_hash: str, origin: Origin, now: Micros
) -> None:
    """Set another password, the step that comes before all others, and end all sessions and other sign-ins. Raises
    BadCredentials.
    """
    sign_in_hash = hasher.hash(raw)
    if not await sign_ins.clear_must_change(tx, under_way.tenant_id, sign_in_hash, now):
        raise BadCredentials("sign_in_gone", _GONE)
    await replace_own_password(tx, user_caller(under_way, origin), password_hash, now, but_sign_in=sign_in_hash)


async def finish_sign_in(
    tx: Tx,
    hasher: SecretHasher,
    raw: str,
    under_way: SignInUnderWay,
    origin: Origin,
    *,
    amr: Iterable[str] = (),
    browser: str,
    lifetime: Micros,
    now: Micros,
) -> NewSession:
    """Begin the session; `amr` is what was proven since the first factor, as far as it counts (proofs.py). Raises
    BadCredentials when a step is missing, or when it is too late.
    """
    tenant_id, user_id = under_way.tenant_id, under_way.user_id
    first, second = frozenset(under_way.amr.split()), frozenset(amr)
    if "mfa" not in first | second and await list_asked(tx, tenant_id, user_id, now):
        raise BadCredentials("second_factor_missing")
    if await sign_ins.claim(tx, tenant_id, hasher.hash(raw), now) is None:
        raise BadCredentials("sign_in_gone", _GONE)
    return await start_session(
        tx,
        hasher,
        user_caller(under_way, origin),
        terms=SessionTerms(
            tenant_id=tenant_id,
            user_id=user_id,
            amr=first | await counted(tx, tenant_id, user_id, second, now),
            browser=browser,
            lifetime=lifetime,
        ),
        now=now,
    )


def user_caller(under_way: SignInUnderWay, origin: Origin) -> Caller:
    """The user of a sign-in under way as a caller, as far as authenticated."""
    amr = frozenset(under_way.amr.split())
    return in_person(origin, tenant_id=under_way.tenant_id, user_id=under_way.user_id, amr=amr)


async def step_up(
    tx: Tx,
    hasher: SecretHasher,
    caller: Caller,
    session_id: str,
    *,
    amr: Iterable[str],
    browser: str,
    lifetime: Micros,
    added_factor: bool = False,
    now: Micros,
) -> NewSession:
    """Begin a session in place of the one of `caller`, whose user has proven `amr` besides. It acts in the same
    customer. Raises NotFound, and what `require_own` does.

    `added_factor`: the user has set up a first second factor in it, which proves nothing yet, since whoever knows the
    password could have.
    """
    tenant_id, user_id = await require_own(tx, caller, Action.MANAGE_OWN_SIGN_IN, now)
    started = await raise_session(
        tx,
        hasher,
        caller,
        session_id,
        terms=SessionTerms(
            tenant_id=tenant_id,
            user_id=user_id,
            amr=caller.amr | await counted(tx, tenant_id, user_id, amr, now),
            browser=browser,
            lifetime=lifetime,
        ),
        added_factor=added_factor,
        now=now,
    )
    await sessions.copy_acting_tenant(tx, tenant_id, user_id, session_id, started.id)
    return started
