"""A password that somebody would guess is refused at every door that takes one."""

from __future__ import annotations

import time

import pytest

from tenantry.core.errors import InvalidValue
from tenantry.directory.guessable import is_guessable
from tenantry.directory.own_password import hash_new_password
from tenantry.directory.passwords import PasswordHasher, check_new_password, generate_password
from tenantry.store.engine.interface import Store
from tests.support.builders import PASSWORD, a_tenant, a_user
from tests.support.portal import Portal

OWN = ["Northwind Traders", "dana.lind@northwind.example", "Dana", "Lind"]


@pytest.mark.parametrize(
    "password",
    [
        "Password1",
        "password1!A",
        "P@ssw0rd",
        "P@$$w0rd2024",
        "Summer2026!",
        "Qwerty123!",
        "Welcome1",
        "Admin123!",
        "Letmein!1",
        "!!Dragon99",
        "Jennifer#1",
        "Aaaaaaa1",
        "Northwind1",
        "N0rthw1nd2026!",
        "DanaLind-2026",
        "Traders!23",
    ],
)
def test_a_common_word_in_any_dress_is_refused(password: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_new_password(password, OWN)
    assert refused.value.field == "password"


@pytest.mark.parametrize(
    "password",
    [PASSWORD, "abCD123*", "xK9#mPq2vL", "Northwind-sells-7-kayaks", "Tr0ub4dor&3-go", "rain Kettle 9 fog"],
)
def test_what_nobody_would_guess_is_taken(password: str) -> None:
    check_new_password(password, OWN)


def test_generated_passwords_are_taken() -> None:
    for _ in range(500):
        check_new_password(generate_password(), OWN)


def test_a_look_up_takes_far_less_than_a_millisecond() -> None:
    is_guessable("warm-Up-7")
    started = time.perf_counter()
    for number in range(200):
        is_guessable(f"xK9#mPq{number}", OWN)
    assert time.perf_counter() - started < 0.2


async def test_ones_own_new_password_is_not_ones_own_name(store: Store) -> None:
    user = await a_user(store, await a_tenant(store, name="Northwind Traders"), name="rosalind")
    hasher = PasswordHasher(memory_kib=64, passes=1, workers=1)
    for password in ("Password1", "Rosalind-7", "Northwind#26"):
        with pytest.raises(InvalidValue, match="many people use"):
            await hash_new_password(store, hasher, user.tenant_id, user.id, password)
    assert await hash_new_password(store, hasher, user.tenant_id, user.id, "Third-Horse-9-Battery")
    hasher.close()


async def test_the_page_refuses_it_beside_the_field_and_says_how_strong_one_is_while_typing(
    sqlite_portal: Portal,
) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.mia)
    assert 'data-strength="password"' in (await visitor.open("/password")).text
    refused = await visitor.send(
        "/password", present_password=PASSWORD, password="Password1", repeated_password="Password1"
    )
    assert refused.status_code == 422
    assert 'id="password-error"' in refused.text
