"""`tenantry phone`: give a user a number that the operator knows to be theirs."""

from __future__ import annotations

from typing import Annotated

import typer

from tenantry.cli.common import DataDir, Desk, InTenant, noun, run, tenant_named, user_named

app = noun("Phone numbers of users.")


@app.command()
def add(
    number: Annotated[str, typer.Argument(help="With country code, such as +14255550100.")],
    user: Annotated[str, typer.Option("--user", "-u", help="User principal name or ID.")],
    tenant: InTenant,
    data_dir: DataDir = None,
) -> None:
    """Give a user a phone number as verified, without a PIN.

    Example: `tenantry phone add +14255550100 --user jo@contoso.example --tenant contoso.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.core.phone_numbers import read_number
        from tenantry.directory.phones import add_verified_phone

        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            user_id = await user_named(tx, tenant_id, user)
            await add_verified_phone(tx, desk.caller, tenant_id, user_id, read_number(number), desk.now)

    run(data_dir, work)
