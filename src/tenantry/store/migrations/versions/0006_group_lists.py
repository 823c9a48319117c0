"""Groups and managed accounts that people search, by the start of what they are called."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, column in (("groups", "name_key"), ("managed_accounts", "search_key")):
        op.add_column(table, sa.Column(column, sa.Text(), nullable=False, server_default=sa.text("''")))
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE TEXT COLLATE "C"')
    op.execute("UPDATE groups SET name_key = LOWER(TRIM(name))")
    op.execute("UPDATE managed_accounts SET search_key = LOWER(COALESCE(account_identifier, primary_email, ''))")
    live = sa.text("deleted_at IS NULL")
    op.create_index(
        "ix_groups_name", "groups", ["tenant_id", "name_key", "id"], sqlite_where=live, postgresql_where=live
    )
    op.create_index(
        "ix_managed_accounts_search",
        "managed_accounts",
        ["tenant_id", "enterprise_id", "search_key", "id"],
        sqlite_where=live,
        postgresql_where=live,
    )
