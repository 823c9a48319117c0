"""Whatever a member makes of the groups, and however much a tenant has: who asks for it waits, and nobody else does.

A server in a process of its own, on each engine. Beside it a process asks for its health, exchanges another tenant's
refresh token, opens that tenant's pages, signs in there, and measures. `python -m bench.waits` does the same with more.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.security.conftest import Standing
from tests.support.waits.hall import Size
from tests.support.waits.heavy import Heavy
from tests.support.waits.others import others_asking
from tests.support.waits.reads import GROUPS, READS

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIZE = Size(crowd=12_000, places=500, nested=500, rows=100, several=100)
ALONE_TOO = ("groups", "groups-all", "group-deep", "group-wide")


@pytest.mark.parametrize(
    ("heavy", "at_once"),
    [(heavy, many) for heavy in READS for many in (1, 16) if many > 1 or heavy.name in ALONE_TOO],
    ids=lambda value: value.name if isinstance(value, Heavy) else str(value),
)
async def test_what_is_heavy_to_look_at_keeps_nobody_else_waiting(
    standing: Standing, heavy: Heavy, at_once: int
) -> None:
    await standing.require_short_waits(heavy, at_once)


async def test_long_answers_that_nobody_reads_end_with_their_connections(standing: Standing) -> None:
    hall, server = standing.hall, standing.server
    path, cookie = f"/groups/{hall.crowd}/members.csv", await hall.cookie(hall.mal)
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie['Cookie']}\r\n\r\n"
    async with others_asking(server, hall.others) as found:
        unread = [await asyncio.open_connection("127.0.0.1", server.port, limit=1024) for _ in range(10)]
        for _, writer in unread:
            writer.write(request.encode())
        statuses = [int((await reader.readline()).split()[1]) for reader, _ in unread]
        assert sorted(set(statuses)) == [200, 429]
        for _, writer in unread:
            writer.transport.abort()
    assert found[0].bad == []
    async with asyncio.timeout(10):
        while (await server.client.get(path, headers=cookie)).status_code == 429:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_a_long_list_is_whole_and_each_group_and_member_stands_in_it_once(standing: Standing) -> None:
    hall, client = standing.hall, standing.server.client
    headers = await standing.kaizala_headers(await hall.grant(hall.mal))
    members = (await client.get(f"{GROUPS}/{hall.crowd}/members", headers=headers)).json()["members"]
    assert len({member["id"] for member in members}) == len(members) == hall.size.crowd + 1
    assert members[0]["role"] == "Admin"
    groups = (await client.get(GROUPS, headers=headers)).json()["groups"]
    assert len({group["groupId"] for group in groups}) == len(groups)
    counts = {group["groupName"]: group["uniqueUserCount"] for group in groups}
    assert len(counts) >= hall.size.places + hall.size.nested + 3
    assert counts["Wide"] == counts["Deep"] == 1
    assert counts["Crowd"] == 10_000  # and more
    exported = await client.get(f"/groups/{hall.crowd}/members.csv", headers=await hall.cookie(hall.mal))
    assert exported.text.count("\r\n") == hall.size.crowd + 2
