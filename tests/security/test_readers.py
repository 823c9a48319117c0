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
from msgspec.structs import replace

from tenantry.access.actions import Action, Permission, RoleId
from tenantry.access.blast_radius import LeftBehind
from tenantry.access.trail import Search
from tenantry.core.caller import Audience, Caller
from tenantry.core.clock import DAY
from tenantry.core.errors import AppOnlyRefused, FailedPrecondition, Forbidden, MfaRequired, NotFound
from tenantry.core.ids import GroupId
from tenantry.directory.group_deletion import delete_group
from tenantry.directory.members import FIRST, Newcomers
from tenantry.outbox.webhooks import ObjectType, Subject
from tenantry.store.engine.interface import Store
from tests.support.builders import KEY, OPERATOR, SomeUser, a_group, as_user
from tests.support.clock import NOON
from tests.support.town import ANDROID_IDS, Town

Reader = Callable[..., Awaitable[Any]]

ROOMS = ("access", "connectors", "delegation", "devices", "directory", "outbox")
REFUSALS = (AppOnlyRefused, FailedPrecondition, Forbidden, MfaRequired, NotFound)
DECIDE = {
    "tenantry.access.decide.decide",
    "tenantry.access.decide.require_permit",
    "tenantry.access.own.require_own",
    "tenantry.access.standing.decide_within",
    "tenantry.access.standing.require_giveable",
    "tenantry.access.standing.require_within",
    "tenantry.connectors.permissions.sort_wanted",
    "tenantry.connectors.registrants.require_registrant",
    "tenantry.directory.group_views.view_groups",
    "tenantry.directory.roles.is_within_reach",
    "tenantry.directory.roles.require_over",
    "tenantry.outbox.changes.sender_facts",
}
"""They are the judges, or go on from one: `view_groups` from the ids that were listed for the caller, `sender_facts`
from a change that the caller has made.
"""


def readers() -> Iterator[tuple[str, Reader]]:
    """Every function of the domain with `read` and `caller`."""
    for room in ROOMS:
        package = importlib.import_module(f"tenantry.{room}")
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"tenantry.{room}.{found.name}")
            for name, function in inspect.getmembers(module, inspect.iscoroutinefunction):
                parameters = inspect.signature(function).parameters
                if function.__module__ == module.__name__ and {"read", "caller"} <= parameters.keys():
                    yield f"{module.__name__}.{name}", function


FOUND = {name: function for name, function in readers() if "._" not in name and name not in DECIDE}
READERS = {name: function for name, function in FOUND.items() if "tenant_id" in inspect.signature(function).parameters}
OWN = {
    name: function
    for name, function in FOUND.items()
    if inspect.signature(function).parameters.keys()
    <= {"read", "caller", "permissions", "since", "master_key", "session_id", "now"}
}
"""Those that are told nothing of whose it is: the caller's."""


class Place:
    """A town, and what readers are asked about its home: things that are there, so that a refusal is for the caller."""

    def __init__(self, store: Store, town: Town, import_id: str, delivery_id: str, deleted_group: GroupId) -> None:
        self.store = store
        self.town = town
        self.deleted_group = deleted_group
        home, member = town.home, town.home.people.members[0]
        group, below = home.groups.groups[0], home.groups.below[0]
        self.known: dict[str, Any] = {
            "tenant_id": home.tenant.id,
            "user_id": member.id,
            "user_ids": [member.id],
            "group_id": group,
            "parent_id": group,
            "child_id": below,
            "subject": Subject(ObjectType.GROUP, group),
            "newcomers": Newcomers(user_ids=(home.people.newcomers[0].id,)),
            "connector_id": home.apps.connectors[0].id,
            "grant_id": home.apps.grants[0].id,
            "webhook_id": home.groups.webhooks[0],
            "delivery_id": delivery_id,
            "provider_id": home.people.providers[0],
            "import_id": import_id,
            "enterprise_id": home.devices.enterprises[0].id,
            "account_id": home.devices.accounts[0],
            "android_id": ANDROID_IDS[0],
            "relationship_id": home.relations.given[0],
            "partner_id": home.relations.partners[0].id,
            "customer_id": home.relations.customers[0].id,
            "name": home.tenant.domain,
            "correlation_id": OPERATOR.origin.correlation_id,
            "now": NOON,
            "since": NOON - DAY,
            "permissions": frozenset(Permission),
            "master_key": KEY,
            "session_id": "a session",
            "action": Action.READ_AUDIT,
            "role_id": RoleId.GLOBAL_ADMINISTRATOR,
            "limit": 10,
            "device_limit": 10,
            "named_like": "%",
            "everyones": True,
            "search": Search(),
            "text": "",
            "after_id": "",
        }

    async def ask(self, name: str, caller: Caller) -> Any:
        """The reader's answer."""
        reader = FOUND[name]
        known = self.known | self._of(name)
        given: dict[str, Any] = {"caller": caller}
        for parameter in inspect.signature(reader).parameters.values():
            if parameter.name.endswith("s_after"):
                given[parameter.name] = ("", "")
            elif parameter.name in ("after", "before"):
                given[parameter.name] = BEGINNINGS.get(str(parameter.annotation))
            elif parameter.name in known:
                given[parameter.name] = known[parameter.name]
        async with self.store.read() as read:
            return await reader(read, **given)

    def _of(self, name: str) -> dict[str, Any]:
        """What a reader is asked about that needs a thing of another kind."""
        home = self.town.home
        others: dict[str, dict[str, Any]] = {
            "count_ways_back": {"user_id": home.people.members[1].id},
            "find_actor": {"text": home.people.members[0].id},
            "list_overseers": {"group_id": home.groups.below[0]},
            "list_role_assignments": {"user_id": home.people.admins[1].id},
            "list_role_holders": {"role_id": RoleId.DIRECTORY_READERS},
            "list_service_account_keys": {"connector_id": home.apps.service_accounts[0].id},
        }
        function = name.rpartition(".")[2]
        if function in others:
            return others[function]
        if "held" in name:
            return {"relationship_id": home.relations.held[0]}
        if "subscriber" in name:
            return {"group_id": home.groups.broadcasts[0], "user_id": home.people.members[1].id}
        return {"group_id": self.deleted_group} if "deleted_group" in name else {}

    async def is_refused(self, name: str, caller: Caller) -> bool:
        """Refused, or told of nothing."""
        try:
            return _is_nothing(await self.ask(name, caller))
        except REFUSALS:
            return True


