"""Providers that were registered with the callback address that all of them shared, before each had its own."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shared_callbacks",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_shared_callbacks_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "provider_id", name="pk_shared_callbacks"),
        info={"kind": "reference"},
    )
    op.execute(
        """
        INSERT INTO shared_callbacks (tenant_id, provider_id, replaced_at)
        SELECT tenant_id, id, disabled_at FROM identity_providers
        """
    )
