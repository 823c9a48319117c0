"""Tenants and their domains. A domain name belongs to one tenant in the whole installation."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller, CallerKind
from tenantry.core.clock import Micros
from tenantry.core.errors import AlreadyExists, FailedPrecondition, Forbidden, InvalidValue, NotFound
from tenantry.core.ids import TenantId, new_guid, parse_guid
from tenantry.core.names import read_name, trim
from tenantry.store.delegation import partner_customers
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.tenants import domain_proofs, tenants

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?![0-9]+$){_LABEL}")
_COUNTRY = re.compile(r"[A-Z]{2}")


async def create_tenant(
    tx: Tx,
    caller: Caller,
    *,
    name: str,
    initial_domain: str,
    country: str | None = None,
    tenant_id: TenantId | None = None,
    now: Micros,
) -> TenantId:
    """Make a tenant with its first domain. Raises InvalidValue, AlreadyExists (field `domain` or `tenant_id`)."""
    name = _check_details(name, country)
    created = tenant_id or TenantId(new_guid())
    if not await tenants.insert(tx, created, name=name, country=country, now=now):
        raise AlreadyExists("A tenant with this ID exists.", field="tenant_id", value=created)
    await record(tx, created, caller, events.TenantCreated(name=name), now)
    await give_domain(tx, caller, created, initial_domain, is_initial=True, now=now)
    return created


async def update_tenant(
    tx: Tx, caller: Caller, tenant_id: TenantId, *, name: str, country: str | None, now: Micros
) -> None:
    """Rename the tenant, in its partners' lists too. Raises what `access.require` does; InvalidValue."""
    await require(tx, caller, Action.CHANGE_TENANT, tenant_id, now=now)
    name = _check_details(name, country)
    if not await tenants.update(tx, tenant_id, name=name, country=country):
        return
    for partner_id in await partner_customers.list_partners(tx, tenant_id):
        await partner_customers.rename(tx, partner_id, tenant_id, name)
    await record(tx, tenant_id, caller, events.TenantUpdated(name=name, country=country), now)


def _check_details(name: str, country: str | None) -> str:
    """The name without blanks around it. Raises InvalidValue."""
    name = read_name(name, field="name", longest=256, what="The name of the organisation")
    if country is not None and not _COUNTRY.fullmatch(country):
        raise InvalidValue("The country is two capital letters (ISO 3166-1), such as US.", field="country")
    return name


async def add_domain(
    tx: Tx, caller: Caller, *, tenant_id: TenantId, name: str, is_federated: bool = False, now: Micros
) -> None:
    """Give the tenant one more domain, as verified. Raises NotFound("tenant"), InvalidValue, AlreadyExists."""
    await find_tenant(tx, tenant_id)
    await give_domain(tx, caller, tenant_id, name, is_federated=is_federated, now=now)


async def give_domain(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    name: str,
    *,
    is_initial: bool = False,
    is_federated: bool = False,
    now: Micros,
) -> None:
    """Give the tenant a domain, as verified; the caller has made sure that it may have it. Raises InvalidValue,
    AlreadyExists.
    """
    domain = parse_domain(name)
    if not await tenants.insert_domain(
        tx, tenant_id, name=domain, is_initial=is_initial, is_federated=is_federated, now=now
    ):
        raise domain_taken(domain)
    await domain_proofs.delete(tx, tenant_id, domain)
    await record(tx, tenant_id, caller, events.DomainAdded(domain=domain), now)


def domain_taken(domain: str) -> AlreadyExists:
    """The error for a domain that is taken, which does not say whose it is."""
    text = f"The domain {domain} belongs to an organisation on this server already."
    return AlreadyExists(text, field="domain", value=domain)


def parse_domain(raw: str) -> str:
    """The lower-case ASCII form of a domain name (RFC 1035 §2.3.1; others by RFC 5891). Raises InvalidValue.

    Not an IPv4 address: no top-level domain is a number (RFC 3696 §2).
    """
    text = trim(raw).lower()
    if not text.isascii() and len(text) <= 253:
        text = _to_ascii(text)
    if len(text) > 253 or not _DOMAIN.fullmatch(text):
        raise InvalidValue("The domain must be a name with a dot, such as contoso.example.", field="domain")
    return text


def _to_ascii(text: str) -> str:
    """The name in ASCII; empty for a name that no registry would accept. The tables of all scripts are loaded when the
    first such name comes.
    """
    import idna

    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except UnicodeError:
        return ""


async def get_tenant(read: Read, caller: Caller, tenant_id: TenantId, now: Micros) -> tenants.Tenant:
    """The live tenant, for a caller who belongs to it. Raises what `access.require` does; NotFound("tenant")."""
    await require(read, caller, Action.READ_TENANT, tenant_id, now=now)
    return await find_tenant(read, tenant_id)


async def find_tenant(read: Read, tenant_id: TenantId) -> tenants.Tenant:
    """The live tenant, when another decision allows it. Raises NotFound("tenant")."""
    tenant = await tenants.find_live(read, tenant_id)
    if tenant is None:
        raise NotFound("tenant")
    return tenant


