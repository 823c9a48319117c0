"""Messages: through a real gateway of apprise's, into the demo's inbox, and what a failure leaves behind."""

from __future__ import annotations

import asyncio
import json

import pytest

from tenantry.directory.messages import AppriseMessages, DemoInbox, MessageNotSent
from tests.support.clock import FakeClock

NUMBER = "+12065557777"

# apprise loads modules that Python has deprecated
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


async def test_a_message_goes_to_the_gateway_with_the_number_in_its_address() -> None:
    requests: list[bytes] = []

    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        requests.append(head + await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(gateway, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await AppriseMessages([f"json://127.0.0.1:{port}/sms/{{phone}}"]).send(
            NUMBER, "123456 is your PIN.", tenant_id="t"
        )
    (request,) = requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert b"12065557777" in head.split(b"\r\n")[0]
    assert json.loads(body)["message"] == "123456 is your PIN."


async def test_a_gateway_that_fails_or_is_missing_is_told_without_the_text() -> None:
    for urls in ([], ["nonsense://x"], ["json://127.0.0.1:9/{phone}"]):
        with pytest.raises(MessageNotSent) as failed:
            await AppriseMessages(urls).send(NUMBER, "123456 is your PIN.", tenant_id="t")
        assert "123456" not in str(failed.value)


async def test_the_inbox_keeps_the_last_hundred_newest_first() -> None:
    clock = FakeClock()
    inbox = DemoInbox(clock)
    for number in range(130):
        clock.advance(1)
        await inbox.send(NUMBER, f"{number}", tenant_id="t")
    latest = inbox.latest()
    assert (len(latest), latest[0].text, latest[-1].text) == (100, "129", "30")
    assert latest[0].at == clock()
