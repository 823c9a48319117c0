"""What waits for a webhook is found by the webhook: of two of a tenant, the queue of one costs the other nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WAITS = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_webhook_deliveries_due", table_name="webhook_deliveries")
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["tenant_id", "webhook_id", "due_at", "id"],
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    )
