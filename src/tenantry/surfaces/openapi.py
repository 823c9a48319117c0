"""Makes the OpenAPI 3.1 document of a surface from the declarations of its operations.

`make docs` writes them to `docs/openapi/`. Source: OpenAPI Specification 3.1.1; the shapes are JSON Schema 2020-12, as
msgspec describes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from tenantry.settings import Settings
from tenantry.surfaces.operation import JSON, Operation, Surface
from tenantry.surfaces.shared.answers import Answer

_Json = dict[str, Any]

_CALLER = "caller"
_REF = "#/components/schemas/{name}"


def document(surface: Surface, issuer: str) -> _Json:
    """The document for clients that reach us at `issuer`: what a server with the usual settings has."""
    shapes = _Shapes(surface)
    paths: dict[str, _Json] = {}
    usual = Settings.model_construct()
    served = [each for each in surface.operations if each.when is None or each.when(usual)]
    for operation in sorted(served, key=lambda each: each.path):
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(surface, operation, shapes)
    components: _Json = {
        "schemas": shapes.components,
        "responses": {_name_of(status): _refusal(status, shapes, surface) for status in sorted(_statuses(surface))},
    }
    if surface.coat.security:
        components["securitySchemes"] = {_CALLER: surface.coat.security}
    return {
        "openapi": "3.1.1",
        "info": {"title": surface.title, "version": "1", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": issuer}],
        "paths": paths,
        "components": components,
    }


class _Shapes:
    """The JSON Schema of every Struct of a surface, by msgspec."""

    def __init__(self, surface: Surface) -> None:
        kinds = dict.fromkeys([*surface.coat.errors, *_kinds(surface.operations)])
        refs, self.components = msgspec.json.schema_components(kinds, ref_template=_REF)
        self._refs: dict[Any, _Json] = dict(zip(kinds, refs, strict=True))

    def of(self, kind: Any) -> _Json:
        """A reference to the shape."""
        return self._refs[kind]

    def properties(self, kind: type) -> Iterable[tuple[str, _Json, bool]]:
        """Name, schema, and whether it is required, of each field of a Struct."""
        described = self.components[self.of(kind)["$ref"].rpartition("/")[2]]
        for name, schema in described["properties"].items():
            yield name, schema, name in described["required"]


def _kinds(operations: Iterable[Operation]) -> Iterable[type]:
    for operation in operations:
        for kind in (operation.query, operation.body, operation.reads, operation.answer):
            if kind is not None and kind is not Answer:
                yield kind


def _operation(surface: Surface, operation: Operation, shapes: _Shapes) -> _Json:
    described: _Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"Source: {operation.source}.",
        "responses": {
            str(operation.status): _success(operation, shapes),
            **{str(status): {"$ref": f"#/components/responses/{_name_of(status)}"} for status in _statuses(surface)},
        },
    }
    parameters = [*_in_path(operation), *_in_query(operation, shapes), *_in_headers(operation, surface)]
    if parameters:
        described["parameters"] = parameters
    body = operation.body or operation.reads
    if body is not None:
        content = {operation.takes or JSON: {"schema": shapes.of(body)}}
        described["requestBody"] = {"required": not operation.bare, "content": content}
    elif operation.takes is not None:
        described["requestBody"] = {"required": True, "content": {operation.takes: {"schema": {"type": "string"}}}}
    if operation.needs_caller:
        described["security"] = [{_CALLER: []}]
    return described


def _in_path(operation: Operation) -> Iterable[_Json]:
    for name, _ in operation.values:
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _in_query(operation: Operation, shapes: _Shapes) -> Iterable[_Json]:
    if operation.query is not None:
        for name, schema, required in shapes.properties(operation.query):
            yield {"name": name, "in": "query", "required": required, "schema": schema}


def _in_headers(operation: Operation, surface: Surface) -> Iterable[_Json]:
    for name in (*operation.asks, *([surface.coat.request_id_header] if operation.once else [])):
        yield {"name": name, "in": "header", "schema": {"type": "string"}}


def _success(operation: Operation, shapes: _Shapes) -> _Json:
    if operation.answer is None:
        return {"description": "Done; there is nothing to show."}
    schema = {"type": "string"} if operation.answer is Answer else shapes.of(operation.answer)
    return {"description": operation.summary, "content": {operation.gives: {"schema": schema}}}


def _statuses(surface: Surface) -> list[int]:
    return sorted({405, *surface.coat.statuses()})


def _name_of(status: int) -> str:
    return f"Refused{status}"


def _refusal(status: int, shapes: _Shapes, surface: Surface) -> _Json:
    bodies = [shapes.of(kind) for kind in surface.coat.errors]
    schema = bodies[0] if len(bodies) == 1 else {"anyOf": bodies}
    return {"description": f"{HTTPStatus(status).phrase}.", "content": {JSON: {"schema": schema}}}
