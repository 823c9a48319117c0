"""Keep secrets out of `repr`, which ends up in logs, tracebacks and failed tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Kind = TypeVar("Kind", bound=type)


def hiding(*hidden: str) -> Callable[[Kind], Kind]:
    """Let `repr` of a NamedTuple or msgspec Struct show `...` for these fields; None and empty ones it shows."""

    def hide(kind: Kind) -> Kind:
        names: tuple[str, ...] = getattr(kind, "_fields", ()) or getattr(kind, "__struct_fields__", ())

        def shown(self: object) -> str:
            parts = (
                f"{name}={'...' if name in hidden and getattr(self, name) else repr(getattr(self, name))}"
                for name in names
            )
            return f"{kind.__name__}({', '.join(parts)})"

        kind.__repr__ = shown  # type: ignore[method-assign, assignment]
        kind.__hidden__ = hidden  # type: ignore[attr-defined]
        return kind

    return hide


def hidden_of(kind: type) -> tuple[str, ...]:
    """The fields that `hiding` keeps out of the `repr` of this class."""
    return getattr(kind, "__hidden__", ())
