"""Tenants and domains: a domain leads to one tenant, and a deleted tenant is nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import AlreadyExists, FailedPrecondition, Forbidden, InvalidValue, NotFound
from tenantry.core.ids import TenantId
from tenantry.directory.tenants import (
    add_domain,
    create_tenant,
    delete_tenant,
    disable_tenant,
    enable_tenant,
    find_tenant,
    list_tenants,
    parse_domain,
    resolve_tenant,
    resolve_undeleted_tenant,
)
from tenantry.store.engine.interface import Store, Tx
from tenantry.store.tenants import tenants
from tenantry.store.trail import audit_events
from tests.support.builders import OPERATOR, a_tenant, a_user, as_user
from tests.support.clock import NOON
from tests.support.trail import types_of

Change = Callable[[Tx, Caller, TenantId, Micros], Awaitable[None]]


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
            await find_tenant(tx, tenant_id)
        with pytest.raises(NotFound):
            await delete_tenant(tx, OPERATOR, tenant_id, NOON)
        with pytest.raises(NotFound):
            await add_domain(tx, OPERATOR, tenant_id=tenant_id, name="other.example", now=NOON)
        trail = await audit_events.list_after(tx, tenant_id, "", 10)
    assert sorted(event.type for event in trail) == ["domain.added", "tenant.created", "tenant.deleted"]


async def test_a_disabled_tenant_is_absent_to_all_but_the_operator_until_it_is_enabled(store: Store) -> None:
    tenant_id = (await a_tenant(store, domain="contoso.example")).id

    async def found() -> list[bool]:
        async with store.read() as read:
            public = [await resolve_tenant(read, name) for name in (tenant_id, "contoso.example")]
            kept = [await resolve_undeleted_tenant(read, name) for name in (tenant_id, "Contoso.example")]
            listed = await list_tenants(read, limit=9)
        assert {tenant.id for tenant in kept if tenant} == {tenant.id for tenant in listed} == {tenant_id}
        return [name == tenant_id for name in public]

    async with store.write() as tx:
        await disable_tenant(tx, OPERATOR, tenant_id, NOON)
    assert await found() == [False, False]
    with pytest.raises(AlreadyExists):
        await a_tenant(store, domain="contoso.example")
    async with store.write() as tx:
        await enable_tenant(tx, OPERATOR, tenant_id, NOON)
    assert await found() == [True, True]


async def test_a_tenant_is_disabled_once_enabled_once_and_neither_when_it_is_deleted(store: Store) -> None:
    tenant_id = (await a_tenant(store)).id
    for change in (disable_tenant, enable_tenant):

        async def once(change: Change = change) -> None:
            async with store.write() as tx:
                await change(tx, OPERATOR, tenant_id, NOON)

        outcomes = await asyncio.gather(*(once() for _ in range(8)), return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["FailedPrecondition"] * 7 + ["NoneType"]
    told = await types_of(store, tenant_id)
    assert (told.count("tenant.disabled"), told.count("tenant.enabled")) == (1, 1)
    async with store.write() as tx:
        with pytest.raises(FailedPrecondition):
            await enable_tenant(tx, OPERATOR, tenant_id, NOON)
        await disable_tenant(tx, OPERATOR, tenant_id, NOON)
        await delete_tenant(tx, OPERATOR, tenant_id, NOON)
        for change in (disable_tenant, enable_tenant):
            for absent in (tenant_id, TenantId("00000000-0000-0000-0000-000000000009")):
                with pytest.raises(NotFound):
                    await change(tx, OPERATOR, absent, NOON)
        assert await resolve_undeleted_tenant(tx, tenant_id) is None


async def test_only_the_operator_disables_and_enables(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = as_user(await a_user(store, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR]))
    async with store.write() as tx:
        for change in (disable_tenant, enable_tenant):
            with pytest.raises(Forbidden):
                await change(tx, admin, tenant.id, NOON)
        assert await resolve_tenant(tx, tenant.id) == tenant.id


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
