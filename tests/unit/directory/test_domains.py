"""Further domains of a tenant: proven by a record in the DNS, one winner, and given up only when nobody uses them."""

from __future__ import annotations

import asyncio

import pytest

from tenantry.core.errors import AlreadyExists, FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import TenantId
from tenantry.directory import domains
from tenantry.directory.domains import begin_proof, look_at_domain, prove_domain, record_of, remove_domain
from tenantry.directory.tenants import add_domain, resolve_tenant
from tenantry.store.engine.interface import Store
from tenantry.store.tenants import tenants
from tenantry.store.trail import audit_events
from tests.support.app import FakeDns
from tests.support.builders import OPERATOR, SomeTenant, a_tenant, a_user
from tests.support.clock import NOON

NAME = "shop.example"


async def begin(store: Store, tenant_id: TenantId, name: str = NAME) -> str:
    async with store.write() as tx:
        return await begin_proof(tx, OPERATOR, tenant_id, name, NOON)


async def record_for(store: Store, tenant_id: TenantId, name: str = NAME) -> str:
    async with store.read() as read:
        proof = (await look_at_domain(read, OPERATOR, tenant_id, name, NOON)).proof
    assert proof is not None
    return record_of(proof)


async def names_of(store: Store, tenant_id: TenantId) -> list[str]:
    async with store.read() as read:
        return [domain.name for domain in await tenants.list_domains(read, tenant_id)][1:]


async def told(store: Store, tenant_id: TenantId) -> list[str]:
    async with store.read() as read:
        events = await audit_events.list_after(read, tenant_id, "", 100)
    return [event.type for event in events if event.type.startswith("domain.")][1:]


async def test_the_record_in_the_dns_makes_the_domain_the_tenants(store: Store) -> None:
    tenant_id, dns = (await a_tenant(store)).id, FakeDns()
    assert await begin(store, tenant_id, " Shop.Example. ") == NAME
    assert await begin(store, tenant_id) == NAME
    record = await record_for(store, tenant_id)
    assert record.startswith("tenantry-verification=")
    dns.records[NAME] = ["v=spf1 -all", f" {record} "]
    await prove_domain(store, dns, OPERATOR, tenant_id, NAME, NOON)
    await prove_domain(store, dns, OPERATOR, tenant_id, NAME, NOON)
    assert dns.asked == [NAME]
    async with store.read() as read:
        assert await resolve_tenant(read, NAME) == tenant_id
        assert (await look_at_domain(read, OPERATOR, tenant_id, NAME, NOON)).proof is None
    assert await told(store, tenant_id) == ["domain.proof_begun", "domain.added"]


@pytest.mark.parametrize(
    ("records", "text"),
    [([], "not to be seen yet"), (["tenantry-verification=0123"], "another value"), (None, "does not answer")],
)
async def test_without_the_record_nothing_changes(store: Store, records: list[str] | None, text: str) -> None:
    tenant_id, dns = (await a_tenant(store)).id, FakeDns()
    await begin(store, tenant_id)
    dns.records[NAME] = records
    with pytest.raises(FailedPrecondition, match=text):
        await prove_domain(store, dns, OPERATOR, tenant_id, NAME, NOON)
    assert await names_of(store, tenant_id) == []
    assert await record_for(store, tenant_id)


