"""Histories of tokens, devices and revocations against a model that fits on one page."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.errors import (
    DeviceLimitExceeded,
    DeviceTokenExpired,
    DeviceTokenNotFound,
    DeviceTokenUsed,
    DomainError,
)
from tenantry.core.ids import ManagedAccountId
from tenantry.devices.managed_accounts import AccountType
from tenantry.devices.revocation import revoke_device_access
from tenantry.store import open_store
from tenantry.store.engine.interface import Store
from tests.support.builders import (
    DEVICE_LIMIT,
    TOKEN_LIFETIME,
    SomeEnterprise,
    a_device_token,
    a_managed_account,
    an_enterprise,
    device_count,
    live_credentials,
    live_devices,
    redeem,
)
from tests.support.clock import NOON

T = TypeVar("T")

ANDROID_IDS = [f"{number:02x}" for number in range(DEVICE_LIMIT + 3)]


@dataclass
class Token:
    raw: str
    expires_at: int
    revoked: bool = False
    claimed_by: str | None = None
    claimed_at: int = 0


@dataclass
class Account:
    id: ManagedAccountId
    is_device: bool
    devices: set[str] = field(default_factory=set)
    tokens: list[Token] = field(default_factory=list)

    def outcome(self, token: Token, android_id: str, now: int) -> type[DomainError] | None:
        """What a redeem must come to; None: it succeeds, and the model has changed."""
        if token.claimed_by is not None:
            waited = now - token.claimed_at
            repeat = token.claimed_by == android_id and 2 * SECOND <= waited <= 60 * SECOND
            return None if repeat and android_id in self.devices else DeviceTokenUsed
        if token.revoked:
            return DeviceTokenNotFound
        if token.expires_at <= now:
            return DeviceTokenExpired
        if android_id not in self.devices:
            if self.is_device:
                self.devices.clear()
            elif len(self.devices) == DEVICE_LIMIT:
                return DeviceLimitExceeded
            self.devices.add(android_id)
        token.claimed_by, token.claimed_at = android_id, now
        return None


class Histories(RuleBasedStateMachine):
    """Two accounts of one enterprise, one of each type, so that what happens to one never touches the other."""

    address: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = NOON
        self.store: Store = self.run(open_store(self.address))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def set_the_scene(self) -> None:
        self.enterprise: SomeEnterprise = self.run(an_enterprise(self.store))
        self.accounts = [
            Account(self.run(a_managed_account(self.store, self.enterprise, kind, account_type=kind)), is_device)
            for kind, is_device in ((AccountType.USER_ACCOUNT, False), (AccountType.DEVICE_ACCOUNT, True))
        ]

    @rule(which=st.sampled_from([0, 0, 0, 1]))
    def ask_for_a_token(self, which: int) -> None:
        account = self.accounts[which]
        full = not account.is_device and len(account.devices) == DEVICE_LIMIT
        try:
            raw = self.run(a_device_token(self.store, self.enterprise, account.id, now=self.now))
        except DeviceLimitExceeded:
            assert full
        else:
            assert not full
            account.tokens.append(Token(raw, self.now + TOKEN_LIFETIME))

    @rule(
        which=st.sampled_from([0, 0, 0, 1]),
        pick=st.integers(0, 30),
        android_id=st.sampled_from(ANDROID_IDS),
        again=st.booleans(),
    )
    def redeem_a_token(self, which: int, pick: int, android_id: str, again: bool) -> None:
        account = self.accounts[which]
        if not account.tokens:
            return
        token = account.tokens[-1 - pick % len(account.tokens)]
        if again and token.claimed_by is not None:
            android_id = token.claimed_by
        expected = account.outcome(token, android_id, self.now)
        if expected is not None:
            with pytest.raises(expected):
                self.run(redeem(self.store, token.raw, android_id, now=self.now))
            return
        provisioned = self.run(redeem(self.store, token.raw, android_id, now=self.now))
        assert (provisioned.account_id, provisioned.android_id) == (account.id, android_id)

    @rule(new=st.lists(st.sampled_from(ANDROID_IDS), min_size=4, max_size=DEVICE_LIMIT))
    def fill(self, new: list[str]) -> None:
        """Many devices in one step, so that the limit is met in most histories."""
        for android_id in new:
            self.ask_for_a_token(0)
            self.redeem_a_token(0, 0, android_id, again=False)

    @rule(which=st.sampled_from([0, 1]))
    def revoke(self, which: int) -> None:
        account = self.accounts[which]

        async def work() -> None:
            async with self.store.write() as tx:
                await revoke_device_access(tx, self.enterprise.caller, self.enterprise.id, account.id, self.now)

        self.run(work())
        account.devices.clear()
        for token in account.tokens:
            token.revoked = token.revoked or token.claimed_by is None

    @rule(span=st.sampled_from([SECOND, 3 * SECOND, 30 * SECOND, MINUTE, TOKEN_LIFETIME, -SECOND]))
    def let_time_pass(self, span: int) -> None:
        self.now += span

    @invariant()
    def the_store_says_what_the_model_says(self) -> None:
        for account in getattr(self, "accounts", []):
            expected = sorted(account.devices)
            assert self.run(live_devices(self.store, self.enterprise, account.id)) == expected
            assert self.run(live_credentials(self.store, self.enterprise, account.id)) == expected
            assert self.run(device_count(self.store, self.enterprise, account.id)) == len(expected)
            assert len(expected) <= (1 if account.is_device else DEVICE_LIMIT)

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()


def test_no_history_gives_a_device_too_many_or_a_token_two_uses(store_url: str) -> None:
    histories = type("HistoriesHere", (Histories,), {"address": store_url})
    examples = 25 if store_url.startswith("sqlite") else 6
    run_state_machine_as_test(
        histories,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
