"""A name that shows nothing, turns the text around it or commands a terminal is refused wherever a name is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tenantry.access.actions import Permission
from tenantry.connectors.connectors import register_connector
from tenantry.core.errors import InvalidValue
from tenantry.devices.enterprises import enroll_enterprise
from tenantry.devices.managed_accounts import AccountType, insert_account
from tenantry.directory.groups import NewGroup, create_group, update_group
from tenantry.directory.identity_providers import NewProvider
from tenantry.directory.tenants import create_tenant, update_tenant
from tenantry.directory.user_properties import NewUser, UserChanges
from tenantry.store.engine import Store, Tx
from tests.support.builders import HASHER, OPERATOR, SomeTenant, a_group, a_tenant, a_user
from tests.support.clock import NOON

BAD = ["\u200b", "\u3164", "\u2800", "\u202enimda", "a\u0085b", "\ufffe", "a\u2028b", "\x1b[2J", "Z" + "\u0310" * 9]
Maker = Callable[[Tx, SomeTenant, str], Awaitable[object]]


async def _group(tx: Tx, tenant: SomeTenant, name: str) -> object:
    return await create_group(tx, OPERATOR, tenant.id, NewGroup(name=name), NOON)


async def _welcome(tx: Tx, tenant: SomeTenant, name: str) -> object:
    return await create_group(tx, OPERATOR, tenant.id, NewGroup(name="Staff", welcome_message=name), NOON)


async def _description(tx: Tx, tenant: SomeTenant, name: str) -> object:
    return await create_group(tx, OPERATOR, tenant.id, NewGroup(name="Staff", long_description=name), NOON)


async def _connector(tx: Tx, tenant: SomeTenant, name: str) -> object:
    return await register_connector(
        tx, OPERATOR, HASHER, tenant_id=tenant.id, name=name, permissions=[Permission.ACTIONS], now=NOON
    )


async def _tenant(tx: Tx, _tenant: SomeTenant, name: str) -> object:
    return await create_tenant(tx, OPERATOR, name=name, initial_domain="new.example", now=NOON)


async def _renamed_tenant(tx: Tx, tenant: SomeTenant, name: str) -> object:
    await update_tenant(tx, OPERATOR, tenant.id, name=name, country=None, now=NOON)
    return None


async def _enterprise(tx: Tx, tenant: SomeTenant, name: str) -> object:
    return await enroll_enterprise(tx, OPERATOR, tenant_id=tenant.id, emm_tenant_id=tenant.id, name=name, now=NOON)


async def _account(tx: Tx, tenant: SomeTenant, name: str) -> object:
    enterprise_id = await enroll_enterprise(
        tx, OPERATOR, tenant_id=tenant.id, emm_tenant_id=tenant.id, name="EMM", now=NOON
    )
    return await insert_account(
        tx,
        OPERATOR,
        enterprise_id,
        account_identifier="1",
        account_type=AccountType.USER_ACCOUNT,
        display_name=name,
        now=NOON,
    )


async def _provider(_tx: Tx, _tenant: SomeTenant, name: str) -> object:
    return NewProvider(name=name, issuer="https://login.example", client_id="a", client_secret="b")


async def _user(_tx: Tx, tenant: SomeTenant, name: str) -> object:
    return NewUser(user_principal_name=f"new@{tenant.domain}", display_name=name)


async def _given_name(_tx: Tx, _tenant: SomeTenant, name: str) -> object:
    return UserChanges(given_name=name)


async def _family_name(_tx: Tx, _tenant: SomeTenant, name: str) -> object:
    return UserChanges(family_name=name)


MAKERS: list[Maker] = [
    *(_group, _welcome, _description, _connector, _tenant, _renamed_tenant, _enterprise, _account, _provider),
    *(_user, _given_name, _family_name),
]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__.strip("_"))
async def test_a_name_that_shows_nothing_or_commands_is_refused_wherever_one_is_made(store: Store, make: Maker) -> None:
    tenant = await a_tenant(store)
    for bad in BAD:
        with pytest.raises(InvalidValue) as refused:
            async with store.write() as tx:
                await make(tx, tenant, bad)
        assert refused.value.field, bad
        assert refused.value.public.isascii()
    async with store.write() as tx:
        await make(tx, tenant, "\u5c71\u7530 \u592a\u90ce \U0001f469\u200d\U0001f467")


async def test_a_group_cannot_be_renamed_to_nothing(store: Store) -> None:
    tenant = await a_tenant(store)
    group = await a_group(store, tenant, admins=[await a_user(store, tenant)])
    for bad in BAD:
        with pytest.raises(InvalidValue):
            async with store.write() as tx:
                await update_group(tx, OPERATOR, tenant.id, group, name=bad, welcome_message="", now=NOON)
