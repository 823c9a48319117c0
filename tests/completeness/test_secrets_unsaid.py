"""Nothing that holds a secret shows it when it is printed, as logs, tracebacks and failed tests do."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
import pytest

import tenantry
from tenantry.core.hiding import hiding

SECRET = {
    *("access_token", "audit_seals", "client_secret", "credential", "password", "pepper", "pin", "raw"),
    *("refresh_token", "secret", "token"),
}
NO_SECRET = {
    "Issued.access_token",  # an AccessToken, which hides what it holds
    "_Exchanged.access_token",
    "DomainProof.token",  # stands in DNS for everybody to read
    "IdentityProvider.client_secret",  # encrypted
    "Redeemed.token",  # the claims of an ID token that was checked
    "TokenRadius.token",  # the grant that a token is of
    "Webhook.callback_token",  # encrypted
}


def kinds() -> Iterator[type]:
    """Every class of the product with named fields."""
    for found in pkgutil.walk_packages(tenantry.__path__, "tenantry."):
        if "migrations" not in found.name and not found.name.endswith("__main__"):
            module = importlib.import_module(found.name)
            yield from (
                kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == found.name
            )


def fields_of(kind: type) -> tuple[str, ...]:
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    return tuple(getattr(kind, "_fields", ()) or getattr(kind, "__struct_fields__", ()))


def shown_by(kind: type, name: str) -> bool:
    """Whether `repr` of such an object holds what stands in this field. The field types do not matter to `repr`."""
    mark = "s3cret-" + name
    values: dict[str, Any] = dict.fromkeys(fields_of(kind), "") | {name: mark}
    if issubclass(kind, tuple):
        return mark in repr(tuple.__new__(kind, values.values()))
    if issubclass(kind, msgspec.Struct):
        return mark in repr(kind(**values))
    return mark in kind.__repr__(SimpleNamespace(__class__=kind, **values))


def test_no_object_with_a_secret_shows_it_when_printed() -> None:
    holders = [(kind, name) for kind in kinds() for name in fields_of(kind) if name in SECRET]
    assert len(holders) > 15
    shown = {f"{kind.__name__}.{name}" for kind, name in holders if shown_by(kind, name)}
    assert shown - NO_SECRET == set()


@pytest.mark.parametrize("base", [NamedTuple, msgspec.Struct])
def test_what_is_hidden_is_not_shown_and_the_rest_is(base: Any) -> None:
    if base is NamedTuple:

        @hiding("secret")
        class Held(NamedTuple):
            name: str
            secret: str | None

    else:

        @hiding("secret")
        class Held(msgspec.Struct):  # type: ignore[no-redef]
            name: str
            secret: str | None

    assert repr(Held("a", "s3cret")) == "Held(name='a', secret=...)"
    assert repr(Held("a", None)) == "Held(name='a', secret=None)"
