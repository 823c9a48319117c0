"""A password that somebody would guess is refused at every door that takes one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tenantry.access.actions import RoleId
from tenantry.cli.main import app as commands
from tenantry.core.errors import InvalidValue
from tenantry.directory.guessable import is_guessable
from tenantry.directory.own_password import hash_new_password
from tenantry.directory.passwords import PasswordHasher, check_new_password, generate_password
from tenantry.store.engine.interface import Store
from tests.support.builders import PASSWORD, a_tenant, a_user, as_user
from tests.support.clock import NOON
from tests.support.partner_center import a_body, a_stage
from tests.support.portal import Portal

OWN = ["Northwind Traders", "dana.lind@northwind.example", "Dana", "Lind"]


def _is_refused(password: str) -> bool:
    try:
        check_new_password(password, OWN)
    except InvalidValue:
        return True
    return False


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
        "PasswordPassword1",
        "Password1Password2",
        "P4ssw0rd!",
        "Pa55word1",
        "Welc0me!",
        "we1come-2026",
        "L3tm31n!",
        "1drowssaP!",
        "Dniwhtron1",
        "P-a-s-s-w-o-r-d-1",
        "Passsssword1",
        "Password!!!!!!!!!!!1",
        "Password1234567890",
        "December2026",
        "Administrator1",
        "Temporary1!",
        "Hello-World1",
        "TheWelcome1!",
        "Abcd1234!",
        "1qaz@WSX",
        "TestTest123!",
        "Zaq12wsx!",
        "Asdfghjkl1",
        "A1b2c3d4!",
        "xK9#xK9#",
        "DanaLind_N0rthw1nd",
    ],
)
def test_a_common_word_in_any_dress_is_refused(password: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_new_password(password, OWN)
    assert refused.value.field == "password"


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "xK9#mPq2vL",
        "Northwind-sells-7-kayaks",
        "Tr0ub4dor&3-go",
        "rain Kettle 9 fog",
        "Horse-Battery-Staple1",
    ],
)
def test_what_nobody_would_guess_is_taken(password: str) -> None:
    assert not _is_refused(password)


def test_generated_passwords_are_taken() -> None:
    generated = {generate_password() for _ in range(500)}
    assert len(generated) == 500
    assert [password for password in generated if _is_refused(password)] == []


def test_a_look_up_takes_far_less_than_a_millisecond() -> None:
    is_guessable("warm-Up-7")
    started = time.process_time()
    for number in range(200):
        is_guessable(f"xK9#mPq{number}", OWN)
    assert time.process_time() - started < 0.2


async def test_ones_own_new_password_is_not_ones_own_name(store: Store) -> None:
    user = await a_user(store, await a_tenant(store, name="Northwind Traders"), name="rosalind")
    hasher = PasswordHasher(memory_kib=64, passes=1, workers=1)
    for password in ("Password1", "Rosalind-7", "Northwind#26"):
        with pytest.raises(InvalidValue, match="many people use"):
            await hash_new_password(store, hasher, as_user(user), password, NOON)
    assert await hash_new_password(store, hasher, as_user(user), "Third-Horse-9-Battery", NOON)
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


@pytest.mark.parametrize("door", ["create", "change", "reset", "reset of an administrator"])
async def test_a_partner_sets_no_guessable_password_that_goes_on_or_leads_to_a_role(store: Store, door: str) -> None:
    """One that must be changed, of somebody without a role, is let through: the sample of the vendor sends one."""
    stage = await a_stage(store)
    leads = door == "reset of an administrator"
    roles = [RoleId.USER_ADMINISTRATOR] if leads else []
    user = await a_user(store, stage.customer, name="rosalind", roles=roles)
    profile = {"passwordProfile": {"password": "Password1", "forceChangePassword": leads}}
    url = f"{stage.users}/{user.id}"
    if door == "create":
        answer = await stage.call("POST", stage.users, json=a_body(stage.customer, "ann", **profile))
    else:
        answer = await stage.call("PATCH", url if door == "change" else f"{url}/resetpassword", json=profile)
    assert answer.status_code == 400
    assert "many people use" in answer.text
    own = {"passwordProfile": {"password": "Rosalind-7", "forceChangePassword": False}}
    assert "many people use" in (await stage.call("PATCH", url, json=own)).text
    await stage.client.aclose()
    await stage.app.close()


def test_no_command_takes_a_guessable_password(tmp_path: Path) -> None:
    def run(*words: str, text: str = "") -> Result:
        return CliRunner().invoke(commands, words, env={"TENANTRY_DATA_DIR": str(tmp_path)}, input=text)

    assert run("init").exit_code == 0
    assert run("tenant", "create", "Contoso", "--domain", "contoso.example").exit_code == 0
    words = ("user", "create", "rosalind@contoso.example", "-t", "contoso.example", "--password-stdin")
    for password in ("Password1", "Contoso-26!", "Rosalind-7"):
        done = run(*words, text=f"{password}\n")
        assert (done.exit_code, "many people use" in done.output) == (2, True), done.output
    assert run(*words, text="Third-Horse-9-Battery\n").exit_code == 0
