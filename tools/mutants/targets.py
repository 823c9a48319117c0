"""Where faults are put: who may do what, what secrets are good for, and the rows that both stand on."""

from __future__ import annotations

from pathlib import Path

_ROOMS = ("access", "tokens", "devices", "delegation")
_FILES = ("directory/users*.py", "directory/user_*.py", "directory/roles.py")
_STORE = (
    "access", "authorization_codes", "blast_radius", "connector_secrets", "connectors", "credentials", "customer_paths",
    "device_lists", "device_tokens", "devices", "enterprises", "grant_lists", "grants", "managed_accounts",
    "partner_customers", "passwords", "reach", "relationships", "roles", "service_account_keys", "signing_keys",
    "tenants", "user_facts", "user_imports", "user_lists", "user_search", "users",
)  # fmt: skip


def targets(root: Path) -> list[str]:
    """Their paths from the root. Files of the store go by their names, in whatever folder they are."""
    product = root / "src" / "tenantry"
    found = {path for room in _ROOMS for path in (product / room).rglob("*.py")}
    found |= {path for pattern in _FILES for path in product.glob(pattern)}
    found |= {
        path
        for path in (product / "store").rglob("*.py")
        if path.stem in _STORE and not {"schema", "migrations"} & set(path.parts)
    }
    return sorted(str(path.relative_to(root)) for path in found if path.name != "__init__.py")
