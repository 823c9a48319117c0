"""What a request may not set it does not set, whatever else it holds: fields are read by their names, never in bulk."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.access.actions import Permission, RoleId
from tenantry.core.caller import Audience
from tenantry.core.ids import UserId
from tenantry.store.engine.interface import Store
from tests.support.app import an_app, client_for
from tests.support.builders import SomeTenant, a_connector, a_tenant, a_user
from tests.support.partner_center import a_body, a_stage, a_token
from tests.support.portal import Portal

FOREIGN = "00000000-0000-4000-8000-00000000beef"
EXTRA: dict[str, Any] = {
    **dict.fromkeys(("id", "tenantId", "tenant_id", "userId", "user_id", "created_by", "ownerId"), FOREIGN),
    **dict.fromkeys(("isAdmin", "is_admin", "isSynced", "mfa", "verified", "trusted"), True),
    **{name: [RoleId.GLOBAL_ADMINISTRATOR] for name in ("roles", "role_ids", "directoryRoles")},
    **dict.fromkeys(("created_at", "createdAt", "deleted_at", "disabled_at", "verified_at", "must_change"), 0),
    "role": "admin",
    "role_id": str(RoleId.GLOBAL_ADMINISTRATOR),
    "state": "active",
    "reach": "tenant",
    "softDeletionTime": "2020-01-01T00:00:00Z",
    "userDomainType": "federated",
    "permissions": "tenant_data",
}


async def _rows(store: Store, tenant: SomeTenant, *tables: str) -> dict[str, int]:
    found = {}
    async with store.read() as read:
        for table in tables:
            sql = f"SELECT COUNT(*) FROM {table} WHERE tenant_id = :tenant_id"
            found[table] = await read.one_or_none(int, sql, tenant_id=tenant.id) or 0
    return found


async def test_a_user_made_by_a_partner_is_what_the_partner_may_make_and_nothing_more(store: Store) -> None:
    stage = await a_stage(store)
    before = await _rows(store, stage.customer, "role_assignments")
    body = a_body(stage.customer, "ann", **{name: value for name, value in EXTRA.items() if name != "attributes"})
    answer = await stage.call("POST", stage.users, json=body)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert made["id"] != FOREIGN
    assert (made["state"], made["softDeletionTime"], made["userDomainType"]) == ("active", None, "none")
    changed = await stage.call("PATCH", f"{stage.users}/{made['id']}", json={**EXTRA, "displayName": "Ann B"})
    assert changed.status_code in (200, 400)
    assert (await stage.call("GET", f"{stage.users}/{made['id']}")).json()["id"] == made["id"]
    assert await _rows(store, stage.customer, "role_assignments") == before
    await stage.client.aclose()
    await stage.app.close()


async def test_a_group_made_over_the_api_is_of_the_tenant_and_the_user_of_the_token(store: Store) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    user = await a_user(store, tenant)
    app = await an_app(store)
    permissions = [Permission.GROUP_INFORMATION, Permission.GROUP_MEMBERS]
    connector = await a_connector(store, tenant)
    token = await a_token(app, store, connector, user, audience=Audience.KAIZALA, permissions=permissions)
    async with client_for(app) as client:
        body = {**EXTRA, "tenantId": other.id, "name": "Crew", "welcomeMessage": "x", "members": []}
        answer = await client.post("/kaizala/v1/groups", json=body, headers={"accessToken": token})
        assert answer.status_code == 200, answer.text
        assert answer.json()["groupId"] != FOREIGN
    assert await _rows(store, tenant, "groups", "role_assignments") == {"groups": 1, "role_assignments": 0}
    assert await _rows(store, other, "groups", "role_assignments") == {"groups": 0, "role_assignments": 0}
    await app.close()


@pytest.mark.parametrize("path", ["/groups/new", "/phones", "/password", "/connectors/new"])
async def test_a_form_of_the_portal_sets_what_its_page_asks_for(portal: Portal, path: str) -> None:
    """A member fills in a form of its own and adds everything that anybody's form or table has."""
    store = portal.app.deps.store
    mia = await portal.visit(portal.mia)
    await mia.open(path)
    extra = {name: str(value) for name, value in EXTRA.items() if name not in ("permissions", "reach")}
    sent = await mia.send(path, name="Something new", tenant=portal.otto.tenant_id, **extra)
    assert sent.status_code < 500
    async with store.read() as read:
        roles = await read.all(UserId, "SELECT user_id FROM role_assignments")
        owners = await read.all(str, "SELECT created_by FROM connectors WHERE created_by IS NOT NULL")
        foreign = await read.all(str, "SELECT name FROM groups WHERE tenant_id = :id", id=portal.otto.tenant_id)
    assert sorted(roles) == sorted([portal.dana.id, portal.otto.id])
    assert set(owners) <= {portal.mia.id}
    assert foreign == []
