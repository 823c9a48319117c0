"""Signing in with a password, what may come before the first page, and signing out."""

from __future__ import annotations

import dataclasses

import pytest
from httpx import Response

from tenantry.app import App
from tenantry.core.clock import MINUTE
from tenantry.core.ids import TenantId
from tenantry.directory.passwords import PasswordHasher
from tenantry.directory.sessions import list_sessions
from tenantry.directory.users import set_password
from tenantry.store.engine.interface import Store
from tenantry.store.trail import audit_events
from tenantry.surfaces.portal.sign_in.sign_in import TRIES_PER_NAME_AND_ADDRESS
from tests.support.app import an_app, client_for
from tests.support.builders import OPERATOR, PASSWORD, a_tenant, a_user
from tests.support.clock import FakeClock
from tests.support.portal import Portal, Visitor, a_portal

NEW_PASSWORD = "Other-Horse-8-Battery"


async def type_password(visitor: Visitor, name: str, password: str = PASSWORD, path: str = "/sign-in") -> Response:
    await visitor.open(path)
    return await visitor.send(path, name=name, password=password)


async def trail(app: App, tenant_id: TenantId) -> list[str]:
    async with app.deps.store.read() as read:
        return [event.type for event in await audit_events.list_latest(read, tenant_id, 100)]


async def test_a_user_signs_in_and_out(portal: Portal) -> None:
    visitor = await portal.visit(None)
    answer = await type_password(visitor, portal.mia.user_principal_name.upper())
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert (await visitor.open("/")).status_code == 200
    assert portal.mia.user_principal_name in visitor.text
    await visitor.send("/sign-out")
    assert (await visitor.open("/")).headers["location"].startswith("/sign-in")
    assert {"session.started", "session.ended"} <= set(await trail(portal.app, portal.tenant.id))


async def test_a_session_whose_cookie_was_kept_is_dead_after_signing_out(portal: Portal) -> None:
    visitor = await portal.visit(None)
    await type_password(visitor, portal.mia.user_principal_name)
    kept = dict(visitor.http.cookies)
    await visitor.open("/")
    await visitor.send("/sign-out")
    visitor.http.cookies.update(kept)
    assert (await visitor.open("/")).status_code == 303


async def test_over_https_the_cookies_are_bound_to_the_host(store: Store) -> None:
    app = await an_app(store, public_url="https://tenantry.test")
    portal = await a_portal(app)
    visitor = await portal.visit(None)
    visitor.http.base_url = "https://tenantry.test"
    cookies = (await type_password(visitor, portal.mia.user_principal_name)).headers["set-cookie"]
    assert "__Host-tenantry=" in cookies
    assert "Secure" in cookies
    assert "Domain" not in cookies
    await app.close()


async def test_a_wrong_password_reads_like_a_name_that_nobody_has(portal: Portal) -> None:
    visitor = await portal.visit(None)
    texts = set()
    for name, password in (
        (portal.mia.user_principal_name, "wrong"),
        (f"nobody@{portal.tenant.domain}", PASSWORD),
        ("nobody@nowhere.example", PASSWORD),
    ):
        answer = await type_password(visitor, name, password)
        assert answer.status_code == 422
        assert f'value="{name}"' in answer.text
        assert password not in answer.text
        texts.add(visitor.text)
    assert len(texts) == 1


@pytest.mark.parametrize("typed", [{"name": ""}, {"password": ""}, {"name": "x" * 2000}, {"name": "a\x00b"}])
async def test_what_cannot_be_right_is_said_beside_its_field(sqlite_portal: Portal, typed: dict[str, str]) -> None:
    visitor = await sqlite_portal.visit(None)
    await visitor.open("/sign-in")
    answer = await visitor.send("/sign-in", **{"name": "a@b.example", "password": "x", **typed})
    assert answer.status_code == 422
    assert f'id="{next(iter(typed))}-error"' in answer.text


