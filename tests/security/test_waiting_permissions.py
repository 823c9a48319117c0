"""A sensitive permission that a member asks for is in force nowhere until an administrator of the organisation approves
what was shown; nobody else approves anything, and of two answers one counts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Coroutine
from typing import Any

import pytest
from msgspec.structs import replace

from tenantry.access.actions import Permission, RoleId
from tenantry.connectors.authorizing import find_authorizable, wanted_permissions
from tenantry.connectors.connectors import delete_connector, register_connector
from tenantry.connectors.granting import grant_user_token
from tenantry.connectors.permissions import (
    SENSITIVE,
    approve_permissions,
    change_permissions,
    decline_permissions,
    list_waiting,
    look_at_waiting,
    seen_of,
)
from tenantry.connectors.service_accounts import register_service_account
from tenantry.core.caller import Audience, Caller
from tenantry.core.clock import DAY, HOUR
from tenantry.core.errors import (
    FailedPrecondition,
    Forbidden,
    InvalidScope,
    InvalidValue,
    NotFound,
    VersionMismatch,
)
from tenantry.core.ids import ConnectorId
from tenantry.directory.blocking import block_user
from tenantry.directory.policies import Policies, Whom, change_policies
from tenantry.directory.users import delete_user
from tenantry.store.connectors import connectors
from tenantry.store.connectors.connectors import Connector
from tenantry.store.engine.interface import Store, Tx
from tenantry.store.trail.audit_events import list_latest
from tenantry.tokens.clients import Client
from tenantry.tokens.grant_types.client_credentials import exchange_client_credentials
from tests.support.builders import (
    HASHER,
    OPERATOR,
    SomeTenant,
    SomeUser,
    a_grant,
    a_relationship,
    a_tenant,
    a_user,
    as_user,
)
from tests.support.clock import NOON
from tests.support.issuing import issuing_on
from tests.unit.tokens.conftest import House, a_house

GROUPS, MEMBERS = Permission.GROUP_INFORMATION, Permission.GROUP_MEMBERS
PARTNER, ANDROID, DATA = Permission.PARTNER_CENTER, Permission.ANDROID_ENTERPRISE, Permission.TENANT_DATA
CALLBACK = "https://app.example/cb"
LATER = NOON + HOUR


class Case:
    """A member's app, and who else there is."""

    def __init__(self, store: Store, tenant: SomeTenant, member: SomeUser, admin: SomeUser) -> None:
        self.store, self.tenant = store, tenant
        self.member, self.admin = as_user(member), as_user(admin)
        self.member_user = member
        self.app = ConnectorId("")
        self.secret = ""

    async def register(self, *permissions: Permission, by: Caller | None = None) -> ConnectorId:
        async with self.store.write() as tx:
            made = await register_connector(
                tx,
                by or self.member,
                HASHER,
                tenant_id=self.tenant.id,
                name="Shift bot",
                permissions=permissions,
                redirect_uris=[CALLBACK],
                now=NOON,
            )
        self.app, self.secret = made.connector_id, made.client_secret or ""
        return made.connector_id

    async def find(self) -> Connector:
        async with self.store.read() as read:
            found = await connectors.find(read, self.tenant.id, self.app)
        assert found is not None
        return found

    async def state(self) -> tuple[str, str]:
        """In force, and waiting."""
        found = await self.find()
        return found.permissions, found.waiting_permissions

    async def approve(self, *chosen: Permission, by: Caller | None = None, seen: str | None = None) -> None:
        async with self.store.write() as tx:
            await approve_permissions(tx, by or self.admin, self.tenant.id, self.app, chosen, seen=seen, now=LATER)

    async def decline(self, *chosen: Permission, by: Caller | None = None, seen: str | None = None) -> None:
        async with self.store.write() as tx:
            await decline_permissions(tx, by or self.admin, self.tenant.id, self.app, chosen, seen=seen, now=LATER)

    async def change(self, *wanted: Permission, by: Caller | None = None, seen: str | None = None) -> None:
        seen = seen_of(await self.find()) if seen is None else seen
        async with self.store.write() as tx:
            await change_permissions(tx, by or self.member, self.tenant.id, self.app, wanted, seen=seen, now=LATER)

    async def delete(self) -> None:
        async with self.store.write() as tx:
            await delete_connector(tx, self.member, self.tenant.id, self.app, LATER)

    async def events(self) -> list[tuple[str, dict[str, Any]]]:
        """What the trail says of permissions, oldest first: type, and what it names besides the app."""
        async with self.store.read() as read:
            found = await list_latest(read, self.tenant.id, 100)
        told = [
            (event.type.removeprefix("connector.permissions_"), json.loads(event.data))
            for event in sorted(found, key=lambda each: each.id)
            if event.type.startswith("connector.permissions_")
        ]
        assert all(data.pop("connector_id") == self.app for _, data in told)
        return [(kind, {name: value for name, value in data.items() if name != "type"}) for kind, data in told]


