"""A name that shows nothing, turns the text around it or commands a terminal is refused wherever a name is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tenantry.access.actions import Permission, RoleId
from tenantry.connectors.connectors import register_connector
from tenantry.core.clock import DAY
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import UserId, new_guid
from tenantry.core.names import find_problem
from tenantry.delegation.relationships import request_relationship
from tenantry.devices.enterprises import enroll_enterprise
from tenantry.devices.managed_accounts import AccountType, insert_account
from tenantry.devices.redeem import redeem_device_token
from tenantry.directory.groups import NewGroup, create_group, update_group
from tenantry.directory.identity_providers import NewProvider
from tenantry.directory.passkeys import RelyingParty, add_passkey
from tenantry.directory.tenants import create_tenant, update_tenant
from tenantry.directory.user_properties import NewUser, UserChanges
from tenantry.store.devices.devices import DeviceFacts
from tenantry.store.engine.interface import Store, Tx
from tests.support.builders import (
    DEVICE_LIMIT,
    HASHER,
    OPERATOR,
    SomeTenant,
    a_device_token,
    a_group,
    a_managed_account,
    a_tenant,
    a_user,
    an_enterprise,
)
from tests.support.clock import NOON

BAD = [
    *("\u200b", "\u3164", "\u2800", "\u202enimda", "a\u0085b", "\ufffe", "a\u2028b", "\x1b[2J", "Z" + "\u0310" * 9),
    *(
        "\u2067x\u2069",
        "a\u200eb",
        "\U000e0061dmin",
        "a\ufe0f\ufe0f",
        "\u115f",
        "\uffa0",
        "a\u2029b",
        "\u0378",
        "\ue000",
    ),
    *("\ufff9a\ufffab\ufffb", "a\U0001d173b", "a\ud800b", "\U0010ffff", "\U0001f3f4\U000e0067\U000e0062", "a\u00adb"),
    *("a\ufeffb", "\u2062", "\ue000"),
]
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


async def _relationship(tx: Tx, tenant: SomeTenant, name: str) -> object:
    partner_id = await create_tenant(tx, OPERATOR, name="Partner", initial_domain=f"{new_guid()}.example", now=NOON)
    return await request_relationship(
        tx,
        OPERATOR,
        customer_tenant_id=tenant.id,
        partner_tenant_id=partner_id,
        display_name=name,
        role_ids=[RoleId.GLOBAL_READER],
        expires_at=NOON + DAY,
        now=NOON,
    )


async def _passkey(tx: Tx, tenant: SomeTenant, name: str) -> object:
    party, user_id = RelyingParty("tenantry.test", "https://tenantry.test"), UserId(new_guid())
    try:
        await add_passkey(tx, HASHER, OPERATOR, party, tenant.id, user_id, answer="{}", name=name, now=NOON)
    except InvalidValue as error:
        if error.field != "answer":  # asked for after the name
            raise
    return None


async def _user(_tx: Tx, tenant: SomeTenant, name: str) -> object:
    return NewUser(user_principal_name=f"new@{tenant.domain}", display_name=name)


async def _given_name(_tx: Tx, _tenant: SomeTenant, name: str) -> object:
    return UserChanges(given_name=name)


async def _family_name(_tx: Tx, _tenant: SomeTenant, name: str) -> object:
    return UserChanges(family_name=name)


MAKERS: list[Maker] = [
    *(_group, _welcome, _description, _connector, _tenant, _renamed_tenant, _enterprise, _account, _provider),
    *(_user, _given_name, _family_name, _relationship, _passkey),
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


SAID = ("maker", "product", "device", "retail_brand", "dpc_package_name", "latest_build_fingerprint")


async def test_what_a_device_says_of_itself_is_shown_without_signs_that_command(store: Store) -> None:
    enterprise = await an_enterprise(store)
    for number, bad in enumerate(BAD):
        account_id = await a_managed_account(store, enterprise, f"user{number}")
        said: dict[str, Any] = dict.fromkeys(SAID, bad)
        await redeem_device_token(
            store,
            HASHER,
            token=await a_device_token(store, enterprise, account_id, now=NOON),
            facts=DeviceFacts(f"{number:x}", model=f"Pixel{bad}")._replace(**said),
            device_limit=DEVICE_LIMIT,
            origin=OPERATOR.origin,
            now=NOON,
        )
    async with store.read() as read:
        rows = await read.all(lambda *row: row, f"SELECT model, {', '.join(SAID)} FROM devices")
    assert len(rows) == len(BAD)
    for row in rows:
        assert row[0].startswith("Pixel")
        assert not any(find_problem(text) for text in row if text is not None), row
