"""The first page's pictures, the graph of who can reach what, and what would happen if something leaked."""

from __future__ import annotations

import re
from html import unescape
from xml.etree import ElementTree as ET

import httpx
import pytest

from tenantry.access.actions import Permission, RoleId
from tenantry.access.overview import first_event_id
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Audience, Reach
from tenantry.core.clock import DAY, HOUR
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Store
from tenantry.store.schema import metadata
from tenantry.surfaces.portal.overview.charts import BASELINE, PLOT_HEIGHT, Value, columns
from tenantry.surfaces.portal.overview.graph import Graph, Node, cut
from tests.completeness.sides import is_page
from tests.support.builders import OPERATOR, a_connector, a_grant, a_group, a_relationship, a_tenant, a_user, a_webhook
from tests.support.clock import NOON
from tests.support.portal import Portal, Visitor
from tests.support.portal_names import names_in
from tests.support.queries import counted_queries

KINDS = ("token/{grant_id}", "connector/{connector_id}", "relationship/{relationship_id}", "user/{user_id}")
BLAST_PAGES = [f"/blast-radius/{kind}" for kind in (*KINDS, "device/{device_key}")]
EVERY_PAGE = ["/", "/reach", *BLAST_PAGES]


async def note(store: Store, tenant_id: TenantId, event: events.Event, *, at: int) -> None:
    async with store.write() as tx:
        await record(tx, tenant_id, OPERATOR, event, at)


def pictures_of(page: httpx.Response) -> list[ET.Element]:
    """Every drawing of the page, which must be well-formed."""
    found = re.findall(r"<svg class=\"(?:chart|graph)\".*?</svg>", page.text, re.DOTALL)
    return [ET.fromstring(svg) for svg in found]


def tables_of(page: httpx.Response) -> list[list[list[str]]]:
    """The cells of each table's body."""
    bodies = re.findall(r"<tbody>(.*?)</tbody>", page.text, re.DOTALL)
    return [
        [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)]
        for body in bodies
    ]


def titles_of(page: httpx.Response) -> list[str]:
    return [title.text or "" for picture in pictures_of(page) for title in picture.iter("title")]


# Home


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


# Charts and graphs


def test_columns_keep_within_the_picture_and_small_numbers_are_seen() -> None:
    chart = columns([Value("a", 1_000_000, 1), Value("b", 0, 0), Value("c", 3, 999_997)])
    for column in chart.columns:
        assert column.x >= 0
        assert column.x + column.width <= 100
        assert column.done_height + column.marked_height <= PLOT_HEIGHT + 0.1
        assert column.done_y + column.done_height == pytest.approx(BASELINE, abs=0.2)
    assert chart.columns[0].marked_height > 0
    assert chart.columns[1].done_height == chart.columns[1].marked_height == 0
    assert chart.lines[0].number == 2_000_000


def test_a_chart_of_nothing_can_be_drawn() -> None:
    assert columns([]).columns == []
    assert columns([Value("a", 0)]).lines[0].number == 2


def test_nodes_of_a_graph_do_not_overlap_and_arrows_lead_between_neighbours() -> None:
    graph = Graph(["a", "b", "c"], [100, 100, 100], 1)
    for number in range(9):
        graph.join(graph.add(0, Node(f"a{number}", "left")), graph.add(1, Node("b", "centre")))
        graph.join(graph.add(2, Node(f"c{number % 3}", "right")), "b")
    drawing = graph.draw()
    spots = {(box.x, box.y) for box in drawing.boxes}
    assert len(spots) == len(drawing.boxes) == 13
    assert all(box.x + box.width <= drawing.width and box.y + 44 <= drawing.height for box in drawing.boxes)
    assert len(drawing.arrows) == 12


def test_long_names_are_cut_wide_letters_sooner() -> None:
    assert cut("short", 10) == "short"
    assert cut("a" * 30, 10) == "a" * 9 + "…"
    assert len(cut("漢" * 30, 10)) == 5


# Who can reach what


