"""Nobody changes how a user signs in from a session that has not proven the second factor which the user has.

Whoever knows the password alone could take the factor away otherwise, or add one of their own. The pages ask before
they show a form; what is tried here is what every surface calls.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from tenantry.core.caller import Caller
from tenantry.core.errors import DomainError, MfaRequired
from tenantry.directory.own_factors import (
    add_own_passkey,
    begin_own_totp,
    confirm_own_totp,
    remove_own_passkey,
    remove_own_totp,
    renew_own_recovery_codes,
    stop_using_own_phone,
    use_own_phone,
)
from tenantry.directory.own_phones import claim_registration, remove_own_phone, request_registration_pin
from tenantry.directory.passkeys import relying_party
from tenantry.directory.pins import PinRules
from tenantry.directory.sessions import SessionTerms, start_session
from tenantry.store.engine.interface import Store, Tx
from tenantry.store.sign_in import passkeys
from tests.support.builders import HASHER, KEY, SomeUser, a_tenant, a_user, as_user
from tests.support.clock import NOON

PARTY = relying_party("https://tenantry.example")
RULES = PinRules(lifetime=1, tries=3, sends_per_hour=9)
NUMBER = "+12065550143"

CHANGES: dict[str, Callable[[Tx, Caller, str], Awaitable[object]]] = {
    "begin with an authenticator app": lambda tx, by, s: begin_own_totp(tx, KEY, by, s, NOON),
    "confirm an authenticator app": lambda tx, by, s: confirm_own_totp(tx, KEY, HASHER, by, s, "123456", NOON),
    "remove the authenticator app": lambda tx, by, s: remove_own_totp(tx, by, s, NOON),
    "add a passkey": lambda tx, by, s: add_own_passkey(tx, HASHER, by, s, PARTY, answer="{}", name="n", now=NOON),
    "remove a passkey": lambda tx, by, s: remove_own_passkey(tx, by, s, "none", NOON),
    "use a phone": lambda tx, by, s: use_own_phone(tx, HASHER, by, s, NUMBER, NOON),
    "stop using a phone": lambda tx, by, s: stop_using_own_phone(tx, by, s, NOON),
    "renew recovery codes": lambda tx, by, s: renew_own_recovery_codes(tx, HASHER, by, s, NOON),
    "ask for a PIN": lambda tx, by, s: request_registration_pin(tx, by, HASHER, s, NUMBER, RULES, NOON),
    "register a phone": lambda tx, by, s: claim_registration(tx, by, HASHER, s, NUMBER, "123456", NOON),
    "give a phone up": lambda tx, by, s: remove_own_phone(tx, by, s, NUMBER, NOON),
}


async def a_session(store: Store, user: SomeUser, *, added_factor: bool = False) -> str:
    async with store.write() as tx:
        made = await start_session(
            tx,
            HASHER,
            as_user(user),
            terms=SessionTerms(tenant_id=user.tenant_id, user_id=user.id, amr=["pwd"], browser="", lifetime=1),
            now=NOON,
        )
        if added_factor:
            sql = "UPDATE sessions SET added_factor = 1 WHERE tenant_id = :t AND id = :id"
            await tx.run(sql, t=user.tenant_id, id=made.id)
    return made.id


async def give_passkey(store: Store, user: SomeUser) -> None:
    async with store.write() as tx:
        await passkeys.insert(
            tx,
            user.tenant_id,
            user.id,
            credential_id=f"key-of-{user.id}",
            name="Key ring",
            public_key=b"key",
            sign_count=0,
            is_synced=False,
            transports="usb",
            now=NOON,
        )


async def is_let_through(store: Store, change: str, caller: Caller, session_id: str) -> bool:
    """Whether the rule lets the change through; what else may be wrong with it does not matter here."""
    try:
        async with store.write() as tx:
            await CHANGES[change](tx, caller, session_id)
    except MfaRequired:
        return False
    except DomainError:
        return True
    return True


@pytest.mark.parametrize("change", CHANGES)
async def test_a_session_without_the_second_factor_changes_no_factor_and_no_phone(store: Store, change: str) -> None:
    user, other = [await a_user(store, await a_tenant(store)) for _ in range(2)]
    caller, session_id = replace(as_user(user), amr=frozenset({"pwd"})), await a_session(store, user)
    assert await is_let_through(store, change, caller, session_id), "there is no factor yet"
    await give_passkey(store, user)
    assert not await is_let_through(store, change, caller, session_id)
    assert not await is_let_through(store, change, caller, await a_session(store, other, added_factor=True))


@pytest.mark.parametrize("change", CHANGES)
async def test_a_session_that_has_proven_one_or_set_up_the_first_may(store: Store, change: str) -> None:
    user = await a_user(store, await a_tenant(store))
    first = await a_session(store, user, added_factor=True)
    await give_passkey(store, user)
    by_password, proven = (replace(as_user(user), amr=frozenset(amr)) for amr in (["pwd"], ["pwd", "otp"]))
    assert await is_let_through(store, change, by_password, first)
    assert await is_let_through(store, change, proven, "")


@pytest.mark.parametrize("change", ["ask for a PIN", "register a phone", "give a phone up"])
async def test_a_phone_is_changed_by_nobody_but_its_owner(store: Store, change: str) -> None:
    """The function does not ask whose it is: it is the caller's, or nobody's."""
    tenant = await a_tenant(store)
    owner, colleague = await a_user(store, tenant, phone=NUMBER), await a_user(store, tenant)
    await is_let_through(store, change, as_user(colleague), "")
    async with store.read() as read:
        sql = "SELECT user_id FROM phones WHERE tenant_id = :t AND number = :n"
        assert await read.all(str, sql, t=tenant.id, n=NUMBER) == [owner.id]