@pytest.fixture
async def case(store: Store) -> Case:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    return Case(store, tenant, await a_user(store, tenant), admin)


async def test_a_member_registers_what_is_not_sensitive_at_once_and_what_is_waits(case: Case) -> None:
    await case.register(GROUPS, *SENSITIVE)
    assert await case.state() == (GROUPS, " ".join(sorted(SENSITIVE)))
    assert await case.events() == [("asked", {"permissions": sorted(SENSITIVE)})]


async def test_an_administrator_registers_sensitive_permissions_at_once(case: Case) -> None:
    await case.register(GROUPS, PARTNER, by=case.admin)
    assert await case.state() == (f"{GROUPS} {PARTNER}", "")
    assert await case.events() == []


async def _asks_consent(case: Case, permission: Permission) -> bool:
    async with case.store.read() as read:
        found = await find_authorizable(read, case.app)
    assert found is not None
    try:
        return permission in wanted_permissions(found, permission)
    except InvalidScope:
        return False


async def _takes_a_token(case: Case, permission: Permission) -> bool:
    async with case.store.write() as tx:
        try:
            await grant_user_token(
                tx,
                case.member,
                HASHER,
                tenant_id=case.tenant.id,
                connector_id=case.app,
                permissions=[permission],
                lifetime=DAY,
                now=LATER,
            )
        except InvalidScope:
            return False
    return True


async def _gets_alone(case: Case, house: House, permission: Permission) -> bool:
    ask = house.ask(Audience.ANDROID_ENTERPRISE)
    got = await exchange_client_credentials(issuing_on(case.store, house.ring), ask, Client(case.app, case.secret))
    caller = await house.authenticate(got.access_token.raw, Audience.ANDROID_ENTERPRISE)
    return permission in got.permissions and permission in caller.permissions


@pytest.mark.parametrize("permission", sorted(SENSITIVE))
async def test_what_waits_is_in_no_consent_no_token_and_no_client_credentials_until_it_is_approved(
    case: Case, permission: Permission
) -> None:
    house = await a_house(case.store)
    await case.register(GROUPS, permission)
    assert not await _takes_a_token(case, permission)
    assert not await _gets_alone(case, house, permission)
    assert not await _asks_consent(case, permission)
    await case.approve(permission)
    assert await _takes_a_token(case, permission)
    assert await _gets_alone(case, house, permission)
    assert await _asks_consent(case, permission) is (permission is not ANDROID)


async def test_nothing_is_in_force_of_an_app_that_asks_for_sensitive_permissions_only(case: Case) -> None:
    house = await a_house(case.store)
    await case.register(ANDROID)
    assert await case.state() == ("", ANDROID)
    assert not await _gets_alone(case, house, ANDROID)


async def test_a_member_registers_no_service_account_since_it_has_a_sensitive_permission_by_its_kind(
    case: Case,
) -> None:
    async with case.store.write() as tx:
        with pytest.raises(Forbidden):
            await register_service_account(
                tx, case.member, tenant_id=case.tenant.id, name="emm", domain="emm.example", now=NOON
            )


