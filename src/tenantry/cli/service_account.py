"""`tenantry service-account`: make accounts for the Play EMM API, their key files, and a token for trying
things out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tenantry.cli.common import AsJson, DataDir, Desk, InTenant, fail, noun, run, tenant_named
from tenantry.cli.output import say, show, show_list

app = noun("Service accounts and their keys.")

Account = Annotated[str, typer.Argument(metavar="SERVICE_ACCOUNT", help="Its ID.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and dashes.")],
    tenant: InTenant,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create a service account NAME@the tenant's first domain. It has no key yet.

    Example: `tenantry service-account create emm --tenant emm.example`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.connectors.service_accounts import register_service_account
        from tenantry.store.tenants import tenants

        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            domain = (await tenants.list_domains(tx, tenant_id))[0].name
            made = await register_service_account(
                tx, desk.caller, tenant_id=tenant_id, name=name, domain=domain, now=desk.now
            )
        return {"service_account_id": made.connector_id, "email": made.email}

    show(run(data_dir, work), as_json)


@app.command("add-key")
def add_key(
    service_account: Account,
    tenant: InTenant,
    out: Annotated[Path, typer.Option("--out", "-o", help="The new key file. An existing one is not replaced.")],
    data_dir: DataDir = None,
) -> None:
    """Write a key file that Google's client libraries load, readable by its owner only.

    Example: `tenantry service-account add-key 3f2e... --tenant emm.example --out emm-key.json`
    """
    if out.exists():
        fail(f"{out} exists. Choose another name.", 3)

    async def work(desk: Desk) -> None:
        from tenantry.connectors import service_accounts
        from tenantry.connectors.connectors import get_connector
        from tenantry.core.errors import NotFound
        from tenantry.core.files import write_private
        from tenantry.core.ids import ConnectorId, new_guid

        connector_id, key_id = ConnectorId(service_account), new_guid().replace("-", "")
        private_pem, public_pem = service_accounts.generate_key_pair()
        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            connector = await get_connector(tx, desk.caller, tenant_id, connector_id, desk.now)
            if connector.email is None:
                raise NotFound("service account")
            await service_accounts.add_service_account_key(
                tx, desk.caller, tenant_id, connector_id, key_id, public_pem, desk.now
            )
        content = service_accounts.key_file(
            email=connector.email,
            connector_id=connector_id,
            key_id=key_id,
            private_pem=private_pem,
            token_uri=f"{desk.settings.known_address}/token",
            project_id=tenant_id,
        )
        write_private(out, json.dumps(content, indent=2))
        if desk.settings.public_url is None:
            say(
                f"public_url is not set, so the key file leads to {desk.settings.known_address}. Clients elsewhere do "
                "not reach that: set public_url, or change token_uri in the file.",
                err=True,
            )

    run(data_dir, work)
    say(f"Wrote {out}. Whoever has this file acts as the service account.")


@app.command("list-keys")
def list_keys(service_account: Account, tenant: InTenant, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the keys of a service account, revoked ones too. The ID is the `private_key_id` of the key file.

    Example: `tenantry service-account list-keys 3f2e... --tenant emm.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.connectors.service_accounts import list_service_account_keys
        from tenantry.core.ids import ConnectorId

        async with desk.store.read() as read:
            tenant_id = await tenant_named(read, tenant)
            connector_id = ConnectorId(service_account)
            rows = await list_service_account_keys(read, desk.caller, tenant_id, connector_id, desk.now)
        show_list(rows, ("id", "algorithm", "created_at", "revoked_at"), as_json)

    run(data_dir, work)


@app.command("revoke-key")
def revoke_key(
    service_account: Account,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its ID, as list-keys shows it.")],
    tenant: InTenant,
    data_dir: DataDir = None,
) -> None:
    """Revoke a key for good: it is refused from then on. Access tokens that it has fetched work until they expire.

    To end those too, delete the account: `tenantry connector delete`.

    Example: `tenantry service-account revoke-key 3f2e... 77aa... --tenant emm.example`
    """

    async def work(desk: Desk) -> None:
        from tenantry.connectors.service_accounts import revoke_service_account_key
        from tenantry.core.ids import ConnectorId

        async with desk.store.write() as tx:
            tenant_id = await tenant_named(tx, tenant)
            await revoke_service_account_key(tx, desk.caller, tenant_id, ConnectorId(service_account), key, desk.now)

    run(data_dir, work)


@app.command()
def token(
    key_file: Annotated[Path, typer.Option("--key-file", "-k", help="As add-key wrote it.")],
) -> None:
    """Sign in with a key file, as Google's client libraries do, and print the access token.

    Example: `curl -H "Authorization: Bearer $(tenantry service-account token -k emm-key.json)" ...`
    """
    from tenantry.cli.assertion import SignInFailed, fetch_token
    from tenantry.core.files import ExposedFileError, read_private

    try:
        say(fetch_token(json.loads(read_private(key_file))))
    except ExposedFileError as error:
        fail(str(error), 78)
    except (OSError, ValueError, KeyError) as error:
        fail(f"{key_file} is not a key file: {error}", 78)
    except SignInFailed as error:
        fail(str(error), 1)
