"""The OpenAPI document of each surface: valid by the specification, and true of the server that is asked by it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tenantry.access.doors import DOORS
from tenantry.app import CONTRACTS
from tenantry.store import open_store
from tenantry.surfaces.openapi import document
from tenantry.surfaces.operation import Surface
from tests.completeness.sides import Auth, Side, a_side, headers_for, names_of_values
from tests.support.app import an_app
from tests.support.server import a_running_server

DOCS = Path(__file__).parents[2] / "docs" / "openapi"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 8
"""Requests of each operation; most of them with a token, and with the names of things that are there."""
MOSTLY = (True, True, True, False)

each_surface = pytest.mark.parametrize("surface", CONTRACTS, ids=lambda surface: surface.name)


@each_surface
def test_the_document_is_valid_and_the_one_in_the_docs(surface: Surface) -> None:
    made = document(surface, "https://tenantry.example")
    OpenAPIV31SpecValidator(made).validate()
    assert json.loads((DOCS / f"{surface.name}.json").read_text()) == made, "make docs writes it anew"


@each_surface
def test_every_body_and_every_answer_is_described(surface: Surface) -> None:
    made = document(surface, "https://tenantry.example")
    assert all(shape.get("description") for shape in made["components"]["schemas"].values())
    for path, methods in made["paths"].items():
        for method, described in methods.items():
            bodies = [described.get("requestBody"), *described["responses"].values()]
            answers = [body for body in bodies if body is not None and "$ref" not in body]
            assert described["summary"], (method, path)
            assert all(body.get("content") or body["description"] for body in answers), (method, path)


TEXTS = {"text/plain", "text/html", "multipart/mixed"}
"""What is not JSON and no form has no fields to describe."""
FREE = {
    ("ProductPolicy", "managedConfiguration"): "whatever the app on the device can be set to",
    ("ProductPolicy", "enterpriseAuthenticationAppLinkConfigs"): "kept as the EMM sets it",
    **dict.fromkeys(
        [("RestDescription", name) for name in ("parameters", "auth", "schemas", "resources")],
        "by names that are the API's own",
    ),
}


@each_surface
def test_no_body_and_no_answer_is_just_a_text_or_anything(surface: Surface) -> None:
    made = document(surface, "https://tenantry.example")
    for path, methods in made["paths"].items():
        for method, described in methods.items():
            for body in (described.get("requestBody", {}), *described["responses"].values()):
                for media, content in body.get("content", {}).items():
                    assert "$ref" in content["schema"] or media in TEXTS, (method, path, media)
    for name, shape in made["components"]["schemas"].items():
        free = {field for field, schema in shape.get("properties", {}).items() if takes_anything(schema)}
        assert free == {field for owner, field in FREE if owner == name}, name


def takes_anything(schema: Any) -> bool:
    """Whether a value of the schema, or one inside of it, may be any object or any value at all."""
    if schema in (True, {}) or schema == {"type": "object"}:
        return True
    inside = [*schema.get("anyOf", []), *(schema[name] for name in ("items", "additionalProperties") if name in schema)]
    return any(takes_anything(each) for each in inside if each is not False)


@each_surface
def test_every_operation_is_served_through_the_door_of_its_surface(surface: Surface) -> None:
    for operation in surface.operations:
        if operation.needs_caller:
            assert surface.coat.door is not None
            assert operation.action in DOORS[surface.coat.door].opens, operation.name


@each_surface
async def test_the_server_answers_nothing_that_the_document_does_not_say(surface: Surface, sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    made: list[Any] = []

    async def make(url: str) -> Any:
        made.append(await an_app(store, public_url=url))
        return made[0]

    async with a_running_server(make) as url:
        side = await a_side(made[0])
        described = schemathesis.openapi.from_dict(document(surface, url))
        await asyncio.to_thread(check_every_operation, described, url, surface, side)


def check_every_operation(described: Any, url: str, surface: Surface, side: Side) -> None:
    """Seeded, so that each run asks the same; what deletes comes last."""
    headers = headers_for(Auth(surface.coat.door), side.tokens[Auth(surface.coat.door)]) if surface.coat.door else {}
    found = [result.ok() for result in described.get_all_operations()]
    assert found
    for operation in sorted(found, key=lambda each: each.method.upper() == "DELETE"):
        asking(operation, url, headers, names_of_values(side, operation.path), presented_by(side))()


def presented_by(side: Side) -> dict[str, str]:
    """What of this side the headers mean that an operation asks for."""
    return {
        "applicationId": side.names["connector"],
        "applicationSecret": side.names["secret"],
        "refreshToken": side.names["refresh_token"],
    }


def asking(
    operation: Any, url: str, headers: dict[str, str], names: dict[str, str], presented: dict[str, str]
) -> Callable[[], None]:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), names_things=st.sampled_from(MOSTLY), proves=st.sampled_from(MOSTLY))
    def ask(case: Any, names_things: bool, proves: bool) -> None:
        if names_things:
            case.path_parameters = {name: names[name] for name in case.path_parameters or {}}
        asked = dict(case.headers or {})
        if proves:
            asked |= {**headers, **{name: presented.get(name, asked[name]) for name in asked}}
        case.headers = {**asked, "User-Agent": "conformance"}
        answer = case.call(base_url=url)
        case.validate_response(answer, checks=CHECKS)

    return ask
