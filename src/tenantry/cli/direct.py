"""The HTTP protocol that answers hot operations itself, without ASGI messages: as slots among the writers, with no task
either, or by their handlers.

It hooks in where uvicorn would make the task of a request, so that everything around it stays as it is: framing, limits
and time-outs (http.py), pipelining, shutdown. A request that is not fit for it goes the ASGI way, as all others do.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

from tenantry.cli.connections import RESERVED_FILES, Connections, raise_file_limit
from tenantry.cli.http import FEWEST_CONNECTIONS, BoundedProtocol
from tenantry.core.log import get_logger
from tenantry.surfaces import slots
from tenantry.surfaces.running import begin, run
from tenantry.surfaces.shared.answers import Answer, whole_headers
from tenantry.surfaces.shared.head import CODING

if TYPE_CHECKING:
    from starlette.types import Scope
    from uvicorn._types import ASGI3Application

    from tenantry.app import App
    from tenantry.settings import Settings
    from tenantry.surfaces.router import Found

_log = get_logger()


class DirectProtocol(BoundedProtocol):
    """Starts each request the one way or the other. What a trusted proxy says of its client is believed on both."""

    serving: App
    believing: ProxyHeadersMiddleware | None = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        scope: Any = cycle.scope
        if self.believing is not None:
            _believe(self.believing, scope)
        found = self.serving.match(scope)
        if found is None or not self._is_fit(cycle):
            super()._start_asgi_task(cycle, app)
            return
        exchange = DirectExchange(self, cycle, found)
        if found[1].slot is None:
            exchange.hand_on()
        else:
            slots.start(self.serving.deps, found, scope, exchange)

    def _is_fit(self, cycle: RequestResponseCycle) -> bool:
        """Not while the client reads nothing: a task has to wait until it does. Not where it waits to be told to go on,
        and where a body must be unpacked.
        """
        return not (self.flow.write_paused or cycle.waiting_for_100_continue or CODING in cycle.scope)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it in a task that a shutdown waits for."""
        task = self.loop.create_task(work)
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)


class DirectExchange:
    """One request that has not gone the ASGI way."""

    __slots__ = ("_cycle", "_found", "_protocol")

    def __init__(self, protocol: DirectProtocol, cycle: RequestResponseCycle, found: Found) -> None:
        self._protocol = protocol
        self._cycle = cycle
        self._found = found

    def reply(self, answer: Answer) -> None:
        """Write all of it at once. A client that has gone is sent nothing, but counted."""
        cycle = self._cycle
        self._protocol.serving.count(self._found, answer.status)
        if cycle.disconnected:
            return
        cycle.response_started = cycle.response_complete = True
        try:
            cycle.transport.write(_written(answer, cycle))
        except RuntimeError:
            _log.exception("an answer could not be written")
            cycle.keep_alive = False
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    def reply_later(self, answer: Coroutine[Any, Any, Answer]) -> None:
        """Write what a task makes."""
        self._protocol.run(self._reply_when_made(answer))

    async def _reply_when_made(self, answer: Coroutine[Any, Any, Answer]) -> None:
        self.reply(await answer)

    def hand_on(self) -> None:
        """Have the operation's handler answer it, in a task."""
        self._protocol.run(self._reply_by_handler())

    async def _reply_by_handler(self) -> None:
        cycle: Any = self._cycle
        ask = begin(self._protocol.serving.deps, cycle.scope, cycle.receive)
        try:
            answer = await run(self._found, ask)
        except ClientDisconnect:
            return
        self.reply(answer)


def _written(answer: Answer, cycle: RequestResponseCycle) -> bytes:
    """The whole response. Raises RuntimeError for a header that would end before its value does."""
    lines = [STATUS_LINE[answer.status]]
    for name, value in (*cycle.default_headers, *whole_headers(answer)):
        if HEADER_VALUE_RE.search(value):
            raise RuntimeError("Invalid HTTP header value.")
        lines += (name, b": ", value, b"\r\n")
    lines.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
    lines.append(answer.body)
    return b"".join(lines)


async def _nobody(*_: object) -> None:
    """Only what is written into the scope is wanted."""


def _believing(proxies: list[str]) -> ProxyHeadersMiddleware | None:
    """Who believes these proxies; None for none."""
    return ProxyHeadersMiddleware(_nobody, proxies) if proxies else None


def _believe(middleware: ProxyHeadersMiddleware, scope: Scope) -> None:
    """Let the scope say of the client what a trusted proxy says."""
    try:
        middleware(scope, _nobody, _nobody).send(None)  # type: ignore[arg-type]  # nothing is received or sent
    except StopIteration:
        return


def protocol_for(settings: Settings, app: App) -> type[DirectProtocol]:
    """For one server process: as many connections as it may have files, and its settings' bounds."""

    class Configured(DirectProtocol):
        """As the settings say."""

        open_connections = Connections(
            max(raise_file_limit() - RESERVED_FILES, FEWEST_CONNECTIONS),
            settings.connections_per_address,
            settings.trusted_proxies,
        )
        longest_head_wait = settings.head_seconds
        serving = app
        believing = _believing(settings.trusted_proxies)

    return Configured
