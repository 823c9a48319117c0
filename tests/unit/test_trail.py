"""What is done leaves its mark: each change of a tenant writes the events that tell of it, and no other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tenantry.access.actions import Permission, RoleId
from tenantry.connectors.connectors import activate_connector, deactivate_connector, delete_connector
from tenantry.connectors.secrets import add_secret, end_secret
from tenantry.connectors.service_accounts import revoke_service_account_key
from tenantry.core.caller import Caller
from tenantry.core.clock import DAY, MINUTE
from tenantry.core.errors import DomainError, Forbidden
from tenantry.delegation.relationships import (
    approve_relationship,
    create_reseller_relationship,
    end_relationship,
    end_reseller_relationship,
)
from tenantry.devices.devices import AccountState, set_policy, set_state
from tenantry.devices.enterprises import bind_account
from tenantry.devices.managed_accounts import update_account
from tenantry.devices.revocation import delete_account, remove_device, revoke_device_access
from tenantry.directory.domains import begin_proof, remove_domain
from tenantry.directory.group_deletion import delete_group, restore_group
from tenantry.directory.groups import update_group
from tenantry.directory.invitations import end_invitation
from tenantry.directory.members import Newcomers, add_members, remove_member
from tenantry.directory.roles import assign_role, remove_role
from tenantry.directory.second_factors import claim_recovery_code
from tenantry.directory.sessions import end_session, end_sessions
from tenantry.directory.subscribers import remove_subscriber
from tenantry.directory.tenants import add_domain, delete_tenant, disable_tenant, enable_tenant, update_tenant
from tenantry.directory.users import delete_user, restore_user, set_password
from tenantry.outbox.webhooks import delete_webhook
from tenantry.store.engine.interface import Store, Tx
from tenantry.tokens.authorization_codes import CodeTerms, issue_code
from tenantry.tokens.grants import revoke_grant
from tests.support.builders import HASHER, OPERATOR, SomeTenant, a_group, a_relationship, a_tenant, a_user, as_user
from tests.support.clock import NOON
from tests.support.stage import Stage
from tests.support.trail import types_of

Change = Callable[[Tx, Stage, Caller], Awaitable[Any]]


async def _replace_secret(tx: Tx, s: Stage, by: Caller) -> None:
    """The connector has as many as it may have."""
    await end_secret(tx, by, s.tenant.id, s.connector.id, s.secret_id, NOON)
    await add_secret(tx, by, HASHER, s.tenant.id, s.connector.id, now=NOON)


CHANGES: dict[str, tuple[Change, list[str]]] = {
    "deactivate connector": (
        lambda tx, s, by: deactivate_connector(tx, by, s.tenant.id, s.connector.id, NOON),
        ["connector.deactivated"],
    ),
    "delete connector": (
        lambda tx, s, by: delete_connector(tx, by, s.tenant.id, s.connector.id, NOON),
        ["connector.deleted"],
    ),
    "add secret": (_replace_secret, ["connector.secret_added", "connector.secret_ended"]),
    "end secret": (
        lambda tx, s, by: end_secret(tx, by, s.tenant.id, s.connector.id, s.secret_id, NOON),
        ["connector.secret_ended"],
    ),
    "issue code": (
        lambda tx, s, by: issue_code(
            tx,
            HASHER,
            by,
            tenant_id=s.tenant.id,
            terms=CodeTerms(
                connector_id=s.connector.id, redirect_uri="https://a.example/", permissions=[Permission.GROUP_MEMBERS]
            ),
            user_id=s.ann.id,
            amr=["pwd"],
            lifetime=MINUTE,
            now=NOON,
        ),
        ["authorization_code.issued"],
    ),
    "revoke grant": (
        lambda tx, s, by: revoke_grant(tx, by, s.tenant.id, s.grant.id, "why", NOON),
        ["grant.revoked"],
    ),
    "revoke access of devices": (
        lambda tx, s, by: revoke_device_access(tx, by, s.enterprise.id, s.account, NOON),
        ["device.access_revoked"],
    ),
    "remove device": (
        lambda tx, s, by: remove_device(tx, by, s.enterprise.id, s.account, "00aa", NOON),
        ["device.removed"],
    ),
    "delete account": (
        lambda tx, s, by: delete_account(tx, by, s.enterprise.id, s.account, NOON),
        ["device.access_revoked", "managed_account.deleted"],
    ),
    "name account": (
        lambda tx, s, by: update_account(tx, by, s.enterprise.id, s.account, display_name="X", unchanged={}, now=NOON),
        ["managed_account.updated"],
    ),
    "try a recovery code": (
        lambda tx, s, by: claim_recovery_code(tx, HASHER, by, s.tenant.id, s.ann.id, "none", NOON),
        ["second_factor.refused"],
    ),
    "begin proof": (
        lambda tx, s, by: begin_proof(tx, by, s.tenant.id, "shop.example", NOON),
        ["domain.proof_begun"],
    ),
    "add domain": (
        lambda tx, s, by: add_domain(tx, by, tenant_id=s.tenant.id, name="shop.example", now=NOON),
        ["domain.added"],
    ),
    "delete group": (
        lambda tx, s, by: delete_group(tx, by, s.tenant.id, s.group, NOON),
        ["grant.revoked", "group.deleted", "group_invitation.ended", "group_invitation.ended", "webhook.deleted"],
    ),
    "rename group": (
        lambda tx, s, by: update_group(tx, by, s.tenant.id, s.group, name="X", welcome_message="", now=NOON),
        ["group.updated"],
    ),
    "end invitation": (
        lambda tx, s, by: end_invitation(tx, by, s.tenant.id, s.group, s.invitation_id, NOON),
        ["group_invitation.ended"],
    ),
    "assign role": (
        lambda tx, s, by: assign_role(tx, by, s.tenant.id, s.ann.id, RoleId.GLOBAL_READER, None, NOON),
        ["role.assigned"],
    ),
    "end session": (
        lambda tx, s, by: end_session(tx, by, s.tenant.id, s.ann.id, s.session_id, NOON),
        ["session.ended"],
    ),
    "end sessions": (
        lambda tx, s, by: end_sessions(tx, by, s.tenant.id, s.ann.id, NOON, reason="asked"),
        ["session.all_ended"],
    ),
    "rename tenant": (
        lambda tx, s, by: update_tenant(tx, by, s.tenant.id, name="X", country="DE", now=NOON),
        ["tenant.updated"],
    ),
    "disable tenant": (lambda tx, s, by: disable_tenant(tx, by, s.tenant.id, NOON), ["tenant.disabled"]),
    "delete tenant": (lambda tx, s, by: delete_tenant(tx, by, s.tenant.id, NOON), ["tenant.deleted"]),
    "set password": (
        lambda tx, s, by: set_password(tx, by, s.tenant.id, s.ann.id, "hash", False, NOON),
        [*["grant.revoked"] * 3, "password.set", "session.all_ended"],
    ),
    "delete user": (
        lambda tx, s, by: delete_user(tx, by, s.tenant.id, s.ann.id, NOON),
        [*["grant.revoked"] * 3, "session.all_ended", "user.deleted"],
    ),
    "delete webhook": (
        lambda tx, s, by: delete_webhook(tx, by, s.tenant.id, s.webhook, NOON),
        ["webhook.deleted"],
    ),
}


async def marks(store: Store, tenant: SomeTenant, stage: Stage, *changes: Change) -> list[str]:
    """The types of the events that the changes, made by the operator, leave in the tenant's trail."""
    before = len(await types_of(store, tenant.id))
    for change in changes:
        async with store.write() as tx:
            await change(tx, stage, OPERATOR)
    return (await types_of(store, tenant.id))[before:]


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_leaves_its_events(store: Store, stage: Stage, name: str) -> None:
    change, told = CHANGES[name]
    assert sorted(await marks(store, stage.tenant, stage, change)) == told


