"""A tenant's further domains: a tenant claims one, proves by the DNS that it owns it, and gives it up again.

1. `begin_proof` notes the name and a random token. Whoever owns the name can set a TXT record there; nobody else can.
2. `prove_domain` asks the DNS, outside of any transaction. When the record is there, the domain is the tenant's at
   once.
3. A name below a verified domain of the same tenant needs no record, since who owns the parent could set it anyway. A
   name below another tenant's domain needs a record of its own, like any other: the parent's owner may have given it
   away.

The first domain comes with the tenant, and others by the operator's word (directory/tenants.py); those need no proof.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.decide import decide, require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.dns import DnsFailed, TextRecords
from tenantry.core.errors import AlreadyExists, FailedPrecondition, NotFound
from tenantry.core.ids import TenantId
from tenantry.directory.tenants import domain_taken, give_domain, parse_domain
from tenantry.store.engine.interface import Read, Store, Tx
from tenantry.store.tenants import domain_proofs, tenants
from tenantry.store.tenants.domain_proofs import DomainProof
from tenantry.store.tenants.tenants import Domain

MOST_DOMAINS = 200
"""How many domains one tenant may have, those that wait included. It keeps a page short, so it does no harm that two
requests at once may exceed it by one.
"""
USERS_COUNTED = 1_000
_MARK = "tenantry-verification="


def record_of(proof: DomainProof) -> str:
    """The exact text that the TXT record must hold."""
    return _MARK + proof.token


async def is_domain_taken(read: Read, caller: Caller, name: str, now: Micros) -> bool:
    """Whether any tenant has the domain. Raises what `access.require` does; InvalidValue, NotFound."""
    if caller.tenant_id is None:
        raise NotFound("tenant")
    await require(read, caller, Action.FIND_DOMAIN, caller.tenant_id, now=now)
    return await tenants.is_domain_taken(read, parse_domain(name))


async def begin_proof(tx: Tx, caller: Caller, tenant_id: TenantId, name: str, now: Micros) -> str:
    """Let the tenant wait for the record of `name`; or give it the domain at once, when it has verified one above.
    Answers the name in its lower-case ASCII form. A second call for the same name changes nothing.

    Raises what `access.require` does; InvalidValue, AlreadyExists, FailedPrecondition (field `domain`).
    """
    await require(tx, caller, Action.CHANGE_TENANT, tenant_id, now=now)
    domain = parse_domain(name.strip().removesuffix("."))
    own = await tenants.list_domains(tx, tenant_id)
    if any(one.name == domain for one in own):
        raise AlreadyExists("The organisation has this domain already.", field="domain", value=domain)
    if await tenants.is_domain_taken(tx, domain):
        raise domain_taken(domain)
    waiting = await domain_proofs.list_all(tx, tenant_id)
    if any(proof.name == domain for proof in waiting):
        return domain
    if len(own) + len(waiting) >= MOST_DOMAINS:
        raise FailedPrecondition("There are as many domains as may be. Remove one first.", field="domain")
    if any(one.verified_at and domain.endswith(f".{one.name}") for one in own):
        await give_domain(tx, caller, tenant_id, domain, now=now)
        return domain
    token = secrets.token_hex(20)
    if await domain_proofs.insert(tx, tenant_id, name=domain, token=token, created_by=caller.subject, now=now):
        await record(tx, tenant_id, caller, events.DomainProofBegun(domain=domain), now)
    return domain


class TenantDomains(NamedTuple):
    """The domains, those that wait for their record, and whether the caller may change either."""

    domains: list[Domain]
    waiting: list[DomainProof]
    may_change: bool


class DomainPicture(NamedTuple):
    """A domain, or a name that waits for its record. `names`: how many sign-in names end in it, counted up to
    USERS_COUNTED.
    """

    domain: Domain | None
    proof: DomainProof | None
    names: int


async def list_domains(read: Read, caller: Caller, tenant_id: TenantId, now: Micros) -> TenantDomains:
    """All domains of the tenant. Raises what `access.require` does."""
    await require(read, caller, Action.READ_TENANT, tenant_id, now=now)
    may_change = await decide(read, caller, Action.CHANGE_TENANT, tenant_id, now=now)
    return TenantDomains(
        await tenants.list_domains(read, tenant_id), await domain_proofs.list_all(read, tenant_id), may_change.allowed
    )


async def list_names_domains(read: Read, caller: Caller, tenant_id: TenantId, action: Action, now: Micros) -> list[str]:
    """The domains in which sign-in names may end. Raises what `access.require` does when the caller may not do
    `action`.
    """
    await require(read, caller, action, tenant_id, now=now)
    found = await tenants.list_domains(read, tenant_id)
    return [domain.name for domain in found if domain.verified_at and not domain.is_federated]


async def look_at_domain(read: Read, caller: Caller, tenant_id: TenantId, name: str, now: Micros) -> DomainPicture:
    """One domain, for a caller who may change it. Raises what `access.require` does; NotFound("domain")."""
    await require(read, caller, Action.CHANGE_TENANT, tenant_id, now=now)
    domain = await tenants.find_domain(read, tenant_id, name)
    if domain is not None:
        names = await tenants.count_names_in_domain(read, tenant_id, name, USERS_COUNTED)
        return DomainPicture(domain, None, names)
    proof = await domain_proofs.find(read, tenant_id, name)
    if proof is None:
        raise NotFound("domain")
    return DomainPicture(None, proof, 0)


async def prove_domain(
    store: Store, dns: TextRecords, caller: Caller, tenant_id: TenantId, name: str, now: Micros
) -> None:
    """Ask the DNS. When the record is there, the domain is the tenant's. A second call for the same name finds it done.

    Raises what `access.require` does; NotFound("domain"); FailedPrecondition when the record cannot be found;
    AlreadyExists when another tenant has proven the domain meanwhile.
    """
    async with store.read() as read:
        await require(read, caller, Action.CHANGE_TENANT, tenant_id, now=now)
        proof = await domain_proofs.find(read, tenant_id, name)
        if proof is None:
            await _require_own(read, tenant_id, name)
            return
    try:
        found = await dns.find(name, tenant_id=tenant_id)
    except DnsFailed:
        raise FailedPrecondition("The DNS does not answer for this name now. Try again in some minutes.") from None
    if record_of(proof) not in (text.strip() for text in found):
        raise FailedPrecondition(
            "The record is not to be seen yet. A new record can take an hour to be seen everywhere; then try again."
            if not any(text.strip().startswith(_MARK) for text in found)
            else "There is such a record, but with another value. Compare it to the letter."
        )
    async with store.write() as tx:
        await require(tx, caller, Action.CHANGE_TENANT, tenant_id, now=now)
        if await domain_proofs.claim(tx, tenant_id, name, proof.token):
            await give_domain(tx, caller, tenant_id, name, now=now)
        else:
            await _require_own(tx, tenant_id, name)


async def _require_own(read: Read, tenant_id: TenantId, name: str) -> None:
    """Check what became of a proof whose row is gone: another request has used it up, or somebody has given the name
    up. Raises NotFound("domain") when the domain is not the tenant's.
    """
    if await tenants.find_domain(read, tenant_id, name) is None:
        raise NotFound("domain")


async def remove_domain(tx: Tx, caller: Caller, tenant_id: TenantId, name: str, now: Micros) -> None:
    """Give up a domain, or a name that waits for its record. Then nothing leads to the tenant by it, and another tenant
    may take it.

    Raises what `access.require` does; NotFound("domain"); FailedPrecondition for the first domain, and while the
    sign-in name of a user ends in it, a deleted user's too. On PostgreSQL a user who is created in the same moment can
    keep a name in it; that user then needs another name to sign in.
    """
    await require(tx, caller, Action.CHANGE_TENANT, tenant_id, now=now)
    if await domain_proofs.delete(tx, tenant_id, name):
        await record(tx, tenant_id, caller, events.DomainProofDropped(domain=name), now)
        return
    domain = await tenants.find_domain(tx, tenant_id, name)
    if domain is not None and domain.is_initial:
        raise FailedPrecondition("The first domain stays: names of new users end in it.")
    if not await tenants.delete_domain(tx, tenant_id, name):
        raise NotFound("domain")
    if await tenants.count_names_in_domain(tx, tenant_id, name, 1):
        raise FailedPrecondition("Sign-in names end in this domain. Give those users other names first.")
    await record(tx, tenant_id, caller, events.DomainRemoved(domain=name), now)
