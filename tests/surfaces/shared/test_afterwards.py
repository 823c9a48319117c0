"""What an operation leaves to do when its answer has been sent, and answers that are sent in parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from msgspec import Struct

from tenantry.access.actions import Action
from tenantry.app import App
from tenantry.core.caller import Caller, CallerKind
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import TenantId, UserId
from tenantry.store import open_store
from tenantry.surfaces.kaizala.coat import KAIZALA
from tenantry.surfaces.kaizala.wire import whole_or_stream
from tenantry.surfaces.operation import Ask, operations
from tenantry.surfaces.shared.long_answers import Stream
from tests.support.app import an_app

TENANT = TenantId("t")


class Some(Struct):
    """A list."""

    things: list[int]


class Place:
    """An app with operations of this test, and what a client of it sees, in the order in which it happens."""

    app: App

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.fails = False
        self.pages = 4
        self.wait: Callable[[], Any] | None = None

    async def ask(self, method: str, path: str, *headers: tuple[bytes, bytes]) -> None:
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"a.example"), *headers],
            "client": ("192.0.2.1", 1),
        }
        sent = [{"type": "http.request", "body": b"x", "more_body": False}]

        async def receive() -> Any:
            return sent.pop(0) if sent else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                lengths = [value for name, value in message["headers"] if name == b"content-length"]
                self.seen.append(f"{message['status']} {lengths[0].decode() if lengths else 'without length'}")
            elif not message.get("more_body"):
                self.seen.append(f"{message.get('body', b'').decode()}.")
            else:
                self.seen.append(message["body"].decode())

        await self.app(scope, receive, send)


def declare(place: Place) -> None:
    op = operations(KAIZALA, "/kaizala/test")

    async def work() -> None:
        place.seen.append("worked")
        if place.wait is not None:
            await place.wait()
        if place.fails:
            raise RuntimeError("no gateway")

    @op("leave", "GET", "/leave", Action.READ_PUBLIC, source="this test")
    async def leave(ask: Ask) -> Some:
        """Leaves something to do."""
        ask.after = work
        return Some([1])

    @op("refuse", "GET", "/refuse", Action.READ_PUBLIC, source="this test")
    async def refuse(ask: Ask) -> Some:
        """Leaves something to do, then refuses."""
        ask.after = work
        raise InvalidValue("no", field="x")

    async def pages() -> AsyncIterator[list[int]]:
        for number in range(place.pages):
            if number == 3 and place.fails:
                raise RuntimeError("the store is gone")
            yield [number] * number

    @op("list", "GET", "/list", Action.READ_PUBLIC, source="this test")
    async def list_things(ask: Ask) -> Some | Stream:
        """A list whose first page is empty."""
        who = Caller(CallerKind.USER, ask.origin, tenant_id=TENANT, user_id=UserId("u"))
        with ask.deps.long_answers.begin(who, TENANT) as taken:
            return await whole_or_stream(Some, pages(), taken)


@pytest.fixture
async def place(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(KAIZALA, "operations", [])
    made = Place()
    declare(made)
    store = await open_store(sqlite_url)
    made.app = await an_app(store)
    yield made
    await made.app.close()
    await store.close()


async def test_what_is_left_to_do_is_done_once_the_answer_has_been_sent(place: Place) -> None:
    await place.ask("GET", "/kaizala/test/leave")
    assert place.seen == ["200 14", '{"things":[1]}.', "worked"]


async def test_a_failure_after_the_answer_changes_nothing_of_it_and_is_logged(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.fails = True
    await place.ask("GET", "/kaizala/test/leave", (b"x-correlation-id", b"number-7"))
    assert place.seen == ["200 14", '{"things":[1]}.', "worked"]
    logged = capsys.readouterr().out
    assert "failed after the answer" in logged
    assert "number-7" in logged
    assert "no gateway" in logged


async def test_of_what_is_refused_nothing_is_left_to_do(place: Place) -> None:
    await place.ask("GET", "/kaizala/test/refuse")
    assert place.seen[0].startswith("400")
    assert "worked" not in place.seen


async def test_what_a_server_that_ends_broke_off_is_counted_in_the_log(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = asyncio.Event()

    async def wait() -> None:
        begun.set()
        await asyncio.Event().wait()

    place.wait = wait
    asking = asyncio.create_task(place.ask("GET", "/kaizala/test/leave"))
    await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await place.app.close()
    logged = capsys.readouterr().out
    assert "left undone after answers that were sent" in logged
    assert "count=1" in logged


@pytest.mark.parametrize("coding", ["", "gzip", "br"])
async def test_a_long_list_comes_in_parts_and_whole_whatever_its_request_brought_along(
    place: Place, coding: str
) -> None:
    headers = [(b"content-encoding", coding.encode())] if coding else []
    await place.ask("GET", "/kaizala/test/list", *headers)
    assert place.seen[0] == "200 without length"
    assert "".join(place.seen[1:]) == '{"things":[1,2,2,3,3,3]}.'
    assert place.app.deps.long_answers.count == 0


async def test_a_short_list_has_a_length(place: Place) -> None:
    place.pages = 1
    await place.ask("GET", "/kaizala/test/list")
    assert place.seen == ["200 13", '{"things":[]}.']
    place.pages = 2
    await place.ask("GET", "/kaizala/test/list")
    assert place.seen[2:] == ["200 14", '{"things":[1]}.']


async def test_of_a_long_list_whose_head_is_asked_for_nothing_is_sent_and_its_place_is_free(place: Place) -> None:
    await place.ask("HEAD", "/kaizala/test/list")
    assert place.seen == ["200 without length", "."]
    assert place.app.deps.long_answers.count == 0


async def test_a_long_list_that_breaks_does_not_end_as_a_whole_one_does(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.fails = True
    await place.ask("GET", "/kaizala/test/list")
    assert place.seen[0] == "200 without length"
    assert not place.seen[-1].endswith(".")
    assert "the store is gone" in capsys.readouterr().out
    assert place.app.deps.long_answers.count == 0