async def test_what_is_done_and_undone_is_told_both_times(store: Store, stage: Stage) -> None:
    bob = await a_user(store, stage.tenant)
    newcomers = Newcomers(user_ids=(bob.id,))
    tenant_id, role = stage.tenant.id, RoleId.GLOBAL_READER
    told = await marks(
        store,
        stage.tenant,
        stage,
        lambda tx, s, by: deactivate_connector(tx, by, tenant_id, s.connector.id, NOON),
        lambda tx, s, by: activate_connector(tx, by, tenant_id, s.connector.id, NOON),
        lambda tx, s, by: assign_role(tx, by, tenant_id, s.ann.id, role, None, NOON),
        lambda tx, s, by: remove_role(tx, by, tenant_id, s.ann.id, role, NOON),
        lambda tx, s, by: add_members(tx, by, tenant_id, s.group, newcomers, NOON),
        lambda tx, s, by: remove_member(tx, by, tenant_id, s.group, bob.id, NOON),
        lambda tx, s, by: begin_proof(tx, by, tenant_id, "shop.example", NOON),
        lambda tx, s, by: remove_domain(tx, by, tenant_id, "shop.example", NOON),
        lambda tx, s, by: delete_user(tx, by, tenant_id, bob.id, NOON),
        lambda tx, s, by: restore_user(tx, by, tenant_id, bob.id, NOON),
        lambda tx, s, by: disable_tenant(tx, by, tenant_id, NOON),
        lambda tx, s, by: enable_tenant(tx, by, tenant_id, NOON),
    )
    assert told == [
        "connector.deactivated",
        "connector.activated",
        "role.assigned",
        "role.removed",
        "group.member_added",
        "group.member_removed",
        "domain.proof_begun",
        "domain.proof_dropped",
        "user.deleted",
        "user.restored",
        "tenant.disabled",
        "tenant.enabled",
    ]
    assert (
        await marks(
            store,
            stage.tenant,
            stage,
            lambda tx, s, by: delete_group(tx, by, tenant_id, s.group, NOON),
            lambda tx, s, by: restore_group(tx, by, tenant_id, s.group, NOON),
        )
    )[-1] == "group.restored"


