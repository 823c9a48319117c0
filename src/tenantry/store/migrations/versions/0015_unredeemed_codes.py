"""The codes that a user was sent away with and nobody redeemed yet are found by the user."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

WAITS = sa.text("claimed_at IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_authorization_codes_user",
        "authorization_codes",
        ["tenant_id", "user_id"],
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    )