async def test_the_graph_and_its_words_show_each_way_in(portal: Portal) -> None:
    store = portal.app.deps.store
    partner = await a_tenant(store, name="Larch")
    relationship = await a_relationship(store, partner, portal.tenant, roles=[RoleId.USER_ADMINISTRATOR])
    rota = await a_connector(store, portal.tenant, name="Rota")
    one = await a_grant(store, rota, portal.erik, reach=Reach.GROUP, group_id=portal.group)
    await a_grant(store, rota, portal.dana, reach=Reach.TENANT)
    await a_grant(store, rota, portal.mia)
    await a_connector(store, portal.tenant, name="Idle")
    visitor = await portal.visit(portal.dana)
    page = await visitor.open("/reach")
    titles = " | ".join(titles_of(page))
    for text in (
        "Larch, partner",
        "User Administrator, role",
        "Rota, active",
        "Dana, own user",
        "Night shift, and its",
    ):
        assert text in titles
    assert "Every group: 3" in titles
    assert "Groups of Mia" in titles
    assert "Idle" not in titles
    (graph,) = pictures_of(page)
    links = [node.attrib["href"] for node in graph.iter("a")]
    assert f"/blast-radius/relationship/{relationship}" in links
    assert f"/blast-radius/token/{one.id}" in links
    words = visitor.text.partition("The same in words")[2]
    assert "Larch → reaches Administration → reaches User Administrator" in words
    assert "a token from Erik → reaches Night shift and its sub-groups" in words


@pytest.mark.parametrize(
    ("query", "seen", "unseen"),
    [
        ("q=lar", "Larch", "Rota"),
        ("q=ROTA", "Rota", "Larch"),
        ("q=night shift", "Rota", "Larch"),
        ("q=dana", "Dana", "Larch"),
        ("show=apps", "Rota", "Larch"),
        ("show=partners", "Larch", "Rota"),
        ("q=%25", "Nothing fits", "Rota"),
        ("q=_", "Nothing fits", "Rota"),
    ],
)
async def test_the_graph_is_filtered_by_name_and_side(portal: Portal, query: str, seen: str, unseen: str) -> None:
    store = portal.app.deps.store
    await a_relationship(store, await a_tenant(store, name="Larch"), portal.tenant)
    rota = await a_connector(store, portal.tenant, name="Rota")
    await a_grant(store, rota, portal.erik, reach=Reach.GROUP, group_id=portal.group)
    visitor = await portal.visit(portal.dana)
    await visitor.open(f"/reach?{query}")
    assert seen in visitor.text
    assert unseen not in visitor.text


async def test_a_large_tenant_is_paged_and_each_app_comes_once(portal: Portal) -> None:
    store = portal.app.deps.store
    for number in range(23):
        connector = await a_connector(store, portal.tenant, name=f"App {number:02}")
        await a_grant(store, connector, portal.dana)
    visitor = await portal.visit(portal.dana)
    seen: list[str] = []
    address = "/reach?show=apps"
    while address:
        page = await visitor.open(address)
        (graph,) = pictures_of(page)
        assert len(list(graph.iter("a"))) < 60
        seen += [title for title in titles_of(page) if title.startswith("App ")]
        found = re.search(r'<a class="button" href="(/reach[^"]*)">More connectors', page.text)
        address = found[1].replace("&amp;", "&") if found else ""
    assert [title.partition(",")[0] for title in seen] == [f"App {number:02}" for number in range(23)]


async def test_ended_ways_in_are_not_drawn(portal: Portal) -> None:
    store = portal.app.deps.store
    await a_relationship(store, await a_tenant(store, name="Larch"), portal.tenant, lifetime=DAY)
    connector = await a_connector(store, portal.tenant, name="Rota")
    await a_grant(store, connector, portal.dana, lifetime=DAY)
    portal.app.deps.clock.advance(DAY)  # type: ignore[attr-defined]
    visitor = await portal.visit(portal.dana)
    await visitor.open("/reach")
    assert "Larch" not in visitor.text
    assert "Rota" not in visitor.text


# Blast radius


async def leaking(portal: Portal) -> tuple[dict[str, str], Visitor]:
    return await names_in(portal), await portal.visit(portal.dana)


async def test_a_leaked_connector_shows_its_tokens_and_is_deleted_by_one_button(portal: Portal) -> None:
    names, visitor = await leaking(portal)
    path = f"/blast-radius/connector/{names['connector_id']}"
    page = await visitor.open(path)
    assert "2 live tokens." in visitor.text
    assert f'href="/blast-radius/token/{names["grant_id"]}"' in page.text
    action = re.findall(r'<form method="post" action="(/connectors[^"]*)"', page.text)
    assert len(action) == 1
    answer = await visitor.send(action[0])
    assert answer.status_code == 303
    assert (await visitor.open(path)).status_code == 404


