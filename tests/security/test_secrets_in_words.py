"""What carries a secret does not say it when it is written out, as in a traceback or a log line."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import tenantry

SECRETS = {
    "access_token", "callback_token", "client_secret", "code_verifier", "credential", "id_token", "password",
    "password_hash", "pin", "refresh_token", "secret", "token",
}  # fmt: skip
SAID_ANYWAY = {("DomainProof", "token")}
"""Stands in the DNS, where everybody reads it."""
_TEXTS = {"str", "str | None"}
MARK = "sesame"


def _carriers() -> Iterator[tuple[type, str]]:
    """Classes with a field of text whose name is that of a secret."""
    for found in pkgutil.walk_packages(tenantry.__path__, "tenantry."):
        if ".migrations" in found.name or found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ != module.__name__ or not (dataclasses.is_dataclass(kind) or hasattr(kind, "_fields")):
                continue
            for name, annotation in inspect.get_annotations(kind).items():
                text = getattr(annotation, "__forward_arg__", annotation)
                if name in SECRETS and text in _TEXTS and (kind.__name__, name) not in SAID_ANYWAY:
                    yield kind, name


CARRIERS = {f"{kind.__name__}.{name}": (kind, name) for kind, name in _carriers()}


def _with_mark(kind: Any, name: str) -> object:
    """One whose other fields are empty."""
    if hasattr(kind, "_fields"):
        return kind._make(MARK if field == name else None for field in kind._fields)
    made = object.__new__(kind)
    for field in dataclasses.fields(kind):
        object.__setattr__(made, field.name, MARK if field.name == name else None)
    return made


@pytest.mark.parametrize("name", CARRIERS)
def test_a_secret_is_not_shown_with_what_carries_it(name: str) -> None:
    assert MARK not in repr(_with_mark(*CARRIERS[name]))


def test_carriers_are_found() -> None:
    assert {"NewGrant.refresh_token", "NewSession.secret", "Provisioned.credential"} <= CARRIERS.keys()
