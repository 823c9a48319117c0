"""The names of the things that events of the trail name by their ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read


class NamedThing(NamedTuple):
    id: str
    name: str


LONGEST = 36
"""How many characters an id has at most; a longer text has no name."""


async def list_names(read: Read, tenant_id: TenantId, ids: Iterable[str]) -> list[NamedThing]:
    """The names of what the tenant has among `ids`, deleted or not, and of other tenants that its events name.

    Each is found by its primary key, so that it costs what the ids cost. A webhook has the name of what it listens to.
    """
    return await read.all(
        NamedThing,
        """
        WITH RECURSIVE parts (id, rest) AS (
            SELECT SUBSTR(CAST(:ids AS TEXT), 1, 36), SUBSTR(CAST(:ids AS TEXT), 37)
            UNION ALL
            SELECT SUBSTR(rest, 1, 36), SUBSTR(rest, 37) FROM parts WHERE rest <> ''
        ),
        wanted (id) AS (SELECT RTRIM(id) FROM parts)
        SELECT u.id, u.display_name AS name FROM wanted w CROSS JOIN users u
        WHERE u.tenant_id = :tenant_id AND u.id = w.id
        UNION ALL
        SELECT g.id, g.name FROM wanted w CROSS JOIN groups g WHERE g.tenant_id = :tenant_id AND g.id = w.id
        UNION ALL
        SELECT c.id, c.name FROM wanted w CROSS JOIN connectors c WHERE c.tenant_id = :tenant_id AND c.id = w.id
        UNION ALL
        SELECT r.id, r.display_name FROM wanted w CROSS JOIN delegated_relationships r
        WHERE r.tenant_id = :tenant_id AND r.id = w.id
        UNION ALL
        SELECT p.id, p.name FROM wanted w CROSS JOIN identity_providers p WHERE p.tenant_id = :tenant_id AND p.id = w.id
        UNION ALL
        SELECT e.id, e.name FROM wanted w CROSS JOIN enterprises e WHERE e.tenant_id = :tenant_id AND e.id = w.id
        UNION ALL
        SELECT a.id, COALESCE(a.display_name, a.account_identifier, a.primary_email, a.id)
        FROM wanted w CROSS JOIN managed_accounts a WHERE a.tenant_id = :tenant_id AND a.id = w.id
        UNION ALL
        SELECT h.id, COALESCE(g.name, t.name) FROM wanted w CROSS JOIN webhooks h JOIN tenants t ON t.id = h.tenant_id
        LEFT JOIN groups g ON g.tenant_id = :tenant_id AND g.id = h.object_id
        WHERE h.tenant_id = :tenant_id AND h.id = w.id
        UNION ALL
        SELECT t.id, t.name FROM wanted w CROSS JOIN tenants t WHERE t.id = w.id
        """,
        tenant_id=tenant_id,
        ids="".join(each.ljust(LONGEST) for each in ids),
    )
