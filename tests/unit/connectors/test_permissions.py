"""What an app has and waits for, through whatever happens to it in whatever order; and the list of those that wait."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry.access.actions import Permission, RoleId
from tenantry.connectors.connectors import delete_connector, register_connector
from tenantry.connectors.permissions import (
    SENSITIVE,
    approve_permissions,
    change_permissions,
    decline_permissions,
    list_waiting,
    seen_of,
)
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, InvalidValue, NotFound, VersionMismatch
from tenantry.core.ids import ConnectorId
from tenantry.directory.blocking import block_user, unblock_user
from tenantry.store import open_store
from tenantry.store.connectors import connectors
from tenantry.store.connectors.connectors import Connector
from tenantry.store.engine.interface import Store
from tests.support.builders import HASHER, OPERATOR, SomeTenant, SomeUser, a_tenant, a_user, as_user
from tests.support.clock import NOON

_SOME = (Permission.MEDIA, Permission.REACTIONS, *sorted(SENSITIVE))
_CHOICE = st.frozensets(st.sampled_from(_SOME), max_size=4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["member changes", "admin changes", "approve", "decline"]), _CHOICE),
        st.tuples(st.sampled_from(["block", "unblock", "look"]), st.just(frozenset[Permission]())),
    ),
    max_size=16,
)


@dataclass
class Model:
    """What must hold. `seen`: what the page that is open shows."""

    in_force: frozenset[Permission]
    waiting: frozenset[Permission]
    declined: frozenset[Permission] = frozenset()
    is_blocked: bool = False
    approved: set[Permission] = field(default_factory=set)
    """What an administrator ever wanted in force."""

    def step(self, what: str, chosen: frozenset[Permission]) -> bool:
        """Whether it is done."""
        match what:
            case "approve":
                return self.approve(chosen)
            case "decline":
                return self.decline(chosen)
            case _:
                return self.change(chosen, by_admin=what == "admin changes")

    def change(self, wanted: frozenset[Permission], *, by_admin: bool) -> bool:
        if not wanted:
            return False
        new = wanted - self.in_force - self.waiting
        at_once = new if by_admin else new - SENSITIVE
        self.approved |= new if by_admin else set()
        self.in_force = (self.in_force & wanted) | at_once
        self.waiting = (self.waiting & wanted) | (new - at_once)
        self.declined -= self.in_force | self.waiting
        return True

    def approve(self, chosen: frozenset[Permission]) -> bool:
        if not chosen or not chosen <= self.waiting or self.is_blocked:
            return False
        self.in_force, self.waiting = self.in_force | chosen, self.waiting - chosen
        self.approved |= chosen
        return True

    def decline(self, chosen: frozenset[Permission]) -> bool:
        if not chosen or not chosen <= self.waiting:
            return False
        self.waiting, self.declined = self.waiting - chosen, self.declined | chosen
        return True


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=_CHOICE, steps=STEPS)
def test_nothing_sensitive_is_ever_in_force_that_no_administrator_wanted(
    sqlite_template: Path, first: frozenset[Permission], steps: list[tuple[str, frozenset[Permission]]]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(sqlite_template, f"{directory}/history.db")
        asyncio.run(_check_history(f"sqlite:///{directory}/history.db", first, steps))


async def _check_history(
    url: str, first: frozenset[Permission], steps: list[tuple[str, frozenset[Permission]]]
) -> None:
    store = await open_store(url)
    tenant = await a_tenant(store)
    member = await a_user(store, tenant)
    admin = await a_user(store, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    app = await _an_app(store, tenant, as_user(member), *first)
    model = Model(first - SENSITIVE, first & SENSITIVE)
    seen = seen_of(await _find(store, tenant, app))
    for number, (what, chosen) in enumerate(steps):
        shown = seen_of(await _find(store, tenant, app))
        if what == "look":
            seen = shown
        elif what in ("block", "unblock"):
            await _block(store, model, member, blocks=what == "block")
        else:
            outcome = await _step(store, what, as_user(member), as_user(admin), app, chosen, seen, NOON + number + 1)
            assert (outcome == "changed") == (seen != shown)
            if seen == shown:
                assert model.step(what, chosen) is (outcome == "done")
        await _compare(store, tenant, app, model)
    async with store.write() as tx:
        await delete_connector(tx, OPERATOR, tenant.id, app, NOON)
    assert await _step(store, "approve", as_user(member), as_user(admin), app, model.waiting, seen, NOON) == "gone"
    await store.close()


async def _block(store: Store, model: Model, member: SomeUser, *, blocks: bool) -> None:
    if model.is_blocked is blocks:
        return
    async with store.write() as tx:
        await (block_user if blocks else unblock_user)(tx, OPERATOR, member.tenant_id, member.id, NOON)
    model.is_blocked = blocks


async def _step(
    store: Store,
    what: str,
    member: Caller,
    admin: Caller,
    app: ConnectorId,
    chosen: frozenset[Permission],
    seen: str,
    now: Micros,
) -> str:
    """Done, refused, because it has `changed` since it was `seen`, or because it is gone."""
    carry_out = {"approve": approve_permissions, "decline": decline_permissions}.get(what, change_permissions)
    caller = member if what == "member changes" else admin
    assert caller.tenant_id is not None
    try:
        async with store.write() as tx:
            await carry_out(tx, caller, caller.tenant_id, app, chosen, seen=seen, now=now)
    except VersionMismatch:
        return "changed"
    except (FailedPrecondition, InvalidValue):
        return "refused"
    except NotFound:
        return "gone"
    return "done"


async def _compare(store: Store, tenant: SomeTenant, app: ConnectorId, model: Model) -> None:
    found = await _find(store, tenant, app)
    assert _words(found.permissions) == model.in_force
    assert _words(found.waiting_permissions) == model.waiting
    assert _words(found.declined_permissions) == model.declined
    assert (found.waiting_since is None) == (not model.waiting)
    assert (found.declined_at is None) == (not model.declined)
    assert SENSITIVE & model.in_force <= model.approved


async def _an_app(store: Store, tenant: SomeTenant, by: Caller, *wanted: Permission, now: Micros = NOON) -> ConnectorId:
    async with store.write() as tx:
        made = await register_connector(
            tx, by, HASHER, tenant_id=tenant.id, name="Shift bot", permissions=wanted, now=now
        )
    return made.connector_id


async def _find(store: Store, tenant: SomeTenant, app: ConnectorId) -> Connector:
    async with store.read() as read:
        found = await connectors.find(read, tenant.id, app)
    assert found is not None
    return found


def _words(permissions: str) -> frozenset[Permission]:
    return frozenset(map(Permission, permissions.split()))


async def test_those_that_wait_are_listed_by_how_long_in_pages_and_no_other_tenants(store: Store) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    member, admin = await a_user(store, tenant), await a_user(store, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    await _an_app(store, other, as_user(await a_user(store, other)), Permission.TENANT_DATA)
    await _an_app(store, tenant, as_user(member), Permission.MEDIA)
    apps = [
        await _an_app(store, tenant, as_user(member), Permission.TENANT_DATA, now=NOON + ago) for ago in (3, 1, 2, 0)
    ]
    async with store.write() as tx:
        await delete_connector(tx, OPERATOR, tenant.id, apps[3], NOON)
    async with store.read() as read:
        first = await list_waiting(read, as_user(admin), tenant.id, limit=2, now=NOON)
        rest = await list_waiting(
            read, as_user(admin), tenant.id, after=(first[-1].waiting_since, first[-1].id), limit=2, now=NOON
        )
    assert [row.id for row in (*first, *rest)] == [apps[1], apps[2], apps[0]]
    assert [row.of_all for row in first] == [3, 3]
    assert {row.owner_principal_name for row in first} == {member.user_principal_name}
