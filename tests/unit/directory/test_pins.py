"""PINs: one wins, few tries, for a while, whatever the order in which things happen."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tenantry.core.caller import anonymous
from tenantry.core.clock import HOUR, MINUTE, Micros
from tenantry.core.errors import RateLimited
from tenantry.directory.pins import PinPurpose, PinRules, PinUse, claim_pin, request_pin
from tenantry.store import open_store
from tenantry.store.engine.interface import Store
from tests.support.builders import HASHER, OPERATOR, SomeTenant, a_tenant
from tests.support.clock import NOON

NUMBER = "+12065550100"
RULES = PinRules(lifetime=5 * MINUTE, tries=5, sends_per_hour=3)
CALLER = anonymous(OPERATOR.origin)


async def request(
    store: Store,
    tenant: SomeTenant,
    *,
    number: str = NUMBER,
    subject: str = "connector",
    rules: PinRules = RULES,
    now: Micros = NOON,
) -> str:
    async with store.write() as tx:
        return await request_pin(
            tx,
            CALLER,
            HASHER,
            tenant.id,
            use=PinUse(number=number, purpose=PinPurpose.SIGN_IN, subject=subject),
            rules=rules,
            now=now,
        )


async def claim(
    store: Store,
    tenant: SomeTenant,
    pin: str,
    *,
    number: str = NUMBER,
    subject: str = "connector",
    now: Micros = NOON,
    purpose: PinPurpose = PinPurpose.SIGN_IN,
) -> bool:
    async with store.write() as tx:
        return await claim_pin(
            tx, CALLER, HASHER, tenant.id, use=PinUse(number=number, purpose=purpose, subject=subject), pin=pin, now=now
        )


def wrong(pin: str) -> str:
    return "999999" if pin != "999999" else "999998"


async def test_a_pin_has_six_digits_of_which_the_first_is_not_0(store: Store) -> None:
    tenant = await a_tenant(store)
    rules = PinRules(lifetime=MINUTE, tries=5, sends_per_hour=None)
    pins = [await request(store, tenant, rules=rules) for _ in range(50)]
    assert all(pin.isdecimal() and len(pin) == 6 and pin[0] != "0" for pin in pins)
    assert len(set(pins)) > 40


async def test_twins_with_the_right_pin_have_one_winner(store: Store) -> None:
    tenant = await a_tenant(store)
    pin = await request(store, tenant)
    assert sorted(await asyncio.gather(*(claim(store, tenant, pin) for _ in range(16)))) == [False] * 15 + [True]


async def test_twins_with_wrong_pins_get_no_more_tries_than_there_are(store: Store) -> None:
    tenant = await a_tenant(store)
    pin = await request(store, tenant)
    guesses = [f"{number}" for number in range(100_000, 100_040) if f"{number}" != pin]
    await asyncio.gather(*(claim(store, tenant, guess) for guess in guesses))
    assert await claim(store, tenant, pin) is False


async def test_twins_who_request_get_no_more_pins_than_the_hour_has(store: Store) -> None:
    tenant = await a_tenant(store)
    outcomes = await asyncio.gather(*(request(store, tenant) for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, RateLimited) for outcome in outcomes) == 9


async def test_the_limit_says_when_to_come_back(store: Store) -> None:
    tenant = await a_tenant(store)
    for minute in range(3):
        await request(store, tenant, now=NOON + minute * MINUTE)
    with pytest.raises(RateLimited) as refused:
        await request(store, tenant, now=NOON + 30 * MINUTE)
    assert refused.value.retry_after == 30 * 60
    await request(store, tenant, now=NOON + HOUR)


async def test_a_pin_is_for_one_number_purpose_subject_and_tenant(store: Store) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    pin = await request(store, tenant)
    assert not await claim(store, tenant, pin, number="+12065550101")
    assert not await claim(store, tenant, pin, purpose=PinPurpose.REGISTRATION)
    assert not await claim(store, tenant, pin, subject="another connector")
    assert not await claim(store, other, pin)
    assert await claim(store, tenant, pin)


async def test_stale_pins_are_forgotten(store: Store) -> None:
    tenant = await a_tenant(store)
    await request(store, tenant, number="+12065550101")
    await request(store, tenant, now=NOON + 2 * HOUR)
    async with store.read() as read:
        numbers = await read.all(str, "SELECT number FROM phone_pins WHERE tenant_id = :tenant_id", tenant_id=tenant.id)
    assert numbers == [NUMBER]


class Pins(RuleBasedStateMachine):
    """Against a model of four facts: the live PIN, its end, its tries, the hour's sends."""

    runner: asyncio.Runner
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.tenant = self.runner.run(a_tenant(self.store))
        self.now = NOON
        self.pin: str | None = None
        self.expires_at = self.tries = self.sent = 0
        self.window = NOON - HOUR

    @rule()
    def request(self) -> None:
        if self.window <= self.now - HOUR:
            self.window, self.sent = self.now, 0
        if self.sent == RULES.sends_per_hour:
            with pytest.raises(RateLimited):
                self.runner.run(request(self.store, self.tenant, now=self.now))
            return
        self.pin = self.runner.run(request(self.store, self.tenant, now=self.now))
        self.sent += 1
        self.expires_at, self.tries = self.now + RULES.lifetime, RULES.tries

    def _alive(self) -> bool:
        return self.tries > 0 and self.expires_at > self.now

    @precondition(lambda self: self.pin is not None)
    @rule()
    def claim_right(self) -> None:
        assert self.runner.run(claim(self.store, self.tenant, self.pin or "", now=self.now)) is self._alive()
        if self._alive():
            self.tries = 0

    @precondition(lambda self: self.pin is not None)
    @rule()
    def claim_wrong(self) -> None:
        assert self.runner.run(claim(self.store, self.tenant, wrong(self.pin or ""), now=self.now)) is False
        if self._alive():
            self.tries -= 1

    @rule(minutes=st.sampled_from([1, 4, 20, 60]))
    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE


def test_no_history_of_requests_and_tries_breaks_the_rules(store_url: str) -> None:
    with asyncio.Runner() as runner:
        opened = runner.run(open_store(store_url))
        Pins.runner, Pins.store = runner, opened
        try:
            run_state_machine_as_test(Pins, settings=settings(max_examples=20, stateful_step_count=25, deadline=None))
        finally:
            runner.run(opened.close())
