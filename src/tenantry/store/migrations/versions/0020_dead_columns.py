"""Drop what was never written or read: a refresh token ends with its grant; the trail says why a grant was revoked."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("refresh_tokens", "revoked_at")
    op.drop_column("grants", "revoked_reason")
