"""Which partner gave a role, from when a second factor counts and when one is asked for; an index of who is blocked."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("role_assignments", sa.Column("given_by", sa.Text(), nullable=True))
    given, blocked = sa.text("given_by IS NOT NULL"), sa.text("disabled_at IS NOT NULL")
    op.create_index(
        "ix_role_assignments_given_by",
        "role_assignments",
        ["tenant_id", "given_by", "role_id"],
        sqlite_where=given,
        postgresql_where=given,
    )
    op.add_column("users", sa.Column("factor_counts_from", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_users_blocked",
        "users",
        ["tenant_id", "display_key", "id"],
        sqlite_where=blocked,
        postgresql_where=blocked,
    )
    op.add_column("tenant_policies", sa.Column("second_factor_from", sa.BigInteger(), nullable=True))
