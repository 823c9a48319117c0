"""Who may use the addresses below `/dev`, which only a demo has.

Only requests from this machine may, under a name that no page elsewhere can have: neither through a proxy or a tunnel,
nor by a host name that somebody lets lead here (DNS rebinding). With `demo_on_any_address`, all requests may.
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
    """Whether the request may use them."""
    if settings.demo_on_any_address:
        return True
    return not came_through_proxy(scope) and _is_loopback(origin_of(scope).address) and asks_by_loopback_name(scope)


def came_through_proxy(scope: Scope) -> bool:
    """Whether a header says that the request came through a proxy or a tunnel."""
    return any(name in _OF_PROXIES or name.startswith(b"x-forwarded") for name, _ in scope["headers"])


def asks_by_loopback_name(scope: Scope) -> bool:
    """Whether the request names a host that every machine has for itself only, such as `localhost`."""
    return _is_loopback(_PORT.sub("", header(scope, b"host") or ""))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
