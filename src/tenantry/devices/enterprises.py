"""Enterprises: each binds a customer tenant to the EMM that manages its devices. And who may act on one.

Source: Play EMM contract §4 (accounts), §7.11 (ids), §7.13 (unknown and foreign look alike).
"""

from __future__ import annotations

import secrets
from contextlib import suppress

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.audit.events import EnterpriseAccountSet, EnterpriseEnrolled
from tenantry.audit.record import record
from tenantry.core.caller import Caller, CallerKind
from tenantry.core.clock import Micros
from tenantry.core.errors import Forbidden, NotFound
from tenantry.core.ids import ConnectorId, EnterpriseId, TenantId
from tenantry.core.names import read_name
from tenantry.store.devices import enterprises
from tenantry.store.devices.enterprises import Enterprise
from tenantry.store.engine.interface import Read, Tx


async def enroll_enterprise(
    tx: Tx,
    caller: Caller,
    *,
    tenant_id: TenantId,
    emm_tenant_id: TenantId,
    name: str,
    service_account_id: ConnectorId | None = None,
    primary_domain: str | None = None,
    now: Micros,
) -> EnterpriseId:
    """Let the EMM manage the customer's devices; the service account, when named, acts as the enterprise.

    Only the operator may. Raises Forbidden for anybody else, InvalidValue, NotFound("service account").
    """
    _require_operator(caller)
    name = read_name(name, field="name", longest=256, what="The name of the enterprise")
    enterprise_id = _new_id()
    await enterprises.insert(
        tx,
        enterprise_id,
        tenant_id=tenant_id,
        emm_tenant_id=emm_tenant_id,
        name=name,
        primary_domain=primary_domain,
        now=now,
    )
    event = EnterpriseEnrolled(enterprise_id=enterprise_id, emm_tenant_id=emm_tenant_id)
    await record(tx, tenant_id, caller, event, now)
    if service_account_id is not None:
        await bind_account(tx, caller, enterprise_id, service_account_id, now)
    return enterprise_id


async def bind_account(
    tx: Tx, caller: Caller, enterprise_id: EnterpriseId, service_account_id: ConnectorId, now: Micros
) -> None:
    """Let a service account of the customer or of the EMM act as the enterprise, instead of the one before.

    Only the operator may. Raises Forbidden for anybody else, NotFound("service account") when either is absent.
    """
    _require_operator(caller)
    tenant_id = await enterprises.set_service_account(tx, enterprise_id, service_account_id)
    if tenant_id is None:
        raise NotFound("service account")
    event = EnterpriseAccountSet(enterprise_id=enterprise_id, connector_id=service_account_id)
    await record(tx, tenant_id, caller, event, now)


async def require_enterprise(
    read: Read, caller: Caller, action: Action, enterprise_id: EnterpriseId, now: Micros
) -> Enterprise:
    """The enterprise, when the caller may do `action` in it.

    Raises Forbidden without the permission; NotFound for an unknown enterprise and for one of another EMM alike.
    Hot path: 1 query.
    """
    enterprise = await enterprises.find(read, enterprise_id)
    tenant_id = enterprise.tenant_id if enterprise else caller.tenant_id or TenantId("")
    await require(read, caller, action, tenant_id, enterprise=enterprise, now=now)
    if enterprise is None:
        raise NotFound("enterprise")
    return enterprise


async def list_enterprises(read: Read, caller: Caller, domain: str, now: Micros) -> list[Enterprise]:
    """The enterprises of the tenant with this domain that the caller's EMM manages. Raises Forbidden."""
    emm_tenant_id = caller.tenant_id or TenantId("")
    found = await enterprises.list_of_domain(read, emm_tenant_id, domain.lower())
    tenant_id, enterprise = (found[0].tenant_id, found[0]) if found else (emm_tenant_id, None)
    with suppress(NotFound):  # a list of no enterprises is no error
        await require(read, caller, Action.READ_ENTERPRISE, tenant_id, enterprise=enterprise, now=now)
    return found


def _require_operator(caller: Caller) -> None:
    if caller.kind is not CallerKind.OPERATOR:
        raise Forbidden(reason="operator_only")


def _new_id() -> EnterpriseId:
    """An id of letters and digits that is none of the words which share an enterprise's place in paths."""
    return EnterpriseId(f"LC{secrets.token_hex(5)}")
