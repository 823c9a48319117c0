"""Fixed windows."""

from __future__ import annotations

import pytest

from tenantry.core.clock import DAY, MINUTE, SECOND
from tenantry.core.errors import RateLimited
from tenantry.surfaces.shared import limits
from tenantry.surfaces.shared.limits import RateLimiter, subscriber_of
from tests.support.clock import FakeClock


def test_the_hit_after_the_limit_is_refused_until_the_window_ends() -> None:
    clock = FakeClock()
    limiter = RateLimiter(True, clock)
    for _ in range(3):
        limiter.hit("connector", "a", limit=3, window=MINUTE)
    clock.advance(45 * SECOND)
    with pytest.raises(RateLimited) as refused:
        limiter.hit("connector", "a", limit=3, window=MINUTE)
    assert refused.value.retry_after == 15
    clock.advance(15 * SECOND)
    limiter.hit("connector", "a", limit=3, window=MINUTE)


def test_keys_count_apart() -> None:
    limiter = RateLimiter(True, FakeClock())
    limiter.hit("connector", "a", limit=1, window=MINUTE)
    limiter.hit("connector", "b", limit=1, window=MINUTE)
    with pytest.raises(RateLimited):
        limiter.hit("connector", "a", limit=1, window=MINUTE)


def test_switched_off_it_refuses_nothing() -> None:
    refused = {True: 0, False: 0}
    for is_on in refused:
        limiter = RateLimiter(is_on, FakeClock())
        for _ in range(10):
            try:
                limiter.hit("a", limit=1, window=MINUTE)
            except RateLimited:
                refused[is_on] += 1
        try:
            limiter.check("a", limit=1, window=MINUTE)
        except RateLimited:
            refused[is_on] += 1
    assert refused == {True: 10, False: 0}


def test_a_clock_set_back_starts_a_window() -> None:
    clock = FakeClock()
    limiter = RateLimiter(True, clock)
    limiter.hit("a", limit=1, window=MINUTE)
    clock.advance(-10 * MINUTE)
    limiter.hit("a", limit=1, window=MINUTE)
    with pytest.raises(RateLimited) as refused:
        limiter.hit("a", limit=1, window=MINUTE)
    assert refused.value.retry_after <= 60


def test_a_clock_set_back_lets_nobody_wait_for_a_window_to_come() -> None:
    clock = FakeClock()
    clock.advance(365 * DAY)
    limiter = RateLimiter(True, clock)
    limiter.hit("a", limit=1, window=MINUTE)
    limiter.hit_from("192.0.2.1", "refusals", limit=1, window=MINUTE)
    with pytest.raises(RateLimited):
        limiter.check("a", limit=1, window=MINUTE)
    with pytest.raises(RateLimited):
        limiter.check_from("192.0.2.1", "refusals", limit=1, window=MINUTE)
    clock.advance(-365 * DAY)
    limiter.check("a", limit=1, window=MINUTE)
    limiter.check_from("192.0.2.1", "refusals", limit=1, window=MINUTE)


def test_a_limit_holds_a_bounded_number_of_keys_and_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_KEYS", 3)
    limiter = RateLimiter(True, FakeClock())
    for name in "abcd":
        limiter.hit("name", name, limit=2, window=MINUTE)
    limiter.hit("name", "d", limit=2, window=MINUTE)  # known, so nobody has to go
    with pytest.raises(RateLimited):
        limiter.hit("name", "b", limit=1, window=MINUTE)
    limiter.hit("name", "a", limit=1, window=MINUTE)
    with pytest.raises(RateLimited):
        limiter.hit("name", "d", limit=1, window=MINUTE)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1%eth0", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("no:address", "no:address"),
        ("", ""),
    ],
)
def test_the_addresses_of_one_subscriber_count_together(address: str, counted: str) -> None:
    assert subscriber_of(address) == counted
