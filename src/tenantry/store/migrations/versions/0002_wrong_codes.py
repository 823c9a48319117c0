"""How many codes of an authenticator app were wrong in a row: they are limited in the database, for all servers."""

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "totp_credentials", sa.Column("wrong_tries", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column("totp_credentials", sa.Column("tried_at", sa.BigInteger(), nullable=True))
