"""When people signed in, for ID tokens; and what apps demand of a sign-in at an organisation's own provider."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("sessions", "authorization_codes"):
        op.add_column(table, sa.Column("authenticated_at", sa.BigInteger(), nullable=True))
    op.add_column("upstream_sign_ins", sa.Column("prompt", sa.Text(), nullable=True))
    op.add_column("upstream_sign_ins", sa.Column("max_age", sa.BigInteger(), nullable=True))
