"""A signing key can be revoked: what it has signed is refused from then on."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signing_keys", sa.Column("revoked_at", sa.BigInteger(), nullable=True))
