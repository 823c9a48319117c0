"""Whoever has a password and guesses the six digits of the authenticator app runs out of tries, on all servers."""

from __future__ import annotations

import asyncio

import pyotp
import pytest

from tenantry.core.clock import DAY, MINUTE, SECOND, Micros
from tenantry.core.errors import RateLimited
from tenantry.directory import totp
from tenantry.directory.notices import What, list_notices
from tenantry.directory.totp import FREE_TRIES, WAIT, begin_totp, claim_totp, confirm_totp
from tenantry.store import Store
from tests.support.builders import HASHER, KEY, SomeUser, a_tenant, a_user, as_user
from tests.support.clock import NOON
from tests.support.trail import types_of

SESSION = "5a9d2c1e-0000-4000-8000-000000000001"


async def _with_app(store: Store) -> tuple[SomeUser, pyotp.TOTP]:
    user = await a_user(store, await a_tenant(store))
    async with store.write() as tx:
        app = pyotp.TOTP(await begin_totp(tx, KEY, as_user(user), SESSION, NOON - DAY))
        code = app.at((NOON - DAY) // SECOND)
        await confirm_totp(tx, KEY, HASHER, as_user(user), user.tenant_id, user.id, SESSION, code, NOON - DAY)
    return user, app


def _wrong(app: pyotp.TOTP, at: Micros) -> str:
    near = {app.at(at // SECOND + shift) for shift in range(-120, 121, 30)}
    return next(code for code in map("{:06d}".format, range(1_000)) if code not in near)


async def _type(store: Store, user: SomeUser, code: str, at: Micros) -> bool:
    async with store.write() as tx:
        return await claim_totp(tx, KEY, as_user(user), user.tenant_id, user.id, code, at)


async def _use_up(store: Store, user: SomeUser, app: pyotp.TOTP) -> None:
    for _ in range(FREE_TRIES):
        assert not await _type(store, user, _wrong(app, NOON), NOON)


async def test_nobody_goes_on_guessing_the_codes_of_an_app_however_long_and_however_many_servers_there_are(
    store: Store,
) -> None:
    """Nothing of the count is in the process: the functions are asked as a server asks that has just been started."""
    user, app = await _with_app(store)
    await _use_up(store, user, app)
    taken, waits = 0, []
    for minute in range(0, 24 * 60, 10):
        try:
            await _type(store, user, _wrong(app, NOON + minute * MINUTE), NOON + minute * MINUTE)
        except RateLimited as limited:
            waits.append(limited.retry_after)
        else:
            taken += 1
    assert taken <= DAY // WAIT
    assert 0 < min(waits) <= max(waits) <= WAIT // SECOND


async def test_of_many_guesses_at_once_no_more_are_taken_than_are_left(store: Store) -> None:
    user, app = await _with_app(store)

    async def guess(at: Micros) -> bool:
        try:
            await _type(store, user, _wrong(app, at), at)
        except RateLimited:
            return False
        return True

    assert sum(await asyncio.gather(*[guess(NOON + 64 - number) for number in range(64)])) == FREE_TRIES


async def test_the_right_code_is_not_even_looked_at_too_early_and_is_taken_after_the_wait(store: Store) -> None:
    user, app = await _with_app(store)
    await _use_up(store, user, app)
    with pytest.raises(RateLimited):
        await _type(store, user, app.at(NOON // SECOND), NOON)
    later = NOON + WAIT
    assert await _type(store, user, app.at(later // SECOND), later)
    for _ in range(FREE_TRIES):  # the count began anew
        assert not await _type(store, user, _wrong(app, later), later)


async def test_a_clock_set_back_makes_nobody_wait_for_longer(store: Store) -> None:
    user, app = await _with_app(store)
    for _ in range(FREE_TRIES):
        await _type(store, user, _wrong(app, NOON + 365 * DAY), NOON + 365 * DAY)
    assert await _type(store, user, app.at(NOON // SECOND), NOON)


async def test_the_user_and_the_trail_are_told_once_and_nobody_else_waits(store: Store) -> None:
    user, app = await _with_app(store)
    twin, twins_app = await _with_app(store)
    await _use_up(store, user, app)
    await _type(store, user, _wrong(app, NOON + WAIT), NOON + WAIT)
    async with store.read() as read:
        told = [notice.what for notice in await list_notices(read, user.tenant_id, user.id, NOON - 1)]
    assert told == [What.WRONG_CODES]
    assert (await types_of(store, user.tenant_id)).count("second_factor.refused") == FREE_TRIES + 2
    assert await _type(store, twin, twins_app.at(NOON // SECOND), NOON)
    assert totp.FREE_TRIES < 100, "NIST SP 800-63B §5.2.2"
