"""A consent page must say whom one trusts, and nobody registers more, or under another's name, than is theirs to."""

from __future__ import annotations

import pytest

from tenantry.access.actions import Permission, RoleId
from tenantry.connectors.connectors import register_connector
from tenantry.connectors.registrants import imitated
from tenantry.core.errors import Forbidden, InvalidValue
from tenantry.core.ids import ConnectorId
from tenantry.directory.policies import Policies, Whom, change_policies
from tenantry.store.engine.interface import Store
from tests.support.builders import HASHER, OPERATOR, SomeTenant, SomeUser, a_tenant, a_user, as_user
from tests.support.clock import NOON
from tests.support.portal import Portal

GROUPS = Permission.GROUP_INFORMATION


async def _register(
    store: Store, tenant: SomeTenant, user: SomeUser, name: str = "Shift bot", *permissions: Permission
) -> ConnectorId:
    async with store.write() as tx:
        made = await register_connector(
            tx,
            as_user(user),
            HASHER,
            tenant_id=tenant.id,
            name=name,
            permissions=permissions or [GROUPS],
            redirect_uris=["https://app.example/cb"],
            now=NOON,
        )
    return made.connector_id


async def test_the_consent_page_says_who_registered_the_app_and_that_nobody_verified_it(portal: Portal) -> None:
    made = await _register(portal.app.deps.store, portal.tenant, portal.erik)
    visitor = await portal.visit(portal.mia)
    await visitor.open(f"/oauth2/authorize?response_type=code&client_id={made}")
    assert f"({portal.erik.user_principal_name})" in visitor.text
    assert "Its name was verified by nobody" in visitor.text


async def test_no_token_is_given_on_a_page_that_does_not_say_who_registered_the_app(portal: Portal) -> None:
    made = await _register(portal.app.deps.store, portal.tenant, portal.erik)
    dana = await portal.visit(portal.dana)
    for path in (f"/connectors/{made}/user-token", f"/groups/{portal.group}/connectors?connector_id={made}"):
        await dana.open(path)
        assert f"({portal.erik.user_principal_name}). Its name was verified by nobody." in dana.text


@pytest.mark.parametrize(
    "name",
    [
        "Microsoft Partner Center",
        "M1cr0soft",
        "MicrosoftLogin",
        "Micr\u043es\u043eft Login",
        "G o o g l e",
        "Tenantry",
        "Goögle",
        "M\u00edcr\u00f3s\u00f6ft",
        "Mi.cro.soft",
        "Micros\u03bfft",
        "\u0262oogle",
    ],
)
async def test_a_plain_member_imitates_no_vendor(store: Store, name: str) -> None:
    tenant = await a_tenant(store)
    member = await a_user(store, tenant)
    with pytest.raises(InvalidValue) as refused:
        await _register(store, tenant, member, name)
    assert refused.value.field == "name"


@pytest.mark.parametrize(
    "name",
    [
        "Shift bot",
        "Payroll sync",
        "Metadata mover",
        "Central kitchen",
        "San Francisco",
        "Pineapple",
        "Kiosk 7",
        "Zoomer's rota",
    ],
)
def test_an_ordinary_name_imitates_nobody(name: str) -> None:
    assert imitated(name) is None


async def test_where_administrators_register_connectors_nobody_else_does(store: Store) -> None:
    tenant = await a_tenant(store)
    member, admin = await a_user(store, tenant), await a_user(store, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    async with store.write() as tx:
        await change_policies(tx, OPERATOR, tenant.id, Policies(connector_registration=Whom.ADMINISTRATORS), NOON)
    with pytest.raises(Forbidden):
        await _register(store, tenant, member)
    assert await _register(store, tenant, admin)