async def resolve_tenant(read: Read, name_or_id: str) -> TenantId | None:
    """The live tenant that a GUID or one of its domains leads to. At most 1 read, none for garbage."""
    tenant = await _resolve(read, name_or_id, tenants.find_live, tenants.find_live_by_domain)
    return None if tenant is None else tenant.id


async def resolve_undeleted_tenant(read: Read, name_or_id: str) -> tenants.Tenant | None:
    """Like `resolve_tenant`, for the operator, who works in disabled tenants too."""
    return await _resolve(read, name_or_id, tenants.find_undeleted, tenants.find_undeleted_by_domain)


async def _resolve(
    read: Read,
    name_or_id: str,
    find: Callable[[Read, TenantId], Awaitable[tenants.Tenant | None]],
    find_by_domain: Callable[[Read, str], Awaitable[tenants.Tenant | None]],
) -> tenants.Tenant | None:
    tenant_id = parse_guid(name_or_id)
    if tenant_id is not None:
        return await find(read, TenantId(tenant_id))
    try:
        domain = parse_domain(name_or_id)
    except InvalidValue:
        return None
    return await find_by_domain(read, domain)


async def disable_tenant(tx: Tx, caller: Caller, tenant_id: TenantId, now: Micros) -> None:
    """Refuse all that belongs to the tenant until it is enabled: tokens, sessions, sign-in, delegation. Nothing is
    deleted.

    Only the operator may. Raises Forbidden for anybody else, NotFound("tenant"), FailedPrecondition when it is disabled
    already.
    """
    _require_operator(caller)
    if not await tenants.mark_disabled(tx, tenant_id, now):
        raise await _not_changed(tx, tenant_id, "The tenant is disabled already.")
    await record(tx, tenant_id, caller, events.TenantDisabled(), now)


async def enable_tenant(tx: Tx, caller: Caller, tenant_id: TenantId, now: Micros) -> None:
    """Let work again what `disable_tenant` stopped, as far as it has not ended meanwhile.

    Only the operator may. Raises Forbidden for anybody else, NotFound("tenant"), FailedPrecondition when it is not
    disabled.
    """
    _require_operator(caller)
    if not await tenants.mark_enabled(tx, tenant_id):
        raise await _not_changed(tx, tenant_id, "The tenant is enabled already.")
    await record(tx, tenant_id, caller, events.TenantEnabled(), now)


def _require_operator(caller: Caller) -> None:
    if caller.kind is not CallerKind.OPERATOR:
        raise Forbidden(reason="operator_only")


async def _not_changed(tx: Tx, tenant_id: TenantId, otherwise: str) -> NotFound | FailedPrecondition:
    """The reason why a conditional UPDATE found no row."""
    exists = await tenants.find_undeleted(tx, tenant_id) is not None
    return FailedPrecondition(otherwise) if exists else NotFound("tenant")


async def delete_tenant(tx: Tx, caller: Caller, tenant_id: TenantId, now: Micros) -> None:
    """Refuse all that belongs to the tenant: tokens, sessions, sign-in, delegation. After a time all of it is purged
    (directory/tenant_purging.py); until then `restore_tenant` restores it, and its domains stay its own.

    Only the operator may. Raises Forbidden for anybody else, NotFound("tenant").
    """
    _require_operator(caller)
    tenant = await tenants.find_undeleted(tx, tenant_id)
    if tenant is None or not await tenants.mark_deleted(tx, tenant_id, now):
        raise NotFound("tenant")
    await record(tx, tenant_id, caller, events.TenantDeleted(), now)
    event = events.TenantDeleted(tenant_id=tenant_id, name=tenant.name)
    await record(tx, events.SYSTEM_TENANT, caller, event, now)


async def restore_tenant(tx: Tx, caller: Caller, tenant_id: TenantId, now: Micros, *, kept: Micros) -> None:
    """Let work again what `delete_tenant` stopped, as far as it has not ended meanwhile. A tenant that was disabled is
    disabled again.

    `kept`: for how long a deleted tenant can be restored. Only the operator may. Raises Forbidden for anybody else,
    NotFound("tenant").
    """
    _require_operator(caller)
    tenant = await tenants.find_deleted(tx, tenant_id)
    if tenant is None or not await tenants.mark_restored(tx, tenant_id, now - kept):
        raise NotFound("tenant", "No deleted tenant that can still be restored has this ID or domain.")
    await record(tx, tenant_id, caller, events.TenantRestored(), now)
    event = events.TenantRestored(tenant_id=tenant_id, name=tenant.name)
    await record(tx, events.SYSTEM_TENANT, caller, event, now)


async def resolve_deleted_tenant(read: Read, name_or_id: str) -> tenants.Tenant | None:
    """As `resolve_undeleted_tenant`, among the tenants that wait to be purged."""
    return await _resolve(read, name_or_id, tenants.find_deleted, tenants.find_deleted_by_domain)


async def list_deleted_tenants(read: Read, *, after: str = "", limit: int) -> list[tenants.Tenant]:
    """A page of the tenants that wait to be purged, by id, after the id `after`."""
    return await tenants.list_deleted(read, after, limit)


async def list_tenants(read: Read, *, after: str = "", limit: int) -> list[tenants.Tenant]:
    """A page of tenants, disabled ones too, by id, after the id `after`."""
    return await tenants.list_undeleted(read, after, limit)
