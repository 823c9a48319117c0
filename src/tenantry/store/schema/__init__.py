"""The tables: the one place that defines them, a file for each family. Queries are SQL text in `store/`.

Every table is marked `owned` (by a tenant: `tenant_id` comes first in each key, so that it can be distributed by
tenant) or `reference` (small, rarely written, copied to every node). Times are integer microseconds UTC, identifiers
are text, hashes are 32 bytes, JSON is text, flags are 0 or 1. Tables in which a hot path looks rows up by key are
without row ids, which on SQLite makes one B-tree of two.
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
