"""Blocking and unblocking: one user, several, and who may not."""

from __future__ import annotations

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.errors import FailedPrecondition
from tenantry.directory.blocking import block_user
from tenantry.directory.users import delete_user
from tests.support.builders import OPERATOR, PASSWORD, SomeUser, a_tenant, a_user, as_user
from tests.support.clock import NOON
from tests.support.portal import Portal
from tests.support.trail import types_of


async def _signs_in(portal: Portal, user: SomeUser) -> bool:
    nobody = await portal.visit(None)
    await nobody.open("/sign-in")
    answer = await nobody.send("/sign-in", name=user.user_principal_name, password=PASSWORD)
    return answer.status_code == 303


async def test_a_blocked_user_is_signed_out_and_refused_until_unblocked(portal: Portal) -> None:
    theirs, visitor = await portal.visit(portal.mia), await portal.visit(portal.dana)
    assert (await theirs.open("/")).status_code == 200
    page = f"/users/{portal.mia.id}"
    assert f'href="{page}/block"' in (await visitor.open(page)).text
    await visitor.open(f"{page}/block")
    assert "Signed out of every browser" in visitor.text
    assert (await visitor.send(f"{page}/block")).headers["location"] == page
    assert (await theirs.open("/")).headers["location"].startswith("/sign-in")
    assert not await _signs_in(portal, portal.mia)
    await visitor.open(page)
    assert "The user is refused everywhere" in visitor.text
    await visitor.open("/users?q=mia")
    assert "blocked" in visitor.text
    await visitor.open(f"{page}/unblock")
    assert "Tokens that were revoked stay revoked" in visitor.text
    assert (await visitor.send(f"{page}/unblock")).headers["location"] == page
    assert (await theirs.open("/")).headers["location"].startswith("/sign-in"), "the old session stays ended"
    assert await _signs_in(portal, portal.mia)
    assert [each for each in await types_of(portal.app.deps.store, portal.tenant.id) if "block" in each] == [
        "user.blocked",
        "user.unblocked",
    ]


async def test_blocking_twice_says_so_and_changes_nothing(sqlite_portal: Portal) -> None:
    portal = sqlite_portal
    visitor = await portal.visit(portal.dana)
    path = f"/users/{portal.mia.id}/block"
    await visitor.open(path)
    await visitor.send(path)
    await visitor.open(path)
    answer = await visitor.send(path)
    assert answer.status_code == 422
    assert "blocked already" in visitor.text


async def test_several_are_blocked_at_once_and_those_who_cannot_be_are_named(portal: Portal) -> None:
    store = portal.app.deps.store
    more = await a_user(store, portal.tenant, name="gwen", roles=[RoleId.PRIVILEGED_ROLE_ADMINISTRATOR])
    helper = await a_user(store, portal.tenant, name="hugo", roles=[RoleId.USER_ADMINISTRATOR])
    visitor = await portal.visit(helper)
    await visitor.open("/users")
    assert 'formaction="/users/unblock"' in visitor.page.text
    chosen = "&".join(f"user={user.id}" for user in (portal.mia, portal.erik, more, helper))
    await visitor.open(f"/users/block?{chosen}&user=no-such-user")
    assert "Block 4 users" in visitor.text
    await visitor.send(f"/users/block?{chosen}")
    assert "2 users were blocked" in visitor.text
    assert "2 were left as they were" in visitor.text
    assert "Gwen" in visitor.text
    assert not await _signs_in(portal, portal.mia)
    assert not await _signs_in(portal, portal.erik)
    assert await _signs_in(portal, more)
    await visitor.open(f"/users/unblock?user={portal.mia.id}&user={portal.erik.id}")
    assert (await visitor.send(f"/users/unblock?user={portal.mia.id}&user={portal.erik.id}")).status_code == 303
    assert await _signs_in(portal, portal.mia)


async def test_choosing_nobody_leads_back_to_the_list(sqlite_portal: Portal) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    for query in ("", "?user=", "?user=x"):
        assert (await visitor.open(f"/users/block{query}")).headers["location"] == "/users"


@pytest.mark.parametrize("role", [RoleId.USER_ADMINISTRATOR, RoleId.DIRECTORY_WRITERS, None])
async def test_who_administers_less_blocks_no_administrator(sqlite_portal: Portal, role: RoleId | None) -> None:
    portal = sqlite_portal
    store, tenant = portal.app.deps.store, portal.tenant
    visitor = await portal.visit(await a_user(store, tenant, roles=[role] if role else []))
    path = f"/users/{portal.dana.id}/block"
    if role is not None:
        assert path not in (await visitor.open(f"/users/{portal.dana.id}")).text
    assert (await visitor.open(path)).status_code == 403
    await visitor.open("/phones")
    assert (await visitor.send(path, form_id="x")).status_code == 403
    assert await _signs_in(portal, portal.dana)


async def test_the_last_global_administrator_and_oneself_cannot_be_blocked(portal: Portal) -> None:
    store, tenant, role = portal.app.deps.store, portal.tenant, RoleId.GLOBAL_ADMINISTRATOR
    other = await a_user(store, tenant, roles=[role])
    helper = await a_user(store, tenant, roles=[RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR])
    async with store.write() as tx:
        with pytest.raises(FailedPrecondition, match="This is you"):
            await block_user(tx, as_user(portal.dana), tenant.id, portal.dana.id, NOON)
        await block_user(tx, as_user(helper), tenant.id, other.id, NOON)
        with pytest.raises(FailedPrecondition, match="last Global Administrator"):
            await block_user(tx, as_user(helper), tenant.id, portal.dana.id, NOON)
    assert await _signs_in(portal, portal.dana)


async def test_the_list_shows_who_is_blocked(portal: Portal) -> None:
    store, tenant = portal.app.deps.store, portal.tenant
    deleted, other = await a_user(store, tenant, name="gone"), await a_user(store, await a_tenant(store), name="far")
    async with store.write() as tx:
        for user in (portal.mia, deleted, other):
            await block_user(tx, OPERATOR, user.tenant_id, user.id, NOON)
        await delete_user(tx, OPERATOR, tenant.id, deleted.id, NOON)
    visitor = await portal.visit(portal.dana)
    page = (await visitor.open("/users?show=blocked")).text
    assert f"/users/{portal.mia.id}" in page
    for user in (portal.dana, portal.erik, deleted, other):
        assert f"/users/{user.id}" not in page
    assert f"/users/{portal.mia.id}" in (await visitor.open("/users?show=blocked&q=mi")).text
    assert "Nobody found" in (await visitor.open("/users?show=blocked&q=dana")).text
    assert 'formaction="/users/unblock"' in page
