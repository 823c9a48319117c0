"""What the tables are: the one place that says so, a file for each family. Queries are SQL text in `store/`.

Every table is marked `owned` (by a tenant: `tenant_id` first in each key, so that it can be distributed by tenant) or
`reference` (small, rarely written, copied to every node). Times are integer microseconds UTC, identifiers text, hashes
32 bytes, JSON text, flags 0 or 1. What a hot path looks up by its key is without row ids: on SQLite that is one B-tree
instead of two.
"""

from tenantry.store.schema import (
    connectors,
    delegation,
    devices,
    groups,
    identity_providers,
    sign_in,
    tenants,
    tokens,
    trail,
    users,
    webhooks,
)
from tenantry.store.schema.parts import metadata

__all__ = [
    "connectors",
    "delegation",
    "devices",
    "groups",
    "identity_providers",
    "metadata",
    "sign_in",
    "tenants",
    "tokens",
    "trail",
    "users",
    "webhooks",
]
