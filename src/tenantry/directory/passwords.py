"""Which passwords are good enough, and their slow hashes (argon2id), which are made in a bounded pool of threads."""

from __future__ import annotations

import ctypes
import os
import secrets
import string
from collections.abc import Callable, Iterable
from typing import TypeVar

import argon2

from tenantry.access.decide import Permit
from tenantry.core.errors import InvalidValue, RateLimited
from tenantry.core.fair_shares import FairThreads, NoTurn
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.guessable import is_guessable
from tenantry.store.engine.interface import Read
from tenantry.store.tenants import tenants
from tenantry.store.users import roles, users

T = TypeVar("T")

MIN_LENGTH = 8
MAX_LENGTH = 256
_PATIENCE = 30.0
"""Seconds that a hash may wait for its turn."""
_M_MMAP_THRESHOLD = -3  # malloc.h
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
_GENERATED_LENGTH = 16
_GENERATED_FROM = string.ascii_letters + string.digits + "!#%*+-=?@_"


def check_password_rules(password: str) -> None:
    """Raise InvalidValue (field `password`) unless it has 8 to 256 printable ASCII characters of three classes.

    Classes: lower case, upper case, digits, symbols; the blank is a symbol. Source: Partner Center contract §3.2.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise _weak(f"must have {MIN_LENGTH} to {MAX_LENGTH} characters")
    if not (password.isascii() and password.isprintable()):
        raise _weak("may hold only letters A to Z, digits, blanks and the symbols of a US keyboard")
    if _classes_of(password) < 3:
        raise _weak("must mix at least three of: lower case letters, upper case letters, digits, symbols")


def check_new_password(password: str, own: Iterable[str] = ()) -> None:
    """Raise InvalidValue (field `password`) for a password that somebody chose and that breaks the rules or is
    guessable, at whichever door. `own`: names of the user and of the tenant.
    """
    check_password_rules(password)
    if is_guessable(password, own):
        raise InvalidValue(
            "The password is one that many people use, or is made of a common word or a name of your own. Choose "
            "another one, such as several words that have nothing to do with each other.",
            field="password",
        )


def check_first_password(password: str, own: Iterable[str] = (), *, must_change: bool) -> None:
    """Check a password that somebody else chose, through a vendor's wire, for a user who holds no role.

    A password that must be changed at the next sign-in has to keep the rules only: the vendor's reference page itself
    creates a user with `Password!1`, and clients do as it does. Raises InvalidValue (field `password`).
    """
    if must_change:
        check_password_rules(password)
    else:
        check_new_password(password, own)


async def check_reset_password(
    read: Read, permitted: Permit, user_id: UserId, password: str, *, must_change: bool
) -> None:
    """Check as `check_first_password` does, for a user who exists; for a user who holds a role, as `check_new_password`
    does. `permitted`: the decision that the caller may reset this password.
    """
    is_administrator = bool(await roles.list_unexpired(read, permitted.tenant_id, user_id, permitted.now))
    own = await names_of(read, permitted.tenant_id, user_id)
    check_first_password(password, own, must_change=must_change and not is_administrator)


async def names_of_tenant(read: Read, permitted: Permit) -> list[str]:
    """The names in `own` for a user who does not exist yet. `permitted`: the decision that the caller may
    create one.
    """
    return await names_of(read, permitted.tenant_id, None)


async def names_of(read: Read, tenant_id: TenantId, user_id: UserId | None) -> list[str]:
    """The names that `check_new_password` takes as `own`, of a user, or with None of one who does not exist yet."""
    user = None if user_id is None else await users.find(read, tenant_id, user_id)
    tenant = await tenants.find_live(read, tenant_id)
    names = [] if user is None else [user.display_name, user.given_name, user.family_name, user.user_principal_name]
    return [name for name in (*names, tenant and tenant.name) if name]


def _weak(rule: str) -> InvalidValue:
    return InvalidValue(f"The password {rule}. Choose another one.", field="password")


def _classes_of(password: str) -> int:
    found = sum(any(char in members for char in password) for members in _CLASSES)
    return found + any(not char.isalnum() for char in password)


def generate_password() -> str:
    """16 random characters (99 bits) that meet the rules."""
    while True:
        password = "".join(secrets.choice(_GENERATED_FROM) for _ in range(_GENERATED_LENGTH))
        if _classes_of(password) == 4:
            return password


class PasswordHasher:
    """argon2id on as many threads as there are cores: argon2 releases the interpreter, so that the event loop runs on.

    At most `workers` hashes are made at once, for tenants in turn, and of one tenant `waiting` wait; beyond that it
    raises RateLimited. So a flood of sign-ins costs bounded time and memory, and what one tenant asks for delays
    another by one hash. The defaults are OWASP's second choice (19 MiB, 2 passes, 1 lane).
    """

    def __init__(
        self, *, memory_kib: int = 19 * 1024, passes: int = 2, workers: int | None = None, waiting: int = 128
    ) -> None:
        workers = workers or os.cpu_count() or 1
        self._argon2 = argon2.PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._threads = FairThreads("passwords", workers, workers, waiting)
        _give_large_blocks_back()

    async def hash(self, password: str, tenant_id: str | None = None) -> str:
        """The PHC string (`$argon2id$…`). `tenant_id`: of who asks. Raises RateLimited."""
        return await self._run(tenant_id, lambda: self._argon2.hash(_encode(password)))

    async def verify(self, password_hash: str | None, password: str, tenant_id: str | None = None) -> bool:
        """Whether the password is the one hashed. None, for an unknown user, costs the same. Raises RateLimited."""
        return await self._run(tenant_id, lambda: self._verify(password_hash, password))

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than ours now: hash the password anew at the next sign-in."""
        return self._argon2.check_needs_rehash(password_hash)

    def close(self) -> None:
        """End the threads, after what they are doing."""
        self._threads.close()

    def _verify(self, password_hash: str | None, password: str) -> bool:
        encoded = _encode(password)
        if password_hash is None:
            self._argon2.hash(encoded)
            return False
        try:
            return self._argon2.verify(password_hash, encoded)
        except argon2.exceptions.VerifyMismatchError:
            return False

    async def _run(self, tenant_id: str | None, work: Callable[[], T]) -> T:
        owner = tenant_id or ""
        try:
            await self._threads.take(owner, _PATIENCE)
        except NoTurn:
            raise RateLimited(1) from None
        return await self._threads.work(owner, work)


def _give_large_blocks_back() -> None:
    """Let glibc map every block of 4 MiB or more by itself, so that it goes back to the system when it is freed.

    Otherwise each thread that has hashed keeps the memory of one hash for good: 38 MB on two cores. It costs a fifth of
    a hash's time. Other C libraries do so by themselves, or cannot be told.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 4 * 1024 * 1024)


def _encode(password: str) -> bytes:
    """The bytes of any text, so that a sign-in with what cannot be a password is a wrong password, and no crash."""
    return password.encode("utf-8", "surrogatepass")
