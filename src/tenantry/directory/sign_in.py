"""Signs a user in with a user principal name and a password.

1. The name's domain leads to the tenant, the name to the user, the user to the hash, in one block of reads.
2. The password is checked outside any transaction; when there is no such user, at the same cost.
3. A refusal is recorded in the tenant's trail, with the reason that the person is not told. A right password is
   recorded with what follows it (sign_in_steps.py).

Surfaces limit how often somebody may try. Nothing is recorded for a domain that no tenant has.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Origin, anonymous
from tenantry.core.clock import Micros
from tenantry.core.errors import BadCredentials
from tenantry.core.normal_form import name_key
from tenantry.directory.notices import What, tell
from tenantry.directory.passwords import PasswordHasher
from tenantry.store.engine.interface import Store
from tenantry.store.sign_in import passwords
from tenantry.store.sign_in.passwords import Credential
from tenantry.store.tenants import tenants
from tenantry.store.tenants.tenants import Tenant
from tenantry.store.users import users
from tenantry.store.users.users import User

PASSWORD = "pwd"
"""The word of `amr` for a user who was authenticated by a password (RFC 8176)."""

_PUBLIC = "The user name or the password is not right."
_MAX_NAME = 113


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user who was authenticated by a password. `must_change`: it is good for nothing but choosing another one.
    `password_hash`: what the password was checked against, for `begin_sign_in`.
    """

    user: User
    must_change: bool
    password_hash: str = field(repr=False)


async def sign_in(
    store: Store, hasher: PasswordHasher, *, user_principal_name: str, password: str, origin: Origin, now: Micros
) -> SignedIn:
    """Authenticate a user by a password. Raises BadCredentials, whose public text is the same for every cause;
    RateLimited. A hash of old parameters is replaced on the way.
    """
    tenant, user, credential = await _look_up(store, user_principal_name)
    known = None if credential is None else credential.password_hash
    owner = None if tenant is None else tenant.id
    is_right = await hasher.verify(known, password, owner)
    reason = _reason(user, credential, is_right)
    if tenant is None or user is None or credential is None or reason is not None:
        await _refuse(store, tenant, user_principal_name, reason or "unknown_user", origin, now)
        raise BadCredentials(reason or "unknown_user", _PUBLIC)
    old = credential.password_hash
    new = await hasher.hash(password, owner) if hasher.is_outdated(old) else None
    if new is not None:
        async with store.write() as tx:
            await passwords.replace_hash(tx, tenant.id, user.id, old=old, new=new)
    return SignedIn(user, bool(credential.must_change), new or old)


async def _look_up(store: Store, name: str) -> tuple[Tenant | None, User | None, Credential | None]:
    """Find the user. A name that is too long, or that the store cannot hold, is not looked up."""
    typed = name_key(name) if len(name) <= _MAX_NAME else ""
    if not typed.isascii() or not typed.isprintable():
        return None, None, None
    domain = typed.rpartition("@")[2]
    async with store.read() as read:
        tenant = await tenants.find_live_by_domain(read, domain)
        user = await users.find_by_name(read, tenant.id, typed) if tenant is not None else None
        credential = await passwords.find_credential(read, user.tenant_id, user.id) if user is not None else None
    return tenant, user, credential


def _reason(user: User | None, credential: Credential | None, is_right: bool) -> str | None:
    """Why the sign-in is refused, for the trail; None when it is not."""
    if user is None:
        return "unknown_user"
    if credential is None:
        return "no_password"
    if not is_right:
        return "wrong_password"
    return "user_disabled" if user.disabled_at is not None else None


async def _refuse(store: Store, tenant: Tenant | None, name: str, reason: str, origin: Origin, now: Micros) -> None:
    if tenant is None:
        return
    event = events.SignInRefused(user_principal_name=name, reason=reason)
    await record(store, tenant.id, anonymous(origin), event, now)


async def note_used_up(store: Store, name: str, origin: Origin, now: Micros) -> None:
    """Record that a name's tries are used up for now, in the tenant's trail and as a notice to the user."""
    tenant, user, _ = await _look_up(store, name)
    if tenant is None:
        return
    async with store.write() as tx:
        event = events.SignInRefused(user_principal_name=name, reason="too_many_tries")
        await record(tx, tenant.id, anonymous(origin), event, now)
        if user is not None:
            await tell(tx, anonymous(origin), tenant.id, user.id, What.WRONG_PASSWORDS, now)
