"""Groups keep an admin, whatever the order in which people come, go, rise and fall."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tenantry.access.actions import GroupRole, Permission
from tenantry.core.caller import Audience, Caller, CallerKind, Reach
from tenantry.core.errors import FailedPrecondition, Forbidden, InvalidValue, NotFound
from tenantry.core.ids import GroupId
from tenantry.directory.members import Newcomers, add_members, list_members, remove_member, set_role
from tenantry.store import open_store
from tenantry.store.engine.interface import Store
from tests.support.builders import OPERATOR, SomeTenant, SomeUser, a_group, a_tenant, a_user
from tests.support.clock import NOON


def as_grantee(user: SomeUser) -> Caller:
    """The user through a connector with all permissions, with the user's own reach."""
    return Caller(
        CallerKind.USER,
        OPERATOR.origin,
        Audience.KAIZALA,
        tenant_id=user.tenant_id,
        user_id=user.id,
        permissions=frozenset(Permission),
        reach=Reach.USER,
    )


async def remove(store: Store, caller: Caller, group: GroupId, user: SomeUser) -> None:
    async with store.write() as tx:
        await remove_member(tx, caller, user.tenant_id, group, user.id, NOON)


async def change(store: Store, caller: Caller, group: GroupId, user: SomeUser, role: GroupRole) -> None:
    async with store.write() as tx:
        await set_role(tx, caller, user.tenant_id, group, user.id, role, NOON)


async def add(store: Store, caller: Caller, group: GroupId, tenant: SomeTenant, **newcomers: tuple[str, ...]) -> None:
    async with store.write() as tx:
        await add_members(tx, caller, tenant.id, group, Newcomers(**newcomers), NOON)


async def roles(store: Store, tenant: SomeTenant, group: GroupId) -> dict[str, str]:
    async with store.read() as read:
        return {row.user_id: row.role for row in (await list_members(read, OPERATOR, tenant.id, group, NOON)).members}


async def test_of_admins_who_all_remove_each_other_at_once_one_stays(store: Store) -> None:
    tenant = await a_tenant(store)
    admins = [await a_user(store, tenant) for _ in range(4)]
    for _ in range(5):
        group = await a_group(store, tenant, admins=admins)
        await asyncio.gather(
            *(
                remove(store, as_grantee(caller), group, victim)
                for caller in admins
                for victim in admins
                if caller is not victim
            ),
            return_exceptions=True,
        )
        assert list((await roles(store, tenant, group)).values()) == ["admin"]


async def test_admins_who_all_step_down_at_once_leave_one(store: Store) -> None:
    tenant = await a_tenant(store)
    admins = [await a_user(store, tenant) for _ in range(4)]
    for _ in range(5):
        group = await a_group(store, tenant, admins=admins)
        outcomes = await asyncio.gather(
            *(change(store, as_grantee(admin), group, admin, GroupRole.MEMBER) for admin in admins),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, FailedPrecondition) for outcome in outcomes) == 1
        assert sorted((await roles(store, tenant, group)).values()) == ["admin", "member", "member", "member"]


@pytest.mark.parametrize("column", ["disabled_at", "deleted_at"])
async def test_an_admin_who_cannot_act_does_not_count_as_one(store: Store, column: str) -> None:
    tenant = await a_tenant(store)
    admin, absent = await a_user(store, tenant), await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[admin, absent])
    async with store.write() as tx:
        await tx.run(
            f"UPDATE users SET {column} = :now WHERE tenant_id = :tenant_id AND id = :id",
            tenant_id=tenant.id,
            id=absent.id,
            now=NOON,
        )
    with pytest.raises(FailedPrecondition):
        await change(store, as_grantee(admin), group, admin, GroupRole.MEMBER)
    with pytest.raises(FailedPrecondition):
        await remove(store, as_grantee(admin), group, admin)
    assert (await roles(store, tenant, group))[admin.id] == "admin"


