"""Second factors: set up, asked for at each sign-in, good once, and in the tokens that stand on them."""

from __future__ import annotations

import re
from html import unescape

import pyotp
import pytest
from httpx import Response

from tenantry.core.clock import MINUTE, SECOND
from tenantry.directory.sign_in_steps import MAX_TRIES
from tenantry.store.trail import audit_events
from tests.support.app import RecordingMessages
from tests.support.builders import PASSWORD, SomeUser, a_user
from tests.support.clock import FakeClock
from tests.support.portal import Portal, Visitor, sign_in

NAME = "tenantry"

KEY = re.compile(r'data-copy="([A-Z2-7 ]{32,})"')
CODES = re.compile(r"[2-9a-z]{6}-[2-9a-z]{6}")


def clock_of(portal: Portal) -> FakeClock:
    assert isinstance(portal.app.deps.clock, FakeClock)
    return portal.app.deps.clock


def code_of(portal: Portal, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock_of(portal)() // SECOND + 30 * steps)


async def set_up_totp(portal: Portal, user: SomeUser, *amr: str) -> tuple[Visitor, str, list[str]]:
    """The browser, the secret, the recovery codes. The code of the present step is used up."""
    visitor = await portal.visit(user, *(amr or ("pwd",)))
    await visitor.open("/second-factor/totp")
    await visitor.send("/second-factor/totp", begin="1")
    await visitor.open("/second-factor/totp")
    found = KEY.search(visitor.page.text)
    assert found, visitor.text
    secret = found[1].replace(" ", "")
    done = await visitor.send("/second-factor/totp", code=code_of(portal, secret))
    assert done.status_code == 200, visitor.text
    codes = CODES.findall(unescape(done.text))
    return visitor, secret, list(dict.fromkeys(codes))


async def type_password(portal: Portal, user: SomeUser, path: str = "/sign-in") -> tuple[Visitor, Response]:
    visitor = await portal.visit(None)
    await visitor.open(path)
    return visitor, await visitor.send(path, name=user.user_principal_name, password=PASSWORD)


async def amr_of(portal: Portal, user: SomeUser) -> list[str]:
    async with portal.app.deps.store.read() as read:
        return await read.all(
            str,
            "SELECT amr FROM sessions WHERE tenant_id = :t AND user_id = :u AND ended_at IS NULL ORDER BY created_at",
            t=user.tenant_id,
            u=user.id,
        )


async def refusals(portal: Portal) -> list[str]:
    async with portal.app.deps.store.read() as read:
        events = await audit_events.list_latest(read, portal.tenant.id, 100)
    return [event.data.split('"reason":"')[1].split('"')[0] for event in events if event.type.endswith("r.refused")]


async def test_an_app_is_set_up_and_asked_for_after_the_password(portal: Portal) -> None:
    _setter, secret, codes = await set_up_totp(portal, portal.mia)
    assert len(codes) == 10
    assert await amr_of(portal, portal.mia) == ["pwd"], "the first one counts from the next sign-in on"
    visitor, answer = await type_password(portal, portal.mia, "/sign-in?next=/connectors")
    assert answer.headers["location"] == "/second-factor?next=%2Fconnectors"
    for path in ("/", "/sessions", "/second-factor/totp", "/second-factor/recovery-codes", "/password"):
        assert (await visitor.open(path)).headers["location"].startswith("/sign-in?next=")
    path = "/second-factor?next=%2Fconnectors"
    await visitor.open(path)
    assert "authenticator app shows now" in visitor.text
    again = await visitor.send(path, method="totp", code=code_of(portal, secret))
    assert again.status_code == 422
    assert await refusals(portal) == ["code_reused"]
    clock_of(portal).advance(30 * SECOND)
    done = await visitor.send(path, method="totp", code=code_of(portal, secret))
    assert (done.status_code, done.headers["location"]) == (303, "/connectors")
    assert (await visitor.open("/")).status_code == 200
    assert (await amr_of(portal, portal.mia))[-1] == "mfa otp pwd"


async def test_the_secret_is_not_stored_in_clear(portal: Portal) -> None:
    _visitor, secret, codes = await set_up_totp(portal, portal.mia)
    async with portal.app.deps.store.read() as read:
        for table in ("totp_credentials", "recovery_codes", "audit_events"):
            rows = repr(await read.all(lambda *row: row, f"SELECT * FROM {table}"))
            assert secret not in rows
            assert not [code for code in codes if code in rows or code.replace("-", "") in rows]


async def test_tries_are_counted_and_the_sign_in_is_over_when_they_are_used_up(portal: Portal) -> None:
    _setter, secret, _codes = await set_up_totp(portal, portal.mia)
    visitor, _answer = await type_password(portal, portal.mia)
    await visitor.open("/second-factor")
    for number in range(MAX_TRIES):
        tried = await visitor.send("/second-factor", method="totp", code=f"{number:06}")
        assert tried.status_code == 422
    clock_of(portal).advance(30 * SECOND)
    late = await visitor.send("/second-factor", method="totp", code=code_of(portal, secret))
    assert late.headers["location"].startswith("/sign-in")
    assert (await visitor.open("/")).status_code == 303


async def test_a_sign_in_that_takes_too_long_starts_over(portal: Portal) -> None:
    _setter, secret, _codes = await set_up_totp(portal, portal.mia)
    visitor, _answer = await type_password(portal, portal.mia)
    await visitor.open("/second-factor")
    clock_of(portal).advance(15 * MINUTE)
    late = await visitor.send("/second-factor", method="totp", code=code_of(portal, secret))
    assert late.headers["location"].startswith("/sign-in")
    assert (await visitor.open("/")).status_code == 303
    assert await amr_of(portal, portal.mia) == ["pwd"], "of the browser in which the app was set up"


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666", "x" * 99])
async def test_what_is_no_code_is_refused(sqlite_portal: Portal, code: str) -> None:
    await set_up_totp(sqlite_portal, sqlite_portal.mia)
    visitor, _answer = await type_password(sqlite_portal, sqlite_portal.mia)
    for method in ("totp", "recovery_code", "none", "phone", "passkey"):
        await visitor.open("/second-factor")
        assert (await visitor.send("/second-factor", method=method, code=code)).status_code in (404, 422)
    assert (await visitor.open("/")).status_code == 303


async def test_a_code_of_the_neighbouring_step_is_taken_and_of_the_next_but_one_not(sqlite_portal: Portal) -> None:
    portal = sqlite_portal
    _setter, secret, _codes = await set_up_totp(portal, portal.mia)
    clock_of(portal).advance(10 * MINUTE)
    for steps, good in ((-2, False), (2, False), (-1, True), (-1, False), (1, True), (0, False)):
        visitor, _answer = await type_password(portal, portal.mia)
        await visitor.open("/second-factor")
        done = await visitor.send("/second-factor", method="totp", code=code_of(portal, secret, steps))
        assert (done.status_code == 303) is good, steps


async def test_a_recovery_code_is_good_for_one_sign_in_in_any_spelling(portal: Portal) -> None:
    _setter, _secret, codes = await set_up_totp(portal, portal.mia)
    typed = codes[3].upper().replace("-", " ")
    for good in (True, False):
        visitor, _answer = await type_password(portal, portal.mia)
        await visitor.open("/second-factor?with=recovery_code")
        done = await visitor.send("/second-factor?with=recovery_code", method="recovery_code", code=typed)
        assert (done.status_code == 303) is good
    other = await a_user(portal.app.deps.store, portal.tenant)
    await set_up_totp(portal, other)
    visitor, _answer = await type_password(portal, other)
    await visitor.open("/second-factor?with=recovery_code")
    stolen = await visitor.send("/second-factor?with=recovery_code", method="recovery_code", code=codes[4])
    assert stolen.status_code == 422


async def test_new_recovery_codes_end_the_earlier_ones(sqlite_portal: Portal) -> None:
    portal = sqlite_portal
    setter, _secret, old = await set_up_totp(portal, portal.mia)
    await setter.open("/second-factor/recovery-codes")
    assert "10 are left" in setter.text
    asked = setter.page.text
    shown = await setter.send("/second-factor/recovery-codes")
    new = list(dict.fromkeys(CODES.findall(unescape(shown.text))))
    assert len(new) == 10
    form_id = re.search(r'name="form_id" value="([^"]+)"', asked)
    assert form_id
    await setter.open("/second-factor/recovery-codes")
    again = await setter.send("/second-factor/recovery-codes", form_id=form_id[1])
    assert again.status_code == 409, "sent twice, the form leaves the codes of the first time good"
    for code, good in ((old[0], False), (new[0], True)):
        visitor, _answer = await type_password(portal, portal.mia)
        await visitor.open("/second-factor?with=recovery_code")
        done = await visitor.send("/second-factor?with=recovery_code", method="recovery_code", code=code)
        assert (done.status_code == 303) is good


async def test_a_pin_by_phone_is_asked_for_and_sent_to_the_chosen_number_only(portal: Portal) -> None:
    user = await a_user(portal.app.deps.store, portal.tenant, phone=True)
    setter = await portal.visit(user, "pwd")
    await setter.open("/second-factor/phone")
    assert (await setter.send("/second-factor/phone", number="+14255550100")).status_code == 422
    done = await setter.send("/second-factor/phone", number=str(user.phone_number))
    assert "I have stored them" in done.text
    visitor, answer = await type_password(portal, user)
    assert answer.headers["location"] == "/second-factor"
    await visitor.open("/second-factor")
    assert f"Send a PIN to …{str(user.phone_number)[-3:]}" in visitor.text
    assert str(user.phone_number) not in visitor.page.text
    sent = await visitor.send("/second-factor", method="phone", send="1")
    messages = portal.app.deps.messages
    assert isinstance(messages, RecordingMessages)
    number, text = messages.sent[-1]
    assert number == user.phone_number
    pin = text[:6]
    await visitor.open(sent.headers["location"])
    wrong = await visitor.send(sent.headers["location"], method="phone", code=str(int(pin) ^ 1))
    assert wrong.status_code == 422
    done = await visitor.send(sent.headers["location"], method="phone", code=f" {pin} ")
    assert done.status_code == 303
    assert (await amr_of(portal, user))[-1] == "mfa otp pwd sms"


async def test_a_session_from_before_the_first_factor_cannot_take_it_away(portal: Portal) -> None:
    before = await portal.visit(portal.mia, "pwd")
    _setter, secret, _codes = await set_up_totp(portal, portal.mia)
    for path in ("/second-factor/totp/remove", "/second-factor/recovery-codes", "/second-factor/passkey"):
        await before.open("/phones")
        answer = await before.send(path)
        assert answer.headers["location"].startswith("/second-factor?next=")
    clock_of(portal).advance(30 * SECOND)
    path = "/second-factor?next=%2Fsecond-factor%2Ftotp%2Fremove"
    await before.open(path)
    proven = await before.send(path, method="totp", code=code_of(portal, secret))
    assert proven.headers["location"] == "/second-factor/totp/remove"
    await before.open("/second-factor/totp/remove")
    assert "Remove the authenticator app?" in before.text
    assert (await before.send("/second-factor/totp/remove")).status_code == 303
    _visitor, answer = await type_password(portal, portal.mia)
    assert answer.headers["location"] == "/"
    async with portal.app.deps.store.read() as read:
        left = await read.all(bytes, "SELECT code_hash FROM recovery_codes WHERE tenant_id = :t", t=portal.tenant.id)
    assert left == []


async def test_proving_more_replaces_the_session_and_its_secret(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia, "pwd")
    kept = await sign_in(portal.app, portal.mia, "pwd")
    visitor.http.cookies.clear()
    visitor.http.cookies.set(NAME, kept, domain="tenantry.test")
    await visitor.open("/second-factor/totp")
    await visitor.send("/second-factor/totp", begin="1")
    await visitor.open("/second-factor/totp")
    found = KEY.search(visitor.page.text)
    assert found
    await visitor.send("/second-factor/totp", code=code_of(portal, found[1].replace(" ", "")))
    assert visitor.http.cookies[NAME] != kept
    thief = await portal.visit(None)
    thief.http.cookies.set(NAME, kept)
    assert (await thief.open("/")).status_code == 303


async def test_another_app_cannot_be_set_up_over_the_first(sqlite_portal: Portal) -> None:
    setter, _secret, _codes = await set_up_totp(sqlite_portal, sqlite_portal.mia)
    await setter.open("/second-factor/totp")
    assert "An app is set up" in setter.text
    assert (await setter.send("/second-factor/totp", begin="1")).status_code == 422


async def test_a_wrong_first_code_does_not_turn_the_app_on(sqlite_portal: Portal) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.mia, "pwd")
    await visitor.open("/second-factor/totp")
    await visitor.send("/second-factor/totp", begin="1")
    await visitor.open("/second-factor/totp")
    refused = await visitor.send("/second-factor/totp", code="000000")
    assert refused.status_code == 422
    assert 'id="code-error"' in refused.text
    assert KEY.search(refused.text)
    _visitor, answer = await type_password(sqlite_portal, sqlite_portal.mia)
    assert answer.headers["location"] == "/"


async def test_who_has_none_and_needs_one_is_led_to_set_one_up(sqlite_portal: Portal) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.mia, "pwd")
    await visitor.open("/second-factor?next=/connectors")
    assert "Set up a second step" in visitor.text
    assert "/second-factor/totp?next=/connectors" in visitor.page.text
