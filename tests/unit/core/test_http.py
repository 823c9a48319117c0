"""Requests that this server makes end in time, whatever the other side does."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from tenantry.core import http_exchange
from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.http import MAX_ANSWER, OutgoingHttp, Reply, Unreachable, retry_after
from tenantry.core.http_exchange import Exchange

Peer = Callable[[socket.socket], None]


@contextmanager
def a_peer(peer: Peer) -> Iterator[str]:
    """`127.0.0.1:PORT` of a server that talks so with the one who connects."""

    def serve() -> None:
        connection, _address = listener.accept()
        with connection, suppress(ConnectionError):
            peer(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        talking = threading.Thread(target=serve)
        talking.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        talking.join()


def take_request(connection: socket.socket) -> None:
    """Its head and its body, which come in two packets: what is left unread would reset the connection when it ends."""
    with connection.makefile("rb") as request:
        length = 0
        while (line := request.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        request.read(length)


def drip(connection: socket.socket, head: bytes, drop: bytes) -> None:
    connection.sendall(head)
    while True:
        connection.sendall(drop)
        time.sleep(0.02)


def drip_headers(connection: socket.socket) -> None:
    drip(connection, b"HTTP/1.1 200 OK\r\nx-slow: ", b"x")


def drip_body(connection: socket.socket) -> None:
    drip(connection, b"HTTP/1.1 200 OK\r\n\r\n", b"x")


def drip_tls(connection: socket.socket) -> None:
    drip(connection, b"\x16\x03\x03\x40\x00", b"\x02")


def say_nothing(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


@pytest.mark.parametrize(
    ("scheme", "peer"), [("http", drip_headers), ("http", drip_body), ("http", say_nothing), ("https", drip_tls)]
)
async def test_an_answer_that_drips_or_never_comes_is_cut_at_the_deadline(scheme: str, peer: Peer) -> None:
    with a_peer(peer) as address, pytest.raises(Unreachable, match="too long"):
        await OutgoingHttp(allow_private=True).get(f"{scheme}://{address}/", tenant_id="t", deadline=0.3)


async def test_an_answer_larger_than_it_may_be_is_given_up() -> None:
    def say_much(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_ANSWER + 1))

    with a_peer(say_much) as address, pytest.raises(Unreachable, match="the answer is too long"):
        await OutgoingHttp(allow_private=True).get(f"http://{address}/", tenant_id="t")


async def test_json_is_posted_with_its_headers() -> None:
    heard: list[bytes] = []

    def take(connection: socket.socket) -> None:
        raw = b""
        while not raw.endswith(b"{}"):
            raw += connection.recv(4096)
        heard.append(raw)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with a_peer(take) as address:
        outgoing = OutgoingHttp(allow_private=True)
        reply = await outgoing.post_json(
            f"http://{address}/hook?a=1", b"{}", tenant_id="t", headers={"kz-callback-token": "t"}
        )
    assert reply.status == 204
    assert heard[0].startswith(b"POST /hook?a=1 HTTP/1.1\r\n")
    assert b"\r\nkz-callback-token: t\r\n" in heard[0]
    assert b"\r\nContent-Type: application/json; charset=utf-8\r\n" in heard[0]


async def test_a_name_with_many_addresses_gets_no_more_time_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        fillers = [stack.enter_context(socket.socket()) for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))  # nobody accepts: soon the queue is full, and who comes now waits
        monkeypatch.setattr(http_exchange, "STEP_SECONDS", 0.2)
        entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda name, *_more, **_kinds: [entry] * (20 if "many" in name else 1)
        )
        tried: list[object] = []
        plain = socket.create_connection

        def connect(address: tuple[str, int], timeout: float) -> socket.socket:
            tried.append(address)
            return plain(address, timeout=timeout)

        monkeypatch.setattr(socket, "create_connection", connect)
        with pytest.raises(Unreachable, match="too long"):
            await OutgoingHttp(allow_private=True).get(f"http://many.example:{port}/", tenant_id="t", deadline=0.3)
        assert 1 <= len(tried) < 20


async def test_names_that_nobody_answers_for_end_at_the_deadline_and_hold_up_no_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    def look_up(*_asked: object, **_kinds: object) -> list[object]:
        assert let_go.wait(30)
        return []

    let_go = threading.Event()
    plain_look_up = socket.getaddrinfo
    outgoing = OutgoingHttp(allow_private=True)
    with a_peer(answer) as address:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        began = time.monotonic()
        asked = (
            outgoing.get(f"http://slow{number}.example/", tenant_id=str(number), deadline=0.2) for number in range(60)
        )
        ended = await asyncio.gather(*asked, return_exceptions=True)
        why = {str(error).partition(",")[0] for error in ended}
        assert why == {
            "no answer: it took too long",
            "no answer: too many requests are under way",
        }
        assert time.monotonic() - began < 10
        monkeypatch.setattr(socket, "getaddrinfo", plain_look_up)  # create_connection asks it too, for an address
        assert (await outgoing.get(f"http://{address}/", tenant_id="t")).status == 204
    let_go.set()


async def test_a_cut_that_comes_while_it_connects_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, was_cut = threading.Event(), threading.Event()
    plain_cut = Exchange.cut

    def cut_and_tell(exchange: Exchange) -> None:
        plain_cut(exchange)
        was_cut.set()

    def connect_late(address: tuple[str, int], timeout: float) -> socket.socket:
        assert was_cut.wait(30)
        return plain(address, timeout=timeout)

    def listen(connection: socket.socket) -> None:
        if connection.recv(4096):
            asked.set()

    plain = socket.create_connection
    monkeypatch.setattr(Exchange, "cut", cut_and_tell)
    monkeypatch.setattr(socket, "create_connection", connect_late)
    with a_peer(listen) as address, pytest.raises(Unreachable, match="too long"):
        await OutgoingHttp(allow_private=True).get(f"http://{address}/", tenant_id="t", deadline=0.1)
    assert not asked.is_set()


async def test_one_address_may_be_opened_and_no_other_of_its_host() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    with a_peer(answer) as peer:
        http_client = OutgoingHttp(open_to=f"http://{peer}/hook")
        for path in ("/", "/hook/", "/hook/../", "/HOOK", "/hook%2f", "/hooks"):
            with pytest.raises(Unreachable, match="not https"):
                await http_client.get(f"http://{peer}{path}", tenant_id="t")
        for url in (f"https://{peer}/hook", f"https://{peer}/"):
            with pytest.raises(Unreachable, match="private network"):
                await http_client.get(url, tenant_id="t")
        assert (await http_client.get(f"http://{peer}/hook?token=1", tenant_id="t")).body == b"ok"


def packed(body: bytes, window: int = 31) -> bytes:
    packing = zlib.compressobj(wbits=window)
    return packing.compress(body) + packing.flush()


def saying(coding: str, body: bytes, *, length: int | None = None) -> Peer:
    """A peer that answers with the body, encoded so as it says."""

    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        size = len(body) if length is None else length
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {size}\r\n\r\n"
        connection.sendall(head.encode() + body)

    return answer


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", packed(b"{}")),
        ("x-gzip", packed(b"{}")),
        ("GZip", packed(b"{}")),
        ("deflate", packed(b"{}", 15)),
        ("deflate", packed(b"{}", -15)),
        ("identity", b"{}"),
        ("", b"{}"),
        ("gzip, identity", packed(b"{}")),
        ("deflate, gzip", packed(packed(b"{}", 15))),
        ("gzip", packed(b"{") + packed(b"}")),
    ],
)
async def test_what_nobody_asked_to_compress_is_inflated(coding: str, body: bytes) -> None:
    with a_peer(saying(coding, body)) as address:
        reply = await OutgoingHttp(allow_private=True).get(f"http://{address}/", tenant_id="t")
    assert (reply.status, reply.body) == (200, b"{}")


@pytest.mark.parametrize(
    ("coding", "body", "why"),
    [
        ("gzip", packed(b"x" * (MAX_ANSWER + 1)), "too long"),
        ("gzip", packed(b"x" * MAX_ANSWER) + packed(b"x"), "too long"),
        ("gzip, gzip", packed(packed(b"x" * 50_000_000)), "too long"),
        ("gzip, gzip, gzip", packed(packed(packed(b"x"))), "too often"),
        ("gzip", b"no gzip", "cannot be inflated"),
        ("gzip", packed(b"{}")[:-4], "broke off"),
        ("deflate", b"", None),
        ("br", b"{}", "nobody asked for"),
    ],
)
async def test_what_cannot_be_inflated_or_grows_too_long_is_given_up(coding: str, body: bytes, why: str | None) -> None:
    with a_peer(saying(coding, body)) as address:
        asking = OutgoingHttp(allow_private=True).get(f"http://{address}/", tenant_id="t")
        if why is None:
            assert (await asking).body == b""
            return
        with pytest.raises(Unreachable, match=why):
            await asking


async def test_a_body_that_breaks_off_is_none() -> None:
    with a_peer(saying("identity", b"{}", length=100)) as address, pytest.raises(Unreachable, match="broke off"):
        await OutgoingHttp(allow_private=True).get(f"http://{address}/", tenant_id="t")


EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
CONTINUE, PROCESSING = b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"


@pytest.mark.parametrize("method", ["get", "post_form", "post_json"])
@pytest.mark.parametrize("interim", [CONTINUE, PROCESSING, EARLY, EARLY + CONTINUE + EARLY])
async def test_interim_answers_are_passed_over(method: str, interim: bytes) -> None:
    def answer(connection: socket.socket) -> None:
        take_request(connection)
        connection.sendall(interim)
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Type: application/json; charset=utf-8\r\n")
        connection.sendall(b"Content-Length: 2\r\n\r\n{}")

    outgoing = OutgoingHttp(allow_private=True)
    with a_peer(answer) as address:
        url = f"http://{address}/"
        match method:
            case "get":
                reply = await outgoing.get(url, tenant_id="t")
            case "post_form":
                reply = await outgoing.post_form(url, {"a": "b"}, tenant_id="t")
            case _:
                reply = await outgoing.post_json(url, b"{}", tenant_id="t")
    assert (reply.status, reply.media_type) == (201, "application/json")
    assert reply.body == (b"" if method == "post_json" else b"{}")


async def test_interim_answers_without_end_are_no_answer() -> None:
    def answer(connection: socket.socket) -> None:
        take_request(connection)
        with suppress(OSError):
            while True:
                connection.sendall(EARLY)

    with a_peer(answer) as address, pytest.raises(Unreachable, match="no answer: HTTPException"):
        await OutgoingHttp(allow_private=True).get(f"http://{address}/", tenant_id="t")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("9" * 40, 10**10),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 60),
        ("Thursday, 01-Jan-70 00:02:00 GMT", 60),
        ("Thu Jan  1 00:02:00 1970", 60),
        ("Thu, 01 Jan 1970 00:00:30 GMT", 0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("Thu, 99 Jan 1970 00:02:00 GMT", None),
    ],
)
def test_how_long_an_answer_asks_to_wait(value: str, seconds: int | None) -> None:
    found = retry_after(Reply(503, b"", {"retry-after": value}), MINUTE)
    assert found == (None if seconds is None else seconds * SECOND)


def test_an_answer_that_does_not_ask_to_wait() -> None:
    assert retry_after(Reply(503, b"", {}), MINUTE) is None
