"""What the things are called that events of the trail name by their ids."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.ids import TenantId
from tenantry.store.engine import Read


class NamedThing(NamedTuple):
    id: str
    name: str


async def list_names(read: Read, tenant_id: TenantId, ids: str) -> list[NamedThing]:
    """Of the users, groups and connectors among `ids`, deleted or not; each is found by its primary key.

    `ids` are GUIDs, one after the other with nothing between them.
    """
    return await read.all(
        NamedThing,
        """
        WITH RECURSIVE wanted (id, rest) AS (
            SELECT SUBSTR(CAST(:ids AS TEXT), 1, 36), SUBSTR(CAST(:ids AS TEXT), 37)
            UNION ALL
            SELECT SUBSTR(rest, 1, 36), SUBSTR(rest, 37) FROM wanted WHERE rest <> ''
        )
        SELECT u.id, u.display_name AS name FROM wanted w CROSS JOIN users u
        WHERE u.tenant_id = :tenant_id AND u.id = w.id
        UNION ALL
        SELECT g.id, g.name FROM wanted w CROSS JOIN groups g WHERE g.tenant_id = :tenant_id AND g.id = w.id
        UNION ALL
        SELECT c.id, c.name FROM wanted w CROSS JOIN connectors c WHERE c.tenant_id = :tenant_id AND c.id = w.id
        """,
        tenant_id=tenant_id,
        ids=ids,
    )
