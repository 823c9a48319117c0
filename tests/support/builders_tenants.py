"""Tenants, connectors, service accounts and relationships with good defaults, made by the domain's own functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from tenantry.access.actions import Permission, RoleId
from tenantry.connectors.connectors import NewConnector, register_connector
from tenantry.connectors.service_accounts import (
    ServiceAccount,
    add_service_account_key,
    generate_key_pair,
    register_service_account,
)
from tenantry.core.caller import Caller, Origin, operator
from tenantry.core.clock import DAY, Micros
from tenantry.core.ids import CorrelationId, RelationshipId, TenantId, new_guid
from tenantry.delegation.relationships import approve_relationship, request_relationship
from tenantry.directory.tenants import create_tenant
from tenantry.store.engine import Store
from tenantry.tokens.secrets import SecretHasher
from tests.support.clock import FakeClock

NOON: Micros = FakeClock()()


def an_operator() -> Caller:
    """Whoever sets the stage."""
    return operator(Origin(CorrelationId(new_guid()), "127.0.0.1"))


async def a_tenant(
    store: Store, *, name: str = "Contoso", domain: str | None = None, country: str | None = "US", now: Micros = NOON
) -> TenantId:
    """A tenant with a domain of its own."""
    async with store.write() as tx:
        return await create_tenant(
            tx,
            an_operator(),
            name=name,
            initial_domain=domain or f"t{new_guid()[:8]}.example",
            country=country,
            now=now,
        )


async def a_connector(
    store: Store,
    hasher: SecretHasher,
    tenant_id: TenantId,
    *,
    permissions: Collection[Permission] = tuple(Permission),
    redirect_uris: Sequence[str] = (),
    kind: Literal["confidential", "public"] = "confidential",
    now: Micros = NOON,
) -> NewConnector:
    """A connector with every permission."""
    async with store.write() as tx:
        return await register_connector(
            tx,
            an_operator(),
            hasher,
            tenant_id=tenant_id,
            name="Contoso Sync",
            permissions=permissions,
            redirect_uris=redirect_uris,
            kind=kind,
            now=now,
        )


async def a_service_account(
    store: Store, tenant_id: TenantId, *, name: str | None = None, key_id: str = "key-1", now: Micros = NOON
) -> tuple[ServiceAccount, str]:
    """A service account with one key, and the private half of that key as PEM."""
    private_pem, public_pem = generate_key_pair()
    async with store.write() as tx:
        account = await register_service_account(
            tx,
            an_operator(),
            tenant_id=tenant_id,
            name=name or f"emm-{new_guid()[:8]}",
            domain="accounts.example",
            now=now,
        )
        await add_service_account_key(tx, an_operator(), tenant_id, account.connector_id, key_id, public_pem, now)
    return account, private_pem


async def a_relationship(
    store: Store,
    *,
    customer_tenant_id: TenantId,
    partner_tenant_id: TenantId,
    role_ids: Collection[RoleId] = (RoleId.USER_ADMINISTRATOR, RoleId.DIRECTORY_WRITERS),
    lasts: Micros = 180 * DAY,
    approved: bool = True,
    now: Micros = NOON,
) -> RelationshipId:
    """An active delegated relationship, or with `approved=False` one that waits."""
    async with store.write() as tx:
        relationship_id = await request_relationship(
            tx,
            an_operator(),
            customer_tenant_id=customer_tenant_id,
            partner_tenant_id=partner_tenant_id,
            display_name="Day to day administration",
            role_ids=role_ids,
            expires_at=now + lasts,
            now=now,
        )
        if approved:
            await approve_relationship(
                tx, an_operator(), customer_tenant_id=customer_tenant_id, relationship_id=relationship_id, now=now
            )
    return relationship_id
