"""`build(settings) -> App`: the one file that knows every part.

A request goes: host roots -> hot routes (exact path, then patterns) -> the surface that owns the path's first segment.
Every surface sees the full path, as `docs/architecture.md` lists it, and answers its own errors in its own form; the
portal answers what no other owns. What even a surface's own handler did not expect is answered here.

What surfaces are made of is heavy (FastAPI, the portal's pages and their libraries) and no hot route needs it, so it is
loaded by `load`, or when the first request comes for it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from tenantry import background
from tenantry.access.actions import Action
from tenantry.audit.left_out import note_left_out
from tenantry.core.clock import Clock, system_clock
from tenantry.core.dns import SystemDns, TextRecords
from tenantry.core.errors import DomainError
from tenantry.core.http import OutgoingHttp
from tenantry.core.log import get_logger
from tenantry.directory.messages import AppriseMessages, DemoInbox, Messages, can_send
from tenantry.directory.passwords import PasswordHasher
from tenantry.metrics import Metrics
from tenantry.outbox.sender import Sender
from tenantry.settings import Settings
from tenantry.store.engine.interface import Store
from tenantry.store.engine.opening import open_store
from tenantry.store.engine.shares import Shares
from tenantry.surfaces import android_enterprise, device, kaizala, oauth, operations, partner_center, portal
from tenantry.surfaces.owners import owner_of
from tenantry.surfaces.router import Router, Routes
from tenantry.surfaces.running import begin, run, serve
from tenantry.surfaces.shared import demo_receiver, inbox
from tenantry.surfaces.shared.afterwards import Afterwards
from tenantry.surfaces.shared.coding import decoding, inflating
from tenantry.surfaces.shared.cookies import take_cookies
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.head import CODING, OVERRIDE, RefusedRoute, fault_of, refuse
from tenantry.surfaces.shared.hot import HotAnswer, HotRoute, HotRoutes, header, json_answer, send_answer
from tenantry.surfaces.shared.limits import RateLimiter
from tenantry.surfaces.shared.long_answers import LongAnswers, Stream
from tenantry.surfaces.shared.methods import ALL, keep_asked, serve_methods, shown, without_body
from tenantry.surfaces.shared.origin import origin_of
from tenantry.surfaces.shared.routing import action_of
from tenantry.tokens.issuing import make_issuing
from tenantry.tokens.keys.master_key import load_master_key
from tenantry.tokens.keys.signing_keys import KeyRing
from tenantry.tokens.secrets import SecretHasher

if TYPE_CHECKING:
    from fastapi import FastAPI

SURFACES: dict[str, ModuleType] = {
    "device": device,
    "oauth": oauth,
    "portal": portal,
}
"""Each exports `HOT`; its module `surface` has `surface(deps) -> FastAPI`."""

CONTRACTS = (android_enterprise.PLAY_EMM, kaizala.KAIZALA, partner_center.PARTNER_CENTER)
"""The surfaces whose operations are declared."""

BULK_PATIENCE = 30.0
"""Seconds that who writes much waits for others who do. Many parts come one after the other."""

_log = get_logger()


class Route(NamedTuple):
    """One route of the running app. `path` is the full path, or the pattern of a hot route."""

    method: str
    path: str
    action: Action | None
    endpoint: Callable[..., Any]


class App:
    """The ASGI application. Lives from `build` to `close`; a server that speaks lifespan does both ends."""

    def __init__(self, deps: Deps, owns_store: bool) -> None:
        self.deps = deps
        self.metrics = Metrics()
        self._mounted: dict[str, FastAPI] = {}
        self._mounting = threading.Lock()
        self._owns_store = owns_store
        self._host_roots = {host.lower(): root.rstrip("/") for host, root in deps.settings.host_roots.items()}
        self._hot = HotRoutes()
        self._router = Router(CONTRACTS, self._hot.methods_at)
        self._background: list[asyncio.Task[None]] = []
        self._afterwards = Afterwards()
        most_waiting = deps.settings.webhook_events_waiting
        self._sender = Sender(deps.store, deps.http, deps.master_key, deps.clock, most_waiting)
        self._hot.take("operations", operations.routes(self.metrics if deps.settings.metrics else None))
        if deps.settings.demo:
            self._hot.take("operations", inbox.HOT)
            self._hot.take("operations", demo_receiver.HOT)
        self._operations = {route.path for route in self._hot}
        for name, module in SURFACES.items():
            self._hot.take(name, module.HOT)

    def routes(self) -> list[Route]:
        """Every route, hot ones included."""
        self.load()
        found = [Route(route.method, _path_of(route), route.action, route.endpoint) for route in self._hot]
        found += [Route(each.method, each.path, each.action, each.handler) for each in self._router]
        for app in self._mounted.values():
            found += _routes_of(app)
        return found

    def load(self) -> None:
        """Make the surfaces that are not there yet. Takes most of a second; may run in a thread beside requests."""
        for name in SURFACES:
            self._mount(name)

    def _mount(self, name: str) -> FastAPI:
        """The surface of this name, made when it is asked for first."""
        with self._mounting:
            app = self._mounted.get(name)
            if app is None:
                app = import_module(f"tenantry.surfaces.{name}.surface").surface(self.deps)
                app.state.deps = self.deps
                app.router.routes.insert(0, RefusedRoute())
                serve_methods(app, self._hot)
                self._mounted[name] = app
            return app

    async def close(self) -> None:
        """Stop the background work, finish the store's."""
        for task in self._background:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._afterwards.close()
        await note_left_out(self.deps.store, self.deps.clock)
        await asyncio.to_thread(self.deps.passwords.close)
        if self._owns_store:
            await self.deps.store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hot path: what every request passes, before its surface's own budget: one look at its headers, one router."""
        if scope["type"] != "http":
            await self._attend(scope, receive, send)
            return
        fault = fault_of(scope)
        if self._host_roots:
            self._apply_host_root(scope)
        exact = None if fault else self._hot.find_exact(scope["method"], scope["path"])
        found = None if fault or exact else self._router.find(scope["method"], scope.get("raw_path", b""))
        if found is None or (OVERRIDE in scope and found[0].coat.overrides):
            await self._answer(scope, receive, send, exact, fault)
            return
        if CODING in scope:
            receive = inflating(scope[CODING], receive)
        try:
            answer = await run(found, begin(self.deps, scope, receive))
        except ClientDisconnect:
            return
        self.metrics.count(found[0].name, answer.status, found[1].action is Action.OBTAIN_TOKEN)
        await send_answer(send, answer)

    async def _attend(self, scope: Scope, receive: Receive, send: Send) -> None:
        """To what is no request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        exact: tuple[str, HotRoute] | None,
        fault: DomainError | None,
    ) -> None:
        """What the router does not know at once."""
        if fault is not None:
            refuse(scope, fault)
        elif await self._answer_hot(exact, scope, receive, send):
            return
        routes = self._router.routes_of(owner_of(scope["path"]))
        if routes is not None:
            await self._serve(routes, scope, receive, send, fault)
            return
        if fault is None and CODING in scope:
            receive, send = decoding(scope[CODING], receive, send)
        if scope["method"] == "HEAD":
            send = without_body(send)
        if fault is None:
            await self._answer_cold(scope, receive, send)
        else:
            await self._pass_on(scope, receive, send)

    async def _answer_hot(self, exact: tuple[str, HotRoute] | None, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether a hot route of a surface without a contract was there to answer."""
        surface, route, match = (*exact, None) if exact else self._hot.find(scope["method"], scope["path"])
        if route is None and scope["method"] == "HEAD":
            send = without_body(send)
            surface, route, match = self._hot.find("GET", scope["path"])
        if route is None:
            return False
        if CODING in scope:
            receive, send = decoding(scope[CODING], receive, send)
        try:
            answer = await route.endpoint(self.deps, scope, receive, match)
        except ClientDisconnect:
            return True
        except Exception:  # noqa: BLE001 - logged in full there
            answer = _failed(scope)
        self.metrics.count(surface, answer.status, route.action is Action.OBTAIN_TOKEN)
        await send_answer(send, answer)
        return True

    async def _serve(
        self, routes: Routes, scope: Scope, receive: Receive, send: Send, fault: DomainError | None
    ) -> None:
        """By the contract of the surface that owns the path."""
        started = time.perf_counter()
        ask = begin(self.deps, scope, inflating(scope[CODING], receive) if CODING in scope else receive)
        surface = routes.surface.name
        try:
            with self._sender.listening():
                answer, operation = await serve(routes, ask, fault=fault)
        except ClientDisconnect:
            return
        is_token = operation is not None and operation.action is Action.OBTAIN_TOKEN
        self.metrics.count(surface, answer.status, is_token)
        if operation is None or not operation.hot:
            _log_request(scope, surface, answer.status, time.perf_counter() - started)
        if answer.stream is not None:
            await self._send_stream(answer, answer.stream, scope, receive, send)
        else:
            await send_answer(without_body(send) if scope["method"] == "HEAD" else send, answer)
        if ask.after is not None:
            await self._afterwards.do(ask.after, ask.origin)

    async def _send_stream(self, answer: HotAnswer, stream: Stream, scope: Scope, receive: Receive, send: Send) -> None:
        """What fails on the way is in the log, and ends the connection."""
        start: Message = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        try:
            await stream.send(start, scope, receive, send, head_only=scope["method"] == "HEAD")
        except ClientDisconnect:
            return
        except Exception:  # noqa: BLE001 - logged in full there
            _failed(scope)

    async def _answer_cold(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What no hot route takes."""
        method, path = scope["method"], scope["path"]
        if path == "*":  # only OPTIONS gets here with it
            await send_answer(send, HotAnswer(200, b"", [(b"allow", ", ".join(ALL).encode())]))
        elif path in self._operations:
            await send_answer(send, operations.refuse_method(method, shown(self._hot.methods_at(path))))
        else:
            await self._pass_on(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """To the surface that owns the path."""
        started = time.perf_counter()
        answer = _Answer(send)
        surface = owner_of(scope["path"])
        take_cookies(scope)
        keep_asked(scope)
        try:
            app = self._mounted.get(surface)
            if app is None:
                app = await asyncio.to_thread(self._mount, surface)
            with self._sender.listening():
                await app(scope, receive, answer)
        except ClientDisconnect:
            return
        except Exception:  # noqa: BLE001 - logged in full there
            failed = _failed(scope)
            if not answer.begun:
                await send_answer(answer, failed)
        self.metrics.count(surface, answer.status, action_of(scope.get("endpoint")) is Action.OBTAIN_TOKEN)
        _log_request(scope, surface, answer.status, time.perf_counter() - started)

    def _apply_host_root(self, scope: Scope) -> None:
        """Show one surface at `/` of its host name (setting `host_roots`)."""
        host = (header(scope, b"host") or "").partition(":")[0].lower()
        root = self._host_roots.get(host)
        if root:
            scope["path"] = root + scope["path"]
            scope["raw_path"] = root.encode() + scope.get("raw_path", b"")

    async def _live(self, receive: Receive, send: Send) -> None:
        """The server's lifespan."""
        await receive()
        if not can_send(self.deps.messages):
            _log.warning("no PIN can be sent: there is no gateway for messages, set message_urls")
        self._background = [asyncio.create_task(work) for work in background.works(self.deps, self._sender)]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})


