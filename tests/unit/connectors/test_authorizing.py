"""Consent by an authorization code: who may give it, and for which connectors."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tenantry.access.actions import Permission
from tenantry.connectors.authorizing import authorize
from tenantry.connectors.connectors import deactivate_connector
from tenantry.core.caller import Caller
from tenantry.core.clock import MINUTE
from tenantry.core.errors import AppOnlyRefused, FailedPrecondition, Forbidden, MfaRequired, NotFound
from tenantry.store.engine.interface import Store
from tenantry.tokens.authorization_codes import CodeTerms
from tests.support.builders import (
    HASHER,
    OPERATOR,
    SomeConnector,
    a_connector,
    a_relationship,
    a_tenant,
    a_user,
    as_user,
)
from tests.support.clock import NOON
from tests.support.trail import types_of


async def consent(
    store: Store,
    caller: Caller,
    connector: SomeConnector,
    permissions: tuple[Permission, ...] = (Permission.GROUP_MEMBERS,),
) -> str:
    async with store.write() as tx:
        return await authorize(
            tx,
            caller,
            HASHER,
            tenant_id=connector.tenant_id,
            terms=CodeTerms(
                connector_id=connector.id,
                redirect_uri="https://app.example/",
                permissions=permissions,
                nonce=None,
                sign_in=None,
                code_challenge=None,
            ),
            lifetime=5 * MINUTE,
            now=NOON,
        )


async def test_a_user_of_the_tenant_consents_in_the_portal_and_no_app_does_it_for_the_user(store: Store) -> None:
    tenant = await a_tenant(store)
    user, connector = as_user(await a_user(store, tenant)), await a_connector(store, tenant)
    assert (await consent(store, user, connector)).startswith("tny_ac_")
    app = replace(user, connector_id=connector.id, permissions=frozenset(Permission))
    with pytest.raises(Forbidden):
        await consent(store, app, connector)
    assert (await types_of(store, tenant.id)).count("authorization_code.issued") == 1


async def test_a_partners_user_consents_to_nothing_in_a_customer(store: Store) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)
    connector, pat = await a_connector(store, customer), as_user(await a_user(store, partner))
    with pytest.raises(NotFound):
        await consent(store, pat, connector)
    await a_relationship(store, partner, customer)
    with pytest.raises(Forbidden):
        await consent(store, pat, connector)
    assert "authorization_code.issued" not in await types_of(store, customer.id)


async def test_a_deactivated_connector_and_a_weak_sign_in_get_no_code(store: Store) -> None:
    tenant = await a_tenant(store)
    user, connector = as_user(await a_user(store, tenant)), await a_connector(store, tenant)
    with pytest.raises(MfaRequired):
        await consent(store, replace(user, amr=frozenset({"pwd"})), connector, (Permission.PARTNER_CENTER,))
    with pytest.raises(AppOnlyRefused):
        await consent(store, replace(user, user_id=None), connector)
    async with store.write() as tx:
        await deactivate_connector(tx, OPERATOR, tenant.id, connector.id, NOON)
    with pytest.raises(FailedPrecondition):
        await consent(store, user, connector)
