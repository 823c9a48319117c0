"""The surface as one application: its routes, its errors, and what each request goes through first."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from tenantry.core.errors import DomainError, PayloadTooLarge
from tenantry.surfaces.android_enterprise import batch, devices, discovery, enterprises, errors, users
from tenantry.surfaces.shared.body import is_clean, read_body
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.methods import answering_no_route

_LONGEST_QUERY = 65_536
_OVERRIDES = ("GET", "PUT", "PATCH", "DELETE")


def surface(deps: Deps) -> FastAPI:
    """`/androidenterprise/v1`, batch and discovery."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.deps = deps
    for module in (enterprises, users, devices, batch):
        app.include_router(module.router)
    app.include_router(discovery.router(deps.settings.issuer))
    app.add_exception_handler(DomainError, errors.on_domain_error)
    app.add_exception_handler(HTTPException, answering_no_route(errors.no_route))
    app.add_exception_handler(Exception, errors.on_bug)
    app.add_middleware(_RequestForms, deps=deps)
    return app


class _RequestForms:
    """Paths that can name nothing, the method that a client had to hide, and the one that updates had in older times.

    Path values are percent-decoded after splitting (contract §5.2). Since no id of ours has a slash, a path with an
    encoded one names nothing. A GET with a long URL comes as POST with `X-HTTP-Method-Override` and its query as form.
    """

    def __init__(self, app: ASGIApp, deps: Deps) -> None:
        self.app = app
        self._deps = deps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if b"%2f" in scope.get("raw_path", b"").lower() or not is_clean(scope["path"]):
            return await errors.not_served()(scope, receive, send)
        override = Headers(scope=scope).get("x-http-method-override", "").upper()
        if scope["method"] == "POST" and override in _OVERRIDES:
            scope["method"] = override
            if override == "GET":
                try:
                    scope["query_string"] += b"&" * bool(scope["query_string"]) + await read_body(
                        receive, _LONGEST_QUERY
                    )
                except PayloadTooLarge:
                    return await errors.not_served()(scope, receive, send)
                except DomainError as error:
                    refused = await errors.refuse(self._deps, Request(scope), error)
                    return await refused(scope, receive, send)
        if scope["method"] == "PATCH":
            scope["method"] = "PUT"  # older clients patch; updates leave what they do not name as it is
        return await self.app(scope, receive, send)