async def test_nobody_but_the_organisations_own_administrators_approves_or_declines(case: Case) -> None:
    await case.register(GROUPS, PARTNER)
    lesser = set(RoleId) - {RoleId.GLOBAL_ADMINISTRATOR}
    strangers = await a_tenant(case.store)
    partner = await a_tenant(case.store)
    await a_relationship(case.store, partner, case.tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    agent = await a_user(case.store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    who: dict[str, tuple[Caller, type[Exception]]] = {
        "who asked": (case.member, Forbidden),
        "every other role": (as_user(await a_user(case.store, case.tenant, roles=sorted(lesser))), Forbidden),
        "a partner with every right there": (_with_mfa(as_user(agent)), Forbidden),
        "another organisation's administrator": (
            as_user(await a_user(case.store, strangers, roles=[RoleId.GLOBAL_ADMINISTRATOR])),
            NotFound,
        ),
    }
    for caller, refusal in who.values():
        for answer in (case.approve, case.decline):
            with pytest.raises(refusal):
                await answer(PARTNER, by=caller)
        async with case.store.read() as read:
            with pytest.raises(refusal):
                await list_waiting(read, caller, case.tenant.id, limit=9, now=NOON)
            with pytest.raises(refusal):
                await look_at_waiting(read, caller, case.tenant.id, case.app, NOON)
    assert await case.state() == (GROUPS, PARTNER)


def _with_mfa(caller: Caller) -> Caller:
    return replace(caller, amr=frozenset({"pwd", "mfa"}))


async def test_a_partner_takes_permissions_from_a_customers_app_and_adds_none(case: Case) -> None:
    await case.register(GROUPS, MEMBERS, PARTNER)
    partner = await a_tenant(case.store)
    await a_relationship(case.store, partner, case.tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    agent = _with_mfa(as_user(await a_user(case.store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])))
    for more in (DATA, Permission.MEDIA):
        with pytest.raises(Forbidden):
            await case.change(GROUPS, MEMBERS, PARTNER, more, by=agent)
    await case.change(GROUPS, by=agent)
    assert await case.state() == (GROUPS, "")


async def test_another_member_changes_nothing_of_the_app(case: Case) -> None:
    await case.register(GROUPS, PARTNER)
    with pytest.raises(Forbidden):
        await case.change(GROUPS, by=as_user(await a_user(case.store, case.tenant)))


async def test_what_is_added_later_waits_too_and_what_is_taken_away_waits_no_more(case: Case) -> None:
    await case.register(GROUPS)
    await case.change(GROUPS, MEMBERS, PARTNER, DATA)
    assert await case.state() == (f"{GROUPS} {MEMBERS}", f"{PARTNER} {DATA}")
    await case.change(MEMBERS, DATA)
    assert await case.state() == (MEMBERS, DATA)
    assert await case.events() == [
        ("added", {"permissions": [MEMBERS]}),
        ("asked", {"permissions": [PARTNER, DATA]}),
        ("removed", {"permissions": [GROUPS]}),
        ("withdrawn", {"permissions": [PARTNER]}),
    ]


async def test_what_was_approved_taken_away_and_asked_for_again_waits_again(case: Case) -> None:
    await case.register(GROUPS, PARTNER)
    await case.approve(PARTNER)
    await case.change(GROUPS)
    await case.change(GROUPS, PARTNER)
    assert await case.state() == (GROUPS, PARTNER)


async def test_an_administrator_who_changes_something_else_does_not_approve_by_it(case: Case) -> None:
    await case.register(GROUPS, PARTNER)
    await case.change(GROUPS, PARTNER, MEMBERS, DATA, by=case.admin)
    assert await case.state() == (f"{GROUPS} {MEMBERS} {DATA}", PARTNER)


async def test_where_administrators_register_connectors_a_member_adds_nothing_to_an_own_one(case: Case) -> None:
    await case.register(GROUPS, MEMBERS)
    async with case.store.write() as tx:
        policies = Policies(connector_registration=Whom.ADMINISTRATORS)
        await change_policies(tx, OPERATOR, case.tenant.id, policies, NOON)
    for more in (Permission.MEDIA, PARTNER):
        with pytest.raises(Forbidden):
            await case.change(GROUPS, MEMBERS, more)
    await case.change(GROUPS)
    assert await case.state() == (GROUPS, "")


async def test_some_are_approved_the_rest_waits_and_is_declined_and_the_trail_names_all_of_it(case: Case) -> None:
    await case.register(GROUPS, PARTNER, DATA, ANDROID)
    await case.approve(DATA)
    assert await case.state() == (f"{GROUPS} {DATA}", f"{ANDROID} {PARTNER}")
    await case.decline(PARTNER)
    assert await case.state() == (f"{GROUPS} {DATA}", ANDROID)
    found, asker = await case.find(), case.member.user_id
    assert (found.declined_permissions, found.declined_at) == (PARTNER, LATER)
    assert await case.events() == [
        ("asked", {"permissions": sorted(SENSITIVE)}),
        ("approved", {"user_id": asker, "permissions": [DATA]}),
        ("declined", {"user_id": asker, "permissions": [PARTNER]}),
    ]
    await case.change(GROUPS, DATA, ANDROID, PARTNER)
    assert (await case.find()).declined_permissions == ""


@pytest.mark.parametrize("step", ["approve", "decline"])
async def test_what_the_approver_saw_is_what_is_answered_and_a_change_in_between_is_refused(
    case: Case, step: str
) -> None:
    await case.register(GROUPS, PARTNER)
    seen = seen_of(await case.find())
    changes: list[Callable[[], Coroutine[Any, Any, None]]] = [
        lambda: case.change(GROUPS, PARTNER, DATA),  # more is asked for
        lambda: case.change(GROUPS, PARTNER, MEMBERS),  # it has more already
        lambda: case.change(GROUPS, DATA),  # something else
    ]
    for change in changes:
        await change()
        with pytest.raises(VersionMismatch):
            await getattr(case, step)(PARTNER, seen=seen)
    assert PARTNER not in (await case.find()).permissions


async def test_what_does_not_wait_or_nothing_is_not_approved(case: Case) -> None:
    await case.register(GROUPS, PARTNER)
    for answer in (case.approve, case.decline):
        with pytest.raises(InvalidValue):
            await answer()
        for strange in (DATA, GROUPS):
            with pytest.raises(FailedPrecondition):
                await answer(PARTNER, strange)
    assert await case.state() == (GROUPS, PARTNER)


async def _delete_user(tx: Tx, case: Case) -> None:
    await delete_user(tx, case.admin, case.tenant.id, case.member_user.id, LATER)


async def _block_user(tx: Tx, case: Case) -> None:
    await block_user(tx, case.admin, case.tenant.id, case.member_user.id, LATER)


@pytest.mark.parametrize("end", [_delete_user, _block_user], ids=["deleted", "blocked"])
async def test_nothing_is_approved_that_was_asked_for_by_who_is_gone(
    case: Case, end: Callable[[Tx, Case], Coroutine[Any, Any, None]]
) -> None:
    await case.register(GROUPS, PARTNER)
    async with case.store.write() as tx:
        await end(tx, case)
    async with case.store.read() as read:
        assert (await look_at_waiting(read, case.admin, case.tenant.id, case.app, LATER)).is_gone
    with pytest.raises(FailedPrecondition):
        await case.approve(PARTNER)
    assert await case.state() == (GROUPS, PARTNER)
    await case.decline(PARTNER)
    await case.change(GROUPS, PARTNER, by=case.admin)
    assert await case.state() == (f"{GROUPS} {PARTNER}", "")


async def test_nothing_is_approved_of_an_app_that_is_deleted(case: Case) -> None:
    await case.register(GROUPS, PARTNER)
    seen = seen_of(await case.find())
    await case.delete()
    for answer in (case.approve, case.decline):
        with pytest.raises(NotFound):
            await answer(PARTNER, seen=seen)
    async with case.store.read() as read:
        assert await list_waiting(read, case.admin, case.tenant.id, limit=9, now=LATER) == []


async def _together(*steps: Coroutine[Any, Any, None]) -> list[bool]:
    """Which of them were done; the others were refused by name."""
    outcomes = await asyncio.gather(*steps, return_exceptions=True)
    for outcome in outcomes:
        assert outcome is None or isinstance(outcome, VersionMismatch | FailedPrecondition | NotFound), outcome
    return [outcome is None for outcome in outcomes]


@pytest.mark.parametrize("other", ["approve", "decline", "withdraw", "ask for more", "delete"])
async def test_of_an_answer_and_its_twin_one_counts(case: Case, other: str) -> None:
    await case.register(GROUPS, PARTNER)
    seen = seen_of(await case.find())
    twins: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
        "approve": lambda: case.approve(PARTNER, seen=seen),
        "decline": lambda: case.decline(PARTNER, seen=seen),
        "withdraw": lambda: case.change(GROUPS, seen=seen),
        "ask for more": lambda: case.change(GROUPS, PARTNER, DATA, seen=seen),
        "delete": case.delete,
    }
    approved, twin = await _together(case.approve(PARTNER, seen=seen), twins[other]())
    if other == "delete":
        assert twin
        return
    assert approved is not twin
    in_force, waiting = await case.state()
    if approved or other == "approve":
        assert (in_force, waiting) == (f"{GROUPS} {PARTNER}", "")
    else:
        assert in_force == GROUPS
        assert waiting == (f"{PARTNER} {DATA}" if other == "ask for more" else "")
    answers = [kind for kind, _ in await case.events() if kind != "asked"]
    assert len(answers) == (0 if other == "ask for more" and twin else 1)


async def test_of_two_changes_at_once_one_counts(case: Case) -> None:
    await case.register(GROUPS)
    seen = seen_of(await case.find())
    outcomes = await _together(*(case.change(GROUPS, more, seen=seen) for more in (MEMBERS, PARTNER, DATA)))
    assert sum(outcomes) == 1


async def test_a_permission_taken_from_an_app_opens_nothing_in_tokens_that_were_given(store: Store) -> None:
    house = await a_house(store)
    raw = (await house.exchange((await house.grant()).refresh_token)).access_token.raw
    assert PARTNER in (await house.authenticate(raw)).permissions

    async def leave(permissions: Collection[Permission]) -> None:
        async with store.write() as tx:
            found = await connectors.find(tx, house.tenant.id, house.connector.id)
            assert found is not None
            arguments = (OPERATOR, house.tenant.id, house.connector.id, permissions)
            await change_permissions(tx, *arguments, seen=seen_of(found), now=LATER)

    await leave([GROUPS, MEMBERS])
    assert (await house.authenticate(raw)).permissions == {GROUPS, MEMBERS}
    narrow = await a_grant(store, house.connector, house.user, permissions=[GROUPS, MEMBERS])
    fresh = await house.exchange(narrow.refresh_token)
    await leave([GROUPS])
    assert (await house.authenticate(fresh.access_token.raw)).permissions == {GROUPS}


async def test_an_apps_last_permission_and_a_service_accounts_are_not_taken(case: Case) -> None:
    await case.register(GROUPS)
    with pytest.raises(InvalidValue):
        await case.change()
    async with case.store.write() as tx:
        account = await register_service_account(
            tx, OPERATOR, tenant_id=case.tenant.id, name="emm", domain="emm.example", now=NOON
        )
    case.app = account.connector_id
    with pytest.raises(FailedPrecondition):
        await case.change(GROUPS, by=case.admin)
