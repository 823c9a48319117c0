"""The contract of an operation: what a declaration must say, and the one way that requests take by it."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.access.actions import Action
from tenantry.app import CONTRACTS
from tenantry.core.ids import EnterpriseId
from tenantry.settings import Settings
from tenantry.surfaces.android_enterprise.coat import PlayEmmCoat
from tenantry.surfaces.operation import Ask, Surface, operations
from tenantry.surfaces.router import Router, Routes

DEMO = Settings(demo=True)


def a_surface() -> Surface:
    return Surface("some", "Some", PlayEmmCoat())


def declare(surface: Surface, method: str, path: str, handler: Any) -> Any:
    op = operations(surface, "/some")
    return op(f"{method} {path}", method, path, Action.READ_ENTERPRISE, source="a page")(handler)


async def shows(ask: Ask) -> None:
    """Shows."""


async def shows_one(ask: Ask, enterprise_id: EnterpriseId) -> None:
    """Shows one."""


async def shows_two(ask: Ask, enterprise_id: str, user_id: str) -> None:
    """Shows two."""


@pytest.mark.parametrize(("path", "handler"), [("/{other}", shows_one), ("/{enterprise_id}", shows), ("", shows_one)])
def test_an_operation_whose_path_names_what_its_function_does_not_take_cannot_be_declared(
    path: str, handler: Any
) -> None:
    with pytest.raises(TypeError, match="the arguments"):
        declare(a_surface(), "GET", path, handler)


def test_two_operations_at_one_address_are_refused() -> None:
    surface = a_surface()
    declare(surface, "GET", "/{enterprise_id}", shows_one)
    declare(surface, "GET", "/{enterprise_id}", shows_one)
    with pytest.raises(TypeError, match="one address"):
        Routes(surface)


def test_a_value_is_found_where_what_is_spelled_out_leads_nowhere() -> None:
    surface = a_surface()
    declare(surface, "GET", "/{enterprise_id}", shows_one)
    declare(surface, "POST", "/all", shows)
    declare(surface, "GET", "/{enterprise_id}/users/{user_id}", shows_two)
    declare(surface, "DELETE", "/all/users", shows)
    routes = Routes(surface)
    for method, path, expected in [
        ("GET", "/some/all", "GET /{enterprise_id}"),
        ("HEAD", "/some/all", "GET /{enterprise_id}"),
        ("POST", "/some/all", "POST /all"),
        ("GET", "/some/all/users/7", "GET /{enterprise_id}/users/{user_id}"),
        ("DELETE", "/some/all/users", "DELETE /all/users"),
    ]:
        found = routes.find(method, path)
        assert found is not None
        assert found[1].name == expected
    assert routes.find("GET", "/some/all/users/7") == (surface, surface.operations[2], ("all", "7"))
    for method, path in [
        ("PUT", "/some/all"),
        ("HEAD", "/some/all/users"),
        ("GET", "/some/"),
        ("GET", "/some/a/users/"),
    ]:
        assert routes.find(method, path) is None
    assert routes.allowed("/some/all", "") == ["GET", "HEAD", "OPTIONS", "POST"]
    assert routes.allowed("/some/all/users/", "") == []


def test_every_operation_is_found_by_method_and_path_before_there_is_a_request() -> None:
    for surface in CONTRACTS:
        routes = Routes(surface)
        for operation in surface.operations:
            found = routes.find(operation.method, surface.coat.spell(operation.path))
            assert found is not None
            assert found[1] is operation


def test_a_hot_operation_is_found_by_its_raw_path_alone_and_nothing_else_is() -> None:
    router = Router(CONTRACTS, DEMO)
    for surface in CONTRACTS:
        for operation in surface.operations:
            names = {name: f"{number}a" for number, (name, _) in enumerate(operation.values)}
            path = operation.path.format_map(names).encode()
            expected = (surface, operation, tuple(names.values())) if operation.hot else None
            assert router.find(operation.method, path) == expected
            for odd in (path + b"/", b"/" + path, path.replace(b"a", b"%61"), path.replace(b"a", b"\xe9")):
                assert odd == path or router.find(operation.method, odd) is None
            assert router.find("TRACE", path) is None
            empty = operation.path.format_map(dict.fromkeys(names, "")).encode()
            assert not names or router.find(operation.method, empty) is None


def test_what_settings_leave_out_is_not_there() -> None:
    served = {operation.path for operation in Router(CONTRACTS, Settings(metrics=False))}
    assert not served & {"/metrics", "/dev/inbox", "/dev/webhook"}
    assert {"/healthz", "/dev/inbox"} <= {operation.path for operation in Router(CONTRACTS, DEMO)}


def test_no_two_operations_of_a_surface_have_one_name_and_each_says_where_the_contract_has_it() -> None:
    for surface in CONTRACTS:
        names = [operation.name for operation in surface.operations]
        assert len(names) == len(set(names))
        assert all(operation.source and operation.summary != operation.name for operation in surface.operations)
