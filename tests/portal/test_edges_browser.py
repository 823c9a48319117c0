"""What is wider than its place, in a real browser: the graph fits a desk; a list that goes on fades into its page.

The fade is measured in what is painted: pictures of the same list with and without it are compared.
"""

from __future__ import annotations

from base64 import b64encode
from itertools import pairwise
from typing import Any

import pytest
from playwright.async_api import Locator, Page

from tenantry.access.actions import RoleId
from tenantry.core.caller import Reach
from tenantry.core.clock import system_clock
from tests.support.builders import a_connector, a_grant, a_relationship, a_tenant
from tests.support.portal import IN_BROWSER, LivePortal

pytestmark = [*IN_BROWSER, pytest.mark.parametrize("scheme", ["light", "dark"])]

A_PHONE: Any = {"width": 360, "height": 720}
FADING = 48
"""The most pixels at an edge that may be less than whole: three letters or so."""
ROUNDED = 8
"""Pixels at the left whose corners are painted by a hair otherwise where something fades."""

# What of the drawing stands outside the window or its room, and how large its smallest letters come out.
OF_THE_GRAPH = """room => {
  const place = room.getBoundingClientRect(), right = Math.min(place.right, innerWidth);
  const parts = [...room.querySelectorAll("rect, text, .edge")];
  const places = parts.map(part => part.getBoundingClientRect());
  const outside = places.filter(at => at.left < place.left || at.right > right);
  const sizes = parts.filter(part => part.matches("text")).map(text => parseFloat(getComputedStyle(text).fontSize));
  return {headings: room.querySelectorAll(".layer").length, outside: outside.length,
    letters: Math.min(...sizes) * room.querySelector("svg").getScreenCTM().a};
}"""

FADES = """async ([faded, plain, ground]) => {
  const pixels_of = async png => {
    const image = new Image();
    image.src = "data:image/png;base64," + png;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), {width: image.width, height: image.height});
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
  };
  const [seen, whole] = [await pixels_of(faded), await pixels_of(plain)];
  return [...Array(whole.width).keys()].map(x => {
    const at = [];
    for (let y = 0; y < whole.height; y++) for (let c = 0; c < 3; c++) {
      const byte = 4 * (y * whole.width + x) + c;
      at.push([seen.data[byte] - ground[c], whole.data[byte] - ground[c]]);
    }
    const sum = of => at.reduce((so_far, pair) => so_far + Math.abs(pair[of]), 0);
    const share = sum(1) ? sum(0) / sum(1) : 1;
    return [share, Math.max(...at.map(([left, ink]) => Math.abs(left - share * ink)))];
  });
}"""


async def a_graph_with_every_column(live: LivePortal) -> None:
    portal, now = live.portal, system_clock()
    store = portal.app.deps.store
    partner = await a_tenant(store, name="Larch", now=now)
    await a_relationship(store, partner, portal.tenant, roles=[RoleId.USER_ADMINISTRATOR], now=now)
    rota = await a_connector(store, portal.tenant, name="Rota", now=now)
    await a_grant(store, rota, portal.erik, reach=Reach.GROUP, group_id=portal.group, now=now)
    await a_grant(store, rota, portal.dana, reach=Reach.TENANT, now=now)


async def fade_of(page: Page, box: Locator) -> list[tuple[float, float]]:
    """For each column of pixels: how much is left of what stands there, and by how much of 255 any of its pixels is
    another colour than that much of it over the page's own."""
    ground = await page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    faded = await box.screenshot()
    await box.evaluate("box => { for (const its of ['animation', 'mask', 'backgroundImage']) box.style[its] = 'none' }")
    plain = await box.screenshot()
    await box.evaluate("box => box.removeAttribute('style')")
    beside = await page.context.new_page()
    columns = await beside.evaluate(FADES, [b64encode(faded).decode(), b64encode(plain).decode(), ground])
    await beside.close()
    return [(share, off) for share, off in columns[ROUNDED:]]


@pytest.mark.parametrize("width", [1180, 1280])
async def test_at_a_desk_the_whole_graph_is_seen_at_once_and_can_be_read(
    live: LivePortal, scheme: Any, width: int
) -> None:
    await a_graph_with_every_column(live)
    page = await live.browse(live.portal.dana, color_scheme=scheme, viewport={"width": width, "height": 800})
    await page.goto("/reach")
    room = page.locator(".graph-room")
    found = await room.evaluate(OF_THE_GRAPH)
    assert (found["headings"], found["outside"]) == (7, 0)
    assert found["letters"] > 10
    assert [share for share, _ in await fade_of(page, room) if share < 0.99] == [], "nothing goes on, so nothing fades"


@pytest.mark.parametrize("path", ["/users", "/reach"])
async def test_on_a_phone_what_goes_on_fades_into_the_page_and_is_whole_where_it_ends(
    live: LivePortal, scheme: Any, path: str
) -> None:
    await a_graph_with_every_column(live)
    page = await live.browse(live.portal.dana, color_scheme=scheme, viewport=A_PHONE)
    await page.goto(path)
    assert await page.evaluate("document.documentElement.scrollWidth") <= A_PHONE["width"]
    box = page.locator(".scroll").first
    assert await box.evaluate("box => box.scrollWidth - box.clientWidth") > 100
    columns = await fade_of(page, box)
    shares = [share for share, _ in columns]
    assert shares[-1] < 0.06, "at the edge nothing is left: no bar, and nothing that is cut"
    assert all(share > 0.98 for share in shares[:-FADING]), "what is not at the edge is as bright as ever"
    steps = [earlier - later for earlier, later in pairwise(shares[-FADING:])]
    assert -0.03 < min(steps) <= max(steps) < 0.15, "it fades by little and little"
    assert max(off for _, off in columns) < 6, "it fades into another colour than the page's"

    await box.evaluate("box => { box.scrollLeft = box.scrollWidth }")
    assert [share for share, _ in await fade_of(page, box) if share < 0.99] == []
