"""Who asks for what is not there is told so: by an id that nothing has, or when somebody else took it meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import pytest
from msgspec import structs

from tenantry.access.actions import Action, RoleId
from tenantry.access.blast_radius import (
    connector_radius,
    device_radius,
    relationship_radius,
    token_radius,
    user_radius,
)
from tenantry.core.caller import Reach
from tenantry.core.clock import MINUTE
from tenantry.core.errors import NotFound
from tenantry.core.ids import (
    ConnectorId,
    EnterpriseId,
    GrantId,
    GroupId,
    ManagedAccountId,
    RelationshipId,
    TenantId,
    UserId,
)
from tenantry.delegation.acting import enter_customer, look_at_entering
from tenantry.delegation.relationship_views import get_held_relationship, get_relationship, look_at_customer
from tenantry.delegation.relationships import end_relationship
from tenantry.devices.account_lists import enterprise_of
from tenantry.devices.devices import AccountState, request_report, set_policy, set_state
from tenantry.devices.enterprises import bind_account
from tenantry.devices.managed_accounts import update_account
from tenantry.devices.revocation import delete_account, remove_device, revoke_device_access
from tenantry.directory.connector_roles import give_connector_role, take_connector_role
from tenantry.directory.roles import assign_role, remove_role
from tenantry.directory.user_imports import get_import
from tenantry.directory.user_properties import UserChanges
from tenantry.directory.user_search import find_any_user
from tenantry.directory.user_views import get_user_to
from tenantry.directory.users import delete_user, restore_user, set_password, update_user
from tenantry.store.devices import managed_accounts
from tenantry.store.engine.interface import Store, Tx
from tenantry.store.users import users
from tenantry.tokens.authorization_codes import CodeTerms, issue_code
from tenantry.tokens.grants import GrantTerms, create_grant, revoke_grant
from tests.support.builders import HASHER, OPERATOR
from tests.support.clock import NOON
from tests.support.stage import Stage
from tests.support.town import ANDROID_IDS, Town

NOTHING = "00000000-0000-4000-8000-000000000000"
ROLE = RoleId.DIRECTORY_READERS


@dataclass(frozen=True)
class Ids:
    """What a deed is done to: each is there, and of the same tenant."""

    tenant: TenantId
    user: UserId
    session: str
    connector: ConnectorId
    secret: str
    grant: GrantId
    group: GroupId
    enterprise: EnterpriseId
    account: ManagedAccountId
    device: str
    service_account: ConnectorId
    relationship: RelationshipId
    held: RelationshipId
    customer: TenantId
    file: str


@pytest.fixture
async def ids(store: Store, stage: Stage, town: Town) -> Ids:
    relations = town.home.relations
    async with store.write() as tx:
        [file, _] = await tx.all(str, "SELECT id FROM user_imports WHERE tenant_id = :id", id=stage.tenant.id)
        await assign_role(tx, OPERATOR, stage.tenant.id, stage.ann.id, ROLE, None, NOON)
    return Ids(
        tenant=stage.tenant.id,
        user=stage.ann.id,
        session=stage.session_id,
        connector=stage.connector.id,
        secret=stage.secret_id,
        grant=stage.grant.id,
        group=stage.group,
        enterprise=stage.enterprise.id,
        account=stage.account,
        device=ANDROID_IDS[0],
        service_account=stage.enterprise.service_account.id,
        relationship=relations.given[0],
        held=relations.held[0],
        customer=relations.customers[0].id,
        file=file,
    )


Deed = Callable[[Tx, Ids], Awaitable[object]]
RENAMED = UserChanges(display_name="Other")


def _grant(tx: Tx, i: Ids) -> Awaitable[object]:
    terms = GrantTerms(i.connector, i.user, Reach.GROUP, [], ["pwd"], i.group)
    return create_grant(tx, OPERATOR, HASHER, tenant_id=i.tenant, terms=terms, lifetime=MINUTE, now=NOON)


def _code(tx: Tx, i: Ids) -> Awaitable[object]:
    terms = CodeTerms(i.connector, "https://app.test/", [])
    return issue_code(
        tx,
        HASHER,
        OPERATOR,
        tenant_id=i.tenant,
        user_id=i.user,
        terms=terms,
        amr=["pwd"],
        lifetime=MINUTE,
        now=NOON,
    )


def _enter(tx: Tx, i: Ids) -> Awaitable[object]:
    return enter_customer(
        tx, OPERATOR, tenant_id=i.tenant, user_id=i.user, session_id=i.session, customer_id=i.customer, now=NOON
    )


DEEDS: dict[str, tuple[Deed, dict[str, str]]] = {
    "read user": (
        lambda tx, i: get_user_to(tx, OPERATOR, Action.READ_USER, i.tenant, i.user, NOON),
        {"user": "user", "tenant": "user"},
    ),
    "find user": (lambda tx, i: find_any_user(tx, OPERATOR, i.tenant, i.user, NOON), {"user": "user"}),
    "see user": (lambda tx, i: user_radius(tx, OPERATOR, i.tenant, i.user, NOON), {"user": "user", "tenant": "user"}),
    "change user": (
        lambda tx, i: update_user(tx, OPERATOR, i.tenant, i.user, RENAMED, NOON),
        {"user": "user", "tenant": "user"},
    ),
    "delete user": (
        lambda tx, i: delete_user(tx, OPERATOR, i.tenant, i.user, NOON),
        {"user": "user", "tenant": "user"},
    ),
    "restore user": (
        lambda tx, i: restore_user(tx, OPERATOR, i.tenant, i.user, NOON),
        {"user": "user", "tenant": "user"},
    ),
    "set password": (
        lambda tx, i: set_password(tx, OPERATOR, i.tenant, i.user, "hash", must_change=True, now=NOON),
        {"user": "user", "tenant": "user"},
    ),
    "give role": (
        lambda tx, i: assign_role(tx, OPERATOR, i.tenant, i.user, RoleId.GLOBAL_READER, None, NOON),
        {"user": "user", "tenant": "user"},
    ),
    "take role": (
        lambda tx, i: remove_role(tx, OPERATOR, i.tenant, i.user, ROLE, NOON),
        {"user": "role assignment", "tenant": "role assignment"},
    ),
    "look at import": (
        lambda tx, i: get_import(tx, OPERATOR, i.tenant, i.file, NOON),
        {"file": "import", "tenant": "import"},
    ),
    "give app role": (
        lambda tx, i: give_connector_role(tx, OPERATOR, i.tenant, i.connector, ROLE, None, NOON),
        {"connector": "connector", "tenant": "connector"},
    ),
    "take app role": (
        lambda tx, i: take_connector_role(tx, OPERATOR, i.tenant, i.connector, ROLE, NOON),
        {"connector": "role assignment", "tenant": "role assignment"},
    ),
    "see connector": (
        lambda tx, i: connector_radius(tx, OPERATOR, i.tenant, i.connector, NOON),
        {"connector": "connector", "tenant": "connector"},
    ),
    "grant": (_grant, {"connector": "connector", "user": "user", "group": "group"}),
    "issue code": (_code, {"connector": "connector", "tenant": "connector"}),
    "revoke grant": (
        lambda tx, i: revoke_grant(tx, OPERATOR, i.tenant, i.grant, "why", NOON),
        {"grant": "grant", "tenant": "grant"},
    ),
    "see token": (
        lambda tx, i: token_radius(tx, OPERATOR, i.tenant, i.grant, NOON),
        {"grant": "token", "tenant": "token"},
    ),
    "bind account": (
        lambda tx, i: bind_account(tx, OPERATOR, i.enterprise, i.service_account, NOON),
        {"enterprise": "service account", "service_account": "service account"},
    ),
    "open enterprise": (
        lambda tx, i: enterprise_of(tx, OPERATOR, Action.READ_ENTERPRISE, i.tenant, i.enterprise, NOON),
        {"enterprise": "enterprise", "tenant": "enterprise"},
    ),
    "name account": (
        lambda tx, i: update_account(tx, OPERATOR, i.enterprise, i.account, display_name="New", unchanged={}, now=NOON),
        {"enterprise": "enterprise", "account": "user"},
    ),
    "set policy": (
        lambda tx, i: set_policy(tx, OPERATOR, i.enterprise, i.account, i.device, lambda policy: policy, NOON),
        {"enterprise": "enterprise", "account": "user"},
    ),
    "set state": (
        lambda tx, i: set_state(tx, OPERATOR, i.enterprise, i.account, i.device, AccountState.ENABLED, NOON),
        {"enterprise": "enterprise", "account": "user", "device": "device"},
    ),
    "ask for report": (
        lambda tx, i: request_report(tx, OPERATOR, i.enterprise, i.account, i.device, NOON),
        {"enterprise": "enterprise", "account": "user", "device": "device"},
    ),
    "see device": (
        lambda tx, i: device_radius(tx, OPERATOR, i.tenant, i.account, i.device, NOON),
        {"tenant": "device", "account": "device", "device": "device"},
    ),
    "remove device": (
        lambda tx, i: remove_device(tx, OPERATOR, i.enterprise, i.account, i.device, NOON),
        {"enterprise": "enterprise", "account": "user", "device": "device"},
    ),
    "revoke device access": (
        lambda tx, i: revoke_device_access(tx, OPERATOR, i.enterprise, i.account, NOON),
        {"enterprise": "enterprise", "account": "user"},
    ),
    "delete account": (
        lambda tx, i: delete_account(tx, OPERATOR, i.enterprise, i.account, NOON),
        {"enterprise": "enterprise", "account": "user"},
    ),
    "read relationship": (
        lambda tx, i: get_relationship(tx, OPERATOR, Action.READ_RELATIONSHIPS, i.tenant, i.relationship, NOON),
        {"tenant": "relationship", "relationship": "relationship"},
    ),
    "see relationship": (
        lambda tx, i: relationship_radius(tx, OPERATOR, i.tenant, i.relationship, NOON),
        {"tenant": "relationship", "relationship": "relationship"},
    ),
    "read own relationship": (
        lambda tx, i: get_held_relationship(tx, OPERATOR, i.tenant, i.customer, i.held, NOON),
        {"tenant": "relationship", "customer": "relationship", "held": "relationship"},
    ),
    "end relationship": (
        lambda tx, i: end_relationship(
            tx, OPERATOR, customer_tenant_id=i.tenant, relationship_id=i.relationship, now=NOON
        ),
        {"tenant": "relationship", "relationship": "relationship"},
    ),
    "look at entering": (
        lambda tx, i: look_at_entering(tx, OPERATOR, i.customer, NOON),
        {"customer": "tenant"},
    ),
    "enter": (_enter, {"tenant": "session", "user": "session", "session": "session"}),
    "look at customer": (
        lambda tx, i: look_at_customer(tx, OPERATOR, i.tenant, i.customer, NOON),
        {"tenant": "customer", "customer": "customer"},
    ),
}
"""What each deed says is not there, by which of its arguments leads to nothing."""

CASES = [(deed, argument) for deed, (_, nouns) in DEEDS.items() for argument in nouns]


@pytest.mark.parametrize("deed", DEEDS)
async def test_what_is_there_is_found(store: Store, ids: Ids, deed: str) -> None:
    try:
        async with store.write() as tx:
            await DEEDS[deed][0](tx, ids)
    except NotFound as error:
        found = error.what
    else:
        found = "all of it"
    assert found == "all of it"


@pytest.mark.parametrize(("deed", "argument"), CASES)
async def test_what_is_not_there_is_not_found(store: Store, ids: Ids, deed: str, argument: str) -> None:
    do, nouns = DEEDS[deed]
    lost: dict[str, Any] = {argument: NOTHING}
    with pytest.raises(NotFound) as refused:
        async with store.write() as tx:
            await do(tx, replace(ids, **lost))
    assert refused.value.what == nouns[argument]


async def test_nobody_enters_the_own_tenant_as_a_customer(store: Store, ids: Ids) -> None:
    themselves = structs.replace(OPERATOR, tenant_id=ids.tenant)
    async with store.write() as tx:
        with pytest.raises(NotFound, match="customer"):
            await look_at_entering(tx, themselves, ids.tenant, NOON)
        with pytest.raises(NotFound, match="customer"):
            await _enter(tx, replace(ids, customer=ids.tenant))


async def test_a_group_goes_with_a_groups_grant_and_with_no_other(store: Store, ids: Ids) -> None:
    wrong = (
        GrantTerms(ids.connector, ids.user, Reach.USER, [], ["pwd"], ids.group),
        GrantTerms(ids.connector, ids.user, Reach.GROUP, [], ["pwd"]),
    )
    async with store.write() as tx:
        for terms in wrong:
            with pytest.raises(ValueError, match="A group goes with"):
                await create_grant(tx, OPERATOR, HASHER, tenant_id=ids.tenant, terms=terms, lifetime=MINUTE, now=NOON)


ACCOUNT_GOES = "UPDATE managed_accounts SET deleted_at = :now WHERE tenant_id = :tenant AND id = :account"
USER_GOES = "UPDATE users SET deleted_at = :now WHERE tenant_id = :tenant AND id = :user"
USER_IS_LOST = "UPDATE users SET deleted_at = 1 WHERE tenant_id = :tenant AND id = :user"
MEANWHILE: dict[str, tuple[ModuleType, str]] = {
    **dict.fromkeys(
        ("set policy", "name account", "revoke device access", "delete account"), (managed_accounts, ACCOUNT_GOES)
    ),
    "change user": (users, USER_GOES),
    "restore user": (users, USER_IS_LOST),
}
"""What somebody else does after the deed has looked at the row with `find`, before it changes it."""


@pytest.mark.parametrize("deed", MEANWHILE)
async def test_what_somebody_else_takes_between_the_look_and_the_change_is_not_found(
    store: Store, ids: Ids, deed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, sql = MEANWHILE[deed]
    find: Callable[..., Awaitable[object]] = module.find
    names: dict[str, str | int] = {"now": NOON, "tenant": ids.tenant, "account": ids.account, "user": ids.user}

    async def find_and_be_overtaken(tx: Tx, *of: object) -> object:
        found = await find(tx, *of)
        await tx.run(sql, **{name: value for name, value in names.items() if f":{name}" in sql})
        return found

    async with store.write() as tx:
        if sql == USER_IS_LOST:
            await tx.run(USER_GOES, now=NOON, tenant=ids.tenant, user=ids.user)
        monkeypatch.setattr(module, "find", find_and_be_overtaken)
        with pytest.raises(NotFound, match="user"):
            await DEEDS[deed][0](tx, ids)
