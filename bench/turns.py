"""Two servers compared by the processor time of a request, seen through the noise of the machine.

Both live at once, on the one core, and are asked in turns of some hundred requests: whatever else the host does, and
however fast its core is just then, meets both alike. Each pair of turns gives a ratio; the order within the pairs
alternates. What is told is the median of the ratios, and between which two of them the true median lies in 95 of 100
measurements, whatever their distribution (an order statistic, by the sign test).
"""

from __future__ import annotations

import math
import mmap
import random
import select
import socket
import statistics
import time
from dataclasses import dataclass
from typing import Self

from bench.load import CONNECTIONS, TIMEOUT, Requests
from bench.servers import LOAD_CORE, Server, on_core

TURN = 512
"""How many requests a turn has."""
_WARMING_TURNS = 40
_FEWEST_PAIRS, _MOST_PAIRS = 100, 1_000
_SURE = 1.96  # standard deviations on both sides of what a fair coin gives
_LARGEST_ANSWER = 65_536
_LONGEST_REST = 3.0
"""Seconds: older versions keep idle connections for five, and on a busy machine the other's turn may take as long."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as much CPU a request of the second server takes as one of the first. `first` and `second` are in
    microseconds for a request, the medians of the turns; `least` and `most` are the ends of the interval.
    """

    first: float
    second: float
    median: float
    least: float
    most: float
    pairs: int


class Turns:
    """The clients of one server: CONNECTIONS connections, each asking again as soon as it is answered."""

    def __init__(self, server: Server, requests: Requests) -> None:
        self._server = server
        self._length, self._first, self._count = requests.length, requests.first, requests.count
        self._once, self._sent = requests.once, 0
        with requests.file.open("rb") as file:
            self._records = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._rests_since = 0.0
        self._connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._disconnect()

    @property
    def left(self) -> int:
        """The number of turns that there are still requests for."""
        return (self._count - self._sent) // TURN if self._once else _MOST_PAIRS

    def take(self) -> float:
        """Ask TURN times; the server's CPU in microseconds for each. Raises RuntimeError unless all are successes."""
        if time.monotonic() - self._rests_since > _LONGEST_REST:
            self._disconnect()
            self._connect()
        before = self._server.cpu_nanoseconds()
        asked, answered = 0, 0
        for each in self._sockets:
            each.sendall(self._next())
            asked += 1
        unfinished: dict[int, bytes] = {}
        while answered < asked:
            ready = self._poll.poll(TIMEOUT)
            if not ready:
                raise RuntimeError("the server does not answer")
            for number, _ in ready:
                each = self._by_number[number]
                came = unfinished.pop(number, b"") + each.recv(_LARGEST_ANSWER)
                if not _is_whole_success(came):
                    unfinished[number] = came
                    continue
                answered += 1
                if asked < TURN:
                    each.sendall(self._next())
                    asked += 1
        self._rests_since = time.monotonic()
        return (self._server.cpu_nanoseconds() - before) / TURN / 1000

    def _connect(self) -> None:
        self._sockets = [
            socket.create_connection(("127.0.0.1", self._server.port), TIMEOUT) for _ in range(CONNECTIONS)
        ]
        self._poll = select.epoll()
        for each in self._sockets:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._poll.register(each, select.EPOLLIN)
        self._by_number = {each.fileno(): each for each in self._sockets}
        self._rests_since = time.monotonic()

    def _disconnect(self) -> None:
        self._poll.close()
        for each in self._sockets:
            each.close()

    def _next(self) -> bytes:
        number = self._sent % self._count if self._once else random.randrange(self._count)
        self._sent += 1
        start = (self._first + number) * self._length
        return self._records[start : start + self._length]


def _is_whole_success(came: bytes) -> bool:
    """Whether a whole answer has come. Answers False when more is to come. Raises RuntimeError for anything else than
    2xx, and at the end of a connection.
    """
    head, end, body = came.partition(b"\r\n\r\n")
    if came and not end:
        return False
    if not head.startswith(b"HTTP/1.1 2"):
        raise RuntimeError(f"no success: {came[:500]!r}")
    _, _, length = head.lower().partition(b"content-length:")
    return len(body) == int(length.split(b"\r\n", 1)[0] or 0)


def compare(first: tuple[Server, Requests], second: tuple[Server, Requests], precision: float) -> Ratio:
    """Measure how many times as much a request of the second takes. `precision`: the half width of the interval to
    reach.

    It ends when that is reached, after _MOST_PAIRS, or when there are no more requests.
    """
    pairs: list[tuple[float, float]] = []
    with on_core(LOAD_CORE), Turns(*first) as one, Turns(*second) as other:
        for _ in range(_WARMING_TURNS):
            one.take()
            other.take()
        while len(pairs) < _MOST_PAIRS and min(one.left, other.left) > 0:
            if len(pairs) % 2:
                late = other.take()
                pairs.append((one.take(), late))
            else:
                pairs.append((one.take(), other.take()))
            if len(pairs) >= _FEWEST_PAIRS and len(pairs) % 10 == 0 and _is_precise(_ratio_of(pairs), precision):
                break
    return _ratio_of(pairs)


def _is_precise(ratio: Ratio, precision: float) -> bool:
    return ratio.most - ratio.least <= 2 * precision * ratio.median


def _ratio_of(pairs: list[tuple[float, float]]) -> Ratio:
    ratios = sorted(other / one for one, other in pairs)
    count = len(ratios)
    outside = max(math.floor((count - _SURE * math.sqrt(count)) / 2), 0)
    return Ratio(
        first=statistics.median(one for one, _ in pairs),
        second=statistics.median(other for _, other in pairs),
        median=statistics.median(ratios),
        least=ratios[outside],
        most=ratios[-1 - outside],
        pairs=count,
    )
