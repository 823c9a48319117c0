"""The doors that only a demo has, below `/dev`: who may pass them.

Whoever is on this machine, with a name for it that no page elsewhere can have: neither through a proxy or a tunnel, nor
by a host name that somebody lets lead here (DNS rebinding). With `demo_on_any_address`, everybody.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from starlette.types import Scope

from tenantry.settings import Settings
from tenantry.surfaces.shared.answers import header, json_answer
from tenantry.surfaces.shared.origin import origin_of

_OF_PROXIES = frozenset(
    b"forwarded via x-real-ip x-client-ip x-cluster-client-ip true-client-ip cf-connecting-ip fastly-client-ip "
    b"fly-client-ip x-envoy-external-address x-original-host x-original-url ngrok-trace-id".split()
)
"""Headers that proxies and tunnels add, beside those that begin with X-Forwarded."""
_PORT = re.compile(r":[0-9]*\Z")

NOT_HERE = json_answer(404, b'{"error":"not_found"}')


def is_from_here(settings: Settings, scope: Scope) -> bool:
    """See above."""
    if settings.demo_on_any_address:
        return True
    return not came_through_proxy(scope) and _is_loopback(origin_of(scope).address) and asks_by_loopback_name(scope)


def came_through_proxy(scope: Scope) -> bool:
    """Whether a header says so."""
    return any(name in _OF_PROXIES or name.startswith(b"x-forwarded") for name, _ in scope["headers"])


def asks_by_loopback_name(scope: Scope) -> bool:
    """Whether the Host is one that only this machine has for itself."""
    return _is_loopback(_PORT.sub("", header(scope, b"host") or ""))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