def _is_nothing(answer: Any) -> bool:
    return not answer or answer == LeftBehind([], 0)


BEGINNINGS = {"int": 0, "str": "", "tuple[int, str]": (-1, ""), "MemberPlace": FIRST}
"""From where a list begins; None for the others."""


@pytest.fixture
async def place(store: Store, town: Town) -> Place:
    deleted = await a_group(store, town.home.tenant)
    async with store.write() as tx:
        await delete_group(tx, OPERATOR, town.home.tenant.id, deleted, NOON)
        for sql in (
            "UPDATE connectors SET waiting_permissions = 'tenant_data', waiting_since = 1 WHERE tenant_id = :id",
            "UPDATE connectors SET created_by = :member WHERE tenant_id = :id",
            "UPDATE user_import_rows SET error = 'wrong' WHERE tenant_id = :id",
        ):
            values = {"id": town.home.tenant.id, "member": town.home.people.members[0].id}
            await tx.run(sql, **{name: value for name, value in values.items() if f":{name}" in sql})
    where = {"tenant_id": town.home.tenant.id}
    async with store.read() as read:
        sql = "SELECT MIN(id) FROM user_imports WHERE tenant_id = :tenant_id"
        import_id = await read.one_or_none(str, sql, **where)
        sql = "SELECT MIN(id) FROM webhook_deliveries WHERE tenant_id = :tenant_id AND webhook_id = :webhook_id"
        delivery_id = await read.one_or_none(str, sql, **where, webhook_id=town.home.groups.webhooks[0])
    assert import_id is not None
    assert delivery_id is not None
    return Place(store, town, import_id, delivery_id, deleted)


def in_person_of(user: SomeUser) -> Caller:
    """With a second factor, so that no refusal is for want of one."""
    return as_user(user, "pwd", "mfa")


async def test_no_reader_tells_another_tenants_administrator_anything(place: Place, subtests: Any) -> None:
    stranger = in_person_of(place.town.neighbour.people.admins[0])
    for name in READERS:
        with subtests.test(msg=name):
            assert await place.is_refused(name, stranger)


UNTOLD = {
    "tenantry.directory.group_links.require_both",
    "tenantry.directory.members.require_addable",
    "tenantry.outbox.webhooks.require_over",
}
"""They refuse, or say nothing. All others tell whoever may ask something, so that to be told nothing is a refusal."""


async def test_every_reader_answers_an_administrator_who_may(place: Place, subtests: Any) -> None:
    """Which says that what the readers are asked about is there, and that nobody else is refused for want of it."""
    admin = in_person_of(place.town.home.people.admins[0])
    for name in READERS:
        with subtests.test(msg=name):
            answer = await place.ask(name, admin)
            assert _is_nothing(answer) == (name in UNTOLD), answer


OPEN = {
    "tenantry.connectors.connector_views.look_at_connector",
    "tenantry.connectors.connector_views.search_connectors",
    "tenantry.connectors.connectors.get_connector",
    "tenantry.connectors.connectors.list_connectors",
    "tenantry.connectors.granting.preview_user_token",
    "tenantry.connectors.secrets.list_secrets",
    "tenantry.connectors.service_accounts.list_service_account_keys",
    "tenantry.delegation.relationship_views.look_at_customer",
    "tenantry.delegation.relationship_views.search_customers",
    "tenantry.directory.connector_roles.list_connector_roles",
    "tenantry.directory.domains.list_domains",
    "tenantry.directory.group_views.list_group_ids",
    "tenantry.directory.members.get_own_profile",
    "tenantry.directory.tenants.get_tenant",
}
"""What every user of a tenant may see of it."""


async def test_who_holds_no_role_is_told_what_every_user_may_see_and_nothing_else(place: Place, subtests: Any) -> None:
    nobody = in_person_of(place.town.home.people.newcomers[0])
    for name in READERS:
        with subtests.test(msg=name):
            if name in OPEN:
                await place.ask(name, nobody)
            else:
                assert await place.is_refused(name, nobody)


async def test_what_is_ones_own_is_told_to_nobody_but_oneself(place: Place, subtests: Any) -> None:
    """Not to an app that the user lets act, and not to an app alone: in person only."""
    person = in_person_of(place.town.home.people.members[0])
    for name in OWN:
        with subtests.test(msg=name):
            await place.ask(name, person)
            for user_id in (person.user_id, None):
                app = replace(person, audience=Audience.KAIZALA, user_id=user_id, permissions=frozenset(Permission))
                assert await place.is_refused(name, app)


def test_readers_are_found() -> None:
    assert len(READERS) >= 90
    assert len(OWN) >= 9
