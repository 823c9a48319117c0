"""Managed accounts as people look at them: a search by the beginning of the identifier, and one account with its
devices and tokens.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import EnterpriseId, ManagedAccountId, TenantId
from tenantry.core.normal_form import name_key
from tenantry.devices.enterprises import require_enterprise
from tenantry.store.devices import device_lists, devices
from tenantry.store.devices.device_lists import ListedAccount, ListedEnterprise, UnusedToken
from tenantry.store.devices.devices import Device
from tenantry.store.devices.enterprises import Enterprise
from tenantry.store.engine.interface import Read
from tenantry.store.engine.pages import Position

TOKENS_SHOWN = 20


class FoundAccounts(NamedTuple):
    """A page of accounts. `next` is where the next page begins, None on the last."""

    accounts: list[ListedAccount]
    next: Position | None


class AccountPicture(NamedTuple):
    """An account with its live devices and its unused tokens, the first of them to end in front."""

    enterprise: Enterprise
    account: ListedAccount
    devices: list[Device]
    tokens: list[UnusedToken]


async def list_enterprises(
    read: Read,
    caller: Caller,
    tenant_id: TenantId,
    *,
    action: Action = Action.READ_ENTERPRISE,
    after_id: str = "",
    limit: int,
    now: Micros,
) -> list[ListedEnterprise]:
    """Enterprises of the tenant, by id. Raises what `access.require` does when the caller may not do `action`."""
    await require(read, caller, action, tenant_id, now=now)
    return await device_lists.list_enterprises(read, tenant_id, after_id=after_id, limit=limit)


async def search_accounts(
    read: Read,
    caller: Caller,
    tenant_id: TenantId,
    enterprise_id: EnterpriseId,
    *,
    text: str = "",
    after: Position | None = None,
    limit: int,
    now: Micros,
) -> FoundAccounts:
    """Accounts whose identifier or address begins with `text`. Raises what `enterprise_of` does."""
    await enterprise_of(read, caller, Action.READ_MANAGED_ACCOUNT, tenant_id, enterprise_id, now)
    found = await device_lists.list_accounts(
        read, tenant_id, enterprise_id, now, prefix=name_key(text), after=after, limit=limit + 1
    )
    last = found[limit - 1] if len(found) > limit else None
    return FoundAccounts(found[:limit], None if last is None else (last.search_key, last.id))


async def look_at_account(
    read: Read,
    caller: Caller,
    action: Action,
    tenant_id: TenantId,
    enterprise_id: EnterpriseId,
    account_id: ManagedAccountId,
    now: Micros,
) -> AccountPicture:
    """One account. Raises what `enterprise_of` does for this `action`; NotFound("user")."""
    enterprise = await enterprise_of(read, caller, action, tenant_id, enterprise_id, now)
    account = await device_lists.find_account(read, tenant_id, enterprise_id, account_id, now)
    if account is None:
        raise NotFound("user")
    return AccountPicture(
        enterprise,
        account,
        await devices.list_live(read, tenant_id, account_id),
        await device_lists.list_unused_tokens(read, tenant_id, account_id, now, TOKENS_SHOWN),
    )


async def enterprise_of(
    read: Read, caller: Caller, action: Action, tenant_id: TenantId, enterprise_id: EnterpriseId, now: Micros
) -> Enterprise:
    """The enterprise, when it is this tenant's. Raises what `access.require` does; NotFound("enterprise")."""
    enterprise = await require_enterprise(read, caller, action, enterprise_id, now)
    if enterprise.tenant_id != tenant_id:
        raise NotFound("enterprise")
    return enterprise
