"""What a surface asks of the domain, it asks for somebody: whatever takes a transaction takes the caller too, and asks
whether that caller may.

Found by signatures, so that what is added tomorrow is looked at as well.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.completeness.test_imports import SOURCE, modules, room_of

ROOMS = ("access", "audit", "connectors", "delegation", "devices", "directory", "outbox", "tokens")
TRANSACTIONS = {"Read", "Tx", "Store", "Issuing"}
"""`Issuing` has the store with it."""
SOMEBODY = {"Caller", "Permit"}
"""A `Permit` is a decision about a caller, taken along."""
PROVES = {
    "devices.redeem.redeem_device_token",
    "directory.phone_sign_in.request_sign_in_pin",
    "directory.phone_sign_in.sign_in_with_pin",
    "directory.sessions.find_session",
    "directory.sessions.hold_session",
    "directory.sign_in.sign_in",
    "directory.sign_in_steps.change_expired_password",
    "directory.sign_in_steps.find_sign_in",
    "directory.sign_in_steps.finish_sign_in",
    "directory.sign_in_steps.use_try",
    "directory.upstream.begin_upstream",
    "directory.upstream.finish_upstream",
    "tokens.assertions.authenticate_self_signed",
    "tokens.callers.authenticate",
    "tokens.grant_types.authorization_code.redeem_code",
    "tokens.grant_types.client_credentials.exchange_client_credentials",
    "tokens.grant_types.jwt_bearer.exchange_assertion",
    "tokens.grant_types.refresh_token.refresh_sign_in",
    "tokens.grant_types.token_exchange.exchange_access_token",
}
"""What makes a caller of a secret: there is none before."""
TELLS_STRANGERS = {
    "connectors.authorizing.find_authorizable",  # an app by its id, before its user signs in
    "directory.identity_providers.list_offered_providers",  # what a sign-in page offers to everybody
    "directory.own_password.find_password_date",  # asked to tell a known browser, and told to nobody
    "directory.sign_in.note_used_up",  # strangers' tries, into the trail
    "directory.tenants.resolve_tenant",  # an organisation by a domain, as the DNS tells it
}
"""What is asked before anybody is known, each with the reason why it may be."""


TAKES_PROOFS = {
    "directory.enrolment.claim_enrolment_code",
    "directory.passkeys.claim_passkey",
    "directory.second_factors.claim_factor_pin",
    "directory.second_factors.claim_recovery_code",
    "directory.second_factors.request_factor_pin",
    "directory.sign_in_steps.begin_sign_in",
    "directory.totp.claim_totp",
}
"""What is presented is the permission, or was a moment before."""
GOES_ON = {
    "devices.device_tokens.issue_device_token",  # with the enterprise that the decision led to
    "directory.group_views.view_groups",  # with the ids that were listed for the caller
    "directory.members.admit",  # into the group that the caller has made
}


def asked_by(path: Path) -> Iterator[str]:
    """`directory.users.get_user`: functions of the domain that a file imports, or calls by their module's name."""
    tree = ast.parse(path.read_text())
    by_module: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and room_of(node.module) in ROOMS:
            for name in node.names:
                if (SOURCE / f"{node.module.replace('.', '/').removeprefix('tenantry/')}/{name.name}.py").is_file():
                    by_module[name.asname or name.name] = f"{node.module}.{name.name}"
                else:
                    yield f"{node.module}.{name.name}".removeprefix("tenantry.")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in by_module:
            yield f"{by_module[node.value.id]}.{node.attr}".removeprefix("tenantry.")


def function_of(name: str) -> Callable[..., Any] | None:
    """None for what is no function."""
    module, _, last = name.rpartition(".")
    found = getattr(importlib.import_module(f"tenantry.{module}"), last, None)
    return found if inspect.isfunction(found) else None


def asks_for(function: Callable[..., Any], whom: set[str]) -> bool:
    """Whether it takes a transaction or the store, and one of these for whom; none of them: nobody."""
    kinds = {name: str(kind) for name, kind in inspect.get_annotations(function).items() if name != "return"}
    words = {word for kind in kinds.values() for word in kind.split(" | ")}
    return bool(words & TRANSACTIONS) and (bool(words & whom) if whom else not words & SOMEBODY)


def test_what_a_surface_asks_of_the_domain_it_asks_for_somebody() -> None:
    files = [path for module, path in modules() if room_of(module) == "surfaces"]
    asked = {name for path in files for name in asked_by(path)}
    functions = {name: function for name in asked if (function := function_of(name)) is not None}
    assert len(functions) > 250, "the ones that take a caller are found too"
    assert {name for name, function in functions.items() if asks_for(function, set())} == PROVES | TELLS_STRANGERS


def names_in(function: Callable[..., Any]) -> Iterator[str]:
    """`tenantry.access.decide.require`: functions that a function names, by themselves or by their module's name."""
    known = function.__globals__
    for node in ast.walk(ast.parse(inspect.getsource(function))):
        found = None
        if isinstance(node, ast.Name):
            found = known.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = known.get(node.value.id)
            found = getattr(owner, node.attr, None) if inspect.ismodule(owner) else None
        if inspect.isfunction(found) and found is not function:
            yield f"{found.__module__}.{found.__name__}"


def domain() -> Iterator[tuple[str, Callable[..., Any]]]:
    for room in ROOMS:
        package = importlib.import_module(f"tenantry.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"tenantry.{room}."):
            module = importlib.import_module(found.name)
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if function.__module__ == found.name:
                    yield f"{found.name}.{name}", function


def deciding() -> set[str]:
    """What asks, itself or by what it calls."""
    names = {name: set(names_in(function)) for name, function in domain()}
    found = {"tenantry.access.decide.decide"}
    while more := {name for name, named in names.items() if name not in found and named & found}:
        found |= more
    return found


def test_what_takes_a_caller_asks_whether_that_caller_may() -> None:
    decides = deciding()
    files = [path for module, path in modules() if room_of(module) == "surfaces"]
    asked = {name: function_of(name) for path in files for name in asked_by(path)}
    for_somebody = {name for name, function in asked.items() if function is not None and asks_for(function, {"Caller"})}
    assert len(for_somebody) > 200
    assert {name for name in for_somebody if f"tenantry.{name}" not in decides} == TAKES_PROOFS | GOES_ON