async def test_of_tenants_that_prove_one_domain_one_gets_it_and_the_others_hear_why(store: Store) -> None:
    both, dns = [(await a_tenant(store)).id, (await a_tenant(store)).id], FakeDns()
    for tenant_id in both:
        await begin(store, tenant_id)
    dns.records[NAME] = [await record_for(store, tenant_id) for tenant_id in both]
    outcomes = await asyncio.gather(
        *(prove_domain(store, dns, OPERATOR, tenant_id, NAME, NOON) for tenant_id in both * 3), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert len(refused) == 3
    assert all(isinstance(outcome, AlreadyExists) for outcome in refused)
    owners = [tenant_id for tenant_id in both if await names_of(store, tenant_id) == [NAME]]
    assert len(owners) == 1
    assert (await told(store, owners[0])).count("domain.added") == 1
    (loser,) = set(both) - set(owners)
    assert await told(store, loser) == ["domain.proof_begun"]


async def test_anothers_record_proves_nothing(store: Store) -> None:
    owner, other, dns = (await a_tenant(store)).id, (await a_tenant(store)).id, FakeDns()
    for tenant_id in (owner, other):
        await begin(store, tenant_id)
    dns.records[NAME] = [await record_for(store, owner)]
    with pytest.raises(FailedPrecondition):
        await prove_domain(store, dns, OPERATOR, other, NAME, NOON)


async def test_a_taken_domain_is_refused_without_a_word_of_whose_it_is(store: Store) -> None:
    owner, other = (await a_tenant(store, name="Secretive", domain="taken.example")).id, (await a_tenant(store)).id
    with pytest.raises(AlreadyExists) as caught:
        await begin(store, other, "TAKEN.example")
    assert caught.value.field == "domain"
    assert "Secretive" not in caught.value.public
    assert owner not in caught.value.public
    with pytest.raises(AlreadyExists, match="The organisation has"):
        await begin(store, owner, "taken.example")


async def test_a_name_below_an_own_domain_needs_no_record_and_one_below_anothers_does(store: Store) -> None:
    owner, other, dns = (await a_tenant(store, domain="parent.example")).id, (await a_tenant(store)).id, FakeDns()
    await begin(store, owner, "eu.parent.example")
    assert await names_of(store, owner) == ["eu.parent.example"]
    await begin(store, owner, "notparent.example")
    assert await names_of(store, owner) == ["eu.parent.example"]
    await begin(store, other, "us.parent.example")
    assert await names_of(store, other) == []
    with pytest.raises(FailedPrecondition):
        await prove_domain(store, dns, OPERATOR, other, "us.parent.example", NOON)


@pytest.mark.parametrize("raw", ["", "localhost", "192.0.2.1", "a_b.example", "https://a.example/", "☃" * 64 + ".com"])
async def test_what_is_no_domain_name_is_refused_beside_its_field(store: Store, raw: str) -> None:
    tenant_id = (await a_tenant(store)).id
    with pytest.raises(InvalidValue) as caught:
        await begin(store, tenant_id, raw)
    assert caught.value.field == "domain"


async def test_a_name_in_another_script_is_what_registries_make_of_it(store: Store) -> None:
    tenant_id = (await a_tenant(store)).id
    assert await begin(store, tenant_id, "STRASSE.example") == "strasse.example"
    assert await begin(store, tenant_id, "straße.example") == "xn--strae-oqa.example"


async def test_there_are_only_so_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant_id = (await a_tenant(store)).id
    monkeypatch.setattr(domains, "MOST_DOMAINS", 2)
    await begin(store, tenant_id)
    with pytest.raises(FailedPrecondition):
        await begin(store, tenant_id, "more.example")


async def test_who_waits_no_more_begins_anew_with_another_record(store: Store) -> None:
    tenant_id = (await a_tenant(store)).id
    await begin(store, tenant_id)
    first = await record_for(store, tenant_id)
    async with store.write() as tx:
        await remove_domain(tx, OPERATOR, tenant_id, NAME, NOON)
        with pytest.raises(NotFound):
            await remove_domain(tx, OPERATOR, tenant_id, NAME, NOON)
    await begin(store, tenant_id)
    assert await record_for(store, tenant_id) != first
    assert await told(store, tenant_id) == ["domain.proof_begun", "domain.proof_dropped", "domain.proof_begun"]


async def test_a_domain_the_operator_gives_need_not_be_proven_any_more(store: Store) -> None:
    tenant_id = (await a_tenant(store)).id
    await begin(store, tenant_id)
    async with store.write() as tx:
        await add_domain(tx, OPERATOR, tenant_id=tenant_id, name=NAME, now=NOON)
        assert (await look_at_domain(tx, OPERATOR, tenant_id, NAME, NOON)).proof is None


async def test_a_domain_goes_when_no_name_ends_in_it_and_another_may_take_it(store: Store) -> None:
    tenant_id, other = (await a_tenant(store, domain="first.example")).id, (await a_tenant(store)).id
    async with store.write() as tx:
        await add_domain(tx, OPERATOR, tenant_id=tenant_id, name=NAME, now=NOON)
    user = await a_user(store, SomeTenant(tenant_id, NAME), name="mia")
    await a_user(store, SomeTenant(tenant_id, "first.example"), name=f"mia.at.{NAME}")
    for name, error in ((NAME, FailedPrecondition), ("first.example", FailedPrecondition), ("a.example", NotFound)):
        with pytest.raises(error):
            async with store.write() as tx:
                await remove_domain(tx, OPERATOR, tenant_id, name, NOON)
    with pytest.raises(NotFound):
        async with store.write() as tx:
            await remove_domain(tx, OPERATOR, other, NAME, NOON)
    async with store.write() as tx:
        await tx.run(
            "UPDATE users SET upn_key = 'mia@first.example' WHERE tenant_id = :tenant_id AND id = :id",
            tenant_id=tenant_id,
            id=user.id,
        )
    outcomes = await asyncio.gather(*(_remove(store, tenant_id) for _ in range(4)), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert (await told(store, tenant_id)).count("domain.removed") == 1
    assert await begin(store, other) == NAME


async def _remove(store: Store, tenant_id: TenantId) -> None:
    async with store.write() as tx:
        await remove_domain(tx, OPERATOR, tenant_id, NAME, NOON)
