"""A partner gives itself, and leaves behind, no more than its relationship gives; so it cannot outlive it.

With each role and each pair of roles, what changes something is tried on accounts that hold each role; the pages are
taken from the running portal, so a new one needs no case here.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from tenantry.access.actions import EFFECTIVE_ROLES, PUBLIC, RULES, Action, RoleId
from tenantry.access.decide import decide
from tenantry.access.trail import MOST_MADE
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller, in_person
from tenantry.core.clock import DAY, Micros
from tenantry.core.errors import DomainError
from tenantry.core.ids import RelationshipId
from tenantry.delegation.relationships import end_relationship
from tenantry.directory.roles import assign_role, remove_role
from tenantry.housekeeping import tidy
from tenantry.store import open_store
from tenantry.store.engine.interface import Store
from tenantry.store.trail import audit_search
from tests.completeness.sides import is_page
from tests.support.app import an_app
from tests.support.builders import (
    OPERATOR,
    SomeTenant,
    SomeUser,
    a_connector,
    a_relationship,
    a_tenant,
    a_user,
    as_user,
)
from tests.support.clock import NOON, FakeClock
from tests.support.page_forms import SOME_FILE, filled_in
from tests.support.partner_center import a_stage, a_token
from tests.support.portal import Portal, a_portal
from tests.support.portal_names import names_in
from tests.support.trail import types_of

ROLES = list(RoleId)
SETS = [(role,) for role in ROLES] + list(itertools.combinations(ROLES, 2))
STAYING = {
    RoleId.GLOBAL_ADMINISTRATOR,
    RoleId.PRIVILEGED_ROLE_ADMINISTRATOR,
    RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
}
"""Whose holder could approve a relationship, or make or become somebody who can. Written out, to be read once more."""
STRONG = [
    (RoleId.GLOBAL_ADMINISTRATOR, RoleId.PRIVILEGED_ROLE_ADMINISTRATOR),
    (RoleId.USER_ADMINISTRATOR, RoleId.PRIVILEGED_ROLE_ADMINISTRATOR),
    (RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, RoleId.PRIVILEGED_ROLE_ADMINISTRATOR),
    (RoleId.USER_ADMINISTRATOR, RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR),
]
LIFETIME = 30 * DAY
_OF_THE_CUSTOMER = (
    "tenants",
    "domains",
    "domain_proofs",
    "identity_providers",
    "delegated_relationships",
    "reseller_relationships",
)
"""Tables that say who comes into the organisation, and as whom."""


def opening(action: Action) -> frozenset[RoleId]:
    return RULES[action].roles


def opened_by(role: RoleId) -> set[Action]:
    return {action for action, rule in RULES.items() if role in rule.roles}


def within(role: RoleId, given: tuple[RoleId, ...]) -> bool:
    """Whether a relationship with these roles gives all that the role gives, and the role keeps nobody in."""
    opened = set().union(*(opened_by(each) for each in given))
    return role not in STAYING and (role in given or opened_by(role) <= opened)


async def holders_in(store: Store, tenant: SomeTenant) -> dict[RoleId, SomeUser]:
    """One user of the customer with each role, with a phone."""
    return {role: await a_user(store, tenant, roles=[role], phone=True) for role in ROLES}


async def roles_of(store: Store, tenant: SomeTenant) -> dict[tuple[str, str], Micros | None]:
    async with store.read() as read:
        rows = await read.all(
            lambda *row: row,
            "SELECT user_id, role_id, expires_at FROM role_assignments WHERE tenant_id = :tenant_id",
            tenant_id=tenant.id,
        )
    return {(str(user_id), str(role_id)): expires_at for user_id, role_id, expires_at in rows}


async def accounts_of(store: Store, tenant: SomeTenant, users: list[SomeUser]) -> dict[str, list[object]]:
    """What leads to these accounts: passwords, names, phones, factors, whether they are there."""
    found: dict[str, list[object]] = {}
    async with store.read() as read:
        for user in users:
            found[user.id] = await read.all(
                lambda *row: row,
                """
                SELECT u.upn_key, u.immutable_id, u.deleted_at, u.disabled_at, p.password_hash,
                       (SELECT COUNT(*) FROM phones n WHERE n.tenant_id = :t AND n.user_id = u.id) AS phones
                FROM users u LEFT JOIN password_credentials p ON p.tenant_id = :t AND p.user_id = u.id
                WHERE u.tenant_id = :t AND u.id = :u
                """,
                t=tenant.id,
                u=user.id,
            )
    return found


async def organisation(store: Store) -> dict[str, list[str]]:
    async with store.read() as read:
        return {
            table: sorted(await read.all(lambda *row: repr(row), f"SELECT * FROM {table}"))
            for table in _OF_THE_CUSTOMER
        }


def check_given(
    before: dict[tuple[str, str], Micros | None],
    after: dict[tuple[str, str], Micros | None],
    given: tuple[RoleId, ...],
    until: Micros,
) -> None:
    for key, expires_at in after.items():
        if before.get(key, "none") != expires_at:
            assert key[1] in set(given) - STAYING
            assert expires_at is not None
            assert expires_at <= until
    assert {role for _, role in before.keys() - after.keys()} <= set(given) - STAYING


async def test_who_acts_gives_and_takes_only_roles_of_the_relationship_until_it_ends(store: Store) -> None:
    customer = await a_tenant(store)
    holders = await holders_in(store, customer)
    for given in SETS:
        partner = await a_tenant(store)
        await a_relationship(store, partner, customer, roles=given, lifetime=LIFETIME)
        pat = await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
        made = await a_user(store, customer)
        amr = frozenset({"pwd", "mfa"})
        caller = in_person(OPERATOR.origin, tenant_id=partner.id, user_id=pat.id, amr=amr)
        before = await roles_of(store, customer)
        for role in ROLES:
            may = role in set(given) - STAYING and not opening(Action.ASSIGN_ROLE).isdisjoint(given)
            for expires_at in (None, NOON + 10 * LIFETIME):
                try:
                    async with store.write() as tx:
                        await assign_role(tx, caller, customer.id, made.id, role, expires_at, NOON)
                except DomainError:
                    continue
                assert may
        check_given(before, await roles_of(store, customer), given, NOON + LIFETIME)
        for role in set(ROLES) - (set(given) - STAYING):
            with pytest.raises(DomainError):
                async with store.write() as tx:
                    await remove_role(tx, caller, customer.id, holders[role].id, role, NOON)
        async with store.read() as read:
            for action in (
                Action.APPROVE_RELATIONSHIP,
                Action.REQUEST_RELATIONSHIP,
                Action.END_RELATIONSHIP,
                Action.CHANGE_IDENTITY_PROVIDERS,
                Action.CHANGE_TENANT,
            ):
                assert not (await decide(read, caller, action, customer.id, now=NOON)).allowed


async def test_roles_that_a_relationship_gives_can_be_given_where_one_of_them_gives_roles(store: Store) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)
    given = [RoleId.PRIVILEGED_ROLE_ADMINISTRATOR, RoleId.USER_ADMINISTRATOR]
    await a_relationship(store, partner, customer, roles=given, lifetime=LIFETIME)
    await a_relationship(store, partner, customer, roles=[RoleId.USER_ADMINISTRATOR], lifetime=2 * LIFETIME)
    pat = await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    made = await a_user(store, customer)
    caller = in_person(OPERATOR.origin, tenant_id=partner.id, user_id=pat.id, amr=frozenset({"pwd", "mfa"}))
    async with store.write() as tx:
        await assign_role(tx, caller, customer.id, made.id, RoleId.USER_ADMINISTRATOR, None, NOON)
    role = (made.id, RoleId.USER_ADMINISTRATOR)
    assert (await roles_of(store, customer))[role] == NOON + 2 * LIFETIME  # the later of the two that give it
    async with store.write() as tx:
        await remove_role(tx, caller, customer.id, made.id, RoleId.USER_ADMINISTRATOR, NOON)
    assert role not in await roles_of(store, customer)


async def test_a_role_that_the_partners_user_lacks_at_home_is_not_given_either(store: Store) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)
    given = [RoleId.PRIVILEGED_ROLE_ADMINISTRATOR, RoleId.USER_ADMINISTRATOR]
    await a_relationship(store, partner, customer, roles=given)
    pat = await a_user(store, partner, roles=[RoleId.PRIVILEGED_ROLE_ADMINISTRATOR])
    made = await a_user(store, customer)
    caller = in_person(OPERATOR.origin, tenant_id=partner.id, user_id=pat.id, amr=frozenset({"pwd", "mfa"}))
    with pytest.raises(DomainError):
        async with store.write() as tx:
            await assign_role(tx, caller, customer.id, made.id, RoleId.USER_ADMINISTRATOR, None, NOON)


async def test_over_the_wire_no_account_that_holds_more_than_the_relationship_gives_changes_hands(
    sqlite_url: str,
) -> None:
    store = await open_store(sqlite_url)
    stage = await a_stage(store)
    holders = await holders_in(store, stage.customer)
    accounts = await accounts_of(store, stage.customer, [*holders.values()])
    own, password = await roles_of(store, stage.customer), {"passwordProfile": {"password": "wuLF74+z"}}
    for given in SETS:
        partner = await a_tenant(store)
        await a_relationship(store, partner, stage.customer, roles=given)
        pat = await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
        token = await a_token(stage.app, store, await a_connector(store, partner), pat)
        for role, user in holders.items():
            if within(role, given):
                continue
            url = f"{stage.users}/{user.id}"
            named = {"displayName": "X", "userPrincipalName": f"x{user.id}@{stage.customer.domain}"}
            for method, body in (("PATCH", password), ("PATCH", named), ("DELETE", None)):
                assert (await stage.call(method, url, json=body, token=token)).status_code == 403
    assert await accounts_of(store, stage.customer, [*holders.values()]) == accounts
    assert await roles_of(store, stage.customer) == own
    await stage.client.aclose()
    await stage.app.close()
    await store.close()


@pytest.fixture
async def portal(sqlite_url: str) -> AsyncIterator[Portal]:
    store = await open_store(sqlite_url)
    app = await an_app(store)
    made = await a_portal(app)
    yield made
    for http in made.visitors:
        await http.aclose()
    await app.close()
    await store.close()


@pytest.mark.parametrize("given", [*((role,) for role in ROLES if role in EFFECTIVE_ROLES), *STRONG], ids="+".join)
async def test_no_page_leaves_more_behind_than_the_relationship_gives(
    portal: Portal, given: tuple[RoleId, ...]
) -> None:
    store, tenant = portal.app.deps.store, portal.tenant
    names = await names_in(portal)
    partner = await a_tenant(store, name="Fabrikam Services")
    pat = await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    await a_relationship(store, partner, tenant, roles=given, lifetime=LIFETIME)
    asks = await a_relationship(store, partner, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR], approved=False)
    holders = await holders_in(store, tenant)
    plain = await a_user(store, tenant)
    beyond = [user for role, user in holders.items() if not within(role, given)]
    tab = await portal.visit(pat)
    await tab.open(f"/customers/{tenant.id}/act")
    assert (await tab.send(f"/customers/{tenant.id}/act")).status_code == 303
    accounts, roles = await accounts_of(store, tenant, beyond), await roles_of(store, tenant)
    before = await organisation(store)

    token = re.search(r'name="form_token" value="([^"]+)"', (await tab.open("/sessions")).text)
    assert token is not None

    async def send(path: str, **typed: str) -> None:
        fields, takes_file = filled_in((await tab.open(path)).text)
        data: dict[str, Any] = {**fields, "form_token": token[1], "form_id": path + str(typed), **typed}
        files = {"file": ("some.csv", SOME_FILE)} if takes_file else None
        assert (await tab.http.post(path, data=data, files=files)).status_code < 500, path

    for route in portal.app.routes():
        if not is_page(route) or route.method != "POST" or route.action in PUBLIC:
            continue
        if route.path.startswith(("/customers", "/second-factor", "/sessions", "/password", "/phones")):
            continue  # the partner's own
        for role, user in holders.items() if "{user_id}" in route.path else [(RoleId.GLOBAL_READER, plain)]:
            these = {**names, "user_id": user.id, "role_id": role, "users_number": str(user.phone_number)}
            if route.path.endswith("/approve"):
                these["relationship_id"] = asks
            await send(route.path.format_map(these))
    for role in ROLES:
        await send(f"/users/{plain.id}/roles", role_id=role, expires_at="")
    assert await accounts_of(store, tenant, beyond) == accounts
    check_given(roles, await roles_of(store, tenant), given, NOON + LIFETIME)
    assert await organisation(store) == before


async def test_no_noise_hides_the_accounts_that_a_partner_made(store: Store) -> None:
    """What it made later, of whatever kind, pushes no account off the list that its end leaves in the trail."""
    customer, partner = await a_tenant(store), await a_tenant(store)
    pat = as_user(await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR]))
    coded, made = await a_user(store, customer), await a_user(store, customer)
    relationship = await a_relationship(store, partner, customer, roles=[RoleId.USER_ADMINISTRATOR])
    async with store.write() as tx:
        await record(tx, customer.id, pat, events.EnrolmentCodeMade(user_id=coded.id), NOON)
        await record(tx, customer.id, pat, events.PasswordSet(user_id=made.id, must_change=False), NOON)
        for number in range(MOST_MADE):
            noise = events.GroupCreated(group_id=f"group {number}", name="Noise")
            await record(tx, customer.id, pat, noise, NOON + 1)
        await end_relationship(tx, OPERATOR, customer_tenant_id=customer.id, relationship_id=relationship, now=NOON + 2)
    async with store.read() as read:
        ended = await read.all(str, "SELECT data FROM audit_events WHERE type = 'relationship.ended'")
    assert set(json.loads(ended[0])["user_ids"]) == {coded.id, made.id}


def test_everything_that_is_made_given_or_switched_on_is_on_the_list_of_what_a_partner_leaves_behind() -> None:
    """Or it stands here why it is not."""
    own_only = {"tenant", "domain", "identity_provider", "relationship", "reseller_relationship", "signing_key"}
    of_devices = {"device.provisioned", "device.state_set"}
    narrows = {"device.policy_set", "enrolment.required"}
    of_oneself = {"second_factor.added", "identity.linked"}
    verbs = (
        "created|registered|added|member_added|set|role_set|member_role_set|account_set|policy_set|state_set|linked|"
        "assigned|activated|enabled|enrolled|restored|unblocked|updated|code_made|secret_added|provisioned"
    )
    source = (inspect.getsource(audit_search.accounts_of_partner), inspect.getsource(audit_search.left_by_partner))
    listed = set(re.findall(r"'([a-z_]+\.[a-z_]+)'", "".join(source)))
    known = {str(kind.__struct_config__.tag) for kind in events.all_events()}
    gives = {name for name in known if re.fullmatch(rf"\w+\.({verbs})", name)}
    excused = of_devices | narrows | of_oneself | {name for name in gives if name.partition(".")[0] in own_only}
    assert gives - excused - listed == {"group.updated"}, "a group's name and icon, which open nothing"
    assert listed <= known


class _Pair(NamedTuple):
    """A customer, its partner, who acts for the partner, and the relationship that lets."""

    customer: SomeTenant
    partner: SomeTenant
    caller: Caller
    relationship_id: RelationshipId


async def _a_pair(store: Store, *given: RoleId) -> _Pair:
    customer, partner = await a_tenant(store), await a_tenant(store)
    made = await a_relationship(store, partner, customer, roles=given, lifetime=LIFETIME)
    pat = await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    return _Pair(customer, partner, _proven(pat), made)


def _proven(user: SomeUser) -> Caller:
    """Signed in with a second factor."""
    amr = frozenset({"pwd", "mfa"})
    return in_person(OPERATOR.origin, tenant_id=user.tenant_id, user_id=user.id, amr=amr)


async def _give(store: Store, caller: Caller, user: SomeUser, role_id: RoleId) -> None:
    async with store.write() as tx:
        await assign_role(tx, caller, user.tenant_id, user.id, role_id, None, NOON)


async def _end(store: Store, pair: _Pair, relationship_id: RelationshipId | None = None) -> None:
    async with store.write() as tx:
        await end_relationship(
            tx,
            OPERATOR,
            customer_tenant_id=pair.customer.id,
            relationship_id=relationship_id or pair.relationship_id,
            now=NOON,
        )


GIVING = (RoleId.PRIVILEGED_ROLE_ADMINISTRATOR, RoleId.USER_ADMINISTRATOR)


async def test_a_role_that_a_partner_gave_does_not_outlive_a_relationship_that_ends_early(store: Store) -> None:
    pair, other = await _a_pair(store, *GIVING), await a_tenant(store)
    await a_relationship(store, other, pair.customer, roles=GIVING, lifetime=LIFETIME)
    other_pat = _proven(await a_user(store, other, roles=[RoleId.GLOBAL_ADMINISTRATOR]))
    role = RoleId.USER_ADMINISTRATOR
    by_partner, by_other, by_own = [await a_user(store, pair.customer) for _ in range(3)]
    await _give(store, pair.caller, by_partner, role)
    await _give(store, other_pat, by_other, role)
    await _give(store, OPERATOR, by_own, role)
    await _end(store, pair)
    held = await roles_of(store, pair.customer)
    assert (by_partner.id, role) not in held
    assert held[by_other.id, role] == NOON + LIFETIME
    assert (by_own.id, role) in held
    assert "role.removed" in await types_of(store, pair.customer.id)


async def test_a_role_that_another_relationship_gives_as_well_ends_with_that_one(store: Store) -> None:
    pair, role = await _a_pair(store, *GIVING), RoleId.USER_ADMINISTRATOR
    shorter = await a_relationship(store, pair.partner, pair.customer, roles=GIVING, lifetime=LIFETIME // 2)
    made = await a_user(store, pair.customer)
    await _give(store, pair.caller, made, role)
    await _end(store, pair)
    assert (await roles_of(store, pair.customer))[made.id, role] == NOON + LIFETIME // 2
    await _end(store, pair, shorter)
    assert (made.id, role) not in await roles_of(store, pair.customer)


async def test_a_role_given_at_the_moment_at_which_the_relationship_ends_does_not_stay(store: Store) -> None:
    role = RoleId.USER_ADMINISTRATOR
    for _ in range(5):
        pair = await _a_pair(store, *GIVING)
        made = [await a_user(store, pair.customer) for _ in range(3)]
        await asyncio.gather(
            *(_give(store, pair.caller, user, role) for user in made), _end(store, pair), return_exceptions=True
        )
        held = await roles_of(store, pair.customer)
        assert not [user for user in made if (user.id, role) in held]


async def test_a_role_that_a_partner_gave_reaches_no_customer_of_the_customer(store: Store) -> None:
    pair, beyond = await _a_pair(store, *GIVING), await a_tenant(store)
    await a_relationship(store, pair.customer, beyond, roles=[RoleId.USER_ADMINISTRATOR], lifetime=LIFETIME)
    made, own = await a_user(store, pair.customer), await a_user(store, pair.customer)
    await _give(store, pair.caller, made, RoleId.USER_ADMINISTRATOR)
    await _give(store, OPERATOR, own, RoleId.USER_ADMINISTRATOR)
    async with store.read() as read:
        for user, may in ((made, False), (own, True)):
            decision = await decide(read, _proven(user), Action.CREATE_USER, beyond.id, now=NOON)
            assert decision.allowed is may
            assert (await decide(read, _proven(user), Action.CREATE_USER, pair.customer.id, now=NOON)).allowed


async def test_a_relationship_that_expires_is_noted_once_with_the_accounts_that_stay(store: Store) -> None:
    pair = await _a_pair(store, RoleId.USER_ADMINISTRATOR)
    waits = await a_relationship(store, pair.partner, pair.customer, roles=GIVING, approved=False)
    made = await a_user(store, pair.customer)
    async with store.write() as tx:
        event = events.UserCreated(user_id=made.id, user_principal_name=made.user_principal_name)
        await record(tx, pair.customer.id, pair.caller, event, NOON)
    over = FakeClock(NOON + LIFETIME)
    await tidy(store, OPERATOR, FakeClock(NOON + LIFETIME - 1), {})
    assert "relationship.expired" not in await types_of(store, pair.customer.id)
    await asyncio.gather(tidy(store, OPERATOR, over, {}), tidy(store, OPERATOR, over, {}))
    async with store.read() as read:
        told = await read.all(
            str,
            "SELECT data FROM audit_events WHERE tenant_id = :t AND type = 'relationship.expired'",
            t=pair.customer.id,
        )
    assert len(told) == 1, waits
    assert made.id in told[0]
