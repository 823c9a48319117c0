"""`build(settings) -> App`: the one file that knows every part.

A request goes: host roots -> the router, which knows hot operations at once -> the surface that owns the path's first
segment -> the portal (pages.py), which answers what no other owns. Every surface sees the full path, as
`docs/architecture.md` lists it, and answers its own errors in its own form.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from tenantry import background
from tenantry.access.actions import Action
from tenantry.audit.left_out import note_left_out
from tenantry.core.clock import Clock, system_clock
from tenantry.core.dns import SystemDns, TextRecords
from tenantry.core.errors import DomainError
from tenantry.core.fair_shares import FairThreads
from tenantry.core.http import OutgoingHttp
from tenantry.core.log import get_logger
from tenantry.directory.messages import AppriseMessages, DemoInbox, Messages, can_send
from tenantry.directory.passwords import PasswordHasher
from tenantry.metrics import Metrics
from tenantry.outbox.sender import Sender
from tenantry.pages import Pages, Route
from tenantry.settings import Settings
from tenantry.store.engine.interface import Store
from tenantry.store.engine.opening import open_store
from tenantry.store.engine.shares import Shares
from tenantry.surfaces import android_enterprise, device, kaizala, oauth, operations, partner_center
from tenantry.surfaces.operations import demo_receiver
from tenantry.surfaces.router import Found, Router, Routes
from tenantry.surfaces.running import begin, run, serve
from tenantry.surfaces.shared.afterwards import Afterwards
from tenantry.surfaces.shared.answers import Answer, header, send_answer, without_body
from tenantry.surfaces.shared.coding import inflating
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.head import CODING, OVERRIDE, fault_of, refuse
from tenantry.surfaces.shared.limits import RateLimiter
from tenantry.surfaces.shared.long_answers import LongAnswers, Stream
from tenantry.surfaces.shared.request_log import log_failure, log_request
from tenantry.tokens.issuing import make_issuing
from tenantry.tokens.keys.master_key import load_master_key
from tenantry.tokens.keys.signing_keys import KeyRing
from tenantry.tokens.secrets import SecretHasher

CONTRACTS = (
    android_enterprise.PLAY_EMM,
    device.DEVICE,
    kaizala.KAIZALA,
    oauth.OAUTH,
    operations.OPERATIONS,
    partner_center.PARTNER_CENTER,
)
"""Every surface but the portal, whose pages are no operations."""

BULK_PATIENCE = 30.0
"""Seconds that a large write waits for other large writes. Such writes come in many parts, one after the other."""

_ALL = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""The methods that some address takes."""

_FAULT, _FOUND = "tenantry.fault", "tenantry.found"
"""In the scope of a request that has been matched: what is wrong with its head, the hot operation it asks for."""

_log = get_logger()


