"""Lists show what is live: a row, and what it stands on, take it out of each list that is about the living."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.ids import GroupId
from tenantry.directory.roles import assign_role
from tenantry.store.connectors import connector_lists, connector_secrets
from tenantry.store.devices import device_lists, devices, enterprises, managed_accounts
from tenantry.store.engine.interface import Read, Store
from tenantry.store.groups import deleted_groups, group_invitations, group_lists, groups
from tenantry.store.outbox import subscriptions, untold_changes, webhooks
from tenantry.store.sign_in import identity_providers, sessions
from tenantry.store.tenants import tenants
from tenantry.store.tokens import grant_lists, grants
from tenantry.store.trail import audit_events
from tenantry.store.users import roles, user_facts, user_lists
from tests.support.builders import (
    OPERATOR,
    a_connector,
    a_google_managed_account,
    a_grant,
    a_group,
    a_tenant,
    a_user,
    an_enterprise,
)
from tests.support.clock import NOON
from tests.support.stage import Stage


@dataclass
class Family:
    """A stage whose group stands below `parent`; ann has a role, and the account is hers."""

    stage: Stage
    parent: GroupId


List = Callable[[Read, Stage, GroupId], Awaitable[Sequence[Any]]]


async def _counted(read: Read, s: Stage, _: GroupId) -> range:
    return range(await webhooks.count_of_object(read, s.tenant.id, "group", s.group, NOON))


def _ending(what: str, *, of_parent: bool = False) -> List:
    async def ending(read: Read, s: Stage, parent: GroupId) -> range:
        group_id = parent if of_parent else s.group
        found = await deleted_groups.count_what_ends(read, s.tenant.id, group_id, NOON, 9)
        return range(getattr(found, what))

    return ending


LISTS: dict[str, List] = {
    "webhooks counted": _counted,
    "people of an end": _ending("people"),
    "groups of an end": _ending("sub_groups", of_parent=True),
    "tokens of an end": _ending("tokens"),
    "links of an end": _ending("links"),
    "webhooks of an end": _ending("webhooks"),
    "tenants": lambda read, s, _: tenants.list_undeleted(read, "", 1),
    "connectors to grant": lambda read, s, _: connector_lists.list_grantable(read, s.tenant.id, 9),
    "connectors": lambda read, s, _: connector_lists.list_by_name(read, s.tenant.id, NOON, limit=9),
    "secrets": lambda read, s, _: connector_secrets.list_live(read, s.connector.id, NOON),
    "tenant's grants": lambda read, s, _: grants.list_of_tenant(read, s.tenant.id, NOON, "", 9),
    "connector's grants": lambda read, s, _: grant_lists.list_live_of_connector(
        read, s.tenant.id, s.connector.id, NOON, limit=9
    ),
    "group's grants": lambda read, s, _: grant_lists.list_live_of_group(read, s.tenant.id, s.group, NOON, limit=9),
    "user's tokens": lambda read, s, _: user_facts.list_tokens(read, s.tenant.id, s.ann.id, NOON, limit=9),
    "user's accounts": lambda read, s, _: user_facts.list_accounts(read, s.tenant.id, s.ann.id, limit=9),
    "groups a user's grant reaches": lambda read, s, _: grant_lists.list_reached_by_user(
        read, s.tenant.id, s.ann.id, limit=9
    ),
    "groups a group's grant reaches": lambda read, s, _: grant_lists.list_reached_by_group(
        read, s.tenant.id, s.group, limit=9
    ),
    "links": lambda read, s, _: group_invitations.list_live(read, s.tenant.id, s.group, NOON, 9),
    "groups below": lambda read, s, parent: group_lists.list_sub_groups(read, s.tenant.id, parent, 9),
    "groups above": lambda read, s, _: group_lists.list_parents(read, s.tenant.id, s.group, 9),
    "own groups beside": lambda read, s, parent: group_lists.list_joined_neighbours(
        read, s.tenant.id, parent, s.ann.id
    ),
    "groups of an admin": lambda read, s, _: groups.list_by_ids(
        read, s.tenant.id, s.group, asking_user_id=s.ann.id, deepest=9, counted=9, most=99
    ),
    "enterprises": lambda read, s, _: enterprises.list_of_tenant(read, s.tenant.id, "", 9),
    "enterprises' page": lambda read, s, _: device_lists.list_enterprises(read, s.tenant.id, after_id="", limit=9),
    "accounts": lambda read, s, _: device_lists.list_accounts(
        read, s.tenant.id, s.enterprise.id, NOON, prefix="", after=None, limit=9
    ),
    "accounts by address": lambda read, s, _: managed_accounts.list_by_email(
        read, s.tenant.id, s.enterprise.id, "ann@customer.example.com", 9
    ),
    "devices": lambda read, s, _: devices.list_live(read, s.tenant.id, s.account),
    "unused tokens": lambda read, s, _: device_lists.list_unused_tokens(read, s.tenant.id, s.account, NOON, 9),
    "sessions": lambda read, s, _: sessions.list_live(read, s.tenant.id, s.ann.id, NOON, 9),
    "roles": lambda read, s, _: roles.list_live(read, s.tenant.id, s.ann.id, NOON),
    "roles again some day": lambda read, s, _: roles.list_unexpired(read, s.tenant.id, s.ann.id, NOON),
    "providers": lambda read, s, _: identity_providers.list_live(read, s.tenant.id),
    "webhooks to tell": lambda read, s, _: subscriptions.list_subscribed(read, s.tenant.id, s.group, NOON),
    "webhooks to tell of a user": lambda read, s, _: subscriptions.list_subscribed_over_user(
        read, s.tenant.id, s.ann.id, first=s.group, last=s.group, at=NOON
    ),
    "groups to tell of a user": lambda read, s, _: untold_changes.list_places(
        read, s.tenant.id, s.ann.id, since=NOON, at=NOON, after="", limit=9
    ),
}
for _order in user_lists.Order:
    LISTS[f"users, {_order.name}"] = lambda read, s, _, order=_order: user_lists.list_members(  # type: ignore[misc]
        read, s.tenant.id, order, deleted_after=None, after=None, limit=9
    )

_GRANTS = ["tenant's grants", "connector's grants", "group's grants", "user's tokens"]
_GRANTED = [name for name in _GRANTS if name != "tenant's grants"]
_USERS = [f"users, {order.name}" for order in user_lists.Order]

EMPTY: list[tuple[str, str]] = [
    ("people of an end", "UPDATE group_members SET member_key = NULL WHERE tenant_id = :tenant"),
    ("groups of an end", "UPDATE groups SET deleted_at = :now WHERE tenant_id = :tenant AND id = :group"),
    ("tokens of an end", "UPDATE grants SET revoked_at = :now WHERE tenant_id = :tenant"),
    ("tokens of an end", "UPDATE grants SET expires_at = :now WHERE tenant_id = :tenant"),
    ("links of an end", "UPDATE group_invitations SET ended_at = :now WHERE tenant_id = :tenant"),
    ("links of an end", "UPDATE group_invitations SET expires_at = :now WHERE tenant_id = :tenant"),
    *(
        (name, f"UPDATE webhooks SET {change} WHERE tenant_id = :tenant")
        for name in ("webhooks of an end", "webhooks counted")
        for change in ("deleted_at = :now", "expires_at = :now", "object_type = 'tenant'")
    ),
    ("tenants", "UPDATE tenants SET deleted_at = :now"),
    ("connectors to grant", "UPDATE connectors SET deleted_at = :now WHERE tenant_id = :tenant"),
    ("connectors to grant", "UPDATE connectors SET deactivated_at = :now WHERE tenant_id = :tenant"),
    ("connectors to grant", "UPDATE connectors SET kind = 'service_account' WHERE tenant_id = :tenant"),
    ("connectors", "UPDATE connectors SET deleted_at = :now WHERE tenant_id = :tenant"),
    ("connectors", "UPDATE connectors SET kind = 'service_account' WHERE tenant_id = :tenant"),
    ("secrets", "UPDATE connector_secrets SET ended_at = :now WHERE connector_id = :connector"),
    ("secrets", "UPDATE connector_secrets SET expires_at = :now WHERE connector_id = :connector"),
    *((name, "UPDATE grants SET revoked_at = :now WHERE tenant_id = :tenant") for name in _GRANTS),
    *((name, "UPDATE grants SET expires_at = :now WHERE tenant_id = :tenant") for name in _GRANTS),
    *((name, "UPDATE connectors SET deleted_at = :now WHERE tenant_id = :tenant") for name in _GRANTED),
    *(
        (name, "UPDATE users SET deleted_at = :now WHERE tenant_id = :tenant AND id = :ann")
        for name in ("connector's grants", "group's grants")
    ),
    ("user's accounts", "UPDATE managed_accounts SET deleted_at = :now WHERE tenant_id = :tenant"),
    ("user's accounts", "UPDATE enterprises SET unenrolled_at = :now WHERE tenant_id = :tenant"),
    ("links", "UPDATE group_invitations SET ended_at = :now WHERE tenant_id = :tenant"),
    ("links", "UPDATE group_invitations SET expires_at = :now WHERE tenant_id = :tenant"),
    *(
        (name, "UPDATE groups SET deleted_at = :now WHERE tenant_id = :tenant")
        for name in (
            "group's grants",
            "groups a user's grant reaches",
            "groups a group's grant reaches",
            "groups below",
            "groups above",
            "groups of an admin",
            "groups to tell of a user",
        )
    ),
    ("enterprises", "UPDATE enterprises SET unenrolled_at = :now WHERE tenant_id = :tenant"),
    ("enterprises' page", "UPDATE enterprises SET unenrolled_at = :now WHERE tenant_id = :tenant"),
    ("accounts", "UPDATE managed_accounts SET deleted_at = :now WHERE tenant_id = :tenant"),
    ("accounts by address", "UPDATE managed_accounts SET deleted_at = :now WHERE tenant_id = :tenant"),
    ("devices", "UPDATE devices SET removed_at = :now WHERE tenant_id = :tenant"),
    ("devices", "UPDATE devices SET provisioned_at = NULL WHERE tenant_id = :tenant"),
    ("unused tokens", "UPDATE device_tokens SET claimed_at = :now WHERE tenant_id = :tenant"),
    ("unused tokens", "UPDATE device_tokens SET revoked_at = :now WHERE tenant_id = :tenant"),
    ("unused tokens", "UPDATE device_tokens SET expires_at = :now WHERE tenant_id = :tenant"),
    ("sessions", "UPDATE sessions SET ended_at = :now WHERE tenant_id = :tenant"),
    ("sessions", "UPDATE sessions SET expires_at = :now WHERE tenant_id = :tenant"),
    ("roles", "UPDATE role_assignments SET expires_at = :now WHERE tenant_id = :tenant"),
    ("roles", "UPDATE users SET disabled_at = :now WHERE tenant_id = :tenant AND id = :ann"),
    ("roles", "UPDATE users SET deleted_at = :now WHERE tenant_id = :tenant AND id = :ann"),
    ("roles again some day", "UPDATE role_assignments SET expires_at = :now WHERE tenant_id = :tenant"),
    ("providers", "UPDATE identity_providers SET disabled_at = :now WHERE tenant_id = :tenant"),
    *(
        (name, f"UPDATE webhooks SET {column} = :now WHERE tenant_id = :tenant")
        for name in ("webhooks to tell", "webhooks to tell of a user")
        for column in ("deleted_at", "disabled_at", "expires_at")
    ),
    ("webhooks to tell", "UPDATE webhooks SET object_id = 'another' WHERE tenant_id = :tenant"),
    ("webhooks to tell of a user", "UPDATE webhooks SET object_id = 'another' WHERE tenant_id = :tenant"),
    ("webhooks to tell of a user", "UPDATE webhooks SET created_at = created_at + 1 WHERE tenant_id = :tenant"),
    ("groups to tell of a user", "UPDATE group_members SET role = 'subscriber' WHERE tenant_id = :tenant"),
    ("groups to tell of a user", "UPDATE group_members SET added_at = added_at + 1 WHERE tenant_id = :tenant"),
    ("groups to tell of a user", "UPDATE group_members SET added_at = added_at - 1 WHERE tenant_id = :tenant"),
    *((name, "UPDATE users SET user_type = 'guest' WHERE tenant_id = :tenant") for name in _USERS),
    *((name, "UPDATE users SET deleted_at = :now WHERE tenant_id = :tenant") for name in _USERS),
]


@pytest.fixture
async def family(store: Store, stage: Stage) -> Family:
    parent = await a_group(store, stage.tenant, admins=[stage.ann])
    await a_google_managed_account(store, stage.enterprise)
    async with store.write() as tx:
        await tx.run(
            "INSERT INTO group_links (tenant_id, parent_id, child_id, created_at) VALUES (:t, :parent, :child, 0)",
            t=stage.tenant.id,
            parent=parent,
            child=stage.group,
        )
        await tx.run(
            "UPDATE managed_accounts SET user_id = :ann WHERE tenant_id = :t AND id = :account",
            t=stage.tenant.id,
            ann=stage.ann.id,
            account=stage.account,
        )
        await assign_role(tx, OPERATOR, stage.tenant.id, stage.ann.id, RoleId.GLOBAL_READER, None, NOON)
    return Family(stage, parent)


@pytest.mark.parametrize("name", LISTS)
async def test_what_is_live_is_listed(store: Store, family: Family, name: str) -> None:
    async with store.read() as read:
        assert await LISTS[name](read, family.stage, family.parent)


async def test_a_disabled_tenant_is_listed_to_the_operator(store: Store, family: Family) -> None:
    async with store.write() as tx:
        await tx.run("UPDATE tenants SET disabled_at = :now", now=NOON)
        listed = await tenants.list_undeleted(tx, "", 99)
    assert (family.stage.tenant.id, NOON) in [(tenant.id, tenant.disabled_at) for tenant in listed]


@pytest.mark.parametrize("end", ["revoked_at = :now", "expires_at = :now"])
async def test_a_listed_connector_counts_its_live_tokens(store: Store, family: Family, end: str) -> None:
    stage = family.stage

    async def tokens() -> int:
        async with store.read() as read:
            listed = await connector_lists.list_by_name(read, stage.tenant.id, NOON, limit=9)
        return next(connector.tokens for connector in listed if connector.id == stage.connector.id)

    before = await tokens()
    grant = await a_grant(store, stage.connector, await a_user(store, stage.tenant))
    assert await tokens() == before + 1
    async with store.write() as tx:
        assert await tx.run(
            f"UPDATE grants SET {end} WHERE tenant_id = :t AND id = :id", t=stage.tenant.id, id=grant.id, now=NOON
        )
    assert await tokens() == before


async def test_a_public_connectors_last_use_is_that_of_tokens_that_are_not_revoked(store: Store) -> None:
    tenant = await a_tenant(store)
    connector = await a_connector(store, tenant, kind="public")
    kept, revoked = [await a_grant(store, connector, await a_user(store, tenant)) for _ in range(2)]
    used = "UPDATE refresh_tokens SET last_used_at = :at WHERE tenant_id = :t AND grant_id = :grant"
    async with store.write() as tx:
        for grant, at in ((kept, NOON), (revoked, NOON + 1)):
            await tx.run(used, t=tenant.id, grant=grant.id, at=at)
        [listed] = await connector_lists.list_by_name(tx, tenant.id, NOON, limit=9)
        assert listed.last_used_at == NOON + 1
        await tx.run("UPDATE grants SET revoked_at = 1 WHERE tenant_id = :t AND id = :id", t=tenant.id, id=revoked.id)
        [listed] = await connector_lists.list_by_name(tx, tenant.id, NOON, limit=9)
        assert listed.last_used_at == NOON


Page = Callable[[Read, Stage, str], Awaitable[Sequence[Any]]]

PAGES: dict[str, Page] = {
    "events": lambda read, s, after: audit_events.list_after(read, s.tenant.id, after, 2),
    "tenants": lambda read, s, after: tenants.list_undeleted(read, after, 2),
    "tenants' ids": lambda read, s, after: tenants.list_ids(read, after, 2),
    "grants": lambda read, s, after: grants.list_of_tenant(read, s.tenant.id, NOON, after, 2),
    "connector's grants": lambda read, s, after: grant_lists.list_live_of_connector(
        read, s.tenant.id, s.connector.id, NOON, after_id=after, limit=2
    ),
    "enterprises": lambda read, s, after: enterprises.list_of_tenant(read, s.tenant.id, after, 2),
    "enterprises' page": lambda read, s, after: device_lists.list_enterprises(
        read, s.tenant.id, after_id=after, limit=2
    ),
}


@pytest.mark.parametrize("name", PAGES)
async def test_pages_by_id_hold_every_row_once(store: Store, family: Family, name: str) -> None:
    stage = family.stage
    for _ in range(4):
        await an_enterprise(store, stage.tenant)
        await a_grant(store, stage.connector, await a_user(store, stage.tenant))
    seen: list[str] = []
    async with store.read() as read:
        while page := await PAGES[name](read, stage, seen[-1] if seen else ""):
            assert len(page) <= 2
            seen += [row if isinstance(row, str) else row.id for row in page]
            assert len(seen) < 200
    assert len(seen) >= 5
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(("name", "sql"), EMPTY)
async def test_what_has_ended_is_not(store: Store, family: Family, name: str, sql: str) -> None:
    names = family.stage.names()
    async with store.write() as tx:
        assert await tx.run(sql, **{word: value for word, value in names.items() if f":{word}" in sql})
        assert list(await LISTS[name](tx, family.stage, family.parent)) == []
