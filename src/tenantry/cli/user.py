"""`tenantry user`: create and list users, block and unblock them, help them with a second factor."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tenantry.cli.common import AsJson, DataDir, Desk, InTenant, Limit, fail, noun, run, tenant_named, user_named
from tenantry.cli.output import show, show_list

app = noun("Users and their roles.")

UserNamed = Annotated[str, typer.Argument(metavar="USER", help="User principal name or ID.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME@DOMAIN", help="The user principal name.")],
    tenant: InTenant,
    display_name: Annotated[str | None, typer.Option("--display-name", help="Default: the name.")] = None,
    given_name: Annotated[str | None, typer.Option("--given-name")] = None,
    family_name: Annotated[str | None, typer.Option("--family-name")] = None,
    country: Annotated[str | None, typer.Option("--country", help="Two capital letters.")] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help='Such as "User Administrator"; repeatable.')] = None,
    password_from_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input instead of making one.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create a user, who must change the password at the first sign-in. A password made here is shown once.

    Example: `tenantry user create jo@contoso.example --tenant contoso.example --role "Global Administrator"`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.directory.passwords import PasswordHasher, check_new_password, generate_password
        from tenantry.directory.roles import assign_role
        from tenantry.directory.user_properties import NewUser
        from tenantry.directory.users import create_user

        roles = [role_named(text) for text in role or []]
        new_user = NewUser(
            user_principal_name=name,
            display_name=display_name or name.partition("@")[0],
            given_name=given_name,
            family_name=family_name,
            usage_location=country,
        )
        password = typer.get_text_stream("stdin").readline().rstrip("\n") if password_from_stdin else None
        made = None if password is not None else generate_password()
        if password is not None:
            check_new_password(password, [name, tenant, display_name or "", given_name or "", family_name or ""])
        password_hash = await PasswordHasher().hash(password or made or "")
        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            user = await create_user(tx, desk.caller, tenant_id, new_user, password_hash, True, desk.now)
            for role_id in roles:
                await assign_role(tx, desk.caller, tenant_id, user.id, role_id, None, desk.now)
        shown = {"user_id": user.id, "user_principal_name": user.user_principal_name}
        return shown if made is None else {**shown, "password": made}

    show(run(data_dir, work), as_json)


@app.command("list")
def list_(
    tenant: InTenant,
    after: Annotated[str, typer.Option("--after", help="Go on behind this user principal name.")] = "",
    limit: Limit = 100,
    deleted: Annotated[bool, typer.Option("--deleted", help="Those that can be restored.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the users of a tenant, by name.

    Example: `tenantry user list --tenant contoso.example --limit 20`
    """

    async def work(desk: Desk) -> None:
        from tenantry.core.normal_form import name_key
        from tenantry.directory.users import list_users

        async with desk.store.read() as read:
            tenant_id = await tenant_named(read, tenant)
            # "z" comes behind every ID, so that the page begins behind the name itself.
            position = (name_key(after), "z") if after else None
            rows, _ = await list_users(
                read, desk.caller, tenant_id, deleted=deleted, after=position, limit=limit, now=desk.now
            )
        show_list(rows, ("user_principal_name", "id", "display_name", "user_type", "disabled_at"), as_json)

    run(data_dir, work)


@app.command()
def block(name: UserNamed, tenant: InTenant, data_dir: DataDir = None) -> None:
    """Block a user: it is refused everywhere until it is unblocked, and its sessions, tokens, codes and PINs end.

    Example: `tenantry user block jo@contoso.example --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.directory.blocking import block_user

        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            await block_user(tx, desk.caller, tenant_id, await user_named(tx, tenant_id, name), desk.now)

    run(data_dir, work)


@app.command()
def unblock(name: UserNamed, tenant: InTenant, data_dir: DataDir = None) -> None:
    """Let a blocked user sign in again, with the password it had.

    Example: `tenantry user unblock jo@contoso.example --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.directory.blocking import unblock_user

        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            await unblock_user(tx, desk.caller, tenant_id, await user_named(tx, tenant_id, name), desk.now)

    run(data_dir, work)


@app.command("confirm-second-factor")
def confirm_second_factor(name: UserNamed, tenant: InTenant, data_dir: DataDir = None) -> None:
    """Let a second factor that a user set up on the password alone count at once, not only after a day.

    Example: `tenantry user confirm-second-factor jo@contoso.example --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.directory.sign_in_methods import confirm_second_factors

        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            await confirm_second_factors(tx, desk.caller, tenant_id, await user_named(tx, tenant_id, name), desk.now)

    run(data_dir, work)


@app.command("enrolment-code")
def enrolment_code(name: UserNamed, tenant: InTenant, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make a code with which a user who has no second factor signs in once, after the password, to set one up.

    Example: `tenantry user enrolment-code jo@contoso.example --tenant contoso.example`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.directory.sign_in_methods import give_enrolment_code

        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            user_id = await user_named(tx, tenant_id, name)
            code = await give_enrolment_code(tx, desk.hasher, desk.caller, tenant_id, user_id, desk.now)
        return {"user_id": user_id, "enrolment_code": code}

    show(run(data_dir, work), as_json)


def role_named(text: str) -> Any:
    """The role of this name or ID, when it opens anything. Exits with 2 for another one."""
    from tenantry.access.actions import EFFECTIVE_ROLES
    from tenantry.directory.roles import ROLE_NAMES

    offered = {role_id: name for role_id, name in ROLE_NAMES.items() if role_id in EFFECTIVE_ROLES}
    known = {word: role_id for role_id, name in offered.items() for word in (name.lower(), role_id.value)}
    if text.lower() not in known:
        fail(f"There is no role {text} that allows anything. Known: {', '.join(offered.values())}.", 2)
    return known[text.lower()]
