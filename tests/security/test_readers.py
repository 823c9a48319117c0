"""Whatever reads for a caller judges the caller itself: another tenant's administrator learns nothing by any reader.

The readers are found by their signatures, so that one which is added is tried as well.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from tenantry.access.actions import Action, RoleId
from tenantry.access.trail import Search
from tenantry.core.caller import Caller
from tenantry.core.clock import DAY
from tenantry.core.errors import AppOnlyRefused, FailedPrecondition, Forbidden, MfaRequired, NotFound
from tenantry.outbox.webhooks import ObjectType, Subject
from tenantry.store.engine.interface import Store
from tests.support.builders import SomeTenant, SomeUser, a_connector, a_group, a_tenant, a_user, as_user
from tests.support.clock import NOON

Reader = Callable[..., Awaitable[Any]]

ROOMS = ("access", "connectors", "delegation", "devices", "directory", "outbox")
REFUSALS = (AppOnlyRefused, FailedPrecondition, Forbidden, MfaRequired, NotFound)
DECIDE = {
    "tenantry.access.decide.decide",
    "tenantry.access.standing.decide_within",
    "tenantry.access.standing.require_giveable",
    "tenantry.access.standing.require_within",
    "tenantry.directory.group_views.view_groups",
    "tenantry.directory.roles.is_within_reach",
    "tenantry.directory.roles.require_over",
}
"""They are the judges, or go on from one: `view_groups` from the ids that were listed for the caller."""


def readers() -> Iterator[tuple[str, Reader]]:
    """Every function of the domain with `read`, `caller` and `tenant_id`."""
    for room in ROOMS:
        package = importlib.import_module(f"tenantry.{room}")
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"tenantry.{room}.{found.name}")
            for name, function in inspect.getmembers(module, inspect.iscoroutinefunction):
                parameters = inspect.signature(function).parameters
                if function.__module__ == module.__name__ and {"read", "caller", "tenant_id"} <= parameters.keys():
                    yield f"{module.__name__}.{name}", function


READERS = {name: function for name, function in readers() if "._" not in name and name not in DECIDE}


class Place:
    """A tenant with one of each kind, and what readers are asked about it."""

    def __init__(self, store: Store, tenant: SomeTenant, user: SomeUser, group: str, connector: str) -> None:
        self.store = store
        self.tenant = tenant
        self.known: dict[str, Any] = {
            "tenant_id": tenant.id,
            "user_id": user.id,
            "group_id": group,
            "parent_id": group,
            "child_id": group,
            "connector_id": connector,
            "name": tenant.domain,
            "now": NOON,
            "since": NOON - DAY,
            "action": Action.READ_AUDIT,
            "role_id": RoleId.GLOBAL_ADMINISTRATOR,
            "limit": 10,
            "device_limit": 10,
            "named_like": "%",
            "everyones": True,
            "search": Search(),
            "text": "",
            "after": None,
            "before": "",
            "user_ids": [user.id],
            "subject": Subject(ObjectType.GROUP, group),
        }

    async def ask(self, reader: Reader, caller: Caller) -> Any:
        """The reader's answer; what it is not known to be asked for is an id that names nothing."""
        given: dict[str, Any] = {}
        for name, parameter in inspect.signature(reader).parameters.items():
            if name == "caller":
                given[name] = caller
            elif name in self.known:
                given[name] = self.known[name]
            elif name != "read" and parameter.default is inspect.Parameter.empty:
                given[name] = "00000000-0000-4000-8000-000000000000"
        async with self.store.read() as read:
            return await reader(read, **given)


@pytest.fixture
async def place(store: Store) -> Place:
    tenant = await a_tenant(store)
    user = await a_user(store, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    group = await a_group(store, tenant, admins=[user])
    return Place(store, tenant, user, group, (await a_connector(store, tenant)).id)


async def is_refused(place: Place, reader: Reader, caller: Caller) -> bool:
    """Refused, or told of nothing."""
    try:
        return not await place.ask(reader, caller)
    except REFUSALS:
        return True


@pytest.mark.parametrize("name", READERS)
async def test_no_reader_tells_another_tenants_administrator_anything(place: Place, name: str) -> None:
    stranger = await a_user(place.store, await a_tenant(place.store), roles=[RoleId.GLOBAL_ADMINISTRATOR])
    assert await is_refused(place, READERS[name], as_user(stranger))


OPEN = {
    "tenantry.connectors.connector_views.look_at_connector",
    "tenantry.connectors.connector_views.search_connectors",
    "tenantry.connectors.connectors.get_connector",
    "tenantry.connectors.connectors.list_connectors",
    "tenantry.connectors.granting.preview_user_token",
    "tenantry.connectors.secrets.list_secrets",
    "tenantry.delegation.relationship_views.search_customers",
    "tenantry.directory.domains.list_domains",
    "tenantry.directory.group_views.list_group_ids",
    "tenantry.directory.members.get_own_profile",
}
"""What every user of a tenant may see of it."""


@pytest.mark.parametrize("name", sorted(READERS.keys() - OPEN))
async def test_no_reader_tells_who_holds_no_role_what_needs_one(place: Place, name: str) -> None:
    nobody = await a_user(place.store, place.tenant)
    assert await is_refused(place, READERS[name], as_user(nobody))


@pytest.mark.parametrize("name", sorted(OPEN))
async def test_what_every_user_may_see_is_shown(place: Place, name: str) -> None:
    nobody = await a_user(place.store, place.tenant)
    await place.ask(READERS[name], as_user(nobody))


def test_readers_are_found() -> None:
    assert len(READERS) >= 50