async def test_the_webhooks_of_an_app_fall_silent_with_it(portal: Portal) -> None:
    names, visitor = await leaking(portal)
    store, path = portal.app.deps.store, f"/blast-radius/connector/{names['connector_id']}"
    webhook_id = await a_webhook(store, portal.tenant, None, now=portal.app.deps.clock())
    await visitor.open(path)
    assert "silent" not in visitor.text
    async with store.write() as tx:
        await tx.run(
            "UPDATE webhooks SET connector_id = :connector_id WHERE tenant_id = :tenant_id AND id = :id",
            connector_id=names["connector_id"],
            tenant_id=portal.tenant.id,
            id=webhook_id,
        )
    await visitor.open(path)
    assert "1 webhook of it falls silent." in visitor.text


async def test_a_leaked_token_names_the_groups_it_opens_and_who_may_give_another(portal: Portal) -> None:
    store = portal.app.deps.store
    permissions = [Permission.GROUP_MEMBERS]
    connector = await a_connector(store, portal.tenant, name="Rota", permissions=permissions)
    token = await a_grant(
        store, connector, portal.erik, reach=Reach.GROUP, group_id=portal.group, permissions=permissions
    )
    visitor = await portal.visit(portal.erik)
    page = await visitor.open(f"/blast-radius/token/{token.id}")
    assert "2 groups. It acts as an administrator of the group" in visitor.text
    assert "Night drivers" in visitor.text
    assert "Erik can give a new token at any time" in visitor.text
    await visitor.send(f"/tokens/{token.id}/revoke")
    assert (await visitor.open(f"/blast-radius/token/{token.id}")).status_code == 404
    assert page.status_code == 200


async def test_a_partner_is_shut_out_by_one_button_and_keeps_what_another_relationship_gives(portal: Portal) -> None:
    store = portal.app.deps.store
    partner = await a_tenant(store, name="Larch")
    relationship = await a_relationship(store, partner, portal.tenant)
    await a_relationship(store, partner, portal.tenant)
    visitor = await portal.visit(portal.dana)
    path = f"/blast-radius/relationship/{relationship}"
    await visitor.open(path)
    assert "Larch keeps what Administration gives it." in visitor.text
    assert (await visitor.send(f"/partners/{relationship}/end")).status_code == 303
    async with store.read() as read:
        status = await read.one_or_none(
            str,
            "SELECT status FROM delegated_relationships WHERE tenant_id = :tenant_id AND id = :id",
            tenant_id=portal.tenant.id,
            id=relationship,
        )
    assert status == "terminated"


async def test_a_user_is_ended_and_brought_back(portal: Portal) -> None:
    store = portal.app.deps.store
    connector = await a_connector(store, portal.tenant, name="Rota")
    await a_grant(store, connector, portal.erik)
    visitor = await portal.visit(portal.dana)
    path = f"/blast-radius/user/{portal.erik.id}"
    await visitor.open(path)
    assert "1 token that the user gave stops." in visitor.text
    assert "Night shift has no admin left." in visitor.text
    assert "You can restore the user for 30 days. The tokens stay revoked." in visitor.text
    await visitor.send(f"/users/{portal.erik.id}/delete")
    page = await visitor.open(path)
    assert "Erik is deleted" in visitor.text
    assert f'action="/users/{portal.erik.id}/restore"' in page.text
    await visitor.send(f"/users/{portal.erik.id}/restore")
    await visitor.open(path)
    assert "If the account of Erik were taken over" in visitor.text


