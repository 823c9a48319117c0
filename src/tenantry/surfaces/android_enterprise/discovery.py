"""The discovery document: every address, batch included, and every method and shape of the vendor's API.

Methods that are not offered are in it too, and say so: clients generated from it ask for them and get an answer that
they know. It names no mTLS address. Source: Play EMM contract §5.1, §1, §2; the form is that of the "Google API
Discovery Service" reference, Discovery document. `schemas.json` has the shapes in that form, one a line.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tenantry.access.actions import Action
from tenantry.core.errors import NotFound
from tenantry.surfaces.android_enterprise.errors import JSON
from tenantry.surfaces.android_enterprise.methods import METHODS, QUERY, REVISION, ROOT, SERVED, Method
from tenantry.surfaces.android_enterprise.requests import SCOPE
from tenantry.surfaces.shared.routing import performs

_Json = dict[str, Any]


def router(issuer: str) -> APIRouter:
    """Serves the document at both addresses that clients look at. Hot path: no I/O."""
    body = msgspec.json.encode(document(issuer))
    routes = APIRouter()

    @routes.get("/discovery/v1/apis/androidenterprise/v1/rest")
    @performs(Action.READ_PUBLIC)
    async def directory_form() -> Response:
        return Response(body, media_type=JSON)

    @routes.get("/$discovery/rest")
    @performs(Action.READ_PUBLIC)
    async def service_form(request: Request) -> Response:
        if request.query_params.get("version", "v1") != "v1":
            raise NotFound("version of this API")
        return Response(body, media_type=JSON)

    return routes


def document(issuer: str) -> _Json:
    """The document for clients that reach us at `issuer`."""
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": "androidenterprise:v1",
        "name": "androidenterprise",
        "canonicalName": "Android Enterprise",
        "version": "v1",
        "revision": REVISION,
        "title": "Tenantry: Play EMM API",
        "description": "Enterprises, managed users, their devices and the tokens that provision them.",
        "protocol": "rest",
        "rootUrl": f"{issuer}/",
        "baseUrl": f"{issuer}/",
        "servicePath": "",
        "basePath": "",
        "batchPath": "batch",
        "parameters": _STANDARD_PARAMETERS,
        "auth": {"oauth2": {"scopes": {SCOPE: {"description": "Manage the devices of your enterprises."}}}},
        "schemas": _schemas(),
        "resources": _resources(),
    }


def _parameter(description: str, *choices: str, **more: Any) -> _Json:
    """A standard query parameter."""
    enum = {"enum": list(choices), "enumDescriptions": ["" for _ in choices]} if choices else {}
    return {"type": "string", "location": "query", "description": description, **enum, **more}


_STANDARD_PARAMETERS: _Json = {
    "$.xgafv": _parameter("Without effect: there is one form of errors.", "1", "2"),
    "access_token": _parameter("Not read: send the token in the header Authorization."),
    "alt": _parameter(
        "Form of the answer. It is JSON whatever is asked for.", "json", "media", "proto", default="json"
    ),
    "callback": _parameter("Without effect."),
    "fields": _parameter("Which fields the answer has."),
    "key": _parameter("Without effect."),
    "oauth_token": _parameter("Not read: send the token in the header Authorization."),
    "prettyPrint": _parameter("Without effect.", type="boolean", default="true"),
    "quotaUser": _parameter("Without effect."),
    "uploadType": _parameter("Without effect."),
    "upload_protocol": _parameter("Without effect."),
}

_KIND: _Json = {"type": "string", "description": "Which resource this is."}

_DESCRIPTIONS = {
    ("Enterprise", "id"): "Set by the server.",
    ("Enterprise", "name"): "Name of the customer's enterprise.",
    ("Enterprise", "primaryDomain"): "Of a managed Google domain only.",
    ("Enterprise", "enterpriseType"): "How users are managed.",
    ("User", "id"): "Set by the server.",
    ("User", "accountIdentifier"): "The EMM's own name of the user; unique in the enterprise.",
    ("User", "accountType"): "Made for a person, or for one device.",
    ("User", "displayName"): "The one field that can be changed.",
    ("User", "managementType"): "Whose directory owns the user.",
    ("User", "primaryEmail"): "Of Google-managed users only.",
    ("AuthenticationToken", "token"): "Good once, for some minutes.",
    ("Device", "androidId"): "The device's Android ID.",
    ("Device", "managementType"): "How the device is managed.",
    ("Device", "policy"): "Kept as the EMM sets it.",
    ("DeviceState", "accountState"): "Whether the account may be used on the device.",
}


def _schemas() -> _Json:
    """All are in use by a method; `kind` is in every answer here, though the vendor has dropped it from most shapes."""
    text = files("tenantry.surfaces.android_enterprise").joinpath("schemas.json").read_bytes()
    shapes: dict[str, dict[str, _Json]] = msgspec.json.decode(text)
    for (schema, field), description in _DESCRIPTIONS.items():
        shapes[schema][field]["description"] = description
    return {
        name: {"id": name, "type": "object", "properties": {"kind": _KIND, **properties}}
        for name, properties in shapes.items()
    }


def _resources() -> _Json:
    resources: dict[str, _Json] = {}
    for method in METHODS:
        resource, _, name = method.id.partition(".")
        resources.setdefault(resource, {"methods": {}})["methods"][name] = _method(method)
    return resources


def _method(method: Method) -> _Json:
    """Path parameters follow from the path."""
    path = f"{ROOT}/{method.path}"
    in_path = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    in_query = QUERY.get(method.id, {})
    parameters = {name: {"type": "string", "required": True, "location": "path"} for name in in_path}
    parameters |= {name: {**parameter, "location": "query"} for name, parameter in in_query.items()}
    return {
        "id": f"androidenterprise.{method.id}",
        "description": "" if method.id in SERVED else "Not offered by this server: answers 400 notSupported.",
        "path": path,
        "flatPath": path,
        "httpMethod": method.http_method,
        "parameters": parameters,
        "parameterOrder": [*in_path, *(name for name, parameter in in_query.items() if "required" in parameter)],
        **({"request": {"$ref": method.request}} if method.request else {}),
        **({"response": {"$ref": method.response}} if method.response else {}),
        "scopes": [SCOPE],
    }
