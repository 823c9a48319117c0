"""Counting who can reach what, what ends soon and how full quotas are, without reading every row."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    live = "revoked_at IS NULL"
    _index("ix_grants_live", "grants", ["tenant_id", "connector_id", "reach", "expires_at"], live)
    _index("ix_grants_group", "grants", ["tenant_id", "group_id"], f"{live} AND group_id IS NOT NULL")
    _index("ix_grants_expiry", "grants", ["tenant_id", "expires_at"], live)
    _index("ix_managed_accounts_quota", "managed_accounts", ["tenant_id", "device_count"], "deleted_at IS NULL")


def _index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
