"""The discovery document, from which clients learn every address, that of batches included, and every method and shape
of the vendor's API.

It also has the methods that are not offered here and says so of each: clients that are generated from it call these,
and get an answer that they know. It names no mTLS address. What it says of the methods that are served comes from the
declarations of the operations; `schemas.json` has the shapes, one a line.

Source: Play EMM contract §5.1, §1 and §2; the form is that of the "Google API Discovery Service" reference, Discovery
document.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec

from tenantry.access.actions import Action
from tenantry.core.errors import NotFound
from tenantry.surfaces.android_enterprise.coat import PLAY_EMM, ROOT, SCOPE
from tenantry.surfaces.android_enterprise.errors import JSON
from tenantry.surfaces.android_enterprise.methods import METHODS, QUERY, REVISION, Method
from tenantry.surfaces.operation import Ask, Operation, operations
from tenantry.surfaces.shared.answers import Answer
from tenantry.surfaces.shared.google_error import to_camel

_Json = dict[str, Any]

op = operations(PLAY_EMM, "")


class RestDescription(msgspec.Struct, rename="camel"):
    """What the document says of the API as a whole, and of its methods and shapes by name."""

    kind: str
    discovery_version: str
    id: str
    name: str
    canonical_name: str
    version: str
    revision: str
    title: str
    description: str
    protocol: str
    root_url: str
    base_url: str
    service_path: str
    base_path: str
    batch_path: str
    parameters: _Json
    auth: _Json
    schemas: _Json
    resources: _Json


class OfVersion(msgspec.Struct):
    """The version of the API that is asked for: v1, which is also taken when the query names none."""

    version: str = "v1"


@op(
    "discovery.rest",
    "GET",
    "/discovery/v1/apis/androidenterprise/v1/rest",
    Action.READ_PUBLIC,
    source="Play EMM contract §5.1",
)
async def directory_form(ask: Ask) -> RestDescription | Answer:
    """Answer the discovery document at the address of Google's directory of APIs. Hot path: no I/O."""
    return Answer(200, _encoded(ask.deps.settings.issuer), [(b"content-type", JSON.encode())])


@op("discovery.service", "GET", "/$discovery/rest", Action.READ_PUBLIC, source="Play EMM contract §5.1")
async def service_form(ask: Ask, query: OfVersion) -> RestDescription | Answer:
    """Answer the discovery document at the address that each of Google's services has for it."""
    if query.version != "v1":
        raise NotFound("version of this API")
    return await directory_form(ask)


@lru_cache(maxsize=4)
def _encoded(issuer: str) -> bytes:
    return msgspec.json.encode(document(issuer))


def document(issuer: str) -> _Json:
    """The document for clients that reach this server at `issuer`."""
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
    """What the document says of one standard query parameter."""
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
    """The shapes, each of which some method uses. Each answer has `kind`, though the vendor has dropped it from most
    shapes.
    """
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
    not_offered = ((method.id, _method(method, QUERY.get(method.id, {}), is_served=False)) for method in METHODS)
    for method_id, described in sorted([*_served(), *not_offered]):
        resource, _, name = method_id.partition(".")
        resources.setdefault(resource, {"methods": {}})["methods"][name] = described
    return resources


def _served() -> Iterator[tuple[str, _Json]]:
    """What the document says of the operations of this surface below ROOT."""
    for operation in PLAY_EMM.operations:
        if operation.path.startswith(ROOT):
            path = to_camel(operation.path.removeprefix(f"{ROOT}/"))
            method = Method(operation.name, operation.method, path, _sent(operation), _answered(operation))
            yield operation.name, _method(method, _query(operation), is_served=True)


def _sent(operation: Operation) -> str | None:
    return None if operation.body is None else operation.body.vendor_name  # type: ignore[attr-defined]


def _answered(operation: Operation) -> str | None:
    """The name of the shape that the operation answers with, which follows from its `kind`:
    `androidenterprise#usersListResponse` is a UsersListResponse.
    """
    if operation.answer is None:
        return None
    name = str(operation.answer.__struct_config__.tag).partition("#")[2]  # type: ignore[attr-defined]
    return name[0].upper() + name[1:]


def _query(operation: Operation) -> _Json:
    if operation.query is None:
        return {}
    return {
        field.encode_name: {"type": "string", **({"required": True} if field.required else {})}
        for field in msgspec.structs.fields(operation.query)
    }


def _method(method: Method, in_query: _Json, *, is_served: bool) -> _Json:
    """What the document says of one method. The parameters in its path follow from the path."""
    path = f"{ROOT[1:]}/{method.path}"
    in_path = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    parameters = {name: {"type": "string", "required": True, "location": "path"} for name in in_path}
    parameters |= {name: {**parameter, "location": "query"} for name, parameter in in_query.items()}
    return {
        "id": f"androidenterprise.{method.id}",
        "description": "" if is_served else "Not offered by this server: answers 400 notSupported.",
        "path": path,
        "flatPath": path,
        "httpMethod": method.http_method,
        "parameters": parameters,
        "parameterOrder": [*in_path, *(name for name, parameter in in_query.items() if "required" in parameter)],
        **({"request": {"$ref": method.request}} if method.request else {}),
        **({"response": {"$ref": method.response}} if method.response else {}),
        "scopes": [SCOPE],
    }
