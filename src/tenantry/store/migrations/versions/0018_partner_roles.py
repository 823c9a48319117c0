"""The partner's copy of its relationships says which roles they give, so that its list can name them."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    role_ids = sa.Column("role_ids", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column("partner_relationships", role_ids)
    op.execute(
        """
        UPDATE partner_relationships SET role_ids = COALESCE((
            SELECT d.role_ids FROM delegated_relationships d
            WHERE d.tenant_id = partner_relationships.customer_tenant_id AND d.id = partner_relationships.id), '')
        """
    )
