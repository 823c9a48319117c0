"""Seeds the worlds. The store's own functions write the rows, so that they look as the server's do."""

from __future__ import annotations

import secrets

from rich.progress import Progress

from bench.load import Requests
from bench.servers import PUBLIC_URL
from bench.worlds import Batch, RequestsFile, Seed, World, requests_of
from tenantry.access.actions import Permission
from tenantry.core.caller import Audience
from tenantry.core.clock import DAY, Micros, system_clock
from tenantry.core.ids import ConnectorId, EnterpriseId, GrantId, ManagedAccountId, TenantId, UserId, new_guid
from tenantry.store import Store
from tenantry.store.connectors import connector_secrets, connectors
from tenantry.store.devices import device_tokens, enterprises, managed_accounts
from tenantry.store.tenants import tenants
from tenantry.store.tokens import grants
from tenantry.store.users import users
from tenantry.tokens.keys.signing_keys import KeyRing
from tenantry.tokens.mint import draft_access_token
from tenantry.tokens.secrets import SecretHasher, SecretKind

TOKENS_OF_TENANT = 10
TOKENS_OF_ACCOUNT = 10
"""As many tokens as an account may have devices."""

_LIFETIME = 3650 * DAY  # longer than anybody keeps the cache
_TENANTS_OF_BATCH = 10  # SQLite walks a savepoint's whole undo log for each statement: small ones are far quicker
_ACCOUNTS_OF_ENTERPRISE = 100
_TOKENS_OF_BATCH = 500


def exchange_seed(tokens: int, progress: Progress) -> Seed:
    """A seed of `tokens` refresh tokens, ten in each tenant, each of a user and a grant of its own."""

    async def seed(world: World, store: Store) -> None:
        hasher, now = SecretHasher(world.master_key().peppers()), system_clock()
        await KeyRing.load(store, world.master_key(), system_clock)
        requests = RequestsFile(world.data_dir / "requests.bin")
        left = tokens // TOKENS_OF_TENANT
        task = progress.add_task(f"{tokens:,} refresh tokens ({store.engine})", total=tokens)
        while left:
            size = min(left, _TENANTS_OF_BATCH)
            batch = Batch()
            for _ in range(size):
                await _tenant_with_tokens(batch, hasher, requests, now)
            await batch.flush(store)
            left -= size
            progress.advance(task, size * TOKENS_OF_TENANT)
        requests.close()

    return seed


async def _tenant_with_tokens(batch: Batch, hasher: SecretHasher, requests: RequestsFile, now: Micros) -> None:
    tenant_id, connector_id = TenantId(new_guid()), ConnectorId(new_guid())
    await tenants.insert(batch, tenant_id, name=f"Tenant {tenant_id[:8]}", country="US", now=now)
    permissions = f"{Permission.GROUP_INFORMATION} {Permission.GROUP_MEMBERS}"
    await _connector(batch, connector_id, tenant_id, "confidential", permissions, now)
    secret = hasher.mint(SecretKind.CONNECTOR_SECRET, tenant_id)
    await connector_secrets.insert(
        batch, connector_id, new_guid(), secret_hash=hasher.hash(secret), hint=secret[-4:], expires_at=None, now=now
    )
    for number in range(TOKENS_OF_TENANT):
        user_id, grant_id = UserId(new_guid()), GrantId(new_guid())
        name = f"user{number}@{tenant_id[:8]}.example"
        await users.insert(
            batch,
            tenant_id,
            user_id,
            user_principal_name=name,
            user_type="member",
            display_name=f"User {number} of {tenant_id[:8]}",
            now=now,
        )
        await grants.insert(
            batch,
            tenant_id,
            grant_id,
            connector_id=connector_id,
            user_id=user_id,
            reach="user",
            group_id=None,
            permissions=permissions,
            amr="pwd mfa",
            expires_at=now + _LIFETIME,
            now=now,
        )
        token = hasher.mint(SecretKind.REFRESH_TOKEN, tenant_id)
        await grants.insert_refresh_token(
            batch, tenant_id, hasher.hash(token), grant_id=grant_id, expires_at=now + _LIFETIME, now=now
        )
        requests.add(
            "GET /kaizala/v1/accessToken HTTP/1.1\n"
            f"applicationId: {connector_id}\napplicationSecret: {secret}\nrefreshToken: {token}\n"
        )


async def _connector(
    batch: Batch, connector_id: ConnectorId, tenant_id: TenantId, kind: str, permissions: str, now: Micros
) -> None:
    await connectors.insert(
        batch,
        connector_id,
        tenant_id,
        kind=kind,
        name="Bench",
        description="",
        permissions=permissions,
        waiting_permissions="",
        redirect_uris="[]",
        email=f"emm@{tenant_id}.example" if kind == "service_account" else None,
        created_by=None,
        now=now,
    )


