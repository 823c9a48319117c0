"""What apps ask for and nobody has answered yet, or was declined."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    none = sa.text("''")
    op.add_column("connectors", sa.Column("waiting_permissions", sa.Text(), nullable=False, server_default=none))
    op.add_column("connectors", sa.Column("waiting_since", sa.BigInteger(), nullable=True))
    op.add_column("connectors", sa.Column("declined_permissions", sa.Text(), nullable=False, server_default=none))
    op.add_column("connectors", sa.Column("declined_at", sa.BigInteger(), nullable=True))
    waiting = sa.text("waiting_since IS NOT NULL")
    op.create_index(
        "ix_connectors_waiting",
        "connectors",
        ["tenant_id", "waiting_since", "id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
