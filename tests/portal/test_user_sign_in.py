"""When people signed in, who holds a role, and what is taken from their sign-in: by themselves or an administrator."""

from __future__ import annotations

import re

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.clock import DAY, HOUR
from tenantry.directory.roles import assign_role
from tenantry.directory.second_factors import use_phone
from tenantry.store.users import users
from tests.support.builders import (
    HASHER,
    OPERATOR,
    PASSWORD,
    SomeUser,
    a_managed_account,
    a_user,
    an_enterprise,
)
from tests.support.clock import NOON
from tests.support.portal import Portal
from tests.support.queries import counted_queries

NUMBER = "+12065557781"
READERS = RoleId.DIRECTORY_READERS


async def prove_by_phone(portal: Portal, user: SomeUser, number: str = NUMBER) -> None:
    async with portal.app.deps.store.write() as tx:
        await use_phone(tx, HASHER, OPERATOR, user.tenant_id, user.id, number, NOON)


async def a_colleague(portal: Portal, *, factor: bool = False) -> SomeUser:
    user = await a_user(portal.app.deps.store, portal.tenant, name="nora", phone=NUMBER)
    if factor:
        await prove_by_phone(portal, user)
    return user


async def test_the_last_sign_in_is_shown_once_there_was_one(portal: Portal) -> None:
    visitor, nora = await portal.visit(portal.dana), await a_colleague(portal)
    row = re.compile(rf'href="/users/{nora.id}".*?</tr>', re.DOTALL)
    found = row.search((await visitor.open("/users?q=nora")).text)
    assert found is not None
    assert "never" in found[0]
    assert "never" in (await visitor.open(f"/users/{nora.id}")).text
    nobody = await portal.visit(None)
    await nobody.open("/sign-in")
    await nobody.send("/sign-in", name=nora.user_principal_name, password="wrong")
    async with portal.app.deps.store.read() as read:
        assert await users.find_last_sign_in(read, portal.tenant.id, nora.id) is None
    await nobody.open("/sign-in")
    await nobody.send("/sign-in", name=nora.user_principal_name, password=PASSWORD)
    portal.app.deps.clock.advance(3 * HOUR)  # type: ignore[attr-defined]
    found = row.search((await visitor.open("/users?q=nora")).text)
    assert found is not None
    assert "3 hours ago" in found[0]
    await visitor.open(f"/users/{nora.id}")
    assert "Last sign-in 3 hours ago" in visitor.text


async def test_who_has_not_proven_the_second_step_has_not_signed_in(portal: Portal) -> None:
    nora = await a_colleague(portal, factor=True)
    nobody = await portal.visit(None)
    await nobody.open("/sign-in")
    asked = await nobody.send("/sign-in", name=nora.user_principal_name, password=PASSWORD)
    assert asked.headers["location"] == "/second-factor"
    async with portal.app.deps.store.read() as read:
        assert await users.find_last_sign_in(read, portal.tenant.id, nora.id) is None


async def test_the_holders_of_a_role_are_listed_searched_and_paged_by_key(portal: Portal) -> None:
    store, tenant = portal.app.deps.store, portal.tenant
    for number in range(60):
        await a_user(store, tenant, name=f"kim{number:02}", roles=[READERS])
    past, gone = (
        await a_user(store, tenant, name="kimpast"),
        await a_user(store, tenant, name="kimgone", roles=[READERS]),
    )
    async with store.write() as tx:
        await assign_role(tx, OPERATOR, tenant.id, past.id, READERS, NOON + 1, NOON)
        await users.soft_delete(tx, tenant.id, gone.id, NOON)
        kim = await users.find_by_name(tx, tenant.id, f"kim07@{tenant.domain}")
        assert kim is not None
        await users.update(tx, tenant.id, kim.id, display_name="Aaron", now=NOON)
    portal.app.deps.clock.advance(DAY)  # type: ignore[attr-defined]
    visitor = await portal.visit(portal.dana)
    names: list[str] = []
    address = f"/users?role={READERS}&q=kim"
    while address:
        page = await visitor.open(address)
        assert f'<option value="{READERS}" selected' in page.text
        names += re.findall(r'class="name" href="[^"]+">([^<]+)<', page.text)
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(names) == len(set(names)) == 60
    assert names == sorted(names)
    assert names[0] == "Aaron", "found by the sign-in name, and listed by the other"
    assert "Dana" in (await visitor.open(f"/users?role={RoleId.GLOBAL_ADMINISTRATOR}")).text
    assert visitor.page.text.count('class="name"') == 1
    await visitor.open(f"/users?role={RoleId.LICENSE_ADMINISTRATOR}")
    assert "Nobody holds this role" in visitor.text
    assert (await visitor.open("/users?role=no-such-role")).text.count('class="name"') == 50


