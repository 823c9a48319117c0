"""The list of connectors: whose come first, how they are found, and when each was used last."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tenantry.access.actions import Permission
from tenantry.core.caller import Reach
from tenantry.core.clock import HOUR, MINUTE
from tests.support.builders import a_connector, a_grant
from tests.support.connector_pages import register
from tests.support.portal import Portal


@pytest.mark.parametrize(
    ("ago", "says"), [(None, "never"), (59 * MINUTE, "within the hour"), (3 * HOUR, "3 hours ago")]
)
async def test_when_a_connector_its_secret_and_its_token_were_last_used_is_shown(
    portal: Portal, ago: int | None, says: str
) -> None:
    store, now = portal.app.deps.store, portal.app.deps.clock()
    connector = await a_connector(store, portal.tenant, permissions=[Permission.MEDIA], now=now - 9 * HOUR)
    await a_grant(store, connector, portal.mia, permissions=[Permission.MEDIA], now=now - 9 * HOUR)
    at = None if ago is None else now - ago
    async with store.write() as tx:
        await tx.run("UPDATE connector_secrets SET last_used_at = :at WHERE connector_id = :id", at=at, id=connector.id)
        await tx.run("UPDATE refresh_tokens SET last_used_at = :at WHERE tenant_id = :t", at=at, t=portal.tenant.id)
    visitor = await portal.visit(portal.dana)
    assert (await visitor.open("/connectors?show=all")).text.count(says) == 1
    assert (await visitor.open(f"/connectors/{connector.id}")).text.count(says) == 2
    assert says in (await visitor.open(f"/users/{portal.mia.id}")).text


async def test_a_public_connector_was_last_used_when_its_tokens_were(portal: Portal) -> None:
    store, now = portal.app.deps.store, portal.app.deps.clock()
    used, idle = (
        await a_connector(store, portal.tenant, name="Used"),
        await a_connector(store, portal.tenant, name="Idle"),
    )
    for connector in (used, idle):
        await a_grant(store, connector, portal.mia, permissions=[Permission.MEDIA])
    async with store.write() as tx:
        await tx.run("UPDATE connectors SET kind = 'public' WHERE tenant_id = :t", t=portal.tenant.id)
        await tx.run(
            """
            UPDATE refresh_tokens SET last_used_at = :at WHERE tenant_id = :t AND grant_id IN
                (SELECT id FROM grants WHERE tenant_id = :t AND connector_id = :connector_id)
            """,
            at=now - 5 * HOUR,
            t=portal.tenant.id,
            connector_id=used.id,
        )
    visitor = await portal.visit(portal.dana)
    await visitor.open("/connectors?show=all")
    assert re.search(r"Idle .* never .* Used .* 5 hours ago", visitor.text)


async def test_ones_own_connectors_are_listed_first_and_all_on_demand(portal: Portal) -> None:
    erik, mia = await portal.visit(portal.erik), await portal.visit(portal.mia)
    await register(erik, ["media"])
    await mia.open("/connectors?show=mine")
    assert "No connectors of yours yet" in mia.text
    await mia.open("/connectors")
    assert "Shift bot" in mia.text, "who has none of their own sees everybody's"
    await mia.open("/connectors?q=nothing")
    assert "Nothing found" in mia.text
    await register(mia, ["actions"])
    await mia.open("/connectors")
    assert mia.page.text.count("Shift bot") == 1
    await mia.open("/connectors?show=all")
    assert mia.page.text.count("Shift bot") == 2
    stranger = await portal.visit(portal.otto)
    await stranger.open("/connectors?show=all")
    assert "Shift bot" not in stranger.text


@pytest.mark.parametrize(
    ("query", "found"),
    # The last shows nothing, like a search for nothing.
    [("SHIFT", 1), ("bot", 1), ("%", 0), ("_", 0), ("!", 0), ("'", 0), ("sh\u202eift", 1), ("\u202e", 1)],
)
async def test_a_search_finds_names_and_takes_no_wildcards(portal: Portal, query: str, found: int) -> None:
    visitor = await portal.visit(portal.erik)
    await register(visitor, ["media"])
    page = await visitor.http.get("/connectors", params={"q": query})
    assert page.status_code == 200
    assert page.text.count('class="name"') == found


async def test_a_long_list_goes_on_on_the_next_page_without_gap_or_repetition(portal: Portal) -> None:
    for number in range(60):
        await a_connector(portal.app.deps.store, portal.tenant, name=f"Bot {number % 30:02}")
    visitor = await portal.visit(portal.dana)
    seen: list[str] = []
    address = "/connectors?show=all"
    while address:
        page = await visitor.open(address)
        seen += re.findall(r'class="name" href="([^"]+)"', page.text)
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 60


async def test_the_queries_of_a_page_do_not_grow_with_its_rows(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    store = portal.app.deps.store
    permissions = [Permission.GROUP_INFORMATION]
    connector = await a_connector(store, portal.tenant, permissions=permissions)
    visitor = await portal.visit(portal.dana)
    queries: list[str] = []
    read_block = type(store.read())
    for name in ("all", "one_or_none"):
        monkeypatch.setattr(read_block, name, _counted(getattr(read_block, name), queries))

    async def cost(page: str) -> int:
        queries.clear()
        assert (await visitor.open(page)).status_code == 200
        return len(queries)

    pages = ["/connectors?show=all", f"/connectors/{connector.id}", f"/groups/{portal.group}/connectors"]
    few = [await cost(page) for page in pages]
    for user in (portal.dana, portal.erik, portal.mia):
        other = await a_connector(store, portal.tenant, permissions=permissions)
        await a_grant(store, connector, user, permissions=permissions)
        await a_grant(store, other, user, reach=Reach.GROUP, group_id=portal.group, permissions=permissions)
    assert [await cost(page) for page in pages] == few
    assert max(few) <= 11


def _counted(method: Any, queries: list[str]) -> Any:
    async def counted(self: Any, shape: Any, sql: str, /, **params: Any) -> Any:
        queries.append(sql)
        return await method(self, shape, sql, **params)

    return counted
