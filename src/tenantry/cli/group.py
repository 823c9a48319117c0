"""`tenantry group`: create groups, and list them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tenantry.cli.common import AsJson, DataDir, Desk, InTenant, noun, run, tenant_named, user_named
from tenantry.cli.output import show, show_list

app = noun("Communication groups.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    tenant: InTenant,
    admin: Annotated[list[str], typer.Option("--admin", help="User principal name or ID; repeatable.")],
    member: Annotated[list[str] | None, typer.Option("--member", help="As --admin; repeatable.")] = None,
    welcome: Annotated[str, typer.Option("--welcome", help="The welcome message.")] = "Welcome",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create a group.

    Example: `tenantry group create "Field staff" --tenant contoso.example --admin jo@contoso.example`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.directory.groups import NewGroup, create_group
        from tenantry.directory.members import Newcomers

        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            newcomers = Newcomers(
                user_ids=tuple([await user_named(tx, tenant_id, user) for user in member or ()]),
                admin_ids=tuple([await user_named(tx, tenant_id, user) for user in admin]),
            )
            new_group = NewGroup(name=name, welcome_message=welcome, newcomers=newcomers)
            made = await create_group(tx, desk.caller, tenant_id, new_group, desk.now)
        return {"group_id": made.group_id, "all_added": made.all_added}

    show(run(data_dir, work), as_json)


@app.command("list")
def list_(tenant: InTenant, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the groups of a tenant, by name.

    Example: `tenantry group list --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.directory.group_views import list_group_ids, view_groups
        from tenantry.store.engine.pages import Position
        from tenantry.store.groups.groups import GroupRow

        shown: list[GroupRow] = []
        after: Position | None = ("", "")
        async with desk.store.read() as read:
            tenant_id = await tenant_named(read, tenant)
            while after is not None:
                ids, after = await list_group_ids(read, desk.caller, tenant_id, after=after, now=desk.now)
                shown += [view.group for view in await view_groups(read, desk.caller, tenant_id, ids)]
        show_list(shown, ("id", "name", "group_type", "level_users"), as_json)

    run(data_dir, work)
