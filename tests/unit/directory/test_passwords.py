"""directory/passwords.py: rules, hashes, bounded work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.core.errors import InvalidValue, RateLimited
from tenantry.directory.passwords import PasswordHasher, check_password_rules, generate_password


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    made = PasswordHasher(memory_kib=64, passes=1, workers=1, waiting=1)
    yield made
    made.close()


def is_good(password: str) -> bool:
    try:
        check_password_rules(password)
    except InvalidValue:
        return False
    return True


@pytest.mark.parametrize(
    "password", ["teRN58*q", "Password1", "pass word1", "aB1" * 85 + "a", "lower-and-1", "A B c d e"]
)
def test_a_password_of_three_classes_is_good(password: str) -> None:
    assert is_good(password)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "aB1*",
        "abCD12*",
        "password",
        "PASSWORD1",
        "password1",
        "Passwörd1!",
        "Pass\x00word1",
        "Pass\tword1",
        "aB1" * 85 + "aB",
    ],
)
def test_a_weak_password_is_refused_by_name(password: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_password_rules(password)
    assert refused.value.field == "password"


@given(st.text())
def test_no_text_makes_the_rules_crash(password: str) -> None:
    try:
        check_password_rules(password)
    except InvalidValue:
        return
    assert 8 <= len(password) <= 256
    assert password.isascii()


def test_generated_passwords_meet_the_rules_and_differ() -> None:
    made = {generate_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        check_password_rules(password)


async def test_a_hash_verifies_its_own_password_only(hasher: PasswordHasher) -> None:
    made = await hasher.hash("teRN58*q")
    assert made.startswith("$argon2id$")
    assert await hasher.verify(made, "teRN58*q")
    assert not await hasher.verify(made, "abCD123+")
    assert not await hasher.verify(made, "\ud800")


async def test_the_default_cost_is_19_mib_and_two_passes() -> None:
    made = PasswordHasher()
    assert "m=19456,t=2,p=1" in await made.hash("teRN58*q")
    made.close()


async def test_an_unknown_user_costs_the_same_hash() -> None:
    made = PasswordHasher(workers=1)
    known = await made.hash("teRN58*q")

    async def cost(password_hash: str | None) -> float:
        durations = []
        for _ in range(5):
            began = time.process_time()  # of all threads; how busy the machine is does not count
            assert not await made.verify(password_hash, "wrong")
            durations.append(time.process_time() - began)
        return min(durations)

    assert 0.5 < await cost(None) / await cost(known) < 2
    made.close()


async def test_a_hash_of_other_parameters_is_outdated(hasher: PasswordHasher) -> None:
    stronger = PasswordHasher(memory_kib=128, passes=1, workers=1)
    made = await hasher.hash("teRN58*q")
    assert not hasher.is_outdated(made)
    assert stronger.is_outdated(made)
    assert await stronger.verify(made, "teRN58*q")
    stronger.close()


async def test_more_work_than_may_wait_is_refused_and_the_rest_is_done() -> None:
    slow = PasswordHasher(memory_kib=19 * 1024, passes=2, workers=1, waiting=1)
    results = await asyncio.gather(*(slow.hash("teRN58*q") for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(result, RateLimited) for result in results) == 8
    assert sum(isinstance(result, str) for result in results) == 2
    assert isinstance(await slow.hash("teRN58*q"), str)
    slow.close()


async def test_who_has_many_passwords_hashed_keeps_another_tenant_waiting_for_one_of_them_only() -> None:
    made = PasswordHasher(memory_kib=1024, passes=1, workers=1)
    order: list[str] = []

    async def make(tenant_id: str) -> None:
        await made.hash("teRN58*q", tenant_id)
        order.append(tenant_id)

    many = [asyncio.create_task(make("many")) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.gather(make("few"), *many)
    assert order.index("few") < 5
    made.close()


async def test_a_tenant_whose_hashes_wait_in_numbers_keeps_no_other_out() -> None:
    made = PasswordHasher(memory_kib=1024, passes=1, workers=1, waiting=1)
    results = await asyncio.gather(*(made.hash("teRN58*q", "many") for _ in range(10)), return_exceptions=True)
    assert any(isinstance(result, RateLimited) for result in results)
    many = asyncio.gather(*(made.hash("teRN58*q", "many") for _ in range(10)), return_exceptions=True)
    await asyncio.sleep(0)
    assert await made.hash("teRN58*q", "few")
    await many
    made.close()


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux tells how much memory is held")
async def test_the_memory_of_a_hash_is_given_back() -> None:
    made = PasswordHasher(memory_kib=19 * 1024, passes=1, workers=2)
    held = _held_kib()
    for _ in range(3):
        await asyncio.gather(*(made.hash("Correct-Horse-7") for _ in range(4)))
    assert _held_kib() - held < 16 * 1024
    made.close()


def _held_kib() -> int:
    text = Path("/proc/self/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_Dirty"))
