"""What follows from a declaration alone: bodies that must be refused, and values that name what is another tenant's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from msgspec import inspect, structs

from tenantry.app import CONTRACTS, App
from tenantry.store.engine.interface import Store
from tenantry.surfaces.operation import Operation
from tests.completeness.cases import CASES, Case
from tests.completeness.sides import Side, a_side, headers_for, names_of_values
from tests.completeness.test_routes import fill, refused_properly
from tests.support.app import an_app, client_for

OPERATIONS = [operation for surface in CONTRACTS for operation in surface.operations]
NO_BODY = (b"", b"{not json", b"[]", b"7", b"\xff", b"[" * 200 + b"]" * 200, b'{"a": "' + b"x" * 5_000_000)
OF_EVERYBODY = {"domain", "tenant"}
"""Values that may name what is another tenant's: whether a domain is taken is what is asked, and at a token
endpoint what the body proves is what counts."""


@pytest.fixture
async def app(store: Store) -> AsyncIterator[App]:
    made = await an_app(store)
    yield made
    await made.close()


def wrong_bodies(shape: Any, good: Any) -> Iterator[tuple[str, Any]]:
    """The good body with one field of another type, for each field that `shape` has."""
    for field in structs.fields(shape):
        yield field.encode_name, {**good, field.encode_name: _wrong_value(inspect.type_info(field.type))}


def _wrong_value(kind: inspect.Type) -> Any:
    if isinstance(kind, inspect.Metadata):
        return _wrong_value(kind.type)
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    takes_objects = any(isinstance(each, inspect.StructType | inspect.DictType) for each in kinds)
    return 7 if takes_objects else {"another": ["type"]}


async def ask(http: httpx.AsyncClient, operation: Operation, side: Side, path: str, body: Any) -> httpx.Response:
    case = case_of(operation)
    content = body if isinstance(body, bytes) else fill(json.dumps(body), side).encode()
    proof = headers_for(case.auth, side.tokens[case.auth]) if operation.needs_caller else {}
    headers = {**proof, "content-type": "application/json"}
    query = case.url.partition("?")[2]
    return await http.request(operation.method, f"{path}?{query}", content=content, headers=headers)


def case_of(operation: Operation) -> Case:
    return CASES[operation.method, operation.path]


async def test_no_field_of_a_body_takes_another_type_and_no_body_is_none(app: App, store: Store, subtests: Any) -> None:
    side = await a_side(app)
    before = await side.rows(store)
    async with client_for(app) as http:
        for operation in OPERATIONS:
            if operation.body is None or operation.takes is not None:  # of a form all fields are texts
                continue
            path = operation.path.format_map(names_of_values(side, operation.path))
            bad = [*wrong_bodies(operation.body, case_of(operation).body), *(("", body) for body in NO_BODY)]
            if operation.bare:
                bad.remove(("", b""))
            for name, body in bad:
                with subtests.test(msg=f"{operation.name} {name}"):
                    answer = await ask(http, operation, side, path, body)
                    assert refused_properly(case_of(operation), answer) is None
                    if name:
                        assert name in answer.text
    assert await side.rows(store) == before


async def test_no_value_of_a_path_names_what_is_another_tenants(app: App, store: Store, subtests: Any) -> None:
    """Each alone, since what is looked up first must not stand for the rest."""
    side, away = await a_side(app), await a_side(app)
    before = await away.rows(store)
    async with client_for(app) as http:
        for operation in OPERATIONS:
            for name, _ in operation.values:
                own, theirs = names_of_values(side, operation.path), names_of_values(away, operation.path)
                values = {**own, name: theirs[name]}
                if name in OF_EVERYBODY or values == own:
                    continue
                with subtests.test(msg=f"{operation.name} {name}"):
                    body = case_of(operation).body
                    answer = await ask(http, operation, side, operation.path.format_map(values), body)
                    assert answer.status_code == 404
                    assert refused_properly(case_of(operation), answer) is None
    assert await away.rows(store) == before