async def test_many_who_add_the_same_people_add_each_once(store: Store) -> None:
    tenant = await a_tenant(store)
    admin, member = await a_user(store, tenant), await a_user(store, tenant, phone=True)
    group = await a_group(store, tenant, admins=[admin])
    numbers = (str(member.phone_number), "+12065557777", "+12065557778", "+12065557779")
    await asyncio.gather(
        *(add(store, as_grantee(admin), group, tenant, numbers=numbers[step:] + numbers[:step]) for step in range(4))
    )
    assert len(await roles(store, tenant, group)) == 5


async def test_an_invalid_number_undoes_the_whole_call(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[admin])
    with pytest.raises(InvalidValue) as refused:
        await add(store, as_grantee(admin), group, tenant, numbers=("+12065557777", "12"))
    assert refused.value.field == "members"
    assert len(await roles(store, tenant, group)) == 1


async def test_too_many_newcomers_are_refused(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[admin])
    with pytest.raises(InvalidValue):
        await add(store, as_grantee(admin), group, tenant, numbers=("+12065557777",) * 1001)


class Membership(RuleBasedStateMachine):
    """Against a model: a dictionary of roles."""

    runner: asyncio.Runner
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.runner.run(self._set_up())

    async def _set_up(self) -> None:
        self.tenant = await a_tenant(self.store)
        self.users = [await a_user(self.store, self.tenant) for _ in range(4)]
        self.group = await a_group(self.store, self.tenant, admins=[self.users[0]])
        self.model = {self.users[0].id: "admin"}

    def _expect(self, caller: int, victim: int | None, ends_admin: bool) -> type[Exception] | None:
        if self.model.get(self.users[caller].id) != "admin":
            return Forbidden
        if victim is None:
            return None
        held = self.model.get(self.users[victim].id)
        if held is None:
            return NotFound
        last = held == "admin" and list(self.model.values()).count("admin") == 1
        return FailedPrecondition if ends_admin and last else None

    def _run(self, work: Coroutine[Any, Any, None], error: type[Exception] | None) -> bool:
        if error is None:
            self.runner.run(work)
            return True
        with pytest.raises(error):
            self.runner.run(work)
        return False

    @rule(caller=st.integers(0, 3), newcomer=st.integers(0, 3))
    def add(self, caller: int, newcomer: int) -> None:
        user_id = self.users[newcomer].id
        work = add(self.store, as_grantee(self.users[caller]), self.group, self.tenant, user_ids=(user_id,))
        if self._run(work, self._expect(caller, None, False)):
            self.model.setdefault(user_id, "member")

    @rule(caller=st.integers(0, 3), victim=st.integers(0, 3))
    def remove(self, caller: int, victim: int) -> None:
        work = remove(self.store, as_grantee(self.users[caller]), self.group, self.users[victim])
        if self._run(work, self._expect(caller, victim, True)):
            del self.model[self.users[victim].id]

    @rule(caller=st.integers(0, 3), victim=st.integers(0, 3), role=st.sampled_from(["admin", "member"]))
    def change(self, caller: int, victim: int, role: str) -> None:
        work = change(self.store, as_grantee(self.users[caller]), self.group, self.users[victim], GroupRole(role))
        if self._run(work, self._expect(caller, victim, role == "member")):
            self.model[self.users[victim].id] = role

    @invariant()
    def the_group_is_as_the_model_says_and_has_an_admin(self) -> None:
        found = self.runner.run(roles(self.store, self.tenant, self.group))
        assert found == self.model
        assert "admin" in found.values()


def test_no_history_of_changes_leaves_a_group_without_admin(store_url: str) -> None:
    with asyncio.Runner() as runner:
        opened = runner.run(open_store(store_url))
        Membership.runner, Membership.store = runner, opened
        try:
            run_state_machine_as_test(
                Membership, settings=settings(max_examples=15, stateful_step_count=25, deadline=None)
            )
        finally:
            runner.run(opened.close())
