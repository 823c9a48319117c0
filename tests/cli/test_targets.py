"""Every form of a request's target has an answer, and so has every spelling of its host (RFC 9112 §3.2)."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.support.process import ServerProcess, a_server_process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with a_server_process(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /healthz HTTP/1.1", 200),
        (b"HEAD /healthz HTTP/1.1", 200),
        (b"GET http://localhost/healthz HTTP/1.1", 200),
        (b"GET HTTP://localhost:80/healthz?x HTTP/1.1", 200),
        (b"GET https://localhost/healthz HTTP/1.1", 200),
        (b"GET http://localhost HTTP/1.1", 303),
        (b"GET http://localhost?x=y HTTP/1.1", 303),
        (b"OPTIONS * HTTP/1.1", 200),
        (b"OPTIONS http://localhost HTTP/1.1", 200),
        (b"OPTIONS /healthz HTTP/1.1", 200),
        (b"OPTIONS /nothing HTTP/1.1", 404),
        (b"GET * HTTP/1.1", 400),
        (b"M-SEARCH * HTTP/1.1", 400),
        (b"GET http://user:secret@localhost/healthz HTTP/1.1", 400),
        (b"GET http:///healthz HTTP/1.1", 400),
        (b"GET ftp://localhost/healthz HTTP/1.1", 400),
        (b"GET healthz HTTP/1.1", 400),
        (b"GET ?x HTTP/1.1", 400),
        (b"GET  HTTP/1.1", 400),
        (b"GET /\x00 HTTP/1.1", 400),
        (b"GET /\xff HTTP/1.1", 400),
        (b"CONNECT localhost:443 HTTP/1.1", 400),
        (b"NONSENSE / HTTP/1.1", 400),
        (b"TRACE /healthz HTTP/1.1", 405),
        (b"GET // HTTP/1.1", 404),
        (b"GET //localhost/healthz HTTP/1.1", 404),
        (b"GET /%00 HTTP/1.1", 404),
        (b"GET /healthz%2f HTTP/1.1", 404),
        (b"GET /%zz HTTP/1.1", 404),
        (b"GET /../healthz HTTP/1.1", 404),
        (b"GET /healthz HTTP/1.0", 200),
    ],
)
def test_a_target_of_any_form_has_an_answer(server: ServerProcess, line: bytes, status: int) -> None:
    answer = server.send(line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer


@pytest.mark.parametrize(
    ("target", "hosts", "status"),
    [
        (b"/metrics", [b"localhost"], 200),
        (b"/metrics", [b"id.example"], 404),
        (b"http://localhost/metrics", [b"id.example"], 200),
        (b"http://id.example/metrics", [b"localhost"], 404),
        (b"http://localhost/metrics", [], 400),
        (b"http://localhost/metrics", [b"localhost", b"localhost"], 400),
        (b"/metrics", [], 400),
        (b"/metrics", [b"localhost", b"localhost"], 400),
    ],
)
def test_the_host_of_a_whole_address_counts_and_one_host_header_there_must_be(
    server: ServerProcess, target: bytes, hosts: list[bytes], status: int
) -> None:
    lines = b"".join(b"Host: %b\r\n" % host for host in hosts)
    answer = server.send(b"GET %b HTTP/1.1\r\n%bConnection: close\r\n\r\n" % (target, lines))
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer


def test_only_http_1_0_may_leave_the_host_out(server: ServerProcess) -> None:
    assert server.send(b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert server.send(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_the_answer_to_head_has_no_body_on_the_wire_and_the_connection_goes_on(server: ServerProcess) -> None:
    head = b"HEAD /sign-in HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answers = server.send(head + last)
    first, _, second = answers.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert second.startswith(b"HTTP/1.1 200 ")
    assert second.endswith(b'{"status":"alive"}')


JSON = b'{"token":"x","androidId":"1"}'
CHUNKED = b"1d\r\n" + JSON + b"\r\n0\r\n\r\n"
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"TLS/1.0"])
@pytest.mark.parametrize(("framing", "body"), [(b"Content-Length: 29", JSON), (b"Transfer-Encoding: chunked", CHUNKED)])
@pytest.mark.parametrize("pieces", [1, 2, 100])
def test_a_request_that_asks_for_another_protocol_too_keeps_its_body(
    server: ServerProcess, protocol: bytes, framing: bytes, body: bytes, pieces: int
) -> None:
    """As Java's own client sends it. What follows is no request, either."""
    head = b"POST /device/v1/provision HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: %b\r\n%b\r\n\r\n"
    request = head % (protocol, framing) + body + SMUGGLED
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        step = len(request) // pieces + 1
        for at in range(0, len(request), step):
            with suppress(ConnectionError):
                connection.sendall(request[at : at + step])
                time.sleep(0.05 if pieces == 2 else 0)
        answer = b""
        with suppress(ConnectionError):
            while piece := connection.recv(65_536):
                answer += piece
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"tokenNotFound" in answer
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_broken_body_behind_such_a_head_is_refused(server: ServerProcess) -> None:
    head = b"POST /device/v1/provision HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    answer = server.send(head + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "coding",
    [
        *(
            b"gzip",
            b"gzip, chunked",
            b"chunked, gzip",
            b"chunked, chunked",
            b"identity",
            b"xchunked",
            b"deflate,chunked",
        ),
        *(
            b"chunked\r\nContent-Length: 5",
            b"chunked\r\nTransfer-Encoding: gzip",
            b"gzip\r\nTransfer-Encoding: chunked",
        ),
        *(b"\x0bchunked", b'"chunked"', b"chunked;q=1"),
    ],
)
def test_a_transfer_coding_that_is_not_known_is_refused_and_hides_no_request(
    server: ServerProcess, coding: bytes
) -> None:
    head = b"POST /device/v1/provision HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: %b\r\n\r\n" % coding
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall(head + CHUNKED + SMUGGLED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answer = b""
        with suppress(ConnectionError):
            while piece := connection.recv(65_536):
                answer += piece
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ")), answer
    assert b"tokenNotFound" not in answer, "the packed body was read"


@pytest.mark.parametrize("target", [b"127.0.0.1:22", b"localhost:443", b"/healthz", b"http://localhost/healthz"])
def test_nobody_is_connected_to_anywhere(server: ServerProcess, target: bytes) -> None:
    answer = server.send(b"CONNECT %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % target + SMUGGLED)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 405 ")), answer
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_request_of_http_1_0_has_no_transfer_coding(server: ServerProcess) -> None:
    """A proxy that speaks HTTP/1.0 does not know them, and has read another body (RFC 9112 §6.1)."""
    head = b"POST /device/v1/provision HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = server.send(head + CHUNKED + SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert b"tokenNotFound" not in answer, "the body was read"
    assert answer.count(b"HTTP/1.1 ") == 1
