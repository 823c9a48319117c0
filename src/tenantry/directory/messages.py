"""Sends short messages to phones. Nothing here logs what a message says, since it may be a PIN.

A message is sent after the transaction that asked for it, and after the answer: a stranger could tell which numbers are
known from how long a gateway takes, or from its failure. So a failure goes to the log, and the user asks again. Tenants
take turns at the gateway: however slow it is, many PINs of one hold up nobody else's for long.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from urllib.parse import quote

from tenantry.core.clock import Clock, Micros
from tenantry.core.errors import FailedPrecondition
from tenantry.core.fair_shares import FairThreads, NoTurn
from tenantry.core.log import get_logger

TURN_SECONDS = 120.0
"""How long a message waits for its tenant's turn; most PINs are good for longer."""
MOST_AT_ONCE = 16
MOST_AT_ONCE_OF_A_TENANT = 6
MOST_WAITING_OF_A_TENANT = 1_000

_log = get_logger()


class MessageNotSent(Exception):
    """The gateway refused or could not be reached. The text holds neither the message nor the gateway's password."""


class Messages(Protocol):
    """Sends one text to one number (E.164), for a user of the tenant. Raises MessageNotSent."""

    async def send(self, number: str, text: str, *, tenant_id: str) -> None: ...


class AppriseMessages:
    """Sends through all gateways of `urls`, which apprise knows; `{phone}` in a URL stands for the number."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = tuple(urls)
        self._threads = FairThreads("messages", MOST_AT_ONCE, MOST_AT_ONCE_OF_A_TENANT, MOST_WAITING_OF_A_TENANT)
        logging.getLogger("apprise").setLevel(logging.WARNING)  # at a lower level, apprise logs what it sends

    @property
    def has_gateway(self) -> bool:
        """Whether there is a gateway."""
        return bool(self._urls)

    async def send(self, number: str, text: str, *, tenant_id: str) -> None:
        if not self._urls:
            raise MessageNotSent("no gateway is configured: set message_urls")
        try:
            await self._threads.take(tenant_id, TURN_SECONDS)
        except NoTurn:
            raise MessageNotSent("too many messages of this tenant wait: the gateway is slow") from None
        await self._threads.work(tenant_id, partial(self._send, number, text))

    def _send(self, number: str, text: str) -> None:
        from apprise import Apprise  # 20 MB that a server without messages need not hold

        gateways = Apprise()
        for url in self._urls:
            if not gateways.add(url.replace("{phone}", quote(number, safe=""))):
                raise MessageNotSent("an address in message_urls is not one that apprise understands")
        if not gateways.notify(body=text):
            raise MessageNotSent("the gateway did not take the message")


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message of the demo inbox."""

    at: Micros
    number: str
    text: str


class DemoInbox:
    """Keeps the last 100 messages for a page of the demo, and sends none."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[SentMessage] = deque(maxlen=100)

    async def send(self, number: str, text: str, *, tenant_id: str) -> None:
        del tenant_id  # messages that are only kept need no turns of tenants
        self._kept.append(SentMessage(self._clock(), number, text))

    def latest(self) -> list[SentMessage]:
        """Newest first."""
        return list(reversed(self._kept))


def can_send(messages: Messages) -> bool:
    """Whether the server can send messages at all."""
    return not isinstance(messages, AppriseMessages) or messages.has_gateway


def require_gateway(messages: Messages) -> None:
    """Raise FailedPrecondition when no message can be sent. It is called before a number is looked up, so that the
    error tells nothing of the number.
    """
    if not can_send(messages):
        raise FailedPrecondition(
            "No PIN can be sent: this server has no gateway for messages yet. Whoever runs it has to set message_urls."
        )


async def send_or_log(messages: Messages, tenant_id: str, number: str, text: str, correlation_id: str) -> None:
    """Send the message. A failure is logged with the number's last two digits and the correlation id. Raises
    nothing.
    """
    try:
        await messages.send(number, text, tenant_id=tenant_id)
    except Exception as error:  # noqa: BLE001 - a gateway's plug-in may raise anything, and nobody is left to tell
        reason = str(error) if isinstance(error, MessageNotSent) else type(error).__name__
        _log.error("message not sent", number=f"…{number[-2:]}", reason=reason, correlation_id=correlation_id)
