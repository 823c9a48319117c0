"""Deletes a tenant for good that nobody can restore any more, with all that others store about it.

Its trail goes too. The trail of the system keeps that the tenant existed, when it was purged, and its heads that were
noted. A few rows are deleted at a time, each step by itself: a round that is broken off is taken up by the next, and
nobody waits for it.
"""

from __future__ import annotations

import asyncio

from tenantry.audit.events import SYSTEM_TENANT, TenantPurged
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.store.delegation import partner_customers
from tenantry.store.ending import tenant_purging
from tenantry.store.ending.tenant_purging import DueTenant, Owned
from tenantry.store.engine.interface import Store

BATCH = 200


async def purge_tenants(store: Store, caller: Caller, now: Micros, *, kept: Micros, pause: float) -> int:
    """Purge tenants that were deleted longer than `kept` ago. Answers how many. Audited in the trail of the system, one
    event each.
    """
    purged = 0
    while True:
        async with store.read() as read:
            due = await tenant_purging.list_due(read, now - kept, BATCH)
        for tenant in due:
            purged += await _purge(store, caller, tenant, now - kept, now, pause)
        if len(due) < BATCH:
            return purged


async def _purge(
    store: Store, caller: Caller, tenant: DueTenant, deleted_until: Micros, now: Micros, pause: float
) -> bool:
    async with store.write() as tx:
        if not await tenant_purging.claim(tx, tenant.id, deleted_until):
            return False
    await _forget_elsewhere(store, tenant, pause)
    for rows in Owned:
        deleted = BATCH
        while deleted == BATCH:
            deleted = await tenant_purging.delete_some(store, rows, tenant.id, BATCH)
            await asyncio.sleep(pause)
    async with store.write() as tx:
        if not await tenant_purging.delete_last(tx, tenant.id):
            return False
        await record(tx, SYSTEM_TENANT, caller, TenantPurged(tenant_id=tenant.id, name=tenant.name), now)
    return True


async def _forget_elsewhere(store: Store, tenant: DueTenant, pause: float) -> None:
    """Delete what others store about the tenant. It comes first, since the tenant's own rows say where to look."""
    async with store.read() as read:
        partners = await partner_customers.list_partners(read, tenant.id)
    for partner_id in partners:
        async with store.write() as tx:
            await tenant_purging.forget_customer(tx, partner_id, tenant.id)
    while True:
        async with store.read() as read:
            customers = await tenant_purging.list_customers(read, tenant.id, BATCH)
        for customer_id in customers:
            async with store.write() as tx:
                await tenant_purging.forget_partner(tx, customer_id, tenant.id)
        if len(customers) < BATCH:
            break
        await asyncio.sleep(pause)
    while True:
        async with store.read() as read:
            managed = await tenant_purging.list_managed(read, tenant.id, BATCH)
        for enterprise in managed:
            await _purge_enterprise(store, enterprise, pause)
        if len(managed) < BATCH:
            break


async def _purge_enterprise(store: Store, enterprise: tenant_purging.ManagedEnterprise, pause: float) -> None:
    """Delete an enterprise that the tenant managed: nobody can do anything with its accounts and devices any more."""
    while True:
        async with store.read() as read:
            accounts = await tenant_purging.list_accounts(read, enterprise.tenant_id, enterprise.id, BATCH)
        for account_id in accounts:
            async with store.write() as tx:
                await tenant_purging.delete_account(tx, enterprise.tenant_id, account_id)
        if len(accounts) < BATCH:
            break
        await asyncio.sleep(pause)
    async with store.write() as tx:
        await tenant_purging.delete_enterprise(tx, enterprise.id)
