"""No head and no body that a stranger sends keeps others waiting."""

from __future__ import annotations

import os
import re
import signal
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from typing import NamedTuple, Self
from urllib.parse import urlencode

import pytest

from tests.support.process import ServerProcess, a_server_process
from tests.support.shapes import all_shapes

LONGEST_WAIT = 0.25
"""Seconds that anybody may wait longer than when nobody else is there."""


class Wait(NamedTuple):
    """Of one request of somebody else."""

    began: float
    ended: float


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with a_server_process(tmp_path_factory.mktemp("demo"), TENANTRY_RATE_LIMITS="off") as running:
        yield running


class Bystander:
    """Somebody who does one thing again and again, and notes how long each time takes."""

    def __init__(self, act: Callable[[], None], pause: float) -> None:
        self._act = act
        self._pause = pause
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._failed: BaseException | None = None
        self.waits: list[Wait] = []
        self.usual = 0.0

    def settle(self) -> None:
        """How long it usually takes."""
        for _ in range(5):
            self._once()
        self.usual = statistics.median(wait.ended - wait.began for wait in self.waits)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        if self._failed is not None:
            raise self._failed

    def longest(self, since: float, until: float) -> float:
        """The longest wait beyond the usual, of those that overlap."""
        waits = [wait for wait in list(self.waits) if wait.began <= until and wait.ended >= since]
        return max((wait.ended - wait.began - self.usual for wait in waits), default=0.0)

    def _run(self) -> None:
        try:
            while not self._end.wait(self._pause):
                self._once()
        except BaseException as error:  # noqa: BLE001 - raised where the test sees it
            self._failed = error

    def _once(self) -> None:
        began = time.perf_counter()
        self._act()
        self.waits.append(Wait(began, time.perf_counter()))


@contextmanager
def bystanders(server: ServerProcess) -> Iterator[list[Bystander]]:
    """A watchdog every 50 ms, and a user of a tenant who signs in."""
    with ExitStack() as stack:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        stack.callback(connection.close)

        def look() -> None:
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b'{"status":"alive"}'

        def arrive() -> None:
            with closing(HTTPConnection("127.0.0.1", server.port, timeout=60)) as browser:
                sign_in(server, browser)

        found = [Bystander(look, 0.05), Bystander(arrive, 0.05)]
        for each in found:
            each.settle()
        for each in found:
            stack.enter_context(each)
        yield found


def sign_in(server: ServerProcess, connection: HTTPConnection) -> None:
    connection.request("GET", "/sign-in")
    page = connection.getresponse()
    cookie = page.headers["set-cookie"].partition(";")[0]
    token = re.search(r'name="form_token" value="([^"]+)"', page.read().decode())
    assert token is not None
    admin = server.facts["portal"]["admin"]
    form = urlencode({"form_token": token[1], "name": admin["user_principal_name"], "password": admin["password"]})
    headers = {"cookie": cookie, "content-type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/sign-in", form, headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 303, answer.status


def test_no_head_or_body_of_a_stranger_keeps_others_waiting_or_is_a_fault_of_the_server(server: ServerProcess) -> None:
    """Each shape alone, with two more tries for what the machine was too busy for."""
    slow: dict[str, float] = {}
    failed: dict[str, bytes] = {}
    with bystanders(server) as others:

        def fire(request: bytes) -> tuple[bytes, float]:
            began = time.perf_counter()
            answer = server.send(request, timeout=60)
            ended = time.perf_counter()
            return answer, max(ended - began, *(each.longest(began, ended) for each in others))

        for name, request in all_shapes():
            answer, wait = fire(request)
            for _ in range(2):
                if wait >= LONGEST_WAIT:
                    time.sleep(0.2)
                    wait = min(wait, fire(request)[1])
            if wait >= LONGEST_WAIT:
                slow[name] = wait
            if not re.match(rb"HTTP/1.1 [234]", answer):
                failed[name] = answer[:100]
    assert slow == {}
    assert failed == {}


def test_the_bystanders_see_a_server_that_stands_still(server: ServerProcess) -> None:
    with bystanders(server) as others:
        began = time.perf_counter()
        os.kill(server.pid, signal.SIGSTOP)
        time.sleep(0.5)
        os.kill(server.pid, signal.SIGCONT)
        time.sleep(0.5)
        assert all(each.longest(began, began + 0.5) > LONGEST_WAIT for each in others)