async def test_the_last_administrator_is_told_what_that_means(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    await visitor.open(f"/blast-radius/user/{portal.dana.id}")
    assert "Nobody is left who is Global Administrator." in visitor.text


async def test_one_device_is_removed_and_its_place_is_free(portal: Portal) -> None:
    names, visitor = await leaking(portal)
    path = f"/blast-radius/device/{names['device_key']}"
    await visitor.open(path)
    assert "If Pixel of asset-1 were lost" in visitor.text
    assert (await visitor.send(path)).status_code == 303
    assert (await visitor.open(path)).status_code == 404
    async with portal.app.deps.store.read() as read:
        counts = await read.all(
            int,
            "SELECT device_count FROM managed_accounts WHERE tenant_id = :tenant_id",
            tenant_id=portal.tenant.id,
        )
        credentials = await read.all(
            int,
            "SELECT COUNT(*) FROM device_credentials WHERE tenant_id = :tenant_id AND revoked_at IS NULL",
            tenant_id=portal.tenant.id,
        )
    assert (counts, credentials) == ([0], [0])


async def test_a_button_that_is_pressed_twice_ends_one_thing(portal: Portal) -> None:
    names, visitor = await leaking(portal)
    for path in BLAST_PAGES:
        page = await visitor.open(path.format_map(names))
        action = re.findall(r'<form method="post" action="(/[^"]*)">', page.text)[-1]
        first = await visitor.send(action)
        assert first.status_code == 303, action
        visitor.page = page
        assert "This form was sent before" in (await visitor.send(action)).text


async def test_who_may_only_look_has_no_button_and_cannot_press_it(portal: Portal) -> None:
    names = await names_in(portal)
    reader = await portal.visit(await a_user(portal.app.deps.store, portal.tenant, roles=[RoleId.GLOBAL_READER]))
    for path in BLAST_PAGES:
        page = await reader.open(path.format_map(names))
        assert page.status_code == 200
        assert "An administrator may end it" in page.text or "an administrator may end it" in page.text
    before = await rows(portal)
    await reader.open("/phones")
    path = BLAST_PAGES[4].format_map(names)
    assert (await reader.send(path, form_id=path)).status_code == 403
    assert await rows(portal) == before


async def rows(portal: Portal) -> list[object]:
    found: list[object] = []
    async with portal.app.deps.store.read() as read:
        for table in ("delegated_relationships", "devices", "managed_accounts", "device_credentials", "grants"):
            assert metadata.tables[table].info["kind"] == "owned"
            found += await read.all(
                lambda *row: row, f"SELECT * FROM {table} WHERE tenant_id = :tenant_id", tenant_id=portal.tenant.id
            )
    return sorted(found, key=repr)


# All of them


async def test_markup_in_names_stays_text_in_pictures_too(portal: Portal) -> None:
    store = portal.app.deps.store
    evil = "<script>alert(1)</script>\"'&"
    await a_relationship(store, await a_tenant(store, name=f"Larch {evil}"), portal.tenant, lifetime=DAY)
    connector = await a_connector(store, portal.tenant, name=f"Rota {evil}")
    group = await a_group(store, portal.tenant, name=f"Crew {evil}", admins=[portal.erik])
    token = await a_grant(store, connector, portal.erik, reach=Reach.GROUP, group_id=group, lifetime=DAY)
    visitor = await portal.visit(portal.dana)
    for path in ("/", "/reach", f"/blast-radius/connector/{connector.id}", f"/blast-radius/token/{token.id}"):
        page = await visitor.open(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "style=" not in page.text
        pictures_of(page)


async def test_every_link_of_these_pages_leads_somewhere(portal: Portal) -> None:
    names, visitor = await leaking(portal)
    served = [re.sub(r"\{[^}]+\}", "[^/]+", route.path) for route in portal.app.routes() if is_page(route)]
    links: set[str] = set()
    for path in EVERY_PAGE:
        page = await visitor.open(path.format_map(names))
        links |= {unescape(href) for href in re.findall(r'<a [^>]*href="(/[^"#]*)"', page.text)}
    assert len(links) > 20
    for link in sorted(links):
        if any(re.fullmatch(path, link.partition("?")[0]) for path in served):
            assert (await visitor.open(link)).status_code == 200, link


async def test_the_queries_of_these_pages_do_not_grow_with_what_they_show(portal: Portal) -> None:
    names, visitor = await leaking(portal)
    store = portal.app.deps.store

    async def costs() -> dict[str, int]:
        found = {}
        for path in EVERY_PAGE:
            with counted_queries(store) as queries:
                assert (await visitor.open(path.format_map(names))).status_code == 200
            found[path] = len(queries)
        return found

    few = await costs()
    for number in range(12):
        partner = await a_tenant(store, name=f"Larch {number}")
        user = await a_user(store, portal.tenant, roles=[RoleId.DIRECTORY_READERS])
        connector = await a_connector(store, portal.tenant, name=f"App {number}")
        group = await a_group(store, portal.tenant, admins=[portal.mia])
        await a_grant(store, connector, user, lifetime=DAY)
        await a_grant(store, connector, portal.mia, reach=Reach.GROUP, group_id=group, lifetime=DAY)
        await a_relationship(store, partner, portal.tenant, lifetime=DAY, approved=number % 2 == 0)
    assert await costs() == few
    assert max(few.values()) <= 17
