"""Each route says which action it performs, so that tests can walk the running app and ask who may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tenantry.access.actions import Action

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def performs(action: Action) -> Callable[[Endpoint], Endpoint]:
    """Mark an endpoint with its action. Goes directly above the function, below the router's decorator."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.performs = action  # type: ignore[attr-defined]
        return endpoint

    return mark


def action_of(endpoint: Callable[..., Any] | None) -> Action | None:
    """The action with which an endpoint was marked."""
    return getattr(endpoint, "performs", None)
