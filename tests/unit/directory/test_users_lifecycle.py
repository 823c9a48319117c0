"""Any history of creations, changes, deletions and restorations leaves what a plain model of it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry.core.clock import DAY, Micros
from tenantry.core.errors import AlreadyExists, NotFound
from tenantry.core.ids import UserId
from tenantry.directory import users
from tenantry.directory.user_properties import NewUser, UserChanges
from tenantry.directory.users import RESTORABLE
from tenantry.store.engine.interface import Store
from tests.support.builders import OPERATOR, SomeTenant, a_tenant
from tests.support.clock import NOON


@dataclass
class ModelUser:
    """What is known of a user."""

    id: UserId
    name: str
    family_name: str | None
    deleted_at: Micros | None = None


class History:
    """Does each step to the store and to the model, and compares how both end."""

    def __init__(self, store: Store, tenant: SomeTenant) -> None:
        self.store, self.tenant = store, tenant
        self.known: list[ModelUser] = []
        self.now = NOON

    def holder(self, name: str) -> ModelUser | None:
        return next(
            (user for user in self.known if user.deleted_at is None and user.name.lower() == name.lower()), None
        )

    def pick(self, index: int) -> ModelUser | None:
        return self.known[index % len(self.known)] if self.known else None

    def restorable(self, user: ModelUser) -> bool:
        return user.deleted_at is not None and user.deleted_at > self.now - RESTORABLE

    def named(self, local: str) -> str:
        return f"{local}@{self.tenant.domain}"

    async def create(self, local: str, family_name: str) -> None:
        name = self.named(local)
        new_user = NewUser(user_principal_name=name, display_name="X", family_name=family_name)
        try:
            async with self.store.write() as tx:
                made = await users.create_user(tx, OPERATOR, self.tenant.id, new_user, None, False, self.now)
        except AlreadyExists:
            assert self.holder(name) is not None
            return
        assert self.holder(name) is None
        self.known.append(ModelUser(made.id, name, family_name or None))

    async def change(self, index: int, local: str | None, family_name: str | None, restore: bool) -> None:
        user = self.pick(index)
        if user is None:
            return
        name = None if local is None else self.named(local)
        changes = UserChanges(user_principal_name=name, family_name=family_name)
        wanted = name or user.name
        expected = self.refusal(user, wanted, restore)
        try:
            async with self.store.write() as tx:
                await users.update_user(tx, OPERATOR, self.tenant.id, user.id, changes, self.now, restore=restore)
        except (NotFound, AlreadyExists) as error:
            outcome: type[Exception] | None = type(error)
        else:
            outcome = None
        assert outcome is expected
        if outcome is not None:
            return
        user.name, user.deleted_at = wanted, None
        if family_name is not None:
            user.family_name = family_name or None

    def refusal(self, user: ModelUser, wanted: str, restore: bool) -> type[Exception] | None:
        """A deleted user needs its old name first, then the one that is wanted."""
        if user.deleted_at is not None:
            if not (restore and self.restorable(user)):
                return NotFound
            if self.holder(user.name) is not None:
                return AlreadyExists
        return AlreadyExists if self.holder(wanted) not in (None, user) else None

    async def delete(self, index: int) -> None:
        user = self.pick(index)
        if user is None:
            return
        try:
            async with self.store.write() as tx:
                await users.delete_user(tx, OPERATOR, self.tenant.id, user.id, self.now)
        except NotFound:
            assert user.deleted_at is not None
            return
        assert user.deleted_at is None
        user.deleted_at = self.now

    async def wait(self, days: int) -> None:
        self.now += days * DAY

    async def check_against_model(self) -> None:
        for deleted in (False, True):
            async with self.store.read() as read:
                found, _ = await users.list_users(
                    read, OPERATOR, self.tenant.id, deleted=deleted, limit=1000, now=self.now
                )
            expected = [user for user in self.known if (self.restorable(user) if deleted else user.deleted_at is None)]
            assert {(user.id, user.user_principal_name, user.family_name) for user in found} == {
                (user.id, user.name, user.family_name) for user in expected
            }


_LOCALS = st.sampled_from(["ann", "Ann", "bob", "cleo"])
_INDEXES = st.integers(0, 5)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), _LOCALS, st.sampled_from(["", "Lee"])),
        st.tuples(
            st.just("change"), _INDEXES, st.none() | _LOCALS, st.sampled_from([None, "", "Lee", "May"]), st.booleans()
        ),
        st.tuples(st.just("delete"), _INDEXES),
        st.tuples(st.just("wait"), st.sampled_from([1, 15, 31])),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
async def test_every_history_ends_as_the_model_does(store: Store, steps: list[tuple[Any, ...]]) -> None:
    history = History(store, await a_tenant(store))
    for step, *values in steps:
        await getattr(history, step)(*values)
    await history.check_against_model()
