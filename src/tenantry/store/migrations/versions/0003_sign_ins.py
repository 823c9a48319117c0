"""A grant keeps the sign-in that it was given in, and what the app asked to know of it."""

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("authorization_codes", sa.Column("sign_in_scope", sa.Text(), nullable=True))
    op.add_column("grants", sa.Column("authenticated_at", sa.BigInteger(), nullable=True))
    op.add_column("grants", sa.Column("sign_in_scope", sa.Text(), nullable=True))
    # Codes that are on their way. What else their apps asked for is not known.
    op.execute("UPDATE authorization_codes SET sign_in_scope = 'openid' WHERE authenticated_at IS NOT NULL")
