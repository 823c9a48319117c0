"""Connectors and service accounts, and what they hold: secrets, keys, grants, access tokens."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from tenantry.access.actions import Permission
from tenantry.app import App
from tenantry.connectors.connectors import register_connector
from tenantry.connectors.service_accounts import add_service_account_key, generate_key_pair, register_service_account
from tenantry.core.caller import Audience, Reach
from tenantry.core.clock import DAY, HOUR, Micros
from tenantry.core.ids import ConnectorId, GrantId, GroupId, TenantId
from tenantry.store.engine.interface import Store
from tenantry.tokens.grants import GrantTerms, create_grant
from tenantry.tokens.mint import draft_access_token
from tests.support.builders.directory import SomeTenant, SomeUser, as_user
from tests.support.builders.stage import HASHER, OPERATOR, counted
from tests.support.clock import NOON


@dataclass(frozen=True, slots=True)
class SomeConnector:
    """A connector and its secret, empty for a public one."""

    id: ConnectorId
    tenant_id: TenantId
    secret: str


@dataclass(frozen=True, slots=True)
class SomeServiceAccount:
    """A service account with one RSA key, whose key file a Google client would load."""

    id: ConnectorId
    tenant_id: TenantId
    email: str
    key_id: str
    private_pem: str


@dataclass(frozen=True, slots=True)
class SomeGrant:
    """What a user gave a connector, with the refresh token made of it."""

    id: GrantId
    tenant_id: TenantId
    refresh_token: str
    expires_at: Micros


async def a_connector(
    store: Store,
    tenant: SomeTenant,
    *,
    name: str | None = None,
    permissions: Collection[Permission] = tuple(Permission),
    redirect_uris: Sequence[str] = (),
    kind: Literal["confidential", "public"] = "confidential",
    now: Micros = NOON,
) -> SomeConnector:

    async with store.write() as tx:
        made = await register_connector(
            tx,
            OPERATOR,
            HASHER,
            tenant_id=tenant.id,
            name=name or f"Connector {next(counted)}",
            permissions=permissions,
            redirect_uris=redirect_uris,
            kind=kind,
            now=now,
        )
    return SomeConnector(made.connector_id, tenant.id, made.client_secret or "")


async def a_service_account(
    store: Store, tenant: SomeTenant, *, name: str | None = None, key_id: str = "key-1", now: Micros = NOON
) -> SomeServiceAccount:
    """Of the tenant, with an address in the tenant's domain."""

    private_pem, public_pem = _key_pair()
    async with store.write() as tx:
        account = await register_service_account(
            tx,
            OPERATOR,
            tenant_id=tenant.id,
            name=name or f"account-{next(counted)}",
            domain=tenant.domain,
            now=now,
        )
        await add_service_account_key(tx, OPERATOR, tenant.id, account.connector_id, key_id, public_pem, now)
    return SomeServiceAccount(account.connector_id, tenant.id, account.email, key_id, private_pem)


@functools.cache
def _key_pair() -> tuple[str, str]:
    """The same slow RSA key once for the whole run."""

    return generate_key_pair()


async def a_grant(
    store: Store,
    connector: SomeConnector,
    user: SomeUser,
    *,
    reach: Reach = Reach.USER,
    group_id: GroupId | None = None,
    permissions: Collection[Permission] = tuple(Permission),
    amr: Collection[str] = ("pwd", "mfa"),
    lifetime: Micros = 365 * DAY,
    now: Micros = NOON,
) -> SomeGrant:
    """Given by the user to the connector, in the user's tenant."""

    async with store.write() as tx:
        made = await create_grant(
            tx,
            as_user(user),
            HASHER,
            tenant_id=user.tenant_id,
            terms=GrantTerms(
                connector_id=connector.id,
                user_id=user.id,
                reach=reach,
                permissions=permissions,
                amr=amr,
                group_id=group_id,
            ),
            lifetime=lifetime,
            now=now,
        )
    return SomeGrant(made.grant_id, user.tenant_id, made.refresh_token, made.expires_at)


def an_access_token(
    app: App,
    client: SomeConnector | SomeServiceAccount,
    audience: Audience,
    *,
    user: SomeUser | None = None,
    grant: SomeGrant | None = None,
    permissions: Collection[Permission] = tuple(Permission),
    amr: Collection[str] = (),
    lifetime: Micros = HOUR,
) -> str:
    """Minted without a trace in the store; the client's own, if it is no user's."""
    return (
        draft_access_token(
            app.deps.keys,
            issuer=app.deps.settings.issuer,
            audience=audience,
            subject=user.id if user else client.id,
            tenant_id=client.tenant_id,
            client_id=client.id,
            scope=" ".join(permissions),
            grant_id=grant.id if grant else None,
            amr=amr,
            lifetime=lifetime,
            now=app.deps.clock(),
        )
        .sign()
        .raw
    )
