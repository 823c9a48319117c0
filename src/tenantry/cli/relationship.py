"""`tenantry relationship`: what a customer lets a partner do in its tenant."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tenantry.cli.common import After, AsJson, DataDir, Desk, Limit, noun, run, tenant_named
from tenantry.cli.output import show, show_list
from tenantry.cli.user import role_named

app = noun("Delegated relationships between a partner and a customer.")

Customer = Annotated[str, typer.Option("--customer", "-c", help="The customer tenant: its ID or a domain.")]
RelationshipArgument = Annotated[str, typer.Argument(metavar="RELATIONSHIP", help="Its ID.")]


@app.command()
def request(
    name: Annotated[str, typer.Argument(help="What people call it, at most 50 characters.")],
    partner: Annotated[str, typer.Option("--partner", "-p", help="The partner tenant: its ID or a domain.")],
    customer: Customer,
    role: Annotated[list[str], typer.Option("--role", help='Such as "User Administrator"; repeatable.')],
    days: Annotated[int, typer.Option("--days", min=1, max=730, help="How long it will last.")] = 365,
    reseller: Annotated[bool, typer.Option("--reseller/--no-reseller", help="Manage the customer as such too.")] = True,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Ask a customer for roles in its tenant. The relationship is in force once the customer has approved it.

    Example: `tenantry relationship request "Support" --partner msp.example --customer contoso.example --role "User
    Administrator" --role "Directory Writers"`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.core.clock import DAY
        from tenantry.delegation.relationships import create_reseller_relationship, request_relationship

        roles = [role_named(text) for text in role]
        async with desk.store.write() as tx:
            partner_id, customer_id = await tenant_named(tx, partner), await tenant_named(tx, customer)
            if reseller:
                await create_reseller_relationship(
                    tx, desk.caller, customer_tenant_id=customer_id, partner_tenant_id=partner_id, now=desk.now
                )
            relationship_id = await request_relationship(
                tx,
                desk.caller,
                customer_tenant_id=customer_id,
                partner_tenant_id=partner_id,
                display_name=name,
                role_ids=roles,
                expires_at=desk.now + days * DAY,
                now=desk.now,
            )
        return {"relationship_id": relationship_id}

    show(run(data_dir, work), as_json)


@app.command()
def approve(relationship: RelationshipArgument, customer: Customer, data_dir: DataDir = None) -> None:
    """Approve a relationship in the customer's name, so that the partner may act.

    Example: `tenantry relationship approve 8a1b... --customer contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.core.ids import RelationshipId
        from tenantry.delegation.relationships import approve_relationship

        async with desk.store.write() as tx:
            await approve_relationship(
                tx,
                desk.caller,
                customer_tenant_id=await tenant_named(tx, customer),
                relationship_id=RelationshipId(relationship),
                now=desk.now,
            )

    run(data_dir, work)


@app.command()
def end(relationship: RelationshipArgument, customer: Customer, data_dir: DataDir = None) -> None:
    """End a relationship at once.

    Example: `tenantry relationship end 8a1b... --customer contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.core.ids import RelationshipId
        from tenantry.delegation.relationships import end_relationship

        async with desk.store.write() as tx:
            await end_relationship(
                tx,
                desk.caller,
                customer_tenant_id=await tenant_named(tx, customer),
                relationship_id=RelationshipId(relationship),
                now=desk.now,
            )

    run(data_dir, work)


@app.command("list")
def list_(
    customer: Customer, after: After = "", limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """List the relationships of a customer by ID, those that are over included.

    Example: `tenantry relationship list --customer contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.delegation.relationships import status_at
        from tenantry.directory.roles import ROLE_NAMES
        from tenantry.store.delegation import relationships

        async with desk.store.read() as read:
            tenant_id = await tenant_named(read, customer)
            rows = await relationships.list_of_customer(read, tenant_id, after, limit)
        names = {str(role_id): role_name for role_id, role_name in ROLE_NAMES.items()}
        shown = [
            {
                **row._asdict(),
                "status": status_at(row, desk.now),
                "roles": ", ".join(names.get(role_id, role_id) for role_id in row.role_ids.split()),
            }
            for row in rows
        ]
        show_list(shown, ("id", "display_name", "partner_tenant_id", "status", "roles", "expires_at"), as_json)

    run(data_dir, work)
