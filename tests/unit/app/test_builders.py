"""The tests' own builders, and the story they exist for: what they make works over HTTP."""

from __future__ import annotations

from tenantry.access.actions import RoleId
from tenantry.core.caller import Reach
from tenantry.store.engine.interface import Store
from tests.support.app import an_app, client_for
from tests.support.builders import (
    a_connector,
    a_grant,
    a_group,
    a_relationship,
    a_tenant,
    a_user,
    an_enterprise,
)


async def test_what_the_builders_make_works_over_http(store: Store) -> None:
    partner, customer = await a_tenant(store), await a_tenant(store)
    admin = await a_user(store, customer, phone=True, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    group_id = await a_group(store, customer, admins=[admin], members=[await a_user(store, customer)])
    sub_group_id = await a_group(store, customer, admins=[admin], parent_id=group_id)
    connector = await a_connector(store, customer)
    grant = await a_grant(store, connector, admin, reach=Reach.GROUP, group_id=group_id)
    await a_relationship(store, partner, customer)
    await an_enterprise(store, customer, partner)
    secrets = {
        "applicationId": connector.id,
        "applicationSecret": connector.secret,
        "refreshToken": grant.refresh_token,
    }
    async with client_for(await an_app(store)) as client:
        token = (await client.get("/kaizala/v1/accessToken", headers=secrets)).json()["accessToken"]
        groups = (await client.get("/kaizala/v1/groups", headers={"accessToken": token})).json()["groups"]
    assert {group["groupId"] for group in groups} == {group_id, sub_group_id}