def device_seed(tokens: int, progress: Progress) -> Seed:
    """A seed of `tokens` device tokens of a tenth as many accounts, in enterprises that one EMM's service account
    serves.

    `requests.bin` redeems each token on a device of its own; tokens of one account stand far apart.
    `generate.bin` asks for a token of each account.
    """

    async def seed(world: World, store: Store) -> None:
        hasher, now = SecretHasher(world.master_key().peppers()), system_clock()
        ring = await KeyRing.load(store, world.master_key(), system_clock)
        batch = Batch()
        emm, service_account = TenantId(new_guid()), ConnectorId(new_guid())
        await tenants.insert(batch, emm, name="EMM", country="US", now=now)
        await _connector(batch, service_account, emm, "service_account", Permission.ANDROID_ENTERPRISE, now)
        await batch.flush(store)
        accounts = [
            account
            for _ in range(0, tokens // TOKENS_OF_ACCOUNT, _ACCOUNTS_OF_ENTERPRISE)
            for account in await _enterprise(store, emm, now)
        ]
        async with store.write() as tx:
            for _, enterprise_id in dict.fromkeys(account[:2] for account in accounts):
                await enterprises.set_service_account(tx, enterprise_id, service_account)
        bearer = draft_access_token(
            ring,
            issuer=PUBLIC_URL,
            audience=Audience.ANDROID_ENTERPRISE,
            subject=service_account,
            tenant_id=emm,
            client_id=service_account,
            scope=Permission.ANDROID_ENTERPRISE,
            grant_id=None,
            amr=(),
            lifetime=_LIFETIME,
            now=now,
        ).sign()
        generate = RequestsFile(world.data_dir / "generate.bin")
        for _, enterprise_id, account_id in accounts:
            generate.add(
                f"POST /androidenterprise/v1/enterprises/{enterprise_id}/users/{account_id}/authenticationToken "
                f"HTTP/1.1\nAuthorization: Bearer {bearer.raw}\nContent-Length: 0\n"
            )
        generate.close()
        await _device_tokens(world, store, hasher, accounts, progress, now)

    return seed


_Account = tuple[TenantId, EnterpriseId, ManagedAccountId]


async def _enterprise(store: Store, emm: TenantId, now: Micros) -> list[_Account]:
    batch = Batch()
    tenant_id, enterprise_id = TenantId(new_guid()), EnterpriseId(f"LC{secrets.token_hex(5)}")
    await tenants.insert(batch, tenant_id, name=f"Customer {tenant_id[:8]}", country="US", now=now)
    await enterprises.insert(
        batch, enterprise_id, tenant_id=tenant_id, emm_tenant_id=emm, name="Bench", primary_domain=None, now=now
    )
    accounts = []
    for number in range(_ACCOUNTS_OF_ENTERPRISE):
        account_id = ManagedAccountId(str(10**18 + secrets.randbelow(8 * 10**18)))
        await managed_accounts.insert_or_update(
            batch,
            tenant_id,
            enterprise_id,
            account_id,
            account_identifier=f"user{number}",
            account_type="user_account",
            display_name=None,
            user_id=None,
            now=now,
        )
        accounts.append((tenant_id, enterprise_id, account_id))
    await batch.flush(store)
    return accounts


async def _device_tokens(
    world: World, store: Store, hasher: SecretHasher, accounts: list[_Account], progress: Progress, now: Micros
) -> None:
    requests = RequestsFile(world.data_dir / "requests.bin")
    total = len(accounts) * TOKENS_OF_ACCOUNT
    task = progress.add_task(f"{total:,} device tokens ({store.engine})", total=total)
    for start in range(0, total, _TOKENS_OF_BATCH):
        batch = Batch()
        size = min(_TOKENS_OF_BATCH, total - start)
        for number in range(start, start + size):
            tenant_id, enterprise_id, account_id = accounts[number % len(accounts)]
            token = hasher.mint(SecretKind.DEVICE_TOKEN, tenant_id)
            await device_tokens.insert(
                batch,
                tenant_id,
                hasher.hash(token),
                enterprise_id=enterprise_id,
                managed_account_id=account_id,
                device_limit=TOKENS_OF_ACCOUNT,
                expires_at=now + _LIFETIME,
                now=now,
            )
            requests.add(
                "POST /device/v1/provision HTTP/1.1\nContent-Type: application/json\n",
                f'{{"token":"{token}","androidId":"{number:016x}"}}',
            )
        await batch.flush(store)
        progress.advance(task, size)
    requests.close()


def generate_requests(world: World) -> Requests:
    """Requests that generate device tokens of the accounts, in any order."""
    return requests_of(world.data_dir / "generate.bin")


def redeem_requests(world: World) -> Requests:
    """Requests that redeem each device token once."""
    return requests_of(world.data_dir / "requests.bin", once=True)


def pair_requests(world: World) -> Requests:
    """Requests that generate device tokens and redeem what came."""
    return requests_of(world.data_dir / "generate.bin", script="pair.lua")
