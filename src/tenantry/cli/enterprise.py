"""`tenantry enterprise`: let an EMM manage the devices of a customer."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tenantry.cli.common import After, AsJson, DataDir, Desk, InTenant, Limit, noun, run, tenant_named
from tenantry.cli.output import show, show_list

app = noun("Enterprises: customers whose devices an EMM manages.")


@app.command()
def enroll(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    tenant: InTenant,
    emm: Annotated[str, typer.Option("--emm", help="The EMM's tenant: its ID or a domain.")],
    service_account: Annotated[
        str | None, typer.Option("--service-account", help="ID of the service account that acts as the enterprise.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let an EMM manage the devices of a tenant.

    Example: `tenantry enterprise enroll "Contoso" --tenant contoso.example --emm emm.example`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.core.ids import ConnectorId
        from tenantry.devices.enterprises import enroll_enterprise

        async with desk.store.write() as tx:
            enterprise_id = await enroll_enterprise(
                tx,
                desk.caller,
                tenant_id=await tenant_named(tx, tenant),
                emm_tenant_id=await tenant_named(tx, emm),
                name=name,
                service_account_id=None if service_account is None else ConnectorId(service_account),
                now=desk.now,
            )
        return {"enterprise_id": enterprise_id}

    show(run(data_dir, work), as_json)


@app.command("list")
def list_(
    tenant: InTenant, after: After = "", limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """List the enterprises of a customer tenant, by ID.

    Example: `tenantry enterprise list --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.store.devices import enterprises

        async with desk.store.read() as read:
            rows = await enterprises.list_of_tenant(read, await tenant_named(read, tenant), after, limit)
        show_list(rows, ("id", "name", "emm_tenant_id", "service_account_id"), as_json)

    run(data_dir, work)
