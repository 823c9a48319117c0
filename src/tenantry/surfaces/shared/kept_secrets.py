"""Answers that are kept are kept without their secrets: the fields that `hiding` keeps out of a Struct's `repr`."""

from __future__ import annotations

from typing import Any

from msgspec import NODEFAULT, Struct, inspect, structs

from tenantry.core.hiding import hidden_of

_SENT = ""
"""Stands in a kept answer for a secret that the client knows, since it sent it in the request."""


def can_be_kept(shape: Any) -> bool:
    """Whether answers of this shape can be kept: it is a Struct, and its secrets and those of the Structs in it are
    optional.
    """
    kind = inspect.type_info(shape)
    return isinstance(kind, inspect.StructType) and _can_be_kept(kind, frozenset())


def _can_be_kept(kind: Any, seen: frozenset[type]) -> bool:
    match kind:
        case inspect.StructType() if kind.cls not in seen:
            hidden, seen = hidden_of(kind.cls), seen | {kind.cls}
            return all(
                not field.required if field.name in hidden else _can_be_kept(field.type, seen) for field in kind.fields
            )
        case inspect.UnionType():
            return all(_can_be_kept(each, seen) for each in kind.types)
        case inspect.ListType():
            return _can_be_kept(kind.item_type, seen)
        case inspect.DictType():
            return _can_be_kept(kind.value_type, seen)
        case inspect.Metadata():
            return _can_be_kept(kind.type, seen)
        case _:
            return True


def without_secrets(value: Any, sent: Any) -> Any:
    """A copy with empty texts in place of secrets that the client has sent itself under the same names, and the
    defaults in place of all others, at every depth. `sent` is the body.
    """
    match value:
        case Struct():
            return structs.replace(value, **{field.name: _kept(value, field, sent) for field in structs.fields(value)})
        case list():
            return [without_secrets(each, None) for each in value]
        case dict():
            return {name: without_secrets(each, None) for name, each in value.items()}
        case _:
            return value


def _kept(value: Struct, field: structs.FieldInfo, sent: Any) -> Any:
    shown, known = getattr(value, field.name), getattr(sent, field.name, None)
    if field.name not in hidden_of(type(value)):
        return without_secrets(shown, known)
    if isinstance(shown, str) and shown == known:
        return _SENT
    return field.default if field.default is not NODEFAULT else field.default_factory()


def with_sent_secrets(kept: Any, sent: Any) -> Any:
    """A copy of what `without_secrets` left, with the secrets that the client has sent again."""
    if not isinstance(kept, Struct):
        return kept
    changed = {}
    for name in kept.__struct_fields__:
        own, known = getattr(kept, name), getattr(sent, name, None)
        if isinstance(own, Struct):
            changed[name] = with_sent_secrets(own, known)
        elif own == _SENT and name in hidden_of(type(kept)):
            changed[name] = known
    return structs.replace(kept, **changed)
