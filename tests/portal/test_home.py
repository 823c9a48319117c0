"""The first page draws the last day and what ends soon, and says what needs attention."""

from __future__ import annotations

import re

import httpx

from tenantry.access.actions import RoleId
from tenantry.access.overview import first_event_id
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Audience
from tenantry.core.clock import DAY, HOUR
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Store
from tests.support.builders import OPERATOR, a_connector, a_grant, a_relationship, a_tenant, a_user
from tests.support.clock import NOON
from tests.support.pictures import pictures_of, titles_of
from tests.support.portal import Portal
from tests.support.queries import counted_queries


async def note(store: Store, tenant_id: TenantId, event: events.Event, *, at: int) -> None:
    async with store.write() as tx:
        await record(tx, tenant_id, OPERATOR, event, at)


def tables_of(page: httpx.Response) -> list[list[list[str]]]:
    """The cells of each table's body."""
    bodies = re.findall(r"<tbody>(.*?)</tbody>", page.text, re.DOTALL)
    return [
        [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)]
        for body in bodies
    ]


async def test_each_hour_of_the_last_day_shows_what_was_issued_and_refused(portal: Portal) -> None:
    store, tenant = portal.app.deps.store, portal.tenant
    issued = events.AccessTokenIssued(jti="1", audience=Audience.KAIZALA, expires_at=NOON)
    for at in (NOON, NOON - HOUR, NOON - HOUR + 1, NOON - 23 * HOUR, NOON - 24 * HOUR, NOON - 40 * DAY):
        await note(store, tenant.id, issued, at=at)
    await note(store, tenant.id, events.TokenRefused(reason="revoked", audience=""), at=NOON - HOUR)
    visitor = await portal.visit(portal.dana)
    page = await visitor.open("/")
    tokens = tables_of(page)[0]
    assert len(tokens) == 24
    assert tokens[0] == ["13:00 to 14:00", "1", "0"]
    assert tokens[-2:] == [["11:00 to 12:00", "2", "1"], ["12:00 to 13:00", "1", "0"]]
    assert "11:00 to 12:00: 2 issued, 1 refused" in titles_of(page)
    assert "One exchange of a token was refused in the last 24 hours." in visitor.text


async def test_sign_ins_are_counted_once_and_refusals_of_each_factor_too(portal: Portal) -> None:
    store, tenant = portal.app.deps.store, portal.tenant
    for refused in (
        events.SignInRefused(user_principal_name="x", reason="password"),
        events.SecondFactorRefused(user_id="x", method="otp", reason="wrong"),
        events.UpstreamSignInRefused(provider_id="x", reason="issuer"),
    ):
        await note(store, tenant.id, refused, at=NOON)
    visitor = await portal.visit(portal.dana)  # starts one session
    await visitor.open("/")
    assert "1 signed in 3 refused" in visitor.text


async def test_what_ends_soon_is_drawn_named_and_has_its_fix(portal: Portal) -> None:
    store = portal.app.deps.store
    partner = await a_tenant(store, name="Larch")
    connector = await a_connector(store, portal.tenant, name="Rota")
    await a_relationship(store, partner, portal.tenant, lifetime=5 * DAY)
    await a_relationship(store, partner, portal.tenant, lifetime=90 * DAY)
    own = await a_grant(store, connector, portal.dana, lifetime=6 * DAY)
    other = await a_grant(store, connector, portal.mia, lifetime=7 * DAY)
    await a_grant(store, connector, portal.erik, lifetime=300 * DAY)
    visitor = await portal.visit(portal.dana)
    page = await visitor.open("/")
    assert "3 end " in visitor.text
    assert "Larch may no longer act here in 5 days" in visitor.text
    assert f'href="/connectors/{connector.id}/user-token"' in page.text
    assert f'href="/blast-radius/token/{other.id}"' in page.text
    assert own.id in page.text


async def test_a_request_that_waits_and_a_lonely_password_need_attention(portal: Portal) -> None:
    store = portal.app.deps.store
    waiting = await a_relationship(store, await a_tenant(store, name="Larch"), portal.tenant, approved=False)
    visitor = await portal.visit(portal.dana)
    page = await visitor.open("/")
    assert "Larch asks to act in your organisation: Administration." in visitor.text
    assert f'href="/partners/{waiting}"' in page.text
    assert "Dana is Global Administrator and signs in with a password alone." in visitor.text
    assert "Only one person is Global Administrator." in visitor.text
    await a_user(store, portal.tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    await visitor.open("/")
    assert "Only one person is Global Administrator." not in visitor.text


async def test_members_see_where_to_begin_and_no_numbers_of_the_organisation(portal: Portal) -> None:
    page = await (await portal.visit(portal.mia)).open("/")
    assert page.status_code == 200
    assert not pictures_of(page)
    assert 'href="/connectors/new"' in page.text


async def test_the_hourly_counts_read_the_trail_by_the_range_of_its_ids(sqlite_portal: Portal) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    store = sqlite_portal.app.deps.store
    with counted_queries(store) as queries:
        await visitor.open("/")
    counting = [sql for sql in queries if "FROM audit_events" in sql]
    assert len(counting) == 2
    async with store.read() as read:
        for sql in counting:
            plan = await read.all(
                lambda *row: str(row[3]), f"EXPLAIN QUERY PLAN {sql}", tenant_id="", from_id="", most=1
            )
            assert any("id>" in step.replace(" ", "") and "tenant_id=?" in step for step in plan), plan


def test_ids_of_events_sort_at_the_instant_that_a_range_begins_with() -> None:
    assert first_event_id(NOON) < f"{NOON:014x}0000deadbeef" < first_event_id(NOON + 1)
