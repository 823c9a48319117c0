"""Sensitive permissions that connectors wait for: the operator lists, approves and declines them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from tenantry.cli.common import AsJson, DataDir, Desk, InTenant, Limit, run, tenant_named
from tenantry.cli.connector import ConnectorArgument, permissions_named
from tenantry.cli.output import show, show_list

Answered = Annotated[
    list[str], typer.Option("--permission", "-p", help="One that it waits for, such as tenant_data; repeatable.")
]


def list_waiting(tenant: InTenant, limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the connectors that wait for permissions, who waits longest first.

    Example: `tenantry connector list-waiting --tenant contoso.example --json`
    """

    async def work(desk: Desk) -> None:
        from tenantry.connectors import permissions

        async with desk.store.read() as read:
            tenant_id = await tenant_named(read, tenant)
            rows = await permissions.list_waiting(read, desk.caller, tenant_id, limit=limit, now=desk.now)
        shown = [
            {
                "id": row.id,
                "name": row.name,
                "waiting_permissions": row.waiting_permissions,
                "asked_at": row.waiting_since,
                "asked_by": row.owner_principal_name or row.created_by,
                "asker_ended_at": row.owner_ended_at,
            }
            for row in rows
        ]
        show_list(shown, ("id", "name", "waiting_permissions", "asked_by", "asked_at", "asker_ended_at"), as_json)

    run(data_dir, work)


def approve(
    connector: ConnectorArgument,
    permission: Answered,
    tenant: InTenant,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Put permissions that a connector waits for in force. Each is named, so that nothing else is approved.

    Example: `tenantry connector approve 5c0f... -p tenant_data --tenant contoso.example`
    """
    from tenantry.connectors.permissions import approve_permissions

    _answer(data_dir, tenant, connector, permission, approve_permissions, as_json)


def decline(
    connector: ConnectorArgument,
    permission: Answered,
    tenant: InTenant,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Decline permissions that a connector waits for. Whoever owns it may ask again.

    Example: `tenantry connector decline 5c0f... -p partner_center --tenant contoso.example`
    """
    from tenantry.connectors.permissions import decline_permissions

    _answer(data_dir, tenant, connector, permission, decline_permissions, as_json)


def _answer(
    data_dir: Path | None,
    tenant: str,
    connector: str,
    named: list[str],
    carry_out: Callable[..., Awaitable[None]],
    as_json: bool,
) -> None:
    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.connectors.connectors import get_connector
        from tenantry.core.ids import ConnectorId

        chosen, connector_id = permissions_named(named), ConnectorId(connector)
        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            await carry_out(tx, desk.caller, tenant_id, connector_id, chosen, now=desk.now)
            found = await get_connector(tx, desk.caller, tenant_id, connector_id, desk.now)
        return {
            "connector_id": connector_id,
            "permissions": found.permissions,
            "waiting_permissions": found.waiting_permissions,
            "declined_permissions": found.declined_permissions,
        }

    show(run(data_dir, work), as_json)
