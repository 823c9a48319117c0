"""Who connects, and says nothing or very slowly, keeps nobody out."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tenantry.cli.connections import Connections
from tests.support.process import ServerProcess, a_server_process

ASK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
MANY = 1_500


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """With a soft limit of files as many systems have it, and a short patience."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < MANY + 500:
        pytest.skip("this machine lets nobody open so many connections")
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
        with a_server_process(
            tmp_path_factory.mktemp("demo"),
            TENANTRY_RATE_LIMITS="off",
            TENANTRY_HEAD_SECONDS="3",
            TENANTRY_CONNECTIONS_PER_ADDRESS="200",
        ) as running:
            resource.setrlimit(resource.RLIMIT_NOFILE, (MANY + 500, hard))
            yield running
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect(server: ServerProcess) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 30)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nx: "])
def test_a_thousand_connections_without_a_request_keep_nobody_out(server: ServerProcess, sent: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(MANY):
            with suppress(ConnectionError):
                connection = stack.enter_context(connect(server))
                connection.sendall(sent)
        began = time.monotonic()
        assert server.send(ASK).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - began < 5


def drips(connection: socket.socket, byte: bytes, seconds: float) -> bool:
    """Whether the server still listens after so long, in which it was sent a byte at a time."""
    ends = time.monotonic() + seconds
    connection.settimeout(0.1)
    try:
        while time.monotonic() < ends:
            connection.sendall(byte)
            with suppress(TimeoutError):
                return bool(connection.recv(1))
    except ConnectionError:
        return False
    return True


@pytest.mark.parametrize("start", [b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nx: "], ids=["nothing", "a head"])
def test_a_head_that_comes_slowly_or_never_is_not_waited_for(server: ServerProcess, start: bytes) -> None:
    """Three seconds are set for it; a whole request has two minutes."""
    with connect(server) as connection:
        connection.sendall(start)
        assert not drips(connection, b"a" if start else b"", 15)


def test_a_second_head_on_a_connection_is_not_waited_for_either(server: ServerProcess) -> None:
    with connect(server) as connection:
        connection.sendall(ASK.replace(b"close", b"keep-alive"))
        answer = b""
        while not answer.endswith(b'{"status":"alive"}'):
            answer += connection.recv(65_536)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nx: ")
        assert not drips(connection, b"a", 15)


def test_the_server_asks_for_as_many_files_as_it_may_have(server: ServerProcess) -> None:
    limits = Path(f"/proc/{server.pid}/limits")
    if not limits.exists():
        pytest.skip("this system does not say")
    line = next(line for line in limits.read_text().splitlines() if line.startswith("Max open files"))
    assert int(line.split()[3]) > 1024


def test_a_connection_is_kept_longer_than_a_proxy_keeps_it(server: ServerProcess) -> None:
    """Past the five seconds after which it was closed, and past the time for a head, which begins with a request."""
    with connect(server) as connection:
        for pause in (6, 0):
            connection.sendall(ASK.replace(b"close", b"keep-alive"))
            answer = b""
            while not answer.endswith(b'{"status":"alive"}'):
                piece = connection.recv(65_536)
                assert piece, "it was closed"
                answer += piece
            time.sleep(pause)


class Client:
    """A connection that notes when it is hung up on."""

    def __init__(self, connections: Connections, peer: str) -> None:
        self._connections = connections
        self.is_open = True
        self.address = connections.address_of(peer)
        connections.enter(self, self.address)

    def hang_up(self) -> None:
        self.is_open = False
        self._connections.leave(self, self.address)


def are_open(clients: list[Client]) -> list[bool]:
    return [client.is_open for client in clients]


def test_of_one_address_the_connection_that_waits_longest_makes_room() -> None:
    connections = Connections(100, 2, [])
    clients = [Client(connections, "192.0.2.1") for _ in range(2)]
    other = Client(connections, "192.0.2.2")
    connections.work(clients[0], clients[0].address)
    clients.append(Client(connections, "192.0.2.1"))
    assert are_open(clients) == [True, False, True]
    connections.rest(clients[0], clients[0].address)
    clients.append(Client(connections, "192.0.2.1"))
    assert are_open(clients) == [True, False, False, True]
    assert other.is_open


def test_an_ipv6_client_counts_by_what_all_of_its_addresses_share() -> None:
    connections = Connections(100, 1, [])
    clients = [Client(connections, f"2001:db8::{number}") for number in range(3)]
    assert are_open(clients) == [False, False, True]


def test_in_all_too_many_the_connection_that_waits_longest_makes_room_and_no_request_under_way_does() -> None:
    connections = Connections(3, 100, [])
    clients = [Client(connections, f"192.0.2.{number}") for number in range(3)]
    connections.work(clients[0], clients[0].address)
    clients.append(Client(connections, "192.0.2.9"))
    assert are_open(clients) == [True, False, True, True]
    for client in clients[2:]:
        connections.work(client, client.address)


def test_when_all_are_at_work_the_new_one_is_not_taken() -> None:
    connections = Connections(2, 100, [])
    clients = [Client(connections, f"192.0.2.{number}") for number in range(2)]
    for client in clients:
        connections.work(client, client.address)
    clients.append(Client(connections, "192.0.2.9"))
    assert are_open(clients) == [True, True, False]


def test_a_named_proxy_has_as_many_as_it_likes() -> None:
    connections = Connections(100, 1, ["10.0.0.0/8"])
    assert all(are_open([Client(connections, "10.0.0.2") for _ in range(50)]))
