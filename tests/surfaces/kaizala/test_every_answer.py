"""What every answer of the surface has, whichever operation it is of, or none."""

from __future__ import annotations

import pytest

from tenantry.store import Store
from tests.support.kaizala import World, a_world

GROUPS = "/kaizala/v1/groups"
LONG = "y" * 9_000
ASKED = [
    ("GET", GROUPS, {}),
    ("HEAD", GROUPS, {}),
    ("OPTIONS", GROUPS, {}),
    ("DELETE", GROUPS, {}),
    ("GET", GROUPS, {"x": LONG}),
    ("GET", "/kaizala/v1/accessToken", {}),
    ("GET", "/KAIZALA//v1/accesstoken/", {}),
    ("POST", "/kaizala/api/oauth/token", {}),
    ("POST", "/kaizala/v1/generatePin", {}),
    ("GET", "/kaizala/v1/media", {}),
    ("GET", "/kaizala/v1/nothing", {}),
]
"""Each refused, but for OPTIONS."""


@pytest.mark.parametrize(("method", "path", "headers"), ASKED)
async def test_pages_of_other_origins_may_read_it_as_the_settings_say(
    store: Store, method: str, path: str, headers: dict[str, str]
) -> None:
    ours, theirs = "https://app.example", "https://evil.example"
    for allowed, origin, said in (
        (["*"], theirs, "*"),
        ([ours], ours, ours),
        ([ours], theirs, None),
        (["*"], None, None),
    ):
        world = await a_world(store, cors_origins=allowed)
        sent = {**headers, **({"origin": origin} if origin else {})}
        answer = await world.client.request(method, path, headers=sent)
        assert answer.headers.get("access-control-allow-origin") == said
        assert answer.headers["vary"] == "Origin"
        assert ("access-control-expose-headers" in answer.headers) == (origin is not None)
        assert answer.headers["x-correlation-id"]
        await world.client.aclose()
        await world.app.close()


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"access-control-request-method": "PUT"}, 200),
        ({"access-control-request-method": "GET", "access-control-request-headers": "accessToken, Content-Type"}, 200),
        ({"access-control-request-method": "PATCH"}, 400),
        ({"access-control-request-method": "GET", "access-control-request-headers": "x-other"}, 400),
    ],
)
@pytest.mark.parametrize("path", [GROUPS, "/kaizala/v1/accessToken", "/kaizala/v1/nothing"])
async def test_a_browser_that_asks_first_learns_what_it_may_send(
    world: World, path: str, asked: dict[str, str], status: int
) -> None:
    answer = await world.client.options(path, headers={"origin": "https://app.example", **asked})
    assert answer.status_code == status
    assert answer.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE"
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_whoever_tries_pins_is_counted_whatever_the_body_is(limited_world: World) -> None:
    for _ in range(10):
        assert (await limited_world.client.post("/kaizala/v1/generatePin", content=b"{")).status_code == 400
    for path in ("generatePin", "loginWithPinAndApplicationId"):
        answer = await limited_world.client.post(f"/kaizala/v1/{path}", content=b"{" + b" " * 50_000)
        assert answer.status_code == 429  # before anything of it is read


async def test_the_head_of_what_is_not_offered_does_not_say_that_it_is_gone(world: World) -> None:
    for path in ("/kaizala/v1/bot", f"{GROUPS}/{world.group}/subGroups", f"{GROUPS}/{world.group}/actions"):
        got, head = await world.client.get(path), await world.client.head(path)
        assert got.json()["errorCode"] == "NotSupported"
        assert (head.status_code, head.headers["content-length"]) == (404, got.headers["content-length"])


async def test_a_list_of_subscribers_may_be_asked_for_without_a_body_and_nothing_else_may(world: World) -> None:
    headers = await world.token(world.anna)
    body = {"name": "Broadcast", "welcomeMessage": "x", "groupType": "Group"}
    assert (await world.client.post(GROUPS, json=body, headers=headers)).status_code == 200
    for blank in (b"", b" \n"):
        listed = await world.client.post(f"{GROUPS}/{world.group}/subscribers", content=blank, headers=headers)
        assert "JSON" not in listed.json()["message"]  # the group has none, which is another matter
        made = await world.client.post(GROUPS, content=blank, headers=headers)
        assert made.status_code == 400
        assert "JSON" in made.json()["message"]


@pytest.mark.parametrize("query", ["?fetchAllGroups=", "?FETCHALLGROUPS=False&showDetails=0", "?another=x"])
async def test_a_flag_of_a_query_that_says_nothing_is_not_set(world: World, query: str) -> None:
    headers = await world.token(world.anna)
    (group,) = (await world.client.get(GROUPS + query, headers=headers)).json()["groups"]
    assert not {"subGroups", "welcomeMessage"} & set(group)
