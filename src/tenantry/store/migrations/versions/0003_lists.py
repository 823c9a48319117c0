"""Lists that people search, and users that come from a file."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LIVE, DELETED = sa.text("soft_deleted_at IS NULL"), sa.text("soft_deleted_at IS NOT NULL")
RARE = sa.text("type <> 'access_token.issued'")


def upgrade() -> None:
    op.add_column("users", sa.Column("display_key", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.execute("UPDATE users SET display_key = LOWER(TRIM(display_name))")
    if op.get_bind().dialect.name == "postgresql":
        # Prefixes are ranges of bytes, as on SQLite, whatever language the database sorts by.
        for column in ("upn_key", "display_key"):
            op.execute(f'ALTER TABLE users ALTER COLUMN {column} TYPE TEXT COLLATE "C"')
    _index("ix_users_live_display", "users", ["tenant_id", "user_type", "display_key", "id"], LIVE)
    _index("ix_users_live_name", "users", ["tenant_id", "user_type", "upn_key", "id"], LIVE)
    _index("ix_users_deleted", "users", ["tenant_id", "user_type", "display_key", "id"], DELETED)
    op.create_index("ix_managed_accounts_user", "managed_accounts", ["tenant_id", "user_id"])
    _index("ix_audit_events_rare", "audit_events", ["tenant_id", "id"], RARE)
    _index("ix_audit_events_type", "audit_events", ["tenant_id", "type", "id"], RARE)
    _index("ix_audit_events_actor", "audit_events", ["tenant_id", "actor", "id"], RARE)
    _index("ix_audit_events_correlation", "audit_events", ["tenant_id", "correlation_id", "id"], RARE)
    op.create_table(
        "user_imports",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("next_row", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_user_imports_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_user_imports"),
        info={"kind": "owned"},
    )
    op.create_table(
        "user_import_rows",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "import_id"],
            ["user_imports.tenant_id", "user_imports.id"],
            name="fk_user_import_rows_import",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_user_import_rows_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", "number", name="pk_user_import_rows"),
        info={"kind": "owned"},
    )


def _index(name: str, table: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
