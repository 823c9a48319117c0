"""The first page's pictures, the graph of who can reach what, and what would happen if something leaked."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY
from tenantry.surfaces.portal.overview.charts import BASELINE, PLOT_HEIGHT, Value, columns
from tenantry.surfaces.portal.overview.graph import Graph, Node, cut
from tests.completeness.sides import is_page
from tests.support.builders import a_connector, a_grant, a_group, a_relationship, a_tenant, a_user
from tests.support.pictures import BLAST_PAGES, leaking, pictures_of, titles_of
from tests.support.portal import Portal
from tests.support.queries import counted_queries

EVERY_PAGE = ["/", "/reach", *BLAST_PAGES]


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