async def test_who_holds_a_role_is_found_by_the_role_and_not_by_looking_at_every_user(sqlite_portal: Portal) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    with counted_queries(sqlite_portal.app.deps.store) as queries:
        await visitor.open(f"/users?role={READERS}")
    (sql,) = [each for each in queries if "role_assignments h" in each]
    values = dict.fromkeys(re.findall(r":(\w+)", sql), "") | {"now": 1, "limit": 1}
    async with sqlite_portal.app.deps.store.read() as read:
        plan = await read.all(lambda *row: str(row[3]), f"EXPLAIN QUERY PLAN {sql}", **values)
    assert any("ix_role_assignments_role (tenant_id=? AND role_id=?)" in step for step in plan), plan
    looked_up = [step for step in plan if step.startswith(("SEARCH n ", "SEARCH u "))]
    assert len(looked_up) == 2, plan
    assert all("(tenant_id=? AND id=?)" in step for step in looked_up), plan


async def test_people_remove_their_own_number_on_a_page_that_says_what_ends(portal: Portal) -> None:
    nora = await a_colleague(portal, factor=True)
    visitor = await portal.visit(nora)
    await visitor.open("/phones")
    path = "/phones/%2B12065557781/remove"
    assert path in visitor.page.text
    await visitor.open(path)
    assert "only second step: from now on your password alone" in visitor.text
    assert "recovery codes go" in visitor.text
    done = await visitor.send(path)
    assert done.headers["location"] == "/phones?done=removed"
    await visitor.open("/phones?done=removed")
    assert "The number is removed." in visitor.text
    assert NUMBER not in visitor.page.text
    assert (await visitor.open(path)).status_code == 404


async def test_a_session_that_has_not_proven_the_second_step_cannot_take_it_away(portal: Portal) -> None:
    nora = await a_colleague(portal, factor=True)
    visitor = await portal.visit(nora, "pwd")
    path = "/phones/%2B12065557781/remove"
    await visitor.open("/phones")
    for answer in (await visitor.open(path), await visitor.send(path)):
        assert answer.status_code in (303, 403)
        assert "/phones?done" not in answer.headers.get("location", "")
    await visitor.open("/phones")
    assert NUMBER in visitor.page.text
    await visitor.send(path, form_id="x")
    await visitor.open("/phones")
    assert NUMBER in visitor.page.text


async def test_another_persons_number_is_no_page_of_ones_own(portal: Portal) -> None:
    await a_colleague(portal)
    visitor = await portal.visit(portal.mia)
    path = "/phones/%2B12065557781/remove"
    assert (await visitor.open(path)).status_code == 404
    await visitor.open("/phones")
    assert (await visitor.send(path, form_id="x")).status_code == 404


async def test_an_administrator_resets_the_second_steps_of_who_lost_them(portal: Portal) -> None:
    nora = await a_colleague(portal, factor=True)
    theirs, visitor = await portal.visit(nora), await portal.visit(portal.dana)
    assert (await theirs.open("/phones")).status_code == 200
    await visitor.open(f"/users/{nora.id}")
    assert "PINs by phone, recovery codes" in visitor.text
    path = f"/users/{nora.id}/second-factors/reset"
    page = await visitor.open(path)
    assert "These are gone: PINs by phone" in visitor.text
    assert (await visitor.send(path)).headers["location"] == f"/users/{nora.id}"
    visitor.page = page
    assert (await visitor.send(path)).status_code == 409
    assert (await theirs.open("/phones")).status_code == 303
    await visitor.open(f"/users/{nora.id}")
    assert "asks for an enrolment code" in visitor.text
    assert path not in visitor.page.text
    assert (await visitor.open(path)).status_code == 409
    nobody = await portal.visit(None)
    await nobody.open("/sign-in")
    asked = await nobody.send("/sign-in", name=nora.user_principal_name, password=PASSWORD)
    assert asked.headers["location"] == "/second-factor", "the password alone is not enough, now as before"


