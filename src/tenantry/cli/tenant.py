"""`tenantry tenant`: create tenants, list them, give them domains."""

from __future__ import annotations

from typing import Annotated

import typer

from tenantry.cli.common import After, AsJson, DataDir, Desk, InTenant, Limit, noun, run, show, show_list, tenant_named

app = noun("Tenants and their domains.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    domain: Annotated[str, typer.Option("--domain", "-d", help="Its first domain; a user's name ends in one.")],
    country: Annotated[str | None, typer.Option("--country", help="Two capital letters.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create a tenant.

    Example: `tenantry tenant create "Contoso" --domain contoso.example --country US`
    """

    async def work(desk: Desk) -> str:
        from tenantry.directory.tenants import create_tenant

        async with desk.store.write() as tx:
            return await create_tenant(tx, desk.caller, name=name, initial_domain=domain, country=country, now=desk.now)

    show({"tenant_id": run(data_dir, work), "domain": domain}, as_json)


@app.command("list")
def list_(after: After = "", limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List tenants, by ID.

    Example: `tenantry tenant list --limit 20`
    """

    async def work(desk: Desk) -> None:
        from tenantry.store import tenants

        async with desk.store.read() as read:
            rows = await tenants.list_live(read, after, limit)
        show_list(rows, ("id", "name", "country", "created_at"), as_json)

    run(data_dir, work)


@app.command("add-domain")
def add_domain(
    domain: Annotated[str, typer.Argument(help="A name that no other tenant has.")],
    tenant: InTenant,
    federated: Annotated[bool, typer.Option("--federated", help="Passwords are kept elsewhere.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Give a tenant one more domain.

    Example: `tenantry tenant add-domain contoso.net --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.directory import tenants

        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            await tenants.add_domain(
                tx, desk.caller, tenant_id=tenant_id, name=domain, is_federated=federated, now=desk.now
            )

    run(data_dir, work)
