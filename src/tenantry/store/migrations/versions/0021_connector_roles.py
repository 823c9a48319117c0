"""Roles that apps hold themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "connector_roles",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("role_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "connector_id", "role_id", name="pk_connector_roles"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_connector_roles_tenant"),
        sa.ForeignKeyConstraint(["connector_id"], ["connectors.id"], name="fk_connector_roles_connector"),
    )
    op.create_index("ix_connector_roles_role", "connector_roles", ["tenant_id", "role_id", "connector_id"])
