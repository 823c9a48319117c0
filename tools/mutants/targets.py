"""Where faults are put: who may do what, what secrets are good for, and the rows that both stand on."""

from __future__ import annotations

from pathlib import Path

_ROOMS = (
    "access", "tokens", "devices", "delegation",
    "store/users", "store/tokens", "store/devices", "store/delegation", "store/connectors", "store/overview",
)  # fmt: skip
_FILES = (
    "directory/users*.py", "directory/user_*.py", "directory/roles.py", "directory/connector_roles.py",
    "store/access.py", "store/sign_in/passwords.py", "store/tenants/tenants.py", "store/trail/audit_search.py",
)  # fmt: skip


def targets(root: Path) -> list[str]:
    """Their paths from the root. What a room is given later is found by itself."""
    product = root / "src" / "tenantry"
    found = {path for room in _ROOMS for path in (product / room).rglob("*.py")}
    found |= {path for pattern in _FILES for path in product.glob(pattern)}
    return sorted(str(path.relative_to(root)) for path in found if path.name != "__init__.py")
