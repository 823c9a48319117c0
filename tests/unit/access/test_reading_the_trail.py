"""Who may not read the trail is refused by what reads it, whatever page or route asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from tenantry.access.actions import RoleId
from tenantry.access.trail import Search, explain, search_trail
from tenantry.core.caller import Caller
from tenantry.core.errors import Forbidden, NotFound
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read, Store
from tests.support.builders import OPERATOR, a_tenant, a_user, as_user
from tests.support.clock import NOON

Reader: TypeAlias = Callable[[Read, Caller, TenantId], Awaitable[object]]

READERS: dict[str, Reader] = {
    "search": lambda read, caller, tenant_id: search_trail(read, caller, tenant_id, Search(), limit=10, now=NOON),
    "explain": lambda read, caller, tenant_id: explain(read, caller, tenant_id, OPERATOR.origin.correlation_id, NOON),
}


@pytest.mark.parametrize("reader", READERS)
async def test_a_member_and_anothers_administrator_read_nothing_of_the_trail(store: Store, reader: str) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    administrator = await a_user(store, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    stranger = await a_user(store, other, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    member = await a_user(store, tenant)
    async with store.read() as read:
        with pytest.raises(Forbidden):
            await READERS[reader](read, as_user(member), tenant.id)
        with pytest.raises(NotFound):
            await READERS[reader](read, as_user(stranger), tenant.id)
        assert await READERS[reader](read, as_user(administrator), tenant.id)
