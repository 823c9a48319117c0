"""Tenants and domains: a domain leads to one tenant, and a deleted tenant is nowhere."""

from __future__ import annotations

import asyncio

import pytest

from tenantry.core.errors import AlreadyExists, InvalidValue, NotFound
from tenantry.core.ids import TenantId
from tenantry.directory.tenants import (
    add_domain,
    create_tenant,
    delete_tenant,
    get_tenant,
    list_tenants,
    parse_domain,
    resolve_tenant,
)
from tenantry.store import audit_events, tenants
from tenantry.store.engine import Store
from tests.support.builders import OPERATOR, a_tenant
from tests.support.clock import NOON


async def test_a_tenant_is_found_by_its_id_and_by_each_of_its_domains(store: Store) -> None:
    tenant_id = (await a_tenant(store, domain="Contoso.example")).id
    async with store.write() as tx:
        await add_domain(tx, OPERATOR, tenant_id=tenant_id, name="bücher.example", now=NOON)
    async with store.read() as read:
        for name in (tenant_id, tenant_id.upper(), "contoso.example", "CONTOSO.EXAMPLE", "xn--bcher-kva.example"):
            assert await resolve_tenant(read, name) == tenant_id
        for name in ("fabrikam.example", "common", "", "\0", "a" * 500, "00000000-0000-0000-0000-000000000009"):
            assert await resolve_tenant(read, name) is None
        assert [domain.name for domain in await tenants.list_domains(read, tenant_id)] == [
            "contoso.example",
            "xn--bcher-kva.example",
        ]


async def test_of_twins_that_want_one_domain_one_gets_it_and_the_other_leaves_nothing(store: Store) -> None:
    outcomes = await asyncio.gather(
        *(a_tenant(store, domain="contoso.example") for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(outcome, AlreadyExists) for outcome in outcomes) == 7
    async with store.read() as read:
        assert len(await list_tenants(read, limit=100)) == 1


async def test_a_deleted_tenant_is_absent_by_every_name(store: Store) -> None:
    tenant_id = (await a_tenant(store, domain="contoso.example")).id
    async with store.write() as tx:
        await delete_tenant(tx, OPERATOR, tenant_id, NOON)
    async with store.write() as tx:
        assert await resolve_tenant(tx, tenant_id) is None
        assert await resolve_tenant(tx, "contoso.example") is None
        with pytest.raises(NotFound):
            await get_tenant(tx, tenant_id)
        with pytest.raises(NotFound):
            await delete_tenant(tx, OPERATOR, tenant_id, NOON)
        with pytest.raises(NotFound):
            await add_domain(tx, OPERATOR, tenant_id=tenant_id, name="other.example", now=NOON)
        trail = await audit_events.list_after(tx, tenant_id, "", 10)
    assert sorted(event.type for event in trail) == ["domain.added", "tenant.created", "tenant.deleted"]


async def test_the_id_of_a_tenant_is_taken_once(store: Store) -> None:
    tenant_id = TenantId("11111111-2222-3333-4444-555555555555")
    for attempt in (1, 2):
        async with store.write() as tx:
            made = create_tenant(
                tx,
                OPERATOR,
                name="Contoso",
                initial_domain=f"contoso{attempt}.example",
                tenant_id=tenant_id,
                now=NOON,
            )
            if attempt == 1:
                assert await made == tenant_id
            else:
                with pytest.raises(AlreadyExists):
                    await made


@pytest.mark.parametrize(
    "raw",
    ["", "contoso", "-a.example", "a..example", "a b.example", "a.example\0", "a" * 64 + ".example", "a_b.example"],
)
def test_what_is_no_domain_name_is_refused(raw: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_domain(raw)
    assert caught.value.field == "domain"
