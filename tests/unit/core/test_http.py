"""Requests that this server makes end in time, whatever the other side does."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from tenantry.core import http
from tenantry.core.http import OutgoingHttp, Unreachable

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
        await OutgoingHttp(allow_private=True).get(f"{scheme}://{address}/", deadline=0.3)


async def test_an_answer_larger_than_it_may_be_is_given_up() -> None:
    def say_much(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (http.MAX_ANSWER + 1))

    with a_peer(say_much) as address, pytest.raises(Unreachable, match="the answer is too long"):
        await OutgoingHttp(allow_private=True).get(f"http://{address}/")


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
        reply = await outgoing.post_json(f"http://{address}/hook?a=1", b"{}", headers={"kz-callback-token": "t"})
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
        monkeypatch.setattr(http, "_STEP_SECONDS", 0.2)
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
            await OutgoingHttp(allow_private=True).get(f"http://many.example:{port}/", deadline=0.3)
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
        asked = (outgoing.get(f"http://slow{number}.example/", deadline=0.2) for number in range(60))
        ended = await asyncio.gather(*asked, return_exceptions=True)
        assert {str(error) for error in ended} == {"no answer: it took too long"}
        assert time.monotonic() - began < 10
        monkeypatch.setattr(socket, "getaddrinfo", plain_look_up)  # create_connection asks it too, for an address
        assert (await outgoing.get(f"http://{address}/")).status == 204
    let_go.set()


async def test_a_cut_that_comes_while_it_connects_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, was_cut = threading.Event(), threading.Event()
    plain_cut = http._Exchange.cut

    def cut_and_tell(exchange: http._Exchange) -> None:
        plain_cut(exchange)
        was_cut.set()

    def connect_late(address: tuple[str, int], timeout: float) -> socket.socket:
        assert was_cut.wait(30)
        return plain(address, timeout=timeout)

    def listen(connection: socket.socket) -> None:
        if connection.recv(4096):
            asked.set()

    plain = socket.create_connection
    monkeypatch.setattr(http._Exchange, "cut", cut_and_tell)
    monkeypatch.setattr(socket, "create_connection", connect_late)
    with a_peer(listen) as address, pytest.raises(Unreachable, match="too long"):
        await OutgoingHttp(allow_private=True).get(f"http://{address}/", deadline=0.1)
    assert not asked.is_set()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "::", "fe80::1%1",
        "fc00::1", "fec0::1", "ff0e::1", "::ffff:10.0.0.1", "::10.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b::a00:1",
        "64:ff9b:1::a00:1", "2002:a00:1::1", "2001:0:a00:1::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_may_lead_inside_are_not_gone_to(address: str) -> None:
    assert not http._is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "2a00:1450::1"])
def test_public_addresses_are_gone_to(address: str) -> None:
    assert http._is_public(address)


async def test_one_address_may_be_opened_and_no_other_of_its_host() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    with a_peer(answer) as peer:
        http_client = OutgoingHttp(open_to=f"http://{peer}/hook")
        for path in ("/", "/hook/", "/hook/../", "/HOOK", "/hook%2f", "/hooks"):
            with pytest.raises(Unreachable, match="not https"):
                await http_client.get(f"http://{peer}{path}")
        for url in (f"https://{peer}/hook", f"https://{peer}/"):
            with pytest.raises(Unreachable, match="private network"):
                await http_client.get(url)
        assert (await http_client.get(f"http://{peer}/hook?token=1")).body == b"ok"
