"""What a receiver's answer to an event means: its status alone decides, and it may ask to be left alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.utils import formatdate
from typing import Any

import pytest

from tenantry.core.clock import DAY, HOUR, MINUTE, SECOND
from tenantry.outbox.deliveries import LONGEST_PAUSE, retry_delay, send_again
from tenantry.outbox.handshake import ProvenUrl
from tenantry.outbox.sender import Sender
from tenantry.outbox.webhooks import Wishes, update_webhook
from tenantry.store.outbox import webhook_deliveries
from tenantry.store.trail import audit_events
from tests.support.builders import OPERATOR, a_user
from tests.unit.outbox.conftest import KEY, Outbox


@asynccontextmanager
async def a_raw_receiver(answer: bytes, *, then_waits: bool = False) -> AsyncIterator[str]:
    """Its address. It says that and closes the connection, or keeps it open for ever."""
    over = asyncio.Event()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.readuntil(b"}")
            writer.write(answer)
            await writer.drain()
            if then_waits:
                await over.wait()
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        over.set()
        server.close()


BODIES = {
    "long": b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000,
    "long and chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"fff\r\n" + b"x" * 4095 + b"\r\n",
    "broken off": b"HTTP/1.1 204 No Content\r\nContent-Length: 100\r\n\r\nx",
    "broken off in a chunk": b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx",
    "no gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
    "an unknown coding": b"HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: 2\r\n\r\nok",
    "none": b"HTTP/1.1 200 OK\r\n\r\n",
    "after an interim answer": b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
}


@pytest.mark.parametrize("kind", BODIES)
async def test_a_2xx_is_a_delivery_whatever_its_body(outbox: Outbox, kind: str) -> None:
    async with a_raw_receiver(BODIES[kind]) as url:
        webhook_id = await outbox.register(url=url)
        await outbox.add(outbox.bob)
        await outbox.deliver(webhook_id)
    [row] = await outbox.waiting(webhook_id)
    assert (row.delivered_at, row.last_error) == (outbox.clock(), None)


async def test_a_body_that_never_comes_is_not_waited_for(outbox: Outbox) -> None:
    async with a_raw_receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", then_waits=True) as url:
        webhook_id = await outbox.register(url=url)
        await outbox.add(outbox.bob)
        async with asyncio.timeout(4):
            await outbox.deliver(webhook_id)
    [row] = await outbox.waiting(webhook_id)
    assert (row.delivered_at, row.last_error) == (outbox.clock(), None)


@pytest.mark.parametrize("body", [b"x" * 10, b""])
async def test_a_status_that_is_no_2xx_is_none_whatever_the_body(outbox: Outbox, body: bytes) -> None:
    async with a_raw_receiver(b"HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\n" + body) as url:
        webhook_id = await outbox.register(url=url)
        await outbox.add(outbox.bob)
        await outbox.deliver(webhook_id)
    [row] = await outbox.waiting(webhook_id)
    assert (row.delivered_at, row.last_error) == (None, "it answered 500")


ASKED = [
    (429, "600", 10 * MINUTE),
    (503, "600", 10 * MINUTE),
    (503, "DATE", HOUR),
    (429, "86400", DAY),
    (429, "86401", LONGEST_PAUSE),
    (503, "9" * 30, LONGEST_PAUSE),
    (429, "1", retry_delay(1)),
    (429, "0", retry_delay(1)),
    (503, "soon", retry_delay(1)),
    (500, "600", retry_delay(1)),
    (301, "600", retry_delay(1)),
]
"""Status, `Retry-After`, and when the event is tried again."""


@pytest.mark.parametrize(("status", "asked", "waits"), ASKED)
async def test_a_receiver_that_asks_to_wait_is_left_alone_within_bounds(
    outbox: Outbox, status: int, asked: str, waits: int
) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    date = formatdate((outbox.clock() + HOUR) / SECOND, usegmt=True)
    outbox.receiver.status, outbox.receiver.headers = status, {"Retry-After": asked.replace("DATE", date)}
    await outbox.deliver(webhook_id)
    [row] = await outbox.waiting(webhook_id)
    assert (row.due_at, row.last_error) == (outbox.clock() + waits, f"it answered {status}")


async def test_while_a_receiver_wants_to_be_left_alone_no_other_event_goes_there(outbox: Outbox) -> None:
    webhook_id, other_id = await outbox.register(), await outbox.register()
    await outbox.add(outbox.bob)
    outbox.receiver.status, outbox.receiver.headers = 429, {"Retry-After": "600"}
    await outbox.deliver(webhook_id)
    outbox.receiver.status = 200
    await outbox.add(await a_user(outbox.store, outbox.tenant))
    assert await outbox.deliver(webhook_id) is False
    async with outbox.store.read() as read:
        assert (
            await webhook_deliveries.find_next_due(read, outbox.tenant.id, webhook_id) == outbox.clock() + 10 * MINUTE
        )
        listed = await webhook_deliveries.list_due(read, outbox.tenant.id)
    assert {due.webhook_id: due.due_at - outbox.clock() for due in listed} == {webhook_id: 10 * MINUTE, other_id: 0}
    assert await outbox.deliver(other_id) is True, "the pause is that of one webhook"
    outbox.clock.advance(10 * MINUTE - 1)
    assert await outbox.deliver(webhook_id) is False
    outbox.clock.advance(1)
    assert [await outbox.deliver(webhook_id) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("end", ["another address", "enabled again"])
async def test_a_pause_ends_with_what_it_was_asked_for(outbox: Outbox, end: str) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    outbox.receiver.status, outbox.receiver.headers = 503, {"Retry-After": "600"}
    await outbox.deliver(webhook_id)
    outbox.receiver.status = 200
    changes: list[dict[str, Any]] = [{"callback_url": ProvenUrl(f"{outbox.receiver.url}?2")}]
    if end == "enabled again":
        changes = [{"active": False}, {"active": True}]
    for change in [{"callback_url": ProvenUrl(outbox.receiver.url)}, *changes]:
        assert (await outbox.webhook(webhook_id)).not_before == outbox.clock() + 10 * MINUTE
        async with outbox.store.write() as tx:
            await update_webhook(tx, KEY, OPERATOR, outbox.tenant.id, webhook_id, Wishes(), outbox.clock(), **change)
    assert (await outbox.webhook(webhook_id)).not_before is None
    await outbox.add(await a_user(outbox.store, outbox.tenant))
    assert await outbox.deliver(webhook_id) is True


async def test_a_receiver_that_always_asks_to_wait_is_given_up_after_as_many_attempts_as_others(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    outbox.receiver.status, outbox.receiver.headers = 503, {"Retry-After": "1"}
    while (await outbox.webhook(webhook_id)).disabled_at is None:
        await outbox.deliver(webhook_id)
        outbox.clock.advance(35 * HOUR)
    assert len(outbox.receiver.events) == 7


async def test_a_receiver_that_is_gone_is_sent_nothing_more_at_once(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob, await a_user(outbox.store, outbox.tenant))
    outbox.receiver.status = 410
    assert await outbox.deliver(webhook_id) is True
    assert await outbox.deliver(webhook_id) is False
    assert len(outbox.receiver.events) == 1
    rows = await outbox.waiting(webhook_id)
    assert [(row.due_at, row.last_error) for row in rows] == [
        (None, "it answered 410"),
        (None, "the webhook was disabled"),
    ]
    webhook = await outbox.webhook(webhook_id)
    assert (webhook.disabled_at, webhook.disabled_reason) == (
        outbox.clock(),
        "its receiver says that it is gone for good: it answered 410",
    )
    async with outbox.store.read() as read:
        [event] = [
            json.loads(event.data)
            for event in await audit_events.list_latest(read, outbox.tenant.id, 20)
            if event.type == "webhook.disabled"
        ]
    assert (event["webhook_id"], event["reason"]) == (webhook_id, webhook.disabled_reason)
    outbox.receiver.status = 200
    async with outbox.store.write() as tx:
        await update_webhook(tx, KEY, OPERATOR, outbox.tenant.id, webhook_id, Wishes(), outbox.clock(), active=True)
        await send_again(tx, OPERATOR, outbox.tenant.id, webhook_id, rows[0].id, outbox.clock())
    assert await outbox.deliver(webhook_id) is True, "whoever enables it begins anew"


async def test_the_sender_looks_again_when_the_pause_is_over(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    outbox.receiver.status, outbox.receiver.headers = 429, {"Retry-After": "600"}
    await outbox.deliver(webhook_id)
    outbox.receiver.status = 200
    sender = Sender(outbox.store, outbox.http, KEY, outbox.clock, 100)
    running = asyncio.create_task(sender.run())
    with sender.listening():
        await outbox.add(await a_user(outbox.store, outbox.tenant))
    async with asyncio.timeout(5):
        while not sender._due:  # noqa: ASYNC110 - until it has looked, and gone to sleep
            await asyncio.sleep(0.01)
    assert len(outbox.receiver.events) == 1
    outbox.clock.advance(10 * MINUTE)
    sender.wake((outbox.tenant.id, webhook_id), outbox.clock())
    await outbox.receiver.until(3)
    running.cancel()