async def test_too_many_tries_of_a_name_are_stopped_also_when_nobody_has_it(store: Store) -> None:
    clock = FakeClock()
    app = await an_app(store, rate_limits="on", clock=clock)
    portal = await a_portal(app)
    for name in (portal.mia.user_principal_name, "nobody@nowhere.example"):
        visitor = await portal.visit(None)
        for _ in range(TRIES_PER_NAME_AND_ADDRESS):
            await type_password(visitor, name, "wrong")
        assert "Too many" not in visitor.text
        assert (await type_password(visitor, name)).status_code == 422
        assert "Too many requests" in visitor.text
    clock.advance(5 * MINUTE)
    visitor = await portal.visit(None)
    assert (await type_password(visitor, portal.mia.user_principal_name)).status_code == 303
    await app.close()


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("/connectors?mine=1", "/connectors?mine=1"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
async def test_after_signing_in_one_is_where_one_wanted_to_go_and_never_elsewhere(
    sqlite_portal: Portal, wanted: str, given: str
) -> None:
    visitor = await sqlite_portal.visit(None)
    await visitor.open(f"/sign-in?next={wanted}")
    answer = await visitor.send(
        f"/sign-in?next={wanted}", name=sqlite_portal.mia.user_principal_name, password=PASSWORD
    )
    assert answer.headers["location"] == given


async def test_the_password_one_was_given_is_good_for_choosing_another_only(portal: Portal) -> None:
    store = portal.app.deps.store
    user = await a_user(store, portal.tenant, must_change=True)
    visitor = await portal.visit(None)
    answer = await type_password(visitor, user.user_principal_name, path="/sign-in?next=/connectors")
    assert answer.headers["location"] == "/password?next=%2Fconnectors"
    assert (await visitor.open("/")).status_code == 303
    await visitor.open("/password?next=%2Fconnectors")
    assert "Choose a password of your own" in visitor.text
    path = "/password?next=%2Fconnectors"
    for password, repeated, field in (
        ("weak", "weak", "password"),
        (PASSWORD, PASSWORD, "password"),
        (NEW_PASSWORD, NEW_PASSWORD + "x", "repeated_password"),
    ):
        refused = await visitor.send(path, password=password, repeated_password=repeated)
        assert refused.status_code == 422
        assert f'id="{field}-error"' in refused.text
    changed = await visitor.send(path, password=NEW_PASSWORD, repeated_password=NEW_PASSWORD)
    assert (changed.status_code, changed.headers["location"]) == (303, "/connectors")
    assert (await visitor.open("/")).status_code == 200
    again = await portal.visit(None)
    assert (await type_password(again, user.user_principal_name)).status_code == 422
    assert (await type_password(again, user.user_principal_name, NEW_PASSWORD)).headers["location"] == "/"


async def test_two_sign_ins_with_one_given_password_cannot_both_change_it(portal: Portal) -> None:
    user = await a_user(portal.app.deps.store, portal.tenant, must_change=True)
    first, second = await portal.visit(None), await portal.visit(None)
    for visitor in (first, second):
        await type_password(visitor, user.user_principal_name)
        await visitor.open("/password")
    assert (await first.send("/password", password=NEW_PASSWORD, repeated_password=NEW_PASSWORD)).status_code == 303
    late = await second.send("/password", password=NEW_PASSWORD + "2", repeated_password=NEW_PASSWORD + "2")
    assert late.headers["location"].startswith("/sign-in")


async def test_who_is_signed_in_changes_the_password_by_knowing_it_and_stays(portal: Portal) -> None:
    here, there = await portal.visit(None), await portal.visit(None)
    for visitor in (here, there):
        await type_password(visitor, portal.mia.user_principal_name)
    await here.open("/password")
    wrong = await here.send(
        "/password", present_password="wrong", password=NEW_PASSWORD, repeated_password=NEW_PASSWORD
    )
    assert wrong.status_code == 422
    assert "The present password is not right." in here.text
    done = await here.send(
        "/password", present_password=PASSWORD, password=NEW_PASSWORD, repeated_password=NEW_PASSWORD
    )
    assert done.status_code == 303
    assert (await here.open(done.headers["location"])).status_code == 200
    assert "The password is changed" in here.text
    assert (await there.open("/")).status_code == 303


async def test_sessions_are_listed_and_ended_one_by_one_or_together(portal: Portal) -> None:
    visitors = [await portal.visit(None) for _ in range(3)]
    for number, visitor in enumerate(visitors):
        visitor.http.headers["User-Agent"] = f"<b>Mozilla</b> (X11; Linux) Firefox/{number}"
        await type_password(visitor, portal.mia.user_principal_name)
    here, second, third = visitors
    await here.open("/sessions")
    assert here.text.count("Firefox on Linux") >= 3
    assert "<b>Mozilla" not in here.page.text
    async with portal.app.deps.store.read() as read:
        sessions = await read.all(
            str, "SELECT id FROM sessions WHERE tenant_id = :t AND browser LIKE '%/1'", t=portal.tenant.id
        )
    stranger = await portal.visit(portal.erik)
    await stranger.open("/sessions")
    assert (await stranger.send(f"/sessions/{sessions[0]}/end")).status_code == 404
    assert (await second.open("/")).status_code == 200
    await here.open("/sessions")
    assert (await here.send(f"/sessions/{sessions[0]}/end")).status_code == 303
    assert (await second.open("/")).status_code == 303
    assert (await third.open("/")).status_code == 200
    await here.open("/sessions")
    assert (await here.send("/sessions/end-others")).status_code == 303
    assert (await third.open("/")).status_code == 303
    assert (await here.open("/")).status_code == 200


async def test_a_disabled_user_and_one_of_another_tenant_gain_nothing(portal: Portal) -> None:
    store = portal.app.deps.store
    async with store.write() as tx:
        await tx.run("UPDATE users SET disabled_at = 1 WHERE id = :id", id=portal.mia.id)
    visitor = await portal.visit(None)
    assert (await type_password(visitor, portal.mia.user_principal_name)).status_code == 422
    away = await a_tenant(store)
    other = await a_user(store, away)
    assert (await type_password(visitor, other.user_principal_name)).status_code == 303
    await visitor.open("/")
    assert portal.tenant.domain not in visitor.page.text


class _Interrupted(PasswordHasher):
    """While it checks a password, somebody else sets another one. As in a queue of sign-ins, which may take seconds."""

    def __init__(self, portal: Portal) -> None:
        super().__init__(memory_kib=64, passes=1, workers=1)
        self._portal = portal

    async def verify(self, password_hash: str | None, password: str, tenant_id: str | None = None) -> bool:
        is_right = await super().verify(password_hash, password, tenant_id)
        portal, now = self._portal, self._portal.app.deps.clock()
        other = await self.hash(NEW_PASSWORD)
        async with portal.app.deps.store.write() as tx:
            await set_password(tx, OPERATOR, portal.tenant.id, portal.mia.id, other, False, now)
        return is_right


async def test_a_password_that_is_replaced_while_it_is_checked_opens_nothing(portal: Portal) -> None:
    visitor = await portal.visit(None)
    await visitor.open("/sign-in")
    deps = dataclasses.replace(portal.app.deps, passwords=_Interrupted(portal))
    async with client_for(App(deps, owns_store=False)) as http:
        http.cookies.update(visitor.http.cookies)
        visitor.http = http
        answer = await visitor.send("/sign-in", name=portal.mia.user_principal_name, password=PASSWORD)
        assert answer.status_code == 403
        assert "Sign in again." in visitor.text
        assert "tenantry=" not in answer.headers.get("set-cookie", "")
    async with portal.app.deps.store.read() as read:
        assert await list_sessions(read, portal.tenant.id, portal.mia.id, portal.app.deps.clock()) == []


async def test_a_password_that_somebody_else_sets_meanwhile_is_not_undone_by_ones_own(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    await visitor.open("/password")
    deps = dataclasses.replace(portal.app.deps, passwords=_Interrupted(portal))
    async with client_for(App(deps, owns_store=False)) as http:
        http.cookies.update(visitor.http.cookies)
        visitor.http = http
        await visitor.send(
            "/password",
            present_password=PASSWORD,
            password="Third-Horse-9-Battery",
            repeated_password="Third-Horse-9-Battery",
        )
    again = await portal.visit(None)
    assert (await type_password(again, portal.mia.user_principal_name, "Third-Horse-9-Battery")).status_code == 422
    assert (await type_password(again, portal.mia.user_principal_name, NEW_PASSWORD)).status_code == 303
