"""The portal's application: its pages, its error pages, and the headers that hold for each answer."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenantry.surfaces.portal.authorize import authorize
from tenantry.surfaces.portal.connectors import (
    connector_changes,
    connector_permissions,
    connector_roles,
    connectors,
    tokens,
)
from tenantry.surfaces.portal.devices import device_changes, devices
from tenantry.surfaces.portal.frame import errors, static
from tenantry.surfaces.portal.frame.routing import serve_methods
from tenantry.surfaces.portal.frame.security import SECURITY_HEADERS
from tenantry.surfaces.portal.groups import (
    group_changes,
    group_deletion,
    group_files,
    group_invitations,
    group_links,
    group_members,
    group_subscribers,
    groups,
    groups_connectors,
    join,
    letting_in,
)
from tenantry.surfaces.portal.overview import blast_radius, home, reach
from tenantry.surfaces.portal.partners import customers, partners
from tenantry.surfaces.portal.sign_in import (
    password,
    phones,
    second_factor,
    second_factor_removal,
    second_factor_setup,
    sessions_page,
    sign_in,
    upstream,
)
from tenantry.surfaces.portal.tenant import domains, identity_providers, policies, settings
from tenantry.surfaces.portal.trail import audit, audit_seals
from tenantry.surfaces.portal.users import (
    user_blocking,
    user_changes,
    user_deletion,
    user_imports,
    user_roles,
    user_sign_in,
    users,
)
from tenantry.surfaces.portal.webhooks import webhook_changes, webhook_token, webhooks
from tenantry.surfaces.portal.words.texts import use_language
from tenantry.surfaces.shared.answers import header
from tenantry.surfaces.shared.deps import Deps

PAGES = (
    static,
    authorize,
    sign_in,
    password,
    upstream,
    identity_providers,
    second_factor,
    second_factor_setup,
    second_factor_removal,
    sessions_page,
    home,
    reach,
    blast_radius,
    phones,
    connector_roles,
    connector_permissions,
    connectors,
    connector_changes,
    tokens,
    groups_connectors,
    webhooks,
    webhook_changes,
    webhook_token,
    group_changes,
    group_deletion,
    group_links,
    group_files,
    letting_in,
    group_members,
    group_subscribers,
    group_invitations,
    groups,
    join,
    device_changes,
    devices,
    user_blocking,
    user_changes,
    user_deletion,
    user_roles,
    user_sign_in,
    user_imports,
    users,
    audit,
    audit_seals,
    partners,
    customers,
    domains,
    policies,
    settings,
)
"""Modules with a `router`, asked in this order."""


def surface(deps: Deps) -> FastAPI:
    """Every page. Addresses are made from paths only, never from the Host header."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.state.deps = deps
    for page in PAGES:
        app.include_router(page.router)
    errors.install(app)
    serve_methods(app)
    app.add_middleware(Frame, is_secure=deps.settings.issuer.startswith("https:"))
    return app


class Frame:
    """What surrounds each request: its language, the headers of its answer, and a page even for a bug."""

    def __init__(self, app: ASGIApp, is_secure: bool) -> None:
        self._app = app
        self._headers = dict(SECURITY_HEADERS)
        if is_secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        use_language(header(scope, b"accept-language") or "")

        async def send_framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        if "\0" in scope["path"] or b"%00" in scope["query_string"]:  # databases take no NUL in a text
            await errors.show_absent(Request(scope))(scope, receive, send_framed)
            return
        try:
            await self._app(scope, receive, send_framed)
        except ClientDisconnect:
            raise  # nobody is there to be answered, and anybody could fill the log with it
        except Exception as error:  # noqa: BLE001 - logged in full there
            answer = errors.show_bug(Request(scope), error)
            await answer(scope, receive, send_framed)
