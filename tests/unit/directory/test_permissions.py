"""What asks first, and what it leaves in the trail: roles, identity providers, one's own phone and password, groups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from tenantry.access.actions import Permission, RoleId
from tenantry.core.caller import Caller
from tenantry.core.clock import MINUTE
from tenantry.core.errors import Forbidden
from tenantry.directory.group_links import link_group, unlink_group
from tenantry.directory.identity_providers import NewProvider, add_identity_provider, remove_identity_provider
from tenantry.directory.own_password import replace_own_password
from tenantry.directory.own_phones import claim_registration, remove_own_phone, request_registration_pin
from tenantry.directory.phones import user_or_guest_of
from tenantry.directory.pins import PinRules
from tenantry.directory.roles import assign_role, remove_role
from tenantry.store.engine.interface import Store, Tx
from tests.support.builders import (
    HASHER,
    KEY,
    OPERATOR,
    SomeUser,
    a_connector,
    a_group,
    a_tenant,
    a_user,
    as_user,
)
from tests.support.clock import NOON
from tests.support.trail import types_of

NUMBER = "+12065557777"
RULES = PinRules(lifetime=5 * MINUTE, tries=3, sends_per_hour=1)
SISTER = NewProvider(name="Sister", issuer="https://sister.example", client_id="us", client_secret="secret")
READER = RoleId.GLOBAL_READER

Deed = Callable[[Tx, Caller, SomeUser], Awaitable[object]]

OF_ADMINISTRATORS: dict[str, Deed] = {
    "assign role": lambda tx, by, u: assign_role(tx, by, u.tenant_id, u.id, READER, None, NOON),
    "remove role": lambda tx, by, u: remove_role(tx, by, u.tenant_id, u.id, READER, NOON),
    "add provider": lambda tx, by, u: add_identity_provider(tx, KEY, by, u.tenant_id, SISTER, NOON),
    "remove provider": lambda tx, by, u: remove_identity_provider(tx, by, u.tenant_id, "p", NOON),
}
OF_ONESELF: dict[str, Deed] = {
    "ask for a PIN": lambda tx, by, u: request_registration_pin(tx, by, HASHER, "", NUMBER, RULES, NOON),
    "register a phone": lambda tx, by, u: claim_registration(tx, by, HASHER, "", NUMBER, "123456", NOON),
    "give a phone up": lambda tx, by, u: remove_own_phone(tx, by, "", NUMBER, NOON),
}


@pytest.mark.parametrize("deed", OF_ADMINISTRATORS)
async def test_without_a_role_nobody_administers(store: Store, deed: str) -> None:
    user = await a_user(store, await a_tenant(store))
    before = await types_of(store, user.tenant_id)
    async with store.write() as tx:
        with pytest.raises(Forbidden):
            await OF_ADMINISTRATORS[deed](tx, as_user(user), user)
    assert await types_of(store, user.tenant_id) == before


@pytest.mark.parametrize("deed", OF_ONESELF)
async def test_an_app_does_not_change_how_its_user_signs_in(store: Store, deed: str) -> None:
    tenant = await a_tenant(store)
    user, connector = await a_user(store, tenant, phone=NUMBER), await a_connector(store, tenant)
    app = replace(as_user(user), connector_id=connector.id, permissions=frozenset(Permission))
    before = await types_of(store, tenant.id)
    async with store.write() as tx:
        with pytest.raises(Forbidden):
            await OF_ONESELF[deed](tx, app, user)
    assert await types_of(store, tenant.id) == before


async def test_what_was_done_is_in_the_trail(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    parent, child = await a_group(store, tenant, admins=[user]), await a_group(store, tenant, admins=[user])
    before = len(await types_of(store, tenant.id))
    async with store.write() as tx:
        provider_id = await add_identity_provider(tx, KEY, OPERATOR, tenant.id, SISTER, NOON)
        await remove_identity_provider(tx, OPERATOR, tenant.id, provider_id, NOON)
        await replace_own_password(tx, as_user(user), "hash", NOON)
        await link_group(tx, as_user(user), tenant.id, parent, child, NOON)
        await unlink_group(tx, as_user(user), tenant.id, parent, child, NOON)
        await user_or_guest_of(tx, OPERATOR, tenant.id, NUMBER, NOON)
    told = [event for event in (await types_of(store, tenant.id))[before:] if event != "session.all_ended"]
    assert told == [
        "identity_provider.added",
        "identity_provider.removed",
        "password.set",
        "group.linked",
        "group.unlinked",
        "user.created",
    ]
