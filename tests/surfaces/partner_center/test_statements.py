"""What a request may cost: whether the caller may is asked once, whatever lies between the question and the change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tenantry.access.actions import Action, RoleId
from tenantry.access.decide import Permit
from tenantry.core.errors import Forbidden
from tenantry.directory import users
from tenantry.directory.user_properties import NewUser
from tenantry.store.engine.interface import Store
from tests.support.builders import a_user, as_user
from tests.support.clock import NOON
from tests.support.counting import CountingStore
from tests.support.partner_center import Stage, a_body, a_stage

REPEATABLE = {"MS-RequestId": "b12260fb-82de-4701-a25f-dcd367690645"}
CALLER, MAY = 1, 2
"""The grant behind the token; the relationships with a live customer, and the user's roles at home."""


@pytest.fixture
async def stage(store: Store) -> AsyncIterator[Stage]:
    made = await a_stage(CountingStore(store))
    yield made
    await made.client.aclose()
    await made.app.close()


async def cost_of(stage: Stage, method: str, url: str, **options: Any) -> int:
    """Statements, in transactions or not."""
    assert isinstance(stage.store, CountingStore)
    with stage.store.counting() as cost:
        answer = await stage.call(method, url, **options)
    assert answer.status_code in (200, 204), answer.text
    return cost.looks + cost.steps


@pytest.mark.parametrize(("headers", "of_repeating"), [({}, {0}), (REPEATABLE, {2, 3})], ids=["plain", "repeatable"])
async def test_a_user_is_created_with_one_decision_and_nothing_ended(
    stage: Stage, headers: dict[str, str], of_repeating: set[int]
) -> None:
    """The organisation's name (for the password), the domain, the user, the password, and an event of each.

    A request that may be repeated looks for its answer and keeps it; one of sixteen forgets old answers.
    """
    body = a_body(stage.customer, "dana")
    cost = await cost_of(stage, "POST", stage.users, json=body, headers=headers)
    assert cost - (CALLER + MAY + 6) in of_repeating


@pytest.mark.parametrize(
    ("method", "path", "body", "most"),
    [
        ("GET", lambda _: "", None, 1),
        ("GET", lambda user: f"/{user}", None, 1),
        ("PATCH", lambda user: f"/{user}", {"firstName": "Else"}, 3),
        ("DELETE", lambda user: f"/{user}", None, 13),  # one asks whether it is the last administrator
    ],
    ids=["list", "get", "update", "delete"],
)
async def test_the_other_requests_decide_once(
    stage: Stage, method: str, path: Callable[[str], str], body: dict[str, Any] | None, most: int
) -> None:
    user = (await stage.create("dana"))["id"]
    sent = {} if body is None else {"json": {**body, "attributes": {"objectType": "CustomerUser"}}}
    assert await cost_of(stage, method, stage.users + path(user), **sent) <= CALLER + MAY + most


async def test_a_password_is_reset_with_one_decision(stage: Stage) -> None:
    user = (await stage.create("dana"))["id"]
    body = {"passwordProfile": {"password": "wuLF74*z", "forceChangePassword": True}}
    body["attributes"] = {"objectType": "CustomerUser"}
    assert await cost_of(stage, "PATCH", f"{stage.users}/{user}", json=body) <= CALLER + MAY + 15


async def test_a_permit_for_something_else_permits_nothing(stage: Stage) -> None:
    """For another action, another tenant, another caller, or another moment, the question is asked."""
    nobody = await a_user(stage.store, stage.customer)
    admin = as_user(await a_user(stage.store, stage.customer, roles=[RoleId.USER_ADMINISTRATOR]))
    caller, here = as_user(nobody), stage.customer.id
    new_user = NewUser(user_principal_name=f"dana@{stage.customer.domain}", display_name="Dana")
    right = Permit(admin, Action.CREATE_USER, here, NOON)
    for permit in (
        right,
        right._replace(caller=caller, action=Action.READ_USER),
        right._replace(caller=caller, tenant_id=stage.partner.id),
        right._replace(caller=caller, now=NOON - 1),
    ):
        with pytest.raises(Forbidden):
            async with stage.store.write() as tx:
                await users.create_user(tx, caller, here, new_user, None, False, NOON, permitted=permit)
