"""Whoever takes a role from an administrator, or blocks or deletes one, is told what acts on without that person.

An app with roles of its own, of which the person has the secret, an app to which others gave tokens, a webhook that
sends all that happens to an address of the person's: none of them ends with the account.
"""

from __future__ import annotations

import pytest

from tenantry.access.actions import Permission, RoleId
from tenantry.connectors.connectors import register_connector
from tenantry.core.clock import DAY
from tenantry.core.ids import ConnectorId
from tenantry.directory.connector_roles import give_connector_role
from tests.support.builders import HASHER, OPERATOR, SomeConnector, SomeTenant, SomeUser, a_grant, a_user, a_webhook
from tests.support.builders import as_user as by
from tests.support.clock import NOON
from tests.support.portal import Portal

PAGES = {
    "role": "/users/{id}/roles/" + RoleId.GLOBAL_ADMINISTRATOR + "/remove",
    "block": "/users/{id}/block",
    "deletion": "/users/{id}/delete",
    "blast radius": "/blast-radius/user/{id}",
}


async def _app(portal: Portal, owner: SomeUser, name: str, *, role_until: int | None = 0) -> SomeConnector:
    """Registered by the owner; `role_until` 0: without a role, None: with one that lasts."""
    async with portal.app.deps.store.write() as tx:
        made = await register_connector(
            tx, by(owner), HASHER, tenant_id=owner.tenant_id, name=name, permissions=[Permission.ACTIONS], now=NOON
        )
        app = SomeConnector(ConnectorId(made.connector_id), owner.tenant_id, made.client_secret or "")
        if role_until != 0:
            role = RoleId.DIRECTORY_READERS
            await give_connector_role(tx, OPERATOR, owner.tenant_id, app.id, role, role_until, NOON - 2 * DAY)
    return app


async def _a_leaver(portal: Portal, tenant: SomeTenant, name: str) -> SomeUser:
    return await a_user(portal.app.deps.store, tenant, name=name, roles=[RoleId.GLOBAL_ADMINISTRATOR])


@pytest.mark.parametrize("page", PAGES)
async def test_nobody_takes_rights_from_an_administrator_without_reading_what_acts_on(
    portal: Portal, page: str
) -> None:
    store = portal.app.deps.store
    mal = await _a_leaver(portal, portal.tenant, "mal")
    await _app(portal, mal, "Left alone", role_until=None)
    await a_grant(store, await _app(portal, mal, "Trusted by others"), portal.mia, permissions=[Permission.ACTIONS])
    await a_grant(store, await _app(portal, mal, "Of his own"), mal, permissions=[Permission.ACTIONS])
    await _app(portal, mal, "Ended by now", role_until=NOON - DAY)
    await _app(portal, mal, "Idle")
    await a_webhook(store, portal.tenant, None, by=by(mal))
    await a_webhook(store, portal.tenant, None)
    text = (await (await portal.visit(portal.dana)).open(PAGES[page].format(id=mal.id))).text
    assert "Left alone goes on. It holds roles itself" in text
    assert "Trusted by others goes on with 1 token of others" in text
    assert "1 webhook that Mal registered by hand goes on" in text
    for gone in ("Of his own goes on", "Ended by now goes on", "Idle goes on"):
        assert gone not in text


@pytest.mark.parametrize("page", PAGES)
async def test_what_somebody_else_left_is_not_told_of(portal: Portal, page: str) -> None:
    mal, twin = await _a_leaver(portal, portal.tenant, "mal"), await _a_leaver(portal, portal.tenant, "twin")
    await _app(portal, twin, "Of the twin", role_until=None)
    await a_webhook(portal.app.deps.store, portal.tenant, None, by=by(twin))
    answer = await (await portal.visit(portal.dana)).open(PAGES[page].format(id=mal.id))
    assert answer.status_code == 200
    assert "Of the twin" not in answer.text
    assert "registered by hand goes on" not in answer.text
