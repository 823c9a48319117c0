"""What each surface says it does not offer, held against what it serves."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tenantry.app import App
from tenantry.store.engine.interface import Store
from tenantry.surfaces.android_enterprise import methods
from tenantry.surfaces.android_enterprise.coat import PLAY_EMM, ROOT
from tenantry.surfaces.kaizala import KAIZALA
from tenantry.surfaces.kaizala import not_offered as kaizala
from tenantry.surfaces.partner_center import not_offered as partner_center
from tenantry.surfaces.router import Routes
from tenantry.surfaces.shared.not_offered import ANY, Missing, NotOffered
from tests.completeness.sides import Auth, a_side, headers_for
from tests.support.app import an_app, client_for

SURFACES = {
    Auth.KAIZALA: kaizala.NOT_OFFERED,
    Auth.PARTNER_CENTER: partner_center.NOT_OFFERED,
    Auth.ANDROID_ENTERPRISE: methods.NOT_OFFERED,
}
OTHERS = [(Auth.ANDROID_ENTERPRISE, methods.MANAGEMENT)]
"""Vendors' other interfaces, beside those that are served in part."""


@pytest.fixture
async def app(store: Store) -> Any:
    made = await an_app(store)
    yield made
    await made.close()


def filled(path: str) -> str:
    """Something in place of each value."""
    return re.sub(r"\{[^}]*\}", "7", path).replace("/**", "/7")


def methods_of(operation: Missing) -> tuple[str, ...]:
    return ("GET", "POST", "PUT", "PATCH", "DELETE") if operation.method == ANY else (operation.method,)


@pytest.mark.parametrize("offered", SURFACES.values(), ids=list(SURFACES))
async def test_nothing_is_both_served_and_not_offered(app: App, offered: NotOffered) -> None:
    for route in app.routes():
        if route.path.startswith(offered.root):
            assert offered.find(route.method, filled(route.path)) is None, route.path


@pytest.mark.parametrize("offered", SURFACES.values(), ids=list(SURFACES))
def test_each_operation_is_found_by_its_own_path_or_by_one_before_it(offered: NotOffered) -> None:
    for operation in offered.operations:
        for method in methods_of(operation):
            found = offered.find(method, f"{offered.root}/{filled(operation.path)}")
            assert found is not None
            assert found.name == operation.name or offered.operations.index(found) < offered.operations.index(operation)


def test_every_method_of_the_play_emm_api_is_served_or_not_offered() -> None:
    served = {operation.name for operation in PLAY_EMM.operations if operation.path.startswith(ROOT)}
    missing = [method.id for method in methods.METHODS]
    assert len(missing) == len(set(missing))
    assert not served & set(missing)
    assert len(served) + len(missing) == 77


KAIZALA_ENDPOINTS = (
    *("POST v1/generatePin", "POST v1/loginWithPinAndApplicationId", "GET v1/accessToken", "POST api/oauth/token"),
    *("GET v1/users/me", "POST v1/groups", "GET v1/groups", "GET v1/groups/7"),
    *(
        "GET v1/groups/7/members",
        "PUT v1/groups/7/members",
        "PUT v1/groups/7/members/7",
        "DELETE v1/groups/7/members/7",
    ),
    *("GET v1/groups/7/subGroups", "POST v1/groups/7/subGroups", "PUT v1/groups/7/subGroups"),
    *("DELETE v1/groups/7/subGroups/7", "POST v1/groups/7/subscribers", "GET v1/groups/7/subscribers"),
    *("PUT v1/groups/7/subscribers/add", "PUT v1/groups/7/subscribers/remove", "POST v1/groups/7/messages"),
    *("POST v1/media", "POST v1/media/url", "POST v1/media/attachment", "POST v1/groups/7/media"),
    *("POST v1/groups/7/actions", "GET v1/groups/7/actions", "GET v1/groups/7/actions/7"),
    *("POST v1/groups/7/actions/7/responses", "POST v1/groups/7/actions/$actionId$/reminder"),
    *("POST v1/groups/7/reaction", "GET v1/groups/7/reaction/7/summary", "GET v1/groups/7/reaction/summary"),
    *("GET v1/groups/7/reaction/7", "POST v1/webhook", "GET v1/webhook", "PUT v1/webhook/7", "DELETE v1/webhook/7"),
    *("POST v1/bot", "GET v1/bot", "PUT v1/bot/7", "DELETE v1/bot/7", "GET v1/bot/accessToken/7"),
    *("POST v1/groups/7/bot", "GET v1/tenant/findGroupsByQuery"),
)
"""All of Kaizala's endpoints that any source shows, but for its page of consent."""


def test_every_endpoint_of_kaizala_is_served_or_not_offered() -> None:
    routes = Routes(KAIZALA)
    for endpoint in KAIZALA_ENDPOINTS:
        method, _, path = endpoint.partition(" ")
        path = KAIZALA.coat.spell(f"/kaizala/{path}")
        served = routes.find(method, path) is not None
        assert served != (kaizala.NOT_OFFERED.find(method, path) is not None), endpoint


async def test_what_is_not_offered_is_said_in_each_vendors_own_form(app: App, subtests: Any) -> None:
    """Never as gone, as a fault of the server, or as a page; with a token and without."""
    side = await a_side(app)
    async with client_for(app) as http:
        for auth, offered in [*SURFACES.items(), *OTHERS]:
            for operation in offered.operations:
                for headers in (headers_for(auth, side.tokens[auth]), {}):
                    path = f"{offered.root}/{filled(operation.path)}"
                    with subtests.test(msg=f"{operation.method} {path}"):
                        answer = await http.request(methods_of(operation)[0], path, headers=headers)
                        named, code = _read(auth, answer.status_code, answer.json())
                        assert operation.name in named or code == 900127
                        assert code in (900127, "NotSupported", "notSupported", "forbidden")


def _read(auth: Auth, status: int, body: Any) -> tuple[str, Any]:
    """What names the operation, and the vendor's code."""
    if auth is Auth.PARTNER_CENTER:
        assert status == 400
        return body["description"], body["code"]
    if auth is Auth.KAIZALA:
        assert status == 404
        assert set(body) == {"message", "errorCode", "errorCategoryKey"}
        return body["message"], body["errorCode"]
    [entry] = body["error"]["errors"]
    assert (status, body["error"]["status"]) in ((400, "FAILED_PRECONDITION"), (403, "PERMISSION_DENIED"))
    return body["error"]["message"], entry["reason"]
