"""A user is deleted as everything else is: by `deleted_at`."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users RENAME COLUMN soft_deleted_at TO deleted_at")