async def test_an_administrator_removes_a_number_of_a_user(portal: Portal) -> None:
    nora, visitor = await a_colleague(portal), await portal.visit(portal.dana)
    path = f"/users/{nora.id}/phones/%2B12065557781/remove"
    assert path in (await visitor.open(f"/users/{nora.id}")).text
    await visitor.open(path)
    assert "second step" not in visitor.text
    assert (await visitor.send(path)).headers["location"] == f"/users/{nora.id}"
    assert NUMBER not in (await visitor.open(f"/users/{nora.id}")).text
    assert (await visitor.open(path)).status_code == 404


async def test_ones_own_are_changed_on_ones_own_pages(portal: Portal) -> None:
    dana = await a_user(portal.app.deps.store, portal.tenant, phone=NUMBER, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    await prove_by_phone(portal, dana)
    visitor = await portal.visit(dana)
    page = await visitor.open(f"/users/{dana.id}")
    assert "/second-factors/reset" not in page.text
    assert 'href="/phones/%2B12065557781/remove"' in page.text
    for path in (f"/users/{dana.id}/second-factors/reset", f"/users/{dana.id}/phones/%2B12065557781/remove"):
        assert (await visitor.open(path)).status_code == 409
        assert "These are your own" in visitor.text
        await visitor.open("/phones")
        assert (await visitor.send(path, form_id=path)).status_code == 409
    await visitor.open("/phones")
    assert NUMBER in visitor.page.text


@pytest.mark.parametrize("role", [RoleId.USER_ADMINISTRATOR, RoleId.DIRECTORY_WRITERS])
async def test_who_may_not_is_shown_no_way_and_refused(sqlite_portal: Portal, role: RoleId) -> None:
    """A Directory Writer may not at all, a User Administrator not to who is more."""
    portal = sqlite_portal
    visitor = await portal.visit(await a_user(portal.app.deps.store, portal.tenant, roles=[role]))
    more = await a_user(portal.app.deps.store, portal.tenant, phone=NUMBER, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    await prove_by_phone(portal, more)
    page = await visitor.open(f"/users/{more.id}")
    assert "/second-factors/reset" not in page.text
    for path in (f"/users/{more.id}/second-factors/reset", f"/users/{more.id}/phones/%2B12065557781/remove"):
        assert (await visitor.open(path)).status_code == 403
        await visitor.open("/phones")
        assert (await visitor.send(path, form_id=path)).status_code == 403


async def test_a_users_work_account_leads_to_its_devices(portal: Portal) -> None:
    store = portal.app.deps.store
    enterprise = await an_enterprise(store, portal.tenant, portal.tenant)
    nora = await a_colleague(portal)
    account_id = await a_managed_account(store, enterprise, "asset-1")
    async with store.write() as tx:
        await tx.run(
            "UPDATE managed_accounts SET user_id = :user_id WHERE tenant_id = :tenant_id AND id = :id",
            tenant_id=portal.tenant.id,
            user_id=nora.id,
            id=account_id,
        )
    visitor = await portal.visit(portal.dana)
    page = await visitor.open(f"/users/{nora.id}")
    link = re.search(r'href="(/devices/[^"]+)"', page.text)
    assert link is not None
    assert (await visitor.open(link[1])).status_code == 200
    limited = await portal.visit(await a_user(store, portal.tenant, roles=[RoleId.USER_ADMINISTRATOR]))
    assert "/devices/" not in (await limited.open(f"/users/{nora.id}")).text
