"""Nobody locks another person out by typing wrong passwords, and nobody guesses on for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tenantry.core.clock import HOUR, MINUTE
from tenantry.core.normal_form import name_key
from tenantry.directory.users import set_password
from tenantry.store import open_store
from tenantry.surfaces.portal.sign_in.sign_in import TRIES_PER_KNOWN_BROWSER, TRIES_PER_NAME, WINDOW
from tests.support.app import BASE_URL, an_app
from tests.support.builders import OPERATOR, PASSWORD, SomeUser
from tests.support.clock import NOON
from tests.support.portal import Portal, Visitor, a_portal
from tests.support.trail import types_of


@pytest.fixture
async def limited(sqlite_url: str) -> AsyncIterator[Portal]:
    """With its limits on."""
    store = await open_store(sqlite_url)
    app = await an_app(store, rate_limits="on")
    made = await a_portal(app)
    yield made
    for http in made.visitors:
        await http.aclose()
    await app.close()
    await store.close()


def _from(portal: Portal, address: str) -> Visitor:
    transport = httpx.ASGITransport(portal.app, client=(address, 50000))
    http = httpx.AsyncClient(transport=transport, base_url=BASE_URL)
    portal.visitors.append(http)
    return Visitor(http)


async def _try(visitor: Visitor, name: str, password: str) -> bool:
    await visitor.open("/sign-in")
    answer = await visitor.send("/sign-in", name=name, password=password)
    return answer.status_code == 303


async def _attack(portal: Portal, name: str, tries: int) -> None:
    """Ten wrong passwords from each address."""
    for number in range(tries):
        await _try(_from(portal, f"198.51.100.{number // 10}"), name, "wrong")


async def _sign_out(visitor: Visitor) -> None:
    await visitor.open("/")
    await visitor.send("/sign-out")


async def test_strangers_wrong_passwords_do_not_lock_out_a_browser_that_signed_in_before(limited: Portal) -> None:
    name = limited.mia.user_principal_name
    home = _from(limited, "192.0.2.7")
    assert await _try(home, name, PASSWORD)
    await _sign_out(home)
    await _attack(limited, name, TRIES_PER_NAME[WINDOW])
    assert not await _try(_from(limited, "192.0.2.8"), name, PASSWORD), "a new browser waits"
    assert await _try(home, name, PASSWORD)
    await _sign_out(home)
    assert "many tries" in (await _told(limited, limited.mia))
    assert await types_of(limited.app.deps.store, limited.tenant.id)


async def _told(portal: Portal, user: SomeUser) -> str:
    visitor = await portal.visit(user)
    await visitor.open("/sessions")
    return visitor.text


async def test_the_trail_is_told_once_that_a_names_tries_are_used_up(limited: Portal) -> None:
    name = limited.mia.user_principal_name
    await _attack(limited, name, TRIES_PER_NAME[WINDOW] + 5)
    async with limited.app.deps.store.read() as read:
        told = await read.all(
            str,
            "SELECT data FROM audit_events WHERE tenant_id = :t AND data LIKE '%too_many_tries%'",
            t=limited.tenant.id,
        )
    assert len(told) == 1


async def test_a_known_browser_guesses_no_further_than_its_own_tries(limited: Portal) -> None:
    name = limited.mia.user_principal_name
    thief = _from(limited, "192.0.2.7")
    assert await _try(thief, name, PASSWORD)
    await _sign_out(thief)
    for _ in range(TRIES_PER_KNOWN_BROWSER[WINDOW]):
        await _try(thief, name, "wrong")
    assert not await _try(thief, name, PASSWORD)
    assert await _try(_from(limited, "192.0.2.8"), name, PASSWORD), "and hinders nobody else"


async def test_the_wait_of_a_known_browser_grows_too_and_is_told(limited: Portal) -> None:
    name, clock = limited.mia.user_principal_name, limited.app.deps.clock
    thief = _from(limited, "192.0.2.7")
    assert await _try(thief, name, PASSWORD)
    await _sign_out(thief)
    for _ in range(TRIES_PER_KNOWN_BROWSER[HOUR] // TRIES_PER_KNOWN_BROWSER[WINDOW]):
        for _ in range(TRIES_PER_KNOWN_BROWSER[WINDOW]):
            await _try(thief, name, "wrong")
        clock.advance(WINDOW)  # type: ignore[attr-defined]
    assert not await _try(thief, name, PASSWORD), "not after five minutes any more"
    assert "many tries" in (await _told(limited, limited.mia))
    clock.advance(HOUR)  # type: ignore[attr-defined]
    assert await _try(thief, name, PASSWORD)


async def _change(visitor: Visitor, present: str, new: str = "Quiet-Orchard-58") -> bool:
    await visitor.open("/password")
    answer = await visitor.send("/password", present_password=present, password=new, repeated_password=new)
    return answer.status_code == 303


async def test_nobody_guesses_the_present_password_in_an_open_browser_further_than_at_the_sign_in(
    limited: Portal,
) -> None:
    clock, thief = limited.app.deps.clock, await limited.visit(limited.mia)
    for _ in range(TRIES_PER_KNOWN_BROWSER[HOUR] // TRIES_PER_KNOWN_BROWSER[WINDOW]):
        for _ in range(TRIES_PER_KNOWN_BROWSER[WINDOW]):
            assert not await _change(thief, "wrong")
        assert not await _change(thief, PASSWORD), "the right one is not looked at"
        clock.advance(WINDOW)  # type: ignore[attr-defined]
    assert not await _change(thief, PASSWORD), "not after five minutes any more"
    assert "many tries" in (await _told(limited, limited.mia))
    assert await _try(_from(limited, "192.0.2.8"), limited.mia.user_principal_name, PASSWORD), "it locks nobody out"
    assert await _change(await limited.visit(limited.erik), PASSWORD)
    clock.advance(HOUR)  # type: ignore[attr-defined]
    assert await _change(thief, PASSWORD)


@pytest.mark.parametrize("spoilt", ["reset", "another name", "forged", "garbage"])
async def test_what_is_no_cookie_of_this_user_and_password_gives_no_tries(limited: Portal, spoilt: str) -> None:
    name = limited.mia.user_principal_name
    browser = _from(limited, "192.0.2.7")
    assert await _try(browser, limited.erik.user_principal_name if spoilt == "another name" else name, PASSWORD)
    await _sign_out(browser)
    cookie = browser.http.cookies["tenantry-browser"]
    if spoilt == "reset":
        async with limited.app.deps.store.write() as tx:
            limited.app.deps.clock.advance(1)  # type: ignore[attr-defined]
            new = await limited.app.deps.passwords.hash(PASSWORD)
            await set_password(tx, OPERATOR, limited.tenant.id, limited.mia.id, new, False, limited.app.deps.clock())
    elif spoilt == "forged":
        browser.http.cookies.set("tenantry-browser", cookie[:-1] + ("0" if cookie[-1] != "0" else "1"))
    elif spoilt == "garbage":
        browser.http.cookies.set("tenantry-browser", "a.b.c.d" * 9)
    await _attack(limited, name, TRIES_PER_NAME[WINDOW])
    assert not await _try(browser, name, PASSWORD)


async def test_the_wait_for_a_name_grows(limited: Portal) -> None:
    name, clock = limited.mia.user_principal_name, limited.app.deps.clock
    for _ in range(2):
        await _attack(limited, name, TRIES_PER_NAME[WINDOW])
        clock.advance(5 * MINUTE)  # type: ignore[attr-defined]
    assert not await _try(_from(limited, "203.0.113.9"), name, PASSWORD)
    assert clock() - NOON < 60 * MINUTE


async def test_a_name_that_nobody_has_counts_and_answers_alike(limited: Portal) -> None:
    known, unknown = limited.mia.user_principal_name, f"nobody@{limited.tenant.domain}"
    answers = []
    for name in (known, unknown):
        await _attack(limited, name, TRIES_PER_NAME[WINDOW])
        visitor = _from(limited, "203.0.113.9")
        await _try(visitor, name, "wrong")
        answers.append((visitor.page.status_code, visitor.text.replace(name, "NAME"), dict(visitor.page.cookies)))
    assert answers[0][:2] == answers[1][:2]
    assert answers[0][2].keys() == answers[1][2].keys()


async def test_no_spelling_of_a_name_has_tries_of_its_own(limited: Portal) -> None:
    """Full-width letters, capitals, what cannot be seen and what Unicode folds lead to the same user."""
    name = limited.mia.user_principal_name
    wide = [name[:at] + chr(ord(name[at]) + 0xFEE0) + name[at + 1 :] for at in range(3)]
    spellings = [name, name.upper(), *wide, f"\u200b{name}", name.replace("m", "m\u00ad", 1), f"{name}\u200d"]
    assert {name_key(each) for each in spellings} == {name}
    for number in range(TRIES_PER_NAME[WINDOW]):
        await _try(_from(limited, f"198.51.100.{number // 10}"), spellings[number % len(spellings)], "wrong")
    for each in spellings:
        visitor = _from(limited, "203.0.113.9")
        assert not await _try(visitor, each, PASSWORD), ascii(each)
        assert "Too many" in visitor.text


async def test_one_subscriber_with_many_networks_tries_little_more_names_than_one_with_one(
    limited: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen times as many, see tests/security/test_shares_of_limits.py."""
    monkeypatch.setattr("tenantry.surfaces.portal.sign_in.sign_in.TRIES_PER_ADDRESS", 1)
    tried = 0
    for network in range(20):
        visitor = _from(limited, f"2001:db8:7:{network * 256:x}::1")
        await _try(visitor, f"nobody{network}@elsewhere.example", "wrong")
        tried += "Too many" not in visitor.text
    assert tried == 16
