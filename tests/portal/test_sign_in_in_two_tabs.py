"""Signing in and out with more than one tab of a browser: what is late leads on, and never to a dead end."""

from __future__ import annotations

from tenantry.directory.sessions import list_sessions
from tests.portal.test_second_factor import code_of, set_up_totp
from tests.support.builders import PASSWORD
from tests.support.portal import Portal, Visitor

NEXT = "/sign-in?next=%2Fconnectors%2Fnew"


async def two_tabs(portal: Portal, path: str = NEXT) -> tuple[Visitor, Visitor]:
    """Of one browser, both at `path` while nobody is signed in."""
    first = await portal.visit(None)
    second = Visitor(first.http)
    await first.open(path)
    await second.open(path)
    return first, second


async def test_who_signed_in_in_another_tab_meanwhile_goes_on_to_where_they_wanted(portal: Portal) -> None:
    first, second = await two_tabs(portal)
    typed = {"name": portal.mia.user_principal_name, "password": PASSWORD}
    assert (await first.send(NEXT, **typed)).headers["location"] == "/connectors/new"
    await first.open("/connectors/new")
    late = await second.send(NEXT, **{**typed, "name": typed["name"].upper()})
    assert (late.status_code, late.headers["location"]) == (303, "/connectors/new")
    details = {"step": "details", "name": "Shift bot", "kind": "public", "redirect_uris": "https://a.example/cb"}
    assert (await first.send("/connectors/new", **details)).status_code == 200  # nothing was lost in the first
    async with portal.app.deps.store.read() as read:
        assert len(await list_sessions(read, portal.tenant.id, portal.mia.id, portal.app.deps.clock())) == 1


async def test_another_name_in_the_other_tab_signs_that_one_in_and_only_with_its_password(portal: Portal) -> None:
    first, second = await two_tabs(portal)
    await first.send(NEXT, name=portal.mia.user_principal_name, password=PASSWORD)
    wrong = await second.send(NEXT, name=portal.erik.user_principal_name, password="wrong")
    assert wrong.status_code == 422
    assert (await second.send(NEXT, name=portal.erik.user_principal_name, password=PASSWORD)).status_code == 303
    assert portal.erik.user_principal_name in (await second.open("/sessions")).text
    late = await first.send("/sign-out", form_token="of mia's session")
    assert late.status_code == 403
    assert "shown before somebody signed in anew" in first.text


async def test_a_second_factor_that_another_tab_has_proven_is_not_asked_again(portal: Portal) -> None:
    _, secret, _ = await set_up_totp(portal, portal.mia)
    first, second = await two_tabs(portal)
    await first.send(NEXT, name=portal.mia.user_principal_name, password=PASSWORD)
    path = first.page.headers["location"]
    await first.open(path)
    await second.open(path)
    code = code_of(portal, secret, 1)
    assert (await first.send(f"{path}&with=totp", method="totp", code=code)).headers["location"] == "/connectors/new"
    late = await second.send(f"{path}&with=totp", method="totp", code=code)
    assert (late.status_code, late.headers["location"]) == (303, "/connectors/new")


async def test_signing_out_twice_ends_at_the_sign_in_page(portal: Portal) -> None:
    first = await portal.visit(portal.mia)
    second = Visitor(first.http)
    await first.open("/")
    await second.open("/")
    for tab in (first, second):
        answer = await tab.send("/sign-out")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_a_form_of_a_tab_that_was_signed_out_elsewhere_comes_back_after_signing_in(portal: Portal) -> None:
    first = await portal.visit(portal.mia)
    second = Visitor(first.http)
    await first.open("/connectors/new")
    await second.open("/")
    await second.send("/sign-out")
    first.http.headers["sec-fetch-site"] = "same-origin"
    typed = {"name": "Shift bot", "kind": "public", "redirect_uris": "https://a.example/cb"}
    late = await first.send("/connectors/new", step="details", **typed)
    await first.open(late.headers["location"])
    await first.send(late.headers["location"], name=portal.mia.user_principal_name, password=PASSWORD)
    assert 'value="Shift bot"' in (await first.open("/connectors/new")).text


async def test_of_two_tabs_opened_at_once_both_can_sign_in(portal: Portal) -> None:
    first, other = await portal.visit(None), await portal.visit(None)
    await first.open(NEXT)
    await other.open(NEXT)
    first.http.cookies.set("tenantry-form", other.http.cookies["tenantry-form"])  # the later answer's stays
    typed = {"name": portal.mia.user_principal_name, "password": PASSWORD}
    assert (await first.send(NEXT, **typed)).status_code == 403  # a browser of old says nothing
    await first.open(NEXT)
    first.http.cookies.set("tenantry-form", "of another tab")
    first.http.headers["sec-fetch-site"] = "same-origin"
    assert (await first.send(NEXT, **typed)).headers["location"] == "/connectors/new"


async def test_the_back_button_after_signing_in_leads_on(portal: Portal) -> None:
    first, back = await two_tabs(portal, "/sign-in")
    typed = {"name": portal.mia.user_principal_name, "password": PASSWORD}
    await first.send("/sign-in", **typed)
    await first.open("/")
    assert (await back.send("/sign-in", **typed)).headers["location"] == "/"
    assert (await first.open("/")).status_code == 200
