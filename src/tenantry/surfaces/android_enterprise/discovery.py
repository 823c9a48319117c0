"""The discovery document of what this surface serves, so that a client finds every address, batch included.

Made once from the issuer; it names no mTLS address. Source: Play EMM contract §5.1, §1, §2; the form is that of the
"Google API Discovery Service" reference, Discovery document.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tenantry.access.actions import Action
from tenantry.core.errors import NotFound
from tenantry.surfaces.android_enterprise.errors import JSON
from tenantry.surfaces.android_enterprise.requests import SCOPE
from tenantry.surfaces.shared.routing import performs

_Json = dict[str, Any]

_ENTERPRISE = "androidenterprise/v1/enterprises/{enterpriseId}"
_USER = f"{_ENTERPRISE}/users/{{userId}}"
_DEVICE = f"{_USER}/devices/{{deviceId}}"


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
        "version": "v1",
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
        "schemas": _SCHEMAS,
        "resources": {name: {"methods": methods} for name, methods in _RESOURCES.items()},
    }


def _text(description: str, *choices: str) -> _Json:
    return {"type": "string", "description": description, **({"enum": list(choices)} if choices else {})}


def _reference(schema: str) -> _Json:
    return {"$ref": schema}


def _list_of(items: _Json) -> _Json:
    return {"type": "array", "items": items}


def _schema(name: str, /, **properties: _Json) -> tuple[str, _Json]:
    with_kind = {"kind": _text("Which resource this is."), **properties}
    return name, {"id": name, "type": "object", "properties": with_kind}


_STANDARD_PARAMETERS: _Json = {
    "alt": {**_text("Form of the answer.", "json", "media", "proto"), "default": "json", "location": "query"},
    "fields": {**_text("Which fields the answer has."), "location": "query"},
    "prettyPrint": {"type": "boolean", "default": "true", "location": "query", "description": "Without effect."},
    "quotaUser": {**_text("Without effect."), "location": "query"},
    "key": {**_text("Without effect."), "location": "query"},
}

_ACCOUNT_TYPE = _text("Made for a person, or for one device.", "userAccount", "deviceAccount")
_ACCOUNT_STATE = _text("Whether the account may be used on the device.", "enabled", "disabled")

_SCHEMAS = dict(
    [
        _schema(
            "Enterprise",
            id=_text("Set by the server."),
            name=_text("Name of the customer's enterprise."),
            primaryDomain=_text("Of a managed Google domain only."),
            enterpriseType=_text(
                "How users are managed.", "managedGoogleDomain", "managedGooglePlayAccountsEnterprise"
            ),
        ),
        _schema(
            "User",
            id=_text("Set by the server."),
            accountIdentifier=_text("The EMM's own name of the user; unique in the enterprise."),
            accountType=_ACCOUNT_TYPE,
            displayName=_text("The one field that can be changed."),
            managementType=_text("Whose directory owns the user.", "googleManaged", "emmManaged"),
            primaryEmail=_text("Of Google-managed users only."),
        ),
        _schema("UsersListResponse", user=_list_of(_reference("User"))),
        _schema("AuthenticationToken", token=_text("Good once, for some minutes.")),
        _schema(
            "Device",
            androidId=_text("The device's Android ID."),
            managementType=_text(
                "How the device is managed.", "managedDevice", "managedProfile", "containerApp", "unmanagedProfile"
            ),
            maker=_text("Build.MANUFACTURER"),
            model=_text("Build.MODEL"),
            product=_text("Build.PRODUCT"),
            device=_text("Build.DEVICE"),
            retailBrand=_text("Build.BRAND"),
            sdkVersion={"type": "integer", "format": "int32", "description": "API level."},
            latestBuildFingerprint=_text("When it is known."),
            policy=_reference("Policy"),
        ),
        _schema("DevicesListResponse", device=_list_of(_reference("Device"))),
        _schema("DeviceState", accountState=_ACCOUNT_STATE),
        (
            "Policy",
            {
                "id": "Policy",
                "type": "object",
                "description": "The policy of a device, kept as the EMM sets it.",
                "additionalProperties": {"type": "any"},
            },
        ),
    ]
)


def _method(
    id: str,
    http_method: str,
    path: str,
    *,
    request: str | None = None,
    response: str | None = None,
    required: dict[str, str] | None = None,
    optional: dict[str, str] | None = None,
) -> _Json:
    """`required` and `optional` are query parameters with their descriptions; path parameters follow from `path`."""
    in_path = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    parameters = {name: {"type": "string", "required": True, "location": "path"} for name in in_path}
    for names, is_required in ((required or {}, True), (optional or {}, False)):
        for name, description in names.items():
            parameters[name] = {**_text(description), "location": "query", "required": is_required}
    return {
        "id": f"androidenterprise.{id}",
        "path": path,
        "flatPath": path,
        "httpMethod": http_method,
        "parameters": parameters,
        "parameterOrder": [*in_path, *(required or {})],
        **({"request": _reference(request)} if request else {}),
        **({"response": _reference(response)} if response else {}),
        "scopes": [SCOPE],
    }


_RESOURCES: dict[str, _Json] = {
    "enterprises": {"get": _method("enterprises.get", "GET", _ENTERPRISE, response="Enterprise")},
    "users": {
        "insert": _method("users.insert", "POST", f"{_ENTERPRISE}/users", request="User", response="User"),
        "list": _method(
            "users.list",
            "GET",
            f"{_ENTERPRISE}/users",
            response="UsersListResponse",
            required={"email": "The exact primary address."},
        ),
        "get": _method("users.get", "GET", _USER, response="User"),
        "update": _method("users.update", "PUT", _USER, request="User", response="User"),
        "delete": _method("users.delete", "DELETE", _USER),
        "generateAuthenticationToken": _method(
            "users.generateAuthenticationToken", "POST", f"{_USER}/authenticationToken", response="AuthenticationToken"
        ),
        "revokeDeviceAccess": _method("users.revokeDeviceAccess", "DELETE", f"{_USER}/deviceAccess"),
    },
    "devices": {
        "list": _method("devices.list", "GET", f"{_USER}/devices", response="DevicesListResponse"),
        "get": _method("devices.get", "GET", _DEVICE, response="Device"),
        "update": _method(
            "devices.update",
            "PUT",
            _DEVICE,
            request="Device",
            response="Device",
            optional={"updateMask": "Which fields to change, separated by commas."},
        ),
        "getState": _method("devices.getState", "GET", f"{_DEVICE}/state", response="DeviceState"),
        "setState": _method(
            "devices.setState", "PUT", f"{_DEVICE}/state", request="DeviceState", response="DeviceState"
        ),
        "forceReportUpload": _method("devices.forceReportUpload", "POST", f"{_DEVICE}/forceReportUpload"),
    },
}
