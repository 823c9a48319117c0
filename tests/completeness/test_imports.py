"""The imports of the source against the line in docs/architecture.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tenantry"
CONTRACT = ("shared", "operation", "once", "owners", "router", "running", "openapi")
"""What surfaces have in common, inside `surfaces`."""


def floors() -> dict[str, int]:
    """Room -> its floor; 0 is the top."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    found = re.search(r"```imports\n(.*?)```", text, re.DOTALL)
    assert found is not None
    line = " ".join(found[1].split())
    return {room.strip(): floor for floor, rooms in enumerate(line.split("->")) for room in rooms.split(",")}


def room_of(module: str) -> str | None:
    """`tenantry.store.users.users` -> `store`; None for `tenantry` itself and what is not ours."""
    parts = module.split(".")
    return parts[1] if parts[0] == "tenantry" and len(parts) > 1 else None


def imports_of(path: Path) -> Iterator[str]:
    """Modules that a file imports, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            # `from tenantry import store` names rooms; `from tenantry.store import users` names their modules.
            yield from (f"{node.module}.{name.name}" for name in node.names)


def forbidden(module: str, imported: str, floor_of: dict[str, int]) -> bool:
    """Whether this import runs against the line."""
    room, other = room_of(module), room_of(imported)
    if room is None or other is None or other not in floor_of:
        return False
    if room == other:
        return room == "surfaces" and _sideways(module, imported)
    return floor_of[other] <= floor_of[room]


def _sideways(module: str, imported: str) -> bool:
    own, other = module.split(".")[2:3] or [""], imported.split(".")[2:3] or [""]
    return other[0] not in (own[0], *CONTRACT)


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


@pytest.mark.parametrize(("module", "path"), modules(), ids=[module for module, _ in modules()])
def test_imports_run_along_the_line(module: str, path: Path) -> None:
    floor_of = floors()
    wrong = [imported for imported in imports_of(path) if forbidden(module, imported, floor_of)]
    assert wrong == []


def test_each_room_of_the_source_stands_on_the_line() -> None:
    rooms = {room for module, _ in modules() if (room := room_of(module)) is not None}
    assert rooms <= set(floors())


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("tenantry.store.users.users", "tenantry.directory.users"),
        ("tenantry.tokens.grants", "tenantry.directory.users"),
        ("tenantry.surfaces.kaizala.groups", "tenantry.surfaces.oauth.token"),
        ("tenantry.surfaces.shared.deps", "tenantry.app"),
    ],
)
def test_an_arrow_against_the_line_is_found(module: str, imported: str) -> None:
    assert forbidden(module, imported, floors())


def test_an_arrow_along_the_line_is_not() -> None:
    assert not forbidden("tenantry.surfaces.kaizala.groups", "tenantry.surfaces.shared.body", floors())
    assert not forbidden("tenantry.cli.user", "tenantry.core.errors", floors())


TYPES = {"Read", "Store", "Tx", "Writes", "Value", "Shares"}
"""Of the engine: what transactions are, not what they do."""
SEES_STORE = {
    ("tenantry.surfaces.operations.watching", "tenantry.store.engine.health"),
    ("tenantry.surfaces.shared.idempotency", "tenantry.store.tokens.idempotency"),
}
"""Whether the store answers, and what was answered before: both are the surface's own. This may only shrink."""


def is_row_type(imported: str) -> bool:
    """`tenantry.store.users.User`: rows are named like classes, what reads and writes them like functions."""
    name = imported.rpartition(".")[2]
    return name in TYPES or (name[0].isupper() and not name.isupper())


def seen_of_store(module: str, path: Path) -> set[tuple[str, str]]:
    found = {(module, name) for name in imports_of(path) if name.startswith("tenantry.store")}
    return {(module, name) for module, name in found if not is_row_type(name)}


def test_a_surface_sees_rows_of_the_store_and_reads_none_itself() -> None:
    """What is read is judged where it is read: a page that looks for itself is open unless its author remembers."""
    surfaces = [(module, path) for module, path in modules() if room_of(module) == "surfaces"]
    assert set().union(*(seen_of_store(module, path) for module, path in surfaces)) == SEES_STORE


def test_a_framework_makes_the_pages_of_the_portal_and_nothing_else() -> None:
    users = {
        module
        for module, path in modules()
        if any(imported.split(".")[0] == "fastapi" for imported in imports_of(path))
    }
    elsewhere = {module for module in users if not module.startswith("tenantry.surfaces.portal")}
    assert elsewhere == {"tenantry.pages"}