async def test_a_device_that_is_told_something_leaves_a_mark(store: Store, stage: Stage) -> None:
    enterprise, caller = stage.enterprise, stage.enterprise.caller
    before = len(await types_of(store, stage.tenant.id))
    async with store.write() as tx:
        await set_policy(tx, caller, enterprise.id, stage.account, "00aa", lambda policy: {"policyId": "p"}, NOON)
        await set_state(tx, caller, enterprise.id, stage.account, "00aa", AccountState.ENABLED, NOON)
    assert (await types_of(store, stage.tenant.id))[before:] == ["device.policy_set", "device.state_set"]


async def test_a_subscriber_who_is_taken_out_leaves_a_mark(store: Store, stage: Stage) -> None:
    bob = await a_user(store, stage.tenant)
    group = await a_group(store, stage.tenant, admins=[stage.ann], subscribers=[bob])
    told = await marks(
        store,
        stage.tenant,
        stage,
        lambda tx, s, by: remove_subscriber(tx, by, s.tenant.id, group, bob.id, NOON),
    )
    assert told == ["group.member_removed"]


async def test_an_emms_keys_are_told_in_its_own_trail(store: Store, stage: Stage) -> None:
    account = stage.enterprise.service_account
    async with store.write() as tx:
        await revoke_service_account_key(tx, OPERATOR, account.tenant_id, account.id, account.key_id, NOON)
    assert (await types_of(store, account.tenant_id))[-1] == "service_account_key.revoked"


async def test_a_customers_trail_tells_of_its_partners(store: Store) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)
    before = len(await types_of(store, customer.id))
    one = await a_relationship(store, partner, customer, approved=False, reseller=False, lifetime=DAY)
    pair = {"customer_tenant_id": customer.id, "partner_tenant_id": partner.id}
    async with store.write() as tx:
        await approve_relationship(tx, OPERATOR, customer_tenant_id=customer.id, relationship_id=one, now=NOON)
        await end_relationship(tx, OPERATOR, customer_tenant_id=customer.id, relationship_id=one, now=NOON)
        await create_reseller_relationship(tx, OPERATOR, **pair, now=NOON)
        await end_reseller_relationship(tx, OPERATOR, **pair, now=NOON)
    assert (await types_of(store, customer.id))[before:] == [
        "relationship.requested",
        "relationship.approved",
        "relationship.ended",
        "reseller_relationship.created",
        "reseller_relationship.ended",
    ]


ASKS_FIRST = ["delete group", "rename group", "end invitation", "begin proof", "set password", "delete user"]
ASKS_FIRST += ["revoke access of devices", "remove device", "delete account", "rename tenant", "name account"]


@pytest.mark.parametrize("name", ASKS_FIRST)
async def test_who_may_not_is_refused_and_leaves_the_trail_as_it_was(store: Store, stage: Stage, name: str) -> None:
    nobody = as_user(await a_user(store, stage.tenant))
    before = await types_of(store, stage.tenant.id)
    with pytest.raises(DomainError):
        async with store.write() as tx:
            await CHANGES[name][0](tx, stage, nobody)
    assert await types_of(store, stage.tenant.id) == before


async def test_a_stages_making_is_told(stage: Stage, store: Store) -> None:
    told = set(await types_of(store, stage.tenant.id))
    made = ("connector", "connector.secret", "group", "group_invitation", "grant", "webhook", "user", "tenant")
    words = ("registered", "added", "created")
    for noun in made:
        assert any(f"{noun}{mark}{word}" in told for mark in "._" for word in words), noun
    assert told >= {"device_token.issued", "device.provisioned", "session.started", "enterprise.enrolled"}


async def test_only_the_operator_binds_a_service_account(store: Store, stage: Stage) -> None:
    admin = as_user(await a_user(store, stage.tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR]))
    with pytest.raises(Forbidden):
        async with store.write() as tx:
            await bind_account(tx, admin, stage.enterprise.id, stage.enterprise.service_account.id, NOON)
