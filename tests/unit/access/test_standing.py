"""Whose account a partner's user may take over, and what a session shows of a customer that is not open to it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tenantry.access.actions import Action, Permission, RoleId
from tenantry.access.decide import decide
from tenantry.access.decision import Reason
from tenantry.access.standing import covers, decide_within, require_within, role_word, roles_at_home
from tenantry.core.caller import Audience, CallerKind, anonymous
from tenantry.core.errors import Forbidden
from tenantry.core.ids import ConnectorId, TenantId
from tenantry.delegation.acting import find_acting, find_customer_name
from tenantry.directory.roles import assign_role
from tenantry.directory.user_views import get_user_to
from tenantry.store.engine.interface import Store
from tests.support.builders import OPERATOR, a_user, as_user
from tests.support.clock import NOON
from tests.support.town import Quarter, Town

ADMIN = RoleId.GLOBAL_ADMINISTRATOR
READER = RoleId.DIRECTORY_READERS


@pytest.fixture
async def home(town: Town) -> Quarter:
    return town.home


async def test_who_has_no_relationship_takes_over_nobody_with_a_role(store: Store, town: Town) -> None:
    stranger = as_user(town.neighbour.people.admins[0], "pwd", "mfa")
    at_home = as_user(town.home.people.admins[0], "pwd", "mfa")
    tenant_id, action = town.home.tenant.id, Action.RESET_PASSWORD
    async with store.read() as read:
        for held in ([READER], [ADMIN], ["a role of the customer's own"]):
            decision = await decide_within(read, stranger, tenant_id, held, action, NOON)
            assert decision.reason is Reason.BEYOND_RELATIONSHIP
            with pytest.raises(Forbidden):
                await require_within(read, stranger, tenant_id, held, action, NOON)
            for caller in (at_home, OPERATOR):
                assert (await decide_within(read, caller, tenant_id, held, action, NOON)).allowed
        assert (await decide_within(read, stranger, tenant_id, [], action, NOON)).allowed


@pytest.mark.parametrize(
    ("action", "is_refused"),
    [
        (Action.READ_USER, False),
        (Action.UPDATE_USER, False),
        (Action.RESET_PASSWORD, True),
        (Action.CHANGE_SIGN_IN_METHODS, True),
        (Action.BLOCK_USER, True),
        (Action.DELETE_USER, True),
    ],
)
async def test_a_page_about_a_user_with_greater_roles_is_refused_where_it_takes_the_account_over(
    store: Store, home: Quarter, action: Action, is_refused: bool
) -> None:
    lesser = await a_user(store, home.tenant, roles=[RoleId.USER_ADMINISTRATOR])
    caller, admin = as_user(lesser, "pwd", "mfa"), home.people.admins[0]
    async with store.read() as read:
        if is_refused:
            with pytest.raises(Forbidden):
                await get_user_to(read, caller, action, home.tenant.id, admin.id, NOON)
        else:
            found = await get_user_to(read, caller, action, home.tenant.id, admin.id, NOON)
            assert found.id == admin.id
        member = home.people.members[0]
        assert (await get_user_to(read, caller, action, home.tenant.id, member.id, NOON)).id == member.id


async def test_ones_own_is_ones_own_in_person_and_not_through_an_app(store: Store, home: Quarter) -> None:
    member = home.people.members[0]
    in_person = as_user(member, "pwd", "mfa")
    by_app = replace(
        in_person,
        audience=Audience.PARTNER_CENTER,
        connector_id=home.apps.connectors[0].id,
        permissions=frozenset(Permission),
    )
    tenant_id, look = home.tenant.id, Action.SEE_BLAST_RADIUS
    async with store.read() as read:
        assert (await decide(read, in_person, look, tenant_id, owner_id=member.id, now=NOON)).allowed
        other = home.people.members[1].id
        assert not (await decide(read, in_person, look, tenant_id, owner_id=other, now=NOON)).allowed
        assert not (await decide(read, by_app, look, tenant_id, owner_id=member.id, now=NOON)).allowed
        served = await decide(read, by_app, Action.READ_USER, tenant_id, owner_id=member.id, now=NOON)
        assert served.reason is Reason.ROLE_MISSING


async def test_roles_at_home_are_those_of_who_stands_behind_the_request(store: Store, home: Quarter) -> None:
    admin, (connector, _) = home.people.admins[0], home.apps.connectors
    person = as_user(admin)
    app = replace(person, kind=CallerKind.CONNECTOR, user_id=None, connector_id=ConnectorId(connector.id))
    async with store.read() as read:
        assert await roles_at_home(read, person, NOON) == ("user", {ADMIN})
        assert await roles_at_home(read, replace(person, connector_id=app.connector_id), NOON) == ("user", {ADMIN})
        assert await roles_at_home(read, app, NOON) == ("application", {READER})
        assert await roles_at_home(read, replace(app, connector_id=None), NOON) == ("caller", set())
        assert await roles_at_home(read, anonymous(OPERATOR.origin), NOON) == ("caller", set())


async def test_a_role_that_a_partner_gave_counts_in_no_customer(store: Store, home: Quarter) -> None:
    member, agent = home.people.members[0], home.relations.agents[0]
    async with store.write() as tx:
        await assign_role(tx, OPERATOR, home.tenant.id, member.id, READER, None, NOON)
        own = await roles_at_home(tx, as_user(member), NOON, for_customers=True)
        await tx.run(
            "UPDATE role_assignments SET given_by = :by WHERE tenant_id = :tenant AND user_id = :user",
            by=agent.tenant_id,
            tenant=home.tenant.id,
            user=member.id,
        )
        assert own == ("user", {READER})
        assert await roles_at_home(tx, as_user(member), NOON) == ("user", {READER})
        assert await roles_at_home(tx, as_user(member), NOON, for_customers=True) == ("user", set())


def test_no_role_covers_one_that_is_not_built_in_but_itself() -> None:
    assert not covers([ADMIN], "another")
    assert covers(["another"], "another")
    assert covers([ADMIN], READER)
    assert not covers([READER], ADMIN)


def test_a_role_is_named_by_its_word_and_one_that_is_not_built_in_by_its_id() -> None:
    assert role_word(RoleId.USER_ADMINISTRATOR) == "user administrator"
    assert role_word("another") == "another"


@pytest.mark.parametrize("state", ["disabled_at", "deleted_at"])
async def test_a_customer_that_ended_is_shown_by_its_name_and_gives_no_roles(
    store: Store, home: Quarter, state: str
) -> None:
    caller, customer = as_user(home.people.admins[0], "pwd", "mfa"), home.relations.customers[0].id
    async with store.write() as tx:
        await tx.run("UPDATE tenants SET name = 'Ash' WHERE id = :id", id=customer)
        before = await find_acting(tx, caller, customer, [ADMIN], NOON)
        assert (before.name, before.roles != ()) == ("Ash", True)
        none_at_home = await find_acting(tx, caller, customer, [], NOON)
        assert (none_at_home.name, none_at_home.roles) == ("Ash", ())
        await tx.run(f"UPDATE tenants SET {state} = :now WHERE id = :id", now=NOON, id=customer)
        after = await find_acting(tx, caller, customer, [ADMIN], NOON)
        assert (after.name, after.roles, after.until) == ("Ash", (), None)


async def test_who_belongs_to_no_tenant_is_told_the_id_that_it_gave(store: Store, home: Quarter) -> None:
    customer, nobody = home.relations.customers[0].id, anonymous(OPERATOR.origin)
    async with store.read() as read:
        assert (await find_acting(read, nobody, customer, [ADMIN], NOON)).name == customer
        assert (await find_acting(read, nobody, customer, [ADMIN], NOON)).roles == ()
        assert await find_customer_name(read, nobody, customer, NOON) == customer
        admin = as_user(home.people.admins[0], "pwd", "mfa")
        assert await find_customer_name(read, admin, TenantId("nobody"), NOON) == "nobody"
        with pytest.raises(Forbidden):
            await find_customer_name(read, replace(admin, audience=Audience.KAIZALA), customer, NOON)
