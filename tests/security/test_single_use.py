"""What is good once is good once, however many present it at the same moment.

PINs, authorization codes and device tokens are raced where they are redeemed: tests/surfaces/kaizala/test_sign_in.py,
tests/unit/tokens/test_authorization_codes.py, tests/unit/devices/test_redeem.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tenantry.core.clock import MINUTE
from tenantry.store.engine.interface import Store, Tx
from tenantry.store.sign_in import enrolments, identity_providers, passkeys, second_factors, sign_ins
from tenantry.store.tokens import idempotency
from tests.support.builders import SomeUser, a_tenant, a_user
from tests.support.clock import NOON

AT_ONCE = 64
KEY = b"k" * 32
SOON = NOON + MINUTE

Step = Callable[[Tx, SomeUser], Awaitable[Any]]


async def _totp(tx: Tx, user: SomeUser) -> None:
    await second_factors.put_totp(tx, user.tenant_id, user.id, secret=KEY, now=NOON)
    assert await second_factors.confirm_totp(tx, user.tenant_id, user.id, secret=KEY, step=1, now=NOON)


async def _upstream(tx: Tx, user: SomeUser) -> None:
    await identity_providers.insert_sign_in(
        tx, user.tenant_id, KEY, provider_id="p", back="/", prompt=None, max_age=None, expires_at=SOON, now=NOON
    )


async def _sign_in(tx: Tx, user: SomeUser) -> None:
    await sign_ins.insert(
        tx, user.tenant_id, KEY, user_id=user.id, amr="pwd", must_change=False, tries=5, expires_at=SOON, now=NOON
    )


async def _nothing(_tx: Tx, _user: SomeUser) -> None:
    """The first use is all there is."""


MADE_AND_USED: dict[str, tuple[Step, Step]] = {
    "the code of a time step": (
        _totp,
        lambda tx, user: second_factors.claim_totp_step(tx, user.tenant_id, user.id, secret=KEY, step=2),
    ),
    "a recovery code": (
        lambda tx, user: second_factors.replace_recovery_codes(tx, user.tenant_id, user.id, [KEY], NOON),
        lambda tx, user: second_factors.claim_recovery_code(tx, user.tenant_id, user.id, KEY),
    ),
    "an enrolment code": (
        lambda tx, user: enrolments.put_code(
            tx, user.tenant_id, user.id, code_hash=KEY, expires_at=SOON, reason="asked_for", now=NOON
        ),
        lambda tx, user: enrolments.claim_code(tx, user.tenant_id, user.id, KEY, NOON),
    ),
    "the challenge of a passkey": (
        lambda tx, user: passkeys.insert_challenge(
            tx, user.tenant_id, user.id, KEY, purpose="sign_in", expires_at=SOON, now=NOON
        ),
        lambda tx, user: passkeys.claim_challenge(tx, user.tenant_id, user.id, KEY, purpose="sign_in", now=NOON),
    ),
    "a sign-in under way": (_sign_in, lambda tx, user: sign_ins.claim(tx, user.tenant_id, KEY, NOON)),
    "the way back from a provider": (
        _upstream,
        lambda tx, user: identity_providers.claim_sign_in(tx, user.tenant_id, KEY, NOON),
    ),
    "a form": (
        _nothing,
        lambda tx, user: idempotency.claim(tx, user.tenant_id, KEY, now=NOON, expires_at=SOON),
    ),
}


@pytest.mark.parametrize("what", MADE_AND_USED)
async def test_of_sixty_four_who_present_it_at_once_one_gets_through(store: Store, what: str) -> None:
    make, use = MADE_AND_USED[what]
    user, twin = await a_user(store, await a_tenant(store)), await a_user(store, await a_tenant(store))
    async with store.write() as tx:
        await make(tx, user)
        await make(tx, twin)

    async def present() -> bool:
        async with store.write() as tx:
            return bool(await use(tx, user))

    assert sum(await asyncio.gather(*[present() for _ in range(AT_ONCE)])) == 1
    async with store.write() as tx:
        assert await use(tx, twin), "another tenant's, of the same value, is another"