class App:
    """The ASGI application. Lives from `build` to `close`; a server that speaks lifespan does both ends."""

    def __init__(self, deps: Deps, owns_store: bool) -> None:
        self.deps = deps
        self._owns_store = owns_store
        self._host_roots = {host.lower(): root.rstrip("/") for host, root in deps.settings.host_roots.items()}
        self._background: list[asyncio.Task[None]] = []
        self._afterwards = Afterwards()
        most_waiting = deps.settings.webhook_events_waiting
        self._sender = Sender(deps.store, deps.http, deps.master_key, deps.clock, most_waiting)
        self._router = Router(CONTRACTS, deps.settings)
        self._pages = Pages(deps, self._sender)

    def routes(self) -> list[Route]:
        """The routes of all operations and pages."""
        declared = [Route(each.method, each.path, each.action, each.handler) for each in self._router]
        return declared + self._pages.routes()

    def load(self) -> None:
        """Make what is not there yet. Takes most of a second; may run in a thread beside requests."""
        self._pages.load()

    async def close(self) -> None:
        """Stop the work in the background, and close the store when its work is done."""
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
        """Hot path: every request passes here, before its surface's own budget: one look at its headers, one router."""
        if scope["type"] != "http":
            await self._attend(scope, receive, send)
            return
        found = self.match(scope)
        if found is None:
            await self._answer(scope, receive, send, scope[_FAULT])
            return
        if CODING in scope:
            receive = inflating(scope[CODING], receive)
        try:
            answer = await run(found, begin(self.deps, scope, receive))
        except ClientDisconnect:
            return
        self.count(found, answer.status)
        await send_answer(send, answer)

    def match(self, scope: Scope) -> Found | None:
        """The hot operation that a request asks for, if its head is well. Whoever asks again is told the same."""
        if _FAULT in scope:
            known: Found | None = scope[_FOUND]
            return known
        fault = scope[_FAULT] = fault_of(scope)
        if self._host_roots:
            self._apply_host_root(scope)
        found = None if fault else self._router.find(scope["method"], scope.get("raw_path", b""))
        if found is not None and OVERRIDE in scope and found[0].coat.overrides:
            found = None
        scope[_FOUND] = found
        return found

    def count(self, found: Found, status: int) -> None:
        """Count the answer to a request of a hot operation."""
        self.deps.metrics.count(found[0].name, status, found[1].action is Action.OBTAIN_TOKEN)

    async def _attend(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle what is no HTTP request: lifespan and WebSockets."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, scope: Scope, receive: Receive, send: Send, fault: DomainError | None) -> None:
        """Answer a request that the router does not know at once."""
        if fault is not None:
            refuse(scope, fault)
        elif scope["path"] == "*":  # `head.py` lets only OPTIONS through with it
            await send_answer(send, Answer(200, b"", [(b"allow", ", ".join(_ALL).encode())]))
            return
        routes = self._router.routes_of(scope["path"])
        if fault is None:
            routes = self._router.routes_at(scope["method"], scope["path"]) or routes
        if routes is None:
            await self._pages.answer(scope, receive, send)
        else:
            await self._serve(routes, scope, receive, send, fault)

    async def _serve(
        self, routes: Routes, scope: Scope, receive: Receive, send: Send, fault: DomainError | None
    ) -> None:
        """Answer with the operation that the owner of the path declares for it."""
        started = time.perf_counter()
        ask = begin(self.deps, scope, inflating(scope[CODING], receive) if CODING in scope else receive)
        surface = routes.surface.name
        try:
            with self._sender.listening():
                answer, operation = await serve(routes, ask, fault=fault)
        except ClientDisconnect:
            return
        is_token = operation is not None and operation.action is Action.OBTAIN_TOKEN
        self.deps.metrics.count(surface, answer.status, is_token)
        if operation is None or not operation.hot:
            log_request(scope, surface, answer.status, time.perf_counter() - started)
        if answer.stream is not None:
            await self._send_stream(answer, answer.stream, scope, receive, send)
        else:
            await send_answer(without_body(send) if scope["method"] == "HEAD" else send, answer)
        if ask.after is not None:
            await self._afterwards.do(ask.after, ask.origin)

    async def _send_stream(self, answer: Answer, stream: Stream, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a long answer. A failure on the way is logged and ends the connection."""
        start: Message = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        try:
            await stream.send(start, scope, receive, send, head_only=scope["method"] == "HEAD")
        except ClientDisconnect:
            return
        except Exception:  # noqa: BLE001 - logged in full there
            log_failure(scope)

    def _apply_host_root(self, scope: Scope) -> None:
        """Show one surface at `/` of its host name (setting `host_roots`)."""
        host = (header(scope, b"host") or "").partition(":")[0].lower()
        root = self._host_roots.get(host)
        if root:
            scope["path"] = root + scope["path"]
            scope["raw_path"] = root.encode() + scope.get("raw_path", b"")

    async def _live(self, receive: Receive, send: Send) -> None:
        """Serve ASGI's lifespan: start the work in the background, and stop it when the server shuts down."""
        await receive()
        if not can_send(self.deps.messages):
            _log.warning("no PIN can be sent: there is no gateway for messages, set message_urls")
        self._background = [asyncio.create_task(work) for work in background.works(self.deps, self._sender)]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})


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
            metrics=Metrics(),
            bulk=Shares(2, 1, BULK_PATIENCE),
            files=FairThreads("files", 1, 1),
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
