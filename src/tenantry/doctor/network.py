"""Questions over the net: the DNS, and the server itself at the address that clients use."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from tenantry import __version__
from tenantry.core.dns import DnsFailed, SystemDns
from tenantry.core.http import OutgoingHttp, Unreachable
from tenantry.doctor.finding import Finding, fine, look, mend
from tenantry.settings import Settings

_NAME = "_tenantry.example.com."
"""A name that nobody has. That it does not exist is an answer too."""
_NOBODY = "doctor"
"""The lanes of the outgoing requests are shared by tenant; here nobody else asks."""


async def check_dns() -> Finding:
    """Whether the DNS answers: it is asked for the TXT records by which tenants prove their domains."""
    try:
        await SystemDns().find(_NAME, tenant_id=_NOBODY)
    except DnsFailed as error:
        return look(
            "DNS",
            f"It did not answer ({error}): no tenant can prove a domain.",
            "Look at /etc/resolv.conf and at what the firewall lets out.",
        )
    return fine("DNS", "It answers.")


async def check_server(settings: Settings) -> list[Finding]:
    """Ask the server itself, as clients do, through the proxy where there is one."""
    address = settings.known_address
    http = OutgoingHttp(allow_private=True)
    try:
        health = await http.get(f"{address}/healthz", tenant_id=_NOBODY)
        document = await http.get(f"{address}/.well-known/openid-configuration", tenant_id=_NOBODY)
    except Unreachable as error:
        return [
            look(
                "server",
                f"Nothing answers at {address} ({error}).",
                "Start it; if it runs, look at the proxy, the certificate and the firewall.",
            )
        ]
    if health.status != 200:
        return [mend("server", f"{address}/healthz answers {health.status}.", "Let the proxy pass every path on.")]
    return [
        fine("server", f"It answers at {address}. This command is {__version__}."),
        _issuer(settings, document.body),
    ]


def _issuer(settings: Settings, document: bytes) -> Finding:
    try:
        issuer = json.loads(document)["issuer"]
    except (ValueError, KeyError, TypeError):
        return mend(
            "issuer",
            f"What answers at {urlsplit(settings.known_address).netloc} is no Tenantry server.",
            "Look where public_url and the proxy lead.",
        )
    if issuer != settings.known_address:
        return mend(
            "issuer",
            f"The server calls itself {issuer}, and these settings {settings.known_address}.",
            "Start the server with these settings, or look into the right data directory.",
        )
    return fine("issuer", str(issuer))
