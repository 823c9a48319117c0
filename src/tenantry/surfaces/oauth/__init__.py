"""Token endpoints in the shapes that AAD's, Google's and plain OAuth's clients know, and discovery.

Everything here is a plain ASGI endpoint; what no route takes is answered by `surface.py`.
"""

from __future__ import annotations

import re

from tenantry.access.actions import Action
from tenantry.surfaces.oauth.assertion import assertion
from tenantry.surfaces.oauth.generate_token import generate_token, generate_token_v3
from tenantry.surfaces.oauth.token import token
from tenantry.surfaces.oauth.well_known import configuration, jwks, tenant_configuration
from tenantry.surfaces.shared.hot import HotRoute
from tenantry.tokens.assertions import TOKEN_PATHS

_TENANT = r"/(?P<tenant>[A-Za-z0-9._{}-]{1,260})"

HOT = [
    HotRoute("POST", re.compile(rf"{_TENANT}/oauth2(?P<v2>/v2\.0)?/token/?"), token, Action.OBTAIN_TOKEN),
    HotRoute(
        "GET",
        re.compile(rf"{_TENANT}(?P<v2>/v2\.0)?/\.well-known/openid-configuration"),
        tenant_configuration,
        Action.READ_PUBLIC,
    ),
    HotRoute("GET", "/.well-known/openid-configuration", configuration, Action.READ_PUBLIC),
    HotRoute("GET", "/.well-known/oauth-authorization-server", configuration, Action.READ_PUBLIC),
    HotRoute("GET", "/.well-known/jwks.json", jwks, Action.READ_PUBLIC),
    *(HotRoute("POST", path, assertion, Action.OBTAIN_TOKEN) for path in TOKEN_PATHS),
    *(
        HotRoute("POST", f"{root}{path}", endpoint, Action.OBTAIN_TOKEN)
        for root in ("/partnercenter", "")  # one client drops the path of its base address
        for path, endpoint in (("/generatetoken", generate_token), ("/v3/generatetoken", generate_token_v3))
    ),
]
