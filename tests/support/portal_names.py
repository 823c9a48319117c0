"""What the braces in the paths of pages stand for: one thing of each kind, of the tenant of `Portal`."""

from __future__ import annotations

from tenantry.access.actions import Permission, RoleId
from tenantry.core.caller import Reach
from tenantry.core.clock import Micros
from tenantry.directory.user_imports import begin_import
from tests.support.builders import OPERATOR, a_connector, a_grant
from tests.support.clock import NOON
from tests.support.portal import Portal


async def names_in(portal: Portal, *, now: Micros = NOON) -> dict[str, str]:
    """Each is there and has something on its page. A new kind gets its line here."""
    store, tenant = portal.app.deps.store, portal.tenant
    permissions = [Permission.GROUP_INFORMATION]
    connector = await a_connector(store, tenant, permissions=permissions, now=now)
    grant = await a_grant(store, connector, portal.dana, permissions=permissions, now=now)
    await a_grant(
        store, connector, portal.erik, reach=Reach.GROUP, group_id=portal.group, permissions=permissions, now=now
    )
    async with store.write() as tx:
        rows = [(2, '{"user_principal_name": "nora@elsewhere.example", "display_name": "Nora"}')]
        import_id = await begin_import(tx, OPERATOR, tenant.id, file_name="people.csv", rows=rows, now=now)
    await portal.visit(portal.dana)
    async with store.read() as read:
        secrets = await read.all(
            str, "SELECT id FROM connector_secrets WHERE connector_id = :connector_id", connector_id=connector.id
        )
        sessions = await read.all(str, "SELECT id FROM sessions WHERE tenant_id = :tenant_id", tenant_id=tenant.id)
    return {
        "tenant": tenant.id,
        "connector_id": connector.id,
        "secret_id": secrets[0],
        "grant_id": grant.id,
        "group_id": portal.group,
        "user_id": portal.mia.id,
        "session_id": sessions[0],
        "role_id": RoleId.GLOBAL_READER,
        "import_id": import_id,
    }
