"""No act but the operator's leaves an organisation without a Global Administrator who can sign in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.caller import Caller
from tenantry.core.clock import DAY
from tenantry.core.errors import FailedPrecondition
from tenantry.directory.blocking import block_user
from tenantry.directory.roles import assign_role, remove_role
from tenantry.directory.users import delete_user
from tenantry.store.engine.interface import Store, Tx
from tests.support.builders import OPERATOR, SomeTenant, SomeUser, a_tenant, a_user, as_user
from tests.support.clock import NOON
from tests.support.portal import Portal

ROLE = RoleId.GLOBAL_ADMINISTRATOR
Act = Callable[[Tx, Caller, SomeUser], Awaitable[object]]
ACTS: dict[str, Act] = {
    "block": lambda tx, caller, user: block_user(tx, caller, user.tenant_id, user.id, NOON),
    "delete": lambda tx, caller, user: delete_user(tx, caller, user.tenant_id, user.id, NOON),
    "take the role": lambda tx, caller, user: remove_role(tx, caller, user.tenant_id, user.id, ROLE, NOON),
    "let the role end": lambda tx, caller, user: assign_role(
        tx, caller, user.tenant_id, user.id, ROLE, NOON + DAY, NOON
    ),
}


async def _do(store: Store, act: Act, caller: Caller, user: SomeUser) -> None:
    async with store.write() as tx:
        await act(tx, caller, user)


async def _administrators(store: Store, tenant: SomeTenant) -> int:
    async with store.read() as read:
        found = await read.all(
            str,
            """
            SELECT u.id FROM users u JOIN role_assignments a ON a.tenant_id = u.tenant_id AND a.user_id = u.id
            WHERE u.tenant_id = :t AND a.role_id = :role AND u.deleted_at IS NULL AND u.disabled_at IS NULL
              AND a.expires_at IS NULL
            """,
            t=tenant.id,
            role=ROLE,
        )
    return len(found)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
async def test_nobody_takes_the_last_global_administrator_away(store: Store, act: Act) -> None:
    tenant = await a_tenant(store)
    last, other = await a_user(store, tenant, roles=[ROLE]), await a_user(store, tenant, roles=[ROLE])
    helper = await a_user(store, tenant, roles=[RoleId.PRIVILEGED_ROLE_ADMINISTRATOR])
    strong = await a_user(store, tenant, roles=[RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR])
    await a_user(store, await a_tenant(store), roles=[ROLE])
    await _do(store, ACTS["delete"], OPERATOR, other)
    refused = 0
    for caller in (last, helper, strong):
        with pytest.raises(Exception) as error:  # noqa: PT011 - who has no right is refused for that
            await _do(store, act, as_user(caller), last)
        refused += isinstance(error.value, FailedPrecondition)
    assert refused
    assert await _administrators(store, tenant) == 1
    await _do(store, act, OPERATOR, last)
    assert await _administrators(store, tenant) == 0


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
async def test_two_administrators_who_do_it_to_each_other_at_once_leave_one(store: Store, act: Act) -> None:
    for _ in range(3):
        tenant = await a_tenant(store)
        one, other = await a_user(store, tenant, roles=[ROLE]), await a_user(store, tenant, roles=[ROLE])
        await asyncio.gather(
            _do(store, act, as_user(one), other), _do(store, act, as_user(other), one), return_exceptions=True
        )
        assert await _administrators(store, tenant) == 1


async def test_the_page_says_so_and_changes_nothing(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    for path in (f"/users/{portal.dana.id}/delete", f"/users/{portal.dana.id}/roles/{ROLE}/remove"):
        await visitor.open(path)
        assert (await visitor.send(path)).status_code == 409
        assert "last Global Administrator" in visitor.text
    assert await _administrators(portal.app.deps.store, portal.tenant) == 1
