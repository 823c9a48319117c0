"""Webhooks whose receiver asked to wait."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("not_before", sa.BigInteger(), nullable=True))
