"""Walk the routes of the running app: each has an action with a rule, somebody who may not, and input it refuses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tenantry.access.actions import PUBLIC, RULES
from tenantry.app import App
from tenantry.store.engine.interface import Store
from tests.completeness.cases import ANSWERS_EVERYONE_ALIKE, CASES, NOTHING_TO_REFUSE, Call, Case
from tests.completeness.sides import Auth, Side, a_side, headers_for, is_error_body, is_page
from tests.support.app import an_app, client_for
from tests.support.receiver import a_receiver

SECRET_MARKS = ("tny_", "Traceback", "SELECT ", "sqlite", "asyncpg")


@pytest.fixture
async def app(store: Store) -> AsyncIterator[App]:
    app = await an_app(store, outgoing_private_addresses=True)
    yield app
    await app.close()


async def send(http: httpx.AsyncClient, case: Case, call: Call, side: Side, token: str | None) -> httpx.Response:
    """The case's own request, with what the call replaces."""
    body = case.body if call.body is None else call.body
    headers = {**case.headers, **call.headers}
    if token is not None and "accessToken" not in headers:
        headers |= headers_for(case.auth, token)
    content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    if content is not None and len(content) < 100_000:
        content = fill(content.decode("utf-8", "surrogateescape"), side).encode("utf-8", "surrogateescape")
    if content is not None:
        headers.setdefault("Content-Type", "application/json")
    return await http.request(
        case.method,
        fill(call.url or case.url, side),
        content=content,
        headers=[(name.encode(), fill(value, side).encode("latin-1")) for name, value in headers.items()],
    )


def fill(text: str, side: Side) -> str:
    for name, value in side.names.items():
        text = text.replace("{" + name + "}", value)
    return text


def refused_properly(case: Case, answer: httpx.Response) -> str | None:
    """What is wrong with a refusal, if anything."""
    if not 400 <= answer.status_code < 500:
        return f"answered {answer.status_code}: {answer.text[:200]}"
    if not is_error_body(case.url, answer):
        return f"not the surface's error form: {answer.text[:200]}"
    leaked = [mark for mark in SECRET_MARKS if mark in answer.text]
    return f"shows {leaked}: {answer.text[:300]}" if leaked else None


async def test_every_route_names_an_action_that_has_a_rule(app: App) -> None:
    missing = [
        (route.method, route.path)
        for route in app.routes()
        if route.action is None or (route.action not in RULES and route.action not in PUBLIC)
    ]
    assert missing == []


async def test_every_route_has_its_case_and_no_case_outlives_its_route(app: App) -> None:
    """The pages of the portal are walked in test_portal_routes.py: they need no cases."""
    routes = {(route.method, route.path) for route in app.routes() if not is_page(route)}
    assert routes - CASES.keys() - NOTHING_TO_REFUSE == set()
    assert (CASES.keys() | NOTHING_TO_REFUSE) - routes == set()
    for key, case in CASES.items():
        assert case.bad, f"{key} has no bad input"
        assert case.auth is not Auth.NONE or case.refused or key in ANSWERS_EVERYONE_ALIKE, f"{key} refuses nobody"


async def test_the_lists_of_exceptions_only_shrink(app: App) -> None:
    assert len(NOTHING_TO_REFUSE) <= 8
    assert len(ANSWERS_EVERYONE_ALIKE) <= 3
    public = {(route.method, route.path) for route in app.routes() if route.action in PUBLIC}
    assert public >= NOTHING_TO_REFUSE


async def test_nobody_may_without_a_token_without_the_permission_or_from_another_tenant(
    app: App, store: Store, subtests: Any
) -> None:
    home, away = await a_side(app), await a_side(app)
    actions = {(route.method, route.path): route.action for route in app.routes()}
    before = await home.rows(store)
    async with client_for(app) as http:
        for key, case in CASES.items():
            if case.auth is Auth.NONE:
                continue
            with subtests.test(msg=f"{key} without a token"):
                answer = await send(http, case, Call(), home, None)
                assert answer.status_code == 401
                assert refused_properly(case, answer) is None
            with subtests.test(msg=f"{key} without the permission"):
                answer = await send(http, case, Call(), home, home.powerless[case.auth])
                assert answer.status_code in (403, 404)
                assert refused_properly(case, answer) is None
                assert any(f'"{actions[key]}"' in data for data in await home.denials(store))
            with subtests.test(msg=f"{key} from another tenant"):
                answer = await send(http, case, Call(), home, away.tokens[case.auth])
                if case.own:
                    assert not [name for name in ("group", "user", "phone") if home.names[name] in answer.text]
                else:
                    assert answer.status_code == 404
                    assert refused_properly(case, answer) is None
    assert await home.rows(store) == before


async def test_no_secret_that_is_not_good_enough_is_taken(app: App, store: Store, subtests: Any) -> None:
    home = await a_side(app)
    before = await home.rows(store)
    async with client_for(app) as http:
        for key, case in CASES.items():
            answers = set()
            for number, call in enumerate(case.refused):
                with subtests.test(msg=f"{key} refusal {number}"):
                    answer = await send(http, case, call, home, None)
                    assert refused_properly(case, answer) is None
                    answers.add(answer.status_code)
    assert await home.rows(store) == before


async def test_every_route_refuses_bad_input_in_its_surfaces_words(app: App, store: Store, subtests: Any) -> None:
    home = await a_side(app)
    before = await home.rows(store)
    async with client_for(app) as http:
        for key, case in CASES.items():
            for number, call in enumerate(case.bad):
                with subtests.test(msg=f"{key} bad input {number}"):
                    answer = await send(http, case, call, home, home.tokens.get(case.auth))
                    assert refused_properly(case, answer) is None
    assert await home.rows(store) == before


async def test_what_a_case_calls_right_is_answered_well(app: App, subtests: Any) -> None:
    """Otherwise a refusal would prove nothing."""
    async with a_receiver() as receiver, client_for(app) as http:
        for key, case in CASES.items():
            if case.auth is Auth.NONE and key[1] not in ("/kaizala/v1/accessToken", "/device/v1/provision"):
                continue
            with subtests.test(msg=f"{key}"):
                home = await a_side(app, receiver=receiver.url)
                answer = await send(http, case, Call(), home, home.tokens.get(case.auth))
                assert answer.is_success, answer.text
