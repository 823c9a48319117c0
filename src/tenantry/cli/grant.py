"""`tenantry grant`: a user's consent to a connector, which is handed over as a refresh token."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tenantry.cli.common import After, AsJson, DataDir, Desk, InTenant, Limit, noun, run, tenant_named, user_named
from tenantry.cli.connector import permissions_named
from tenantry.cli.output import show, show_list

app = noun("Grants: what users let connectors do.")


@app.command()
def create(
    tenant: InTenant,
    connector: Annotated[str, typer.Option("--connector", "-c", help="The connector's ID.")],
    user: Annotated[str, typer.Option("--user", "-u", help="User principal name or ID.")],
    group: Annotated[str | None, typer.Option("--group", "-g", help="Only this group, by its ID.")] = None,
    permission: Annotated[
        list[str] | None, typer.Option("--permission", "-p", help="Repeatable. Default: all the connector has.")
    ] = None,
    mfa: Annotated[bool, typer.Option("--mfa", help="The user has proven a second factor to you.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Generate a user token: the refresh token that the user hands to the connector's developer, shown this once.

    It reaches the groups the user administers, and every group of the tenant for a Global Administrator. It replaces
    the user's earlier one for this connector.

    Example: `tenantry grant create --tenant contoso.example --connector 5c0f... --user jo@contoso.example`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.connectors.connectors import get_connector
        from tenantry.core.caller import Reach
        from tenantry.core.clock import DAY
        from tenantry.core.ids import ConnectorId, GroupId
        from tenantry.directory.phone_sign_in import reach_of
        from tenantry.tokens.grants import GrantTerms, create_grant

        hasher = desk.hasher
        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            user_id = await user_named(tx, tenant_id, user)
            registered = await get_connector(tx, desk.caller, tenant_id, ConnectorId(connector), desk.now)
            made = await create_grant(
                tx,
                desk.caller,
                hasher,
                tenant_id=tenant_id,
                terms=GrantTerms(
                    connector_id=registered.id,
                    user_id=user_id,
                    reach=Reach.GROUP if group else await reach_of(tx, tenant_id, user_id, desk.now),
                    permissions=permissions_named(permission or registered.permissions.split()),
                    amr=("mfa", "pwd") if mfa else ("pwd",),
                    group_id=GroupId(group) if group else None,
                ),
                lifetime=desk.settings.refresh_token_days * DAY,
                now=desk.now,
            )
        return {"grant_id": made.grant_id, "refresh_token": made.refresh_token, "expires_at": made.expires_at}

    show(run(data_dir, work), as_json)


@app.command("list")
def list_(
    tenant: InTenant, after: After = "", limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """List the live grants of a tenant, by ID.

    Example: `tenantry grant list --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.store.tokens import grants

        async with desk.store.read() as read:
            rows = await grants.list_of_tenant(read, await tenant_named(read, tenant), desk.now, after, limit)
        show_list(rows, ("id", "connector_id", "user_id", "reach", "group_id", "expires_at"), as_json)

    run(data_dir, work)


@app.command()
def revoke(
    grant: Annotated[str, typer.Argument(help="The grant's ID.")],
    tenant: InTenant,
    reason: Annotated[str, typer.Option("--reason", help="For the audit trail.")] = "operator",
    data_dir: DataDir = None,
) -> None:
    """End a grant; its tokens stop at once.

    Example: `tenantry grant revoke 0d9c... --tenant contoso.example --reason "laptop stolen"`
    """

    async def work(desk: Desk) -> None:
        from tenantry.core.ids import GrantId
        from tenantry.tokens.grants import revoke_grant

        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            await revoke_grant(tx, desk.caller, tenant_id, GrantId(grant), reason, desk.now)

    run(data_dir, work)
