"""The roles of an app in the portal: given, shown where people's are, taken away."""

from __future__ import annotations

from tenantry.access.actions import RoleId
from tests.support.builders import a_connector
from tests.support.portal import Portal


async def test_a_role_is_given_to_an_app_shown_with_its_holders_and_taken_away(portal: Portal) -> None:
    app = await a_connector(portal.app.deps.store, portal.tenant, name="Sync")
    visitor, path = await portal.visit(portal.dana), f"/connectors/{app.id}"
    await visitor.open(f"{path}/roles")
    assert (await visitor.send(f"{path}/roles", role_id="no-such-role")).status_code == 422
    given = await visitor.send(f"{path}/roles", role_id=RoleId.DIRECTORY_READERS, expires_at="2026-06-30")
    assert given.headers["location"] == f"{path}#roles"
    assert "Directory Readers" in (await visitor.open(path)).text
    await visitor.open(f"/users?role={RoleId.DIRECTORY_READERS}")
    assert "Connectors that hold the role themselves: Sync" in visitor.text
    remove = f"{path}/roles/{RoleId.DIRECTORY_READERS}/remove"
    await visitor.open(remove)
    assert "What it does in the name of users goes on" in visitor.text
    assert (await visitor.send(remove)).status_code == 303
    assert (await visitor.open(remove)).status_code == 404


async def test_who_gives_no_roles_gives_none_to_an_app_and_a_public_app_gets_none(portal: Portal) -> None:
    store = portal.app.deps.store
    app, public = await a_connector(store, portal.tenant), await a_connector(store, portal.tenant, kind="public")
    mia, dana = await portal.visit(portal.mia), await portal.visit(portal.dana)
    assert "/roles" not in (await mia.open(f"/connectors/{app.id}")).text
    assert (await mia.open(f"/connectors/{app.id}/roles")).status_code == 403
    await mia.open("/phones")
    assert (await mia.send(f"/connectors/{app.id}/roles", role_id=RoleId.DIRECTORY_READERS)).status_code == 403
    assert (await dana.open(f"/connectors/{public.id}/roles")).status_code == 404
    assert f"/connectors/{public.id}/roles" not in (await dana.open(f"/connectors/{public.id}")).text
