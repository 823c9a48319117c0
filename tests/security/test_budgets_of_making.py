"""A script in a member's name does not fill tables and trail: what anybody may make has a budget."""

from __future__ import annotations

import pytest

from tenantry.access.actions import RULES, Action, RoleId
from tenantry.access.doors import DOORS
from tenantry.core.caller import Audience, Reach
from tenantry.core.clock import HOUR
from tenantry.store.engine.interface import Store
from tenantry.surfaces.portal.frame.guard import cookie_name
from tenantry.surfaces.shared import budgets
from tests.support.app import an_app, client_for
from tests.support.builders import a_user
from tests.support.kaizala import a_world
from tests.support.portal import Visitor, a_portal, sign_in

BODY = {"name": "Another", "welcomeMessage": "Hi"}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "PER_HOUR", dict.fromkeys(budgets.PER_HOUR, 3))
    monkeypatch.setattr(budgets, "TENANT", 3)


@pytest.mark.usefixtures("small")
async def test_one_members_app_makes_so_many_groups_an_hour_and_takes_nothing_from_others(store: Store) -> None:
    world = await a_world(store, rate_limits="on")
    bob, anna = await world.token(world.bob), await world.token(world.anna)
    boss = await world.token(world.boss, Reach.TENANT)

    async def make(headers: dict[str, str], times: int) -> list[int]:
        return [
            (await world.client.post("/kaizala/v1/groups", json=BODY, headers=headers)).status_code
            for _ in range(times)
        ]

    assert await make(bob, 5) == [200, 200, 200, 429, 429]
    refused = await world.client.post("/kaizala/v1/groups", json=BODY, headers=bob)
    assert (refused.json()["errorCode"], int(refused.headers["retry-after"]) > 0) == ("TooManyRequests", True)
    assert (await world.client.get("/kaizala/v1/groups", headers=bob)).status_code == 200
    assert await make(anna, 1) == [200]
    assert await make(boss, 6) == [200, 200, 200, 200, 200, 429]  # the tenant's nine
    world.clock.advance(HOUR)
    bob = await world.token(world.bob)
    assert await make(bob, 1) == [200]
    await world.client.aclose()
    await world.app.close()


@pytest.mark.usefixtures("small")
async def test_one_member_sends_so_many_forms_of_a_kind_an_hour_in_the_portal(store: Store) -> None:
    app = await an_app(store, rate_limits="on")
    portal = await a_portal(app)
    mia, erik = await portal.visit(portal.mia), await portal.visit(portal.erik)
    sent = []
    for number in range(5):
        await mia.open("/groups/new")
        sent.append(await mia.send("/groups/new", name=f"Group {number}", welcome_message="Hi", group_type="group"))
    assert [answer.status_code for answer in sent] == [303, 303, 303, 429, 429]
    assert int(sent[-1].headers["retry-after"]) > 0
    await erik.open("/groups/new")
    assert (await erik.send("/groups/new", name="Mine", welcome_message="", group_type="group")).status_code == 303
    for http in portal.visitors:
        await http.aclose()
    await app.close()


@pytest.mark.usefixtures("small")
async def test_members_together_leave_a_part_of_the_tenants_budget_to_administrators(store: Store) -> None:
    world = await a_world(store, rate_limits="on")
    made = []
    for who in (world.bob, world.anna, await a_user(store, world.tenant)):
        token = await world.token(who)
        made += [
            (await world.client.post("/kaizala/v1/groups", json=BODY, headers=token)).status_code for _ in range(3)
        ]
    assert made == [200] * 6 + [429] * 3
    boss = await world.token(world.boss, Reach.TENANT)
    assert (await world.client.post("/kaizala/v1/groups", json=BODY, headers=boss)).status_code == 200
    await world.client.aclose()
    await world.app.close()


@pytest.mark.usefixtures("small")
async def test_a_role_that_lets_change_nothing_has_a_members_budget_and_one_on_all_surfaces(store: Store) -> None:
    world = await a_world(store, rate_limits="on")
    reader = await a_user(store, world.tenant, roles=[RoleId.DIRECTORY_READERS])
    http = client_for(world.app)
    http.cookies.set(cookie_name(world.app.deps.settings), await sign_in(world.app, reader))
    visitor, sent = Visitor(http), []
    for number in range(4):
        await visitor.open("/groups/new")
        made = await visitor.send("/groups/new", name=f"Group {number}", welcome_message="Hi", group_type="group")
        sent.append(made.status_code)
    assert sent == [303, 303, 303, 429]
    token = await world.token(reader)
    assert (await world.client.post("/kaizala/v1/groups", json=BODY, headers=token)).status_code == 429
    await http.aclose()
    await world.client.aclose()
    await world.app.close()


def test_what_every_member_may_make_or_change_has_a_budget() -> None:
    reading = ("list", "read", "see", "find")
    own = {Action.MANAGE_OWN_SIGN_IN}  # limits of its own, by factor
    open_to_all = {
        action
        for action, rule in RULES.items()
        if not rule.roles and action.value.split(".")[1].split("_")[0] not in reading
    }
    served_to_apps = {action for audience in set(DOORS) - {Audience.PORTAL} for action in DOORS[audience].opens}
    portal = open_to_all - served_to_apps - own
    assert portal <= budgets.PER_HOUR.keys()
