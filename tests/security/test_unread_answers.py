"""Whoever stops reading a long answer is cut off in time, and its place is free for others."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message

from tenantry.core.caller import Audience, Caller, CallerKind, Origin
from tenantry.core.errors import RateLimited
from tenantry.core.ids import CorrelationId, TenantId, UserId
from tenantry.surfaces.shared import long_answers
from tenantry.surfaces.shared.coding import inflating
from tenantry.surfaces.shared.long_answers import OF_CALLER, OF_TENANT, LongAnswer, LongAnswers, Place
from tests.support.builders import a_connector, a_grant, an_access_token
from tests.support.portal import Portal

TENANT = TenantId("t")
CALLER = Caller(CallerKind.USER, Origin(CorrelationId("c"), ""), tenant_id=TENANT, user_id=UserId("u"))


async def test_who_does_not_read_is_cut_off_and_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_answers, "READING_SECONDS", 0.05)
    answers, ended = LongAnswers(), []

    async def parts() -> AsyncIterator[str]:
        try:
            while True:
                yield "a line\r\n"
        finally:
            ended.append(True)

    def begin() -> LongAnswer:
        with answers.begin(CALLER, TENANT) as place:
            return place.answer(parts(), "text/csv", {})

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()  # the reader's window is full, and stays so

    under_way = [begin() for _ in range(OF_CALLER)]
    with pytest.raises(RateLimited):
        begin()
    for answer in under_way:
        sending = asyncio.create_task(answer({"type": "http", "path": "/users.csv"}, receive, send))
        assert (await asyncio.wait([sending], timeout=10))[0], "it is still waited for"
        with pytest.raises(TimeoutError):
            await sending
    assert ended == [True] * OF_CALLER
    assert answers.count == 0


def test_a_tenant_has_so_many_long_answers_whoever_asks_and_takes_none_from_another() -> None:
    answers, other = LongAnswers(), TenantId("other")

    def begin(user: str, tenant_id: TenantId = TENANT) -> Place:
        caller = Caller(CallerKind.USER, CALLER.origin, tenant_id=tenant_id, user_id=UserId(user))
        return answers.begin(caller, tenant_id)

    places = [begin(f"user {number}") for number in range(OF_TENANT)]
    with pytest.raises(RateLimited):
        begin("another")
    for _ in range(OF_CALLER):
        begin("theirs", other)
    places[0].free()
    begin("another")


@pytest.mark.parametrize("body", [b"", gzip.compress(b""), gzip.compress(b"a=b")], ids=["none", "empty", "a form"])
async def test_whoever_packs_a_body_does_not_keep_the_server_from_hearing_that_it_went_away(body: bytes) -> None:
    """A long answer asks until it hears that: being told of the body's end again and again, it held everybody up."""
    came: list[Message] = [{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return came.pop(0)

    inflated = inflating(b"gzip", receive)
    assert (await inflated())["more_body"] is False
    assert (await inflated())["type"] == "http.disconnect"


LONG = (
    "/users.csv",
    "/audit/export?format=csv",
    "/audit/export?format=jsonl",
    "/groups/GROUP/members.csv",
    "/users/import/x/failed.csv",
)
LONG_OF_APPS = ("/kaizala/v1/groups", "/kaizala/v1/groups/GROUP/members")


async def test_no_long_answer_is_given_without_a_place(portal: Portal) -> None:
    deps, tenant, group = portal.app.deps, portal.tenant, str(portal.group)
    visitor = await portal.visit(portal.dana)
    connector = await a_connector(deps.store, tenant)
    grant = await a_grant(deps.store, connector, portal.erik)
    token = an_access_token(portal.app, connector, Audience.KAIZALA, user=portal.erik, grant=grant)
    for is_free in (True, False):
        if not is_free:
            for number in range(OF_TENANT):
                caller = Caller(CallerKind.USER, CALLER.origin, tenant_id=tenant.id, user_id=UserId(f"u{number}"))
                deps.long_answers.begin(caller, tenant.id)
        for path in LONG:
            page = await visitor.open(path.replace("GROUP", group))
            assert page.status_code == ((404 if "import" in path else 200) if is_free else 429), path
            assert is_free or "retry-after" in page.headers
        for path in LONG_OF_APPS:
            answer = await visitor.http.get(path.replace("GROUP", group), headers={"accessToken": token})
            assert answer.status_code == (200 if is_free else 429), path
