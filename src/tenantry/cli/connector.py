"""`tenantry connector`: register third-party programs, deactivate and activate them, give them secrets and roles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from tenantry.cli.common import After, AsJson, DataDir, Desk, InTenant, Limit, fail, noun, run, tenant_named
from tenantry.cli.output import show, show_list
from tenantry.cli.user import role_named

app = noun("Connectors: registered third-party apps.")

ConnectorArgument = Annotated[str, typer.Argument(metavar="CONNECTOR", help="The connector's ID.")]


@app.command()
def register(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    tenant: InTenant,
    description: Annotated[str, typer.Option("--description", help="What it does.")] = "",
    permission: Annotated[
        list[str] | None, typer.Option("--permission", "-p", help="Such as group_members; repeatable. Default: all.")
    ] = None,
    redirect_uri: Annotated[
        list[str] | None, typer.Option("--redirect-uri", help="Where a user is sent back to; repeatable.")
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Without a secret, for apps that cannot keep one.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Register a connector. Its secret is shown this once.

    Example: `tenantry connector register "Inspections" --tenant contoso.example -p group_information -p group_members`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.connectors.connectors import register_connector

        hasher = desk.hasher
        permissions = permissions_named(permission)
        async with desk.store.write() as tx:
            made = await register_connector(
                tx,
                desk.caller,
                hasher,
                tenant_id=await tenant_named(tx, tenant),
                name=name,
                description=description,
                permissions=permissions,
                redirect_uris=redirect_uri or (),
                kind="public" if public else "confidential",
                now=desk.now,
            )
        return {"connector_id": made.connector_id, "client_secret": made.client_secret}

    show(run(data_dir, work), as_json)


@app.command("give-role")
def give_role(
    connector: ConnectorArgument,
    role: Annotated[str, typer.Argument(help='Such as "User Administrator".')],
    tenant: InTenant,
    data_dir: DataDir = None,
) -> None:
    """Let a connector hold a directory role itself, for what it does without a user.

    Example: `tenantry connector give-role 5c0f... "Directory Readers" --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.core.ids import ConnectorId
        from tenantry.directory.connector_roles import give_connector_role

        role_id = role_named(role)
        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            await give_connector_role(tx, desk.caller, tenant_id, ConnectorId(connector), role_id, None, desk.now)

    run(data_dir, work)


@app.command("take-role")
def take_role(
    connector: ConnectorArgument,
    role: Annotated[str, typer.Argument(help='Such as "User Administrator".')],
    tenant: InTenant,
    data_dir: DataDir = None,
) -> None:
    """Take a directory role from a connector.

    Example: `tenantry connector take-role 5c0f... "Directory Readers" --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.core.ids import ConnectorId
        from tenantry.directory.connector_roles import take_connector_role

        role_id = role_named(role)
        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            await take_connector_role(tx, desk.caller, tenant_id, ConnectorId(connector), role_id, desk.now)

    run(data_dir, work)


@app.command("list")
def list_(
    tenant: InTenant, after: After = "", limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """List the connectors of a tenant, service accounts included, by ID.

    Example: `tenantry connector list --tenant contoso.example --json`
    """

    async def work(desk: Desk) -> None:
        from tenantry.connectors.connectors import list_connectors

        async with desk.store.read() as read:
            tenant_id = await tenant_named(read, tenant)
            rows = await list_connectors(read, desk.caller, tenant_id, after=after, limit=limit, now=desk.now)
        show_list(rows, ("id", "kind", "name", "email", "deactivated_at"), as_json)

    run(data_dir, work)


def _change(data_dir: Path | None, tenant: str, connector_id: str, change: Callable[..., Awaitable[None]]) -> None:
    async def work(desk: Desk) -> None:
        async with desk.store.write() as tx:
            await change(tx, desk.caller, await tenant_named(tx, tenant), connector_id, desk.now)

    run(data_dir, work)


@app.command()
def deactivate(connector: ConnectorArgument, tenant: InTenant, data_dir: DataDir = None) -> None:
    """Deactivate a connector: it gets no new grants, and the grants it has go on.

    Example: `tenantry connector deactivate 5c0f... --tenant contoso.example`
    """
    from tenantry.connectors.connectors import deactivate_connector

    _change(data_dir, tenant, connector, deactivate_connector)


@app.command()
def activate(connector: ConnectorArgument, tenant: InTenant, data_dir: DataDir = None) -> None:
    """Activate a connector, which can get new grants again.

    Example: `tenantry connector activate 5c0f... --tenant contoso.example`
    """
    from tenantry.connectors.connectors import activate_connector

    _change(data_dir, tenant, connector, activate_connector)


@app.command()
def delete(connector: ConnectorArgument, tenant: InTenant, data_dir: DataDir = None) -> None:
    """Delete a connector; every grant and token of it ends at once.

    Example: `tenantry connector delete 5c0f... --tenant contoso.example`
    """
    from tenantry.connectors.connectors import delete_connector

    _change(data_dir, tenant, connector, delete_connector)


@app.command("add-secret")
def add_secret(
    connector: ConnectorArgument, tenant: InTenant, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Add a second secret, so that secrets are changed without a gap; end the old one with end-secret.

    Example: `tenantry connector add-secret 5c0f... --tenant contoso.example`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.connectors import secrets
        from tenantry.core.ids import ConnectorId

        hasher = desk.hasher
        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            made = await secrets.add_secret(tx, desk.caller, hasher, tenant_id, ConnectorId(connector), now=desk.now)
        return {"secret_id": made.secret_id, "client_secret": made.client_secret}

    show(run(data_dir, work), as_json)


@app.command("list-secrets")
def list_secrets(
    connector: ConnectorArgument, tenant: InTenant, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """List the live secrets by their last characters.

    Example: `tenantry connector list-secrets 5c0f... --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.connectors import secrets
        from tenantry.core.ids import ConnectorId

        async with desk.store.read() as read:
            tenant_id = await tenant_named(read, tenant)
            rows = await secrets.list_secrets(read, desk.caller, tenant_id, ConnectorId(connector), desk.now)
        show_list(rows, ("id", "hint", "created_at", "expires_at"), as_json)

    run(data_dir, work)


@app.command("end-secret")
def end_secret(
    connector: ConnectorArgument,
    secret_id: Annotated[str, typer.Argument(help="As list-secrets shows it.")],
    tenant: InTenant,
    data_dir: DataDir = None,
) -> None:
    """End a secret, which is refused from then on.

    Example: `tenantry connector end-secret 5c0f... 77aa... --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.connectors import secrets
        from tenantry.core.ids import ConnectorId

        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            await secrets.end_secret(tx, desk.caller, tenant_id, ConnectorId(connector), secret_id, desk.now)

    run(data_dir, work)


def permissions_named(names: list[str] | None) -> list[Any]:
    """The permissions of these names; all permissions when there is no name. Exits with 2 for an unknown name."""
    from tenantry.access.actions import Permission

    unknown = set(names or ()) - set(Permission)
    if unknown:
        fail(f"There is no permission {', '.join(sorted(unknown))}. Known: {', '.join(Permission)}.", 2)
    return [Permission(name) for name in names or Permission]
