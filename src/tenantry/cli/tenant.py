"""`tenantry tenant`: create, list, disable, enable, delete and restore tenants, give them domains and take domains
away.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tenantry.cli.common import (
    After,
    AsJson,
    DataDir,
    Desk,
    InTenant,
    Limit,
    noun,
    run,
    tenant_named,
    undeleted_tenant_named,
)
from tenantry.cli.output import show, show_list

app = noun("Tenants and their domains.")

TenantArgument = Annotated[str, typer.Argument(help="Its ID or one of its domains.")]


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
def list_(
    deleted: Annotated[bool, typer.Option("--deleted", help="Those that are deleted and can be restored.")] = False,
    after: After = "",
    limit: Limit = 100,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List tenants, disabled ones too, by ID.

    Example: `tenantry tenant list --limit 20`
    """

    async def work(desk: Desk) -> None:
        from tenantry.directory.tenants import list_deleted_tenants, list_tenants

        async with desk.store.read() as read:
            rows = await (list_deleted_tenants if deleted else list_tenants)(read, after=after, limit=limit)
        last = "deleted_at" if deleted else "disabled_at"
        show_list(rows, ("id", "name", "country", "created_at", last), as_json)

    run(data_dir, work)


@app.command()
def disable(tenant: TenantArgument, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Suspend a tenant: sign-in, sessions, tokens, devices and partners stop at once, and nothing is deleted.

    Its domains stay its own. It can always be enabled again here, since this command needs nobody's sign-in.

    Example: `tenantry tenant disable contoso.example`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.directory.tenants import disable_tenant

        async with desk.store.write() as tx:
            tenant_id = (await undeleted_tenant_named(tx, tenant)).id
            await disable_tenant(tx, desk.caller, tenant_id, desk.now)
        return {"tenant_id": tenant_id, "disabled_at": desk.now}

    show(run(data_dir, work), as_json)


@app.command()
def enable(tenant: TenantArgument, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Resume a disabled tenant: what has not ended meanwhile works again, open sessions and tokens included.

    End what must not come back before: commands such as `tenantry grant revoke` work in a disabled tenant too.

    Example: `tenantry tenant enable contoso.example`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.directory.tenants import enable_tenant

        async with desk.store.write() as tx:
            tenant_id = (await undeleted_tenant_named(tx, tenant)).id
            await enable_tenant(tx, desk.caller, tenant_id, desk.now)
        return {"tenant_id": tenant_id, "disabled_at": None}

    show(run(data_dir, work), as_json)


@app.command()
def delete(tenant: TenantArgument, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Delete a tenant: all of it stops at once, and after a waiting time nothing of it is left, its trail included.

    The time is the setting `tenant_restorable_days`; until then `tenantry tenant restore` brings it back, and its
    domains stay its own.

    Example: `tenantry tenant delete contoso.example`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.core.clock import DAY
        from tenantry.directory.tenants import delete_tenant

        async with desk.store.write() as tx:
            found = await undeleted_tenant_named(tx, tenant)
            await delete_tenant(tx, desk.caller, found.id, desk.now)
        kept_until = desk.now + desk.settings.tenant_restorable_days * DAY
        return {"tenant_id": found.id, "name": found.name, "deleted_at": desk.now, "restorable_until": kept_until}

    show(run(data_dir, work), as_json)


@app.command()
def restore(tenant: TenantArgument, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Bring back a deleted tenant: what has not ended meanwhile works again, open sessions and tokens included.

    Example: `tenantry tenant restore contoso.example`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.core.clock import DAY
        from tenantry.core.errors import NotFound
        from tenantry.directory.tenants import resolve_deleted_tenant, restore_tenant

        kept = desk.settings.tenant_restorable_days * DAY
        async with desk.store.write() as tx:
            found = await resolve_deleted_tenant(tx, tenant)
            if found is None:
                raise NotFound("tenant", f"No deleted tenant has the ID or the domain {tenant}.")
            await restore_tenant(tx, desk.caller, found.id, desk.now, kept=kept)
        return {"tenant_id": found.id, "name": found.name, "deleted_at": None}

    show(run(data_dir, work), as_json)


@app.command("add-domain")
def add_domain(
    domain: Annotated[str, typer.Argument(help="A name that no other tenant has.")],
    tenant: InTenant,
    federated: Annotated[bool, typer.Option("--federated", help="Passwords are kept elsewhere.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Give a tenant one more domain, without a proof: the operator's word is enough.

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


@app.command("list-domains")
def list_domains(tenant: InTenant, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the domains of a tenant, the first one first, and those that wait for their DNS record.

    Example: `tenantry tenant list-domains --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.store.tenants import domain_proofs, tenants

        async with desk.store.read() as read:
            tenant_id = await tenant_named(read, tenant)
            domains = await tenants.list_domains(read, tenant_id)
            waiting = await domain_proofs.list_all(read, tenant_id)
        rows = [{"domain": row.name, "verified_at": row.verified_at, "created_at": row.created_at} for row in domains]
        rows += [{"domain": row.name, "verified_at": None, "created_at": row.created_at} for row in waiting]
        show_list(rows, ("domain", "verified_at", "created_at"), as_json)

    run(data_dir, work)


@app.command("claim-domain")
def claim_domain(
    domain: Annotated[str, typer.Argument(help="A name that no other tenant has.")],
    tenant: InTenant,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Begin to prove a domain, as administrators do in the portal: shows the DNS record that its owner has to set.

    A name below a verified domain of the tenant needs no record and is added at once.

    Example: `tenantry tenant claim-domain contoso.net --tenant contoso.example`
    """

    async def work(desk: Desk) -> dict[str, str]:
        from tenantry.directory.domains import begin_proof, record_of
        from tenantry.store.tenants import domain_proofs

        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            name = await begin_proof(tx, desk.caller, tenant_id, domain, desk.now)
            proof = await domain_proofs.find(tx, tenant_id, name)
        if proof is None:
            return {"domain": name, "state": "verified"}
        return {"domain": name, "state": "waits for its DNS record", "type": "TXT", "value": record_of(proof)}

    show(run(data_dir, work), as_json)


@app.command("verify-domain")
def verify_domain(
    domain: Annotated[str, typer.Argument(help="A name that was claimed.")], tenant: InTenant, data_dir: DataDir = None
) -> None:
    """Ask the DNS for the record of a claimed domain; when it is there, the domain is the tenant's.

    Example: `tenantry tenant verify-domain contoso.net --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.core.dns import SystemDns
        from tenantry.directory.domains import prove_domain
        from tenantry.directory.tenants import parse_domain

        async with desk.store.read() as read:
            tenant_id = await tenant_named(read, tenant)
        await prove_domain(desk.store, SystemDns(), desk.caller, tenant_id, parse_domain(domain), desk.now)

    run(data_dir, work)


@app.command("remove-domain")
def remove_domain_(
    domain: Annotated[str, typer.Argument(help="A domain in which no user has a name, or one that was claimed.")],
    tenant: InTenant,
    data_dir: DataDir = None,
) -> None:
    """Take a domain from a tenant; never the first one, and none that a sign-in name ends in.

    Example: `tenantry tenant remove-domain contoso.net --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.directory.domains import remove_domain
        from tenantry.directory.tenants import parse_domain

        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            await remove_domain(tx, desk.caller, tenant_id, parse_domain(domain), desk.now)

    run(data_dir, work)