def _path_of(route: HotRoute) -> str:
    return route.path if isinstance(route.path, str) else route.path.pattern


class _Answer:
    """Passes an answer on and remembers its status; 500 until it has begun."""

    __slots__ = ("begun", "send", "status")

    def __init__(self, send: Send) -> None:
        self.send = send
        self.status = 500
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.begun = True
        await self.send(message)


def _failed(scope: Scope) -> HotAnswer:
    """A bug: everything goes to the log, only the id under which it stands there to the client."""
    correlation_id = origin_of(scope).correlation_id
    path = ascii(scope["path"])[1:-1]
    _log.exception("unexpected error", method=scope["method"], path=path, correlation_id=correlation_id)
    body = msgspec.json.encode({"error": "server_error", "correlation_id": correlation_id})
    return json_answer(500, body, [(b"x-correlation-id", correlation_id.encode())])


def _log_request(scope: Scope, surface: str, status: int, seconds: float) -> None:
    """One line for each request that is not hot; no query, no header, no body."""
    _log.info(
        "request",
        method=scope["method"],
        path=ascii(scope["path"])[1:-1],
        surface=surface,
        status=status,
        ms=round(seconds * 1000, 1),
        correlation_id=origin_of(scope).correlation_id,
    )


def _routes_of(app: FastAPI) -> Iterator[Route]:
    from fastapi.routing import iter_route_contexts

    for route in iter_route_contexts(app.routes):
        if route.endpoint is not None:
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield Route(method, route.path or "/", action_of(route.endpoint), route.endpoint)


