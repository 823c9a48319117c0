"""Who has ended, found without looking among those who have not."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index("ix_tenants_ended", "tenants", ["id", "deleted_at", "disabled_at"], "deleted_at")
    _index("ix_users_ended", "users", ["tenant_id", "id", "soft_deleted_at", "disabled_at"], "soft_deleted_at")


def _index(name: str, table: str, columns: list[str], deleted_at: str) -> None:
    ended = sa.text(f"{deleted_at} IS NOT NULL OR disabled_at IS NOT NULL")
    op.create_index(name, table, columns, sqlite_where=ended, postgresql_where=ended)
