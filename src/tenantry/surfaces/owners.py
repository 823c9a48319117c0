"""Which surface owns which path, as `docs/architecture.md` lists it."""

from __future__ import annotations

import re

FIRST_SEGMENTS = {
    "kaizala": "kaizala",
    "partnercenter": "partner_center",
    "v1": "partner_center",
    "v1.0": "partner_center",
    "beta": "partner_center",
    "accountenrollments": "partner_center",
    "v3": "oauth",
    "generatetoken": "oauth",
    "androidenterprise": "android_enterprise",
    "batch": "android_enterprise",
    "discovery": "android_enterprise",
    "$discovery": "android_enterprise",
    "token": "oauth",
    "device": "device",
    "oauth2": "oauth",
    ".well-known": "oauth",
}
"""The surface that owns each first segment; `/{tenant}/oauth2/...` and its discovery are a tenant's token endpoints.
Other paths belong to the portal. Partner Center's own paths are its surface's at the root too: one of its clients drops
the path of its base address.
"""

FIRST_TWO_SEGMENTS = {
    ("webhooks", "v1"): "partner_center",  # below the portal's /webhooks, the second segment is a GUID
    ("v1", "enterprises"): "android_enterprise",  # of the Android Management API
}
"""Exceptions: paths below a first segment that another surface owns."""

_AUTHORIZE = re.compile(r"(/[^/]+)?/oauth2(/v2\.0)?/authorize|(/kaizala)?/api/oauth/authorize", re.IGNORECASE)
"""Where applications send people to consent: pages of the portal, wherever they lie."""


def owner_of(path: str) -> str:
    """The name of the surface that answers at this path."""
    first, _, rest = path.lstrip("/").partition("/")
    second = rest.partition("/")[0]
    if path[-9:].lower() == "authorize" and _AUTHORIZE.fullmatch(path):
        return "portal"
    if second.lower() in ("oauth2", "v2.0", ".well-known"):
        return "oauth"
    first, second = first.lower(), second.lower()
    return FIRST_TWO_SEGMENTS.get((first, second)) or FIRST_SEGMENTS.get(first, "portal")