async def build(
    settings: Settings,
    *,
    store: Store | None = None,
    clock: Clock = system_clock,
    messages: Messages | None = None,
    dns: TextRecords | None = None,
) -> App:
    """Make every part once and put them together.

    Without `store` it opens the one the settings name, and `App.close` closes it.
    Raises SchemaOutdated, MasterKeyError and StoreUnavailable, whose texts say what to do.
    """
    master_key = load_master_key(
        settings.master_key.get_secret_value() if settings.master_key else None,
        settings.master_key_file or settings.data_dir / "master.key",
    )
    opened = store or await open_store(
        settings.store_url, busy_timeout=settings.store_wait_seconds, pool_size=settings.postgres_connections
    )
    try:
        keys = await KeyRing.load(opened, master_key, clock)
        hasher = SecretHasher(master_key.peppers())
        deps = Deps(
            settings=settings,
            store=opened,
            clock=clock,
            keys=keys,
            hasher=hasher,
            issuing=make_issuing(settings, opened, keys, hasher),
            master_key=master_key,
            passwords=PasswordHasher(),
            messages=messages or _messages(settings, clock),
            limits=RateLimiter(settings.rate_limits == "on", clock),
            long_answers=LongAnswers(),
            bulk=Shares(2, 1, BULK_PATIENCE),
            http=OutgoingHttp(
                allow_private=settings.outgoing_private_addresses,
                open_to=f"{settings.issuer}{demo_receiver.PATH}" if settings.demo else None,
            ),
            dns=dns or SystemDns(),
        )
    except BaseException:
        if store is None:
            await opened.close()
        raise
    return App(deps, owns_store=store is None)


def _messages(settings: Settings, clock: Clock) -> Messages:
    return DemoInbox(clock) if settings.demo else AppriseMessages(settings.message_urls)
