"""Sends the requests of this server: to addresses that people typed, so never into its own network.

1. Tenants take turns, and each has a few requests under way, so that a silent host of one holds up nobody else's.
2. The host's name is looked up once, every address of it is checked, and one of these addresses is connected to, so
   that the name cannot lead elsewhere in between (DNS rebinding).
3. Requests go by https only, with the host's certificate checked. No redirect is followed, no proxy used, no cookie
   kept.
4. An answer has a deadline, however slowly it comes, and a largest size, also once it is inflated.

The setting `outgoing_private_addresses` opens private networks and plain http; the demo opens one address, that of its
own receiver.
"""

from __future__ import annotations

import asyncio
import base64
import email.utils
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC
from functools import cached_property, partial
from urllib.parse import quote_plus, urlencode, urlsplit

from tenantry.core.clock import SECOND, Micros
from tenantry.core.fair_shares import FairThreads, NoTurn
from tenantry.core.http_exchange import MAX_ANSWER, Exchange, Reply, Sending, Unreachable

__all__ = ["MAX_ANSWER", "OutgoingHttp", "Reply", "Unreachable", "retry_after"]

DEADLINE_SECONDS = 10.0
TURN_SECONDS = 5.0
"""How long a request waits for its tenant's turn."""
MOST_AT_ONCE = 40
"""How many requests one lane has under way at once."""
MOST_AT_ONCE_OF_A_TENANT = 6
MOST_NAMES_AT_ONCE = 16
MOST_NAMES_AT_ONCE_OF_A_TENANT = 4
_PORTS = {"https": 443, "http": 80}
_BUSY = "no answer: too many requests are under way, try again in a moment"


class _Lane:
    """Threads that send one kind of request, and others that look names up for it. Nothing can cut a look-up short: the
    request that waits for it is given up, and its thread stays busy until the look-up ends.
    """

    def __init__(self, name: str) -> None:
        self.threads = FairThreads(name, MOST_AT_ONCE, MOST_AT_ONCE_OF_A_TENANT)
        self.names = FairThreads(f"{name}-names", MOST_NAMES_AT_ONCE, MOST_NAMES_AT_ONCE_OF_A_TENANT)


class OutgoingHttp:
    """Requests that people wait for have one lane and deliveries to webhooks another, so that neither waits for the
    other.

    Every method raises Unreachable, and takes the `tenant_id` for which it sends. `open_to` is one address, without a
    query, that may be private and plain http in any case.
    """

    def __init__(self, *, allow_private: bool = False, open_to: str | None = None) -> None:
        self._allow_private = allow_private
        self._open_to = open_to
        self._asking = _Lane("ask")
        self._telling = _Lane("tell")

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The TLS settings, made at the first https request: reading the machine's certificates takes some forty
        milliseconds.
        """
        return ssl.create_default_context()

    async def get(
        self,
        url: str,
        *,
        tenant_id: str,
        headers: Mapping[str, str] | None = None,
        deadline: float = DEADLINE_SECONDS,
    ) -> Reply:
        """Send a GET, which asks for JSON unless `headers` say otherwise; `deadline` is in seconds."""
        sent = {"Accept": "application/json", **(headers or {})}
        return await self._ask("GET", url, None, sent, tenant_id=tenant_id, deadline=deadline)

    async def post_form(
        self, url: str, fields: Mapping[str, str], *, tenant_id: str, basic: tuple[str, str] | None = None
    ) -> Reply:
        """Send a POST with a urlencoded form. `basic`: id and secret of a client (RFC 6749 §2.3.1)."""
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if basic is not None:
            pair = ":".join(quote_plus(part) for part in basic)
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return await self._ask("POST", url, urlencode(fields).encode(), headers, tenant_id=tenant_id)

    async def post_json(
        self, url: str, body: bytes, *, tenant_id: str, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a POST with a body that is JSON already. Only the status of the answer counts; its body is not waited
        for.
        """
        sent = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        return await self._ask("POST", url, body, sent, tenant_id=tenant_id, wants_body=False)

    def check(self, url: str) -> None:
        """Raise Unreachable when the address does not have the right form. Nothing is sent."""
        self._parse(url)

    def _parse(self, url: str) -> tuple[str, str, int, str]:
        """Scheme, host, port, and path with query of the address."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise Unreachable("the address is malformed") from None
        if parts.scheme not in _PORTS or (parts.scheme == "http" and not self._allows_private(url)):
            raise Unreachable("the address is not https")
        if not host or parts.username is not None or any(not "!" <= character <= "~" for character in url):
            raise Unreachable("the address is malformed")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return parts.scheme, host, port or _PORTS[parts.scheme], path

    def _allows_private(self, url: str) -> bool:
        return self._allow_private or url.partition("?")[0] == self._open_to

    async def _ask(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: dict[str, str],
        *,
        tenant_id: str,
        deadline: float = DEADLINE_SECONDS,
        wants_body: bool = True,
    ) -> Reply:
        scheme, host, port, path = self._parse(url)
        sending = Sending(scheme, method, path, body, {"User-Agent": "Tenantry", **headers}, wants_body)
        loop = asyncio.get_running_loop()
        lane = self._asking if wants_body else self._telling
        addresses = await _look_up(lane, host, port, tenant_id, deadline)
        exchange = Exchange(host, port, allow_private=self._allows_private(url))
        await _turn(lane.threads, tenant_id, deadline)
        cutting = loop.call_later(deadline, exchange.cut)
        try:
            send = partial(exchange.send, addresses, sending, lambda: self._tls)
            return await lane.threads.work(tenant_id, send)
        except asyncio.CancelledError:
            exchange.cut()  # without this, the thread would go on reading
            raise
        finally:
            cutting.cancel()


async def _look_up(lane: _Lane, host: str, port: int, tenant_id: str, deadline: float) -> list[str]:
    """Every address of the host. Raises Unreachable."""
    with suppress(ValueError):
        return [str(ipaddress.ip_address(host))]
    await _turn(lane.names, tenant_id, deadline)
    asking = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        async with asyncio.timeout(deadline):
            found = await lane.names.work(tenant_id, asking)
    except TimeoutError:
        raise Unreachable("no answer: it took too long") from None
    except (OSError, ValueError) as error:
        raise Unreachable(f"no answer: {type(error).__name__}") from None
    return [str(entry[4][0]) for entry in found]


async def _turn(threads: FairThreads, tenant_id: str, deadline: float) -> None:
    """Wait for a thread for the tenant. Raises Unreachable."""
    try:
        await threads.take(tenant_id, min(TURN_SECONDS, deadline))
    except NoTurn:
        raise Unreachable(_BUSY) from None


def retry_after(reply: Reply, now: Micros) -> Micros | None:
    """How long the answer asks to wait: whole seconds, or until a date. None when it does not (RFC 9110 §10.2.3)."""
    value = reply.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(int(value[:12]), 10**10) * SECOND
    try:
        moment = email.utils.parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0, int(moment.timestamp()) * SECOND - now)
    except (ValueError, TypeError, OverflowError):
        return None
