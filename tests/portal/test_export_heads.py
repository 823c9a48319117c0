"""HEAD of a file to keep says what GET would, and makes nothing: no rows are read through, no event is recorded."""

from __future__ import annotations

import pytest

from tests.support.portal import Portal


async def exports_of(portal: Portal) -> list[str]:
    async with portal.app.deps.store.read() as read:
        return await read.all(
            str,
            "SELECT type FROM audit_events WHERE tenant_id = :tenant_id AND type LIKE '%exported'",
            tenant_id=portal.tenant.id,
        )


@pytest.mark.parametrize("path", ["/users.csv", "/audit/export", "/groups/{group}/members.csv"])
async def test_the_head_of_an_export_makes_no_export(portal: Portal, path: str) -> None:
    path = path.format(group=portal.group)
    dana = await portal.visit(portal.dana)
    heads = [await dana.http.head(path) for _ in range(5)]  # more than are made at once
    assert {(head.status_code, head.content) for head in heads} == {(200, b"")}
    assert await exports_of(portal) == []
    whole = await dana.http.get(path)
    assert whole.headers["content-disposition"] == heads[0].headers["content-disposition"]
    assert whole.headers["content-type"] == heads[0].headers["content-type"]
    assert len(await exports_of(portal)) == 1
    assert portal.app.deps.long_answers.count == 0
