"""Policies of a tenant, users who must set up a second factor, and what users are told of their sign-in."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tenant_policies",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("second_factor", sa.Text(), nullable=False),
        sa.Column("phone_sign_in", sa.Text(), nullable=False),
        sa.Column("connector_registration", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_tenant_policies_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tenant_policies"),
    )
    op.create_table(
        "enrolments",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("code_expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name="pk_enrolments"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_enrolments_tenant"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_enrolments_user", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "sign_in_notices",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("by_whom", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "id", name="pk_sign_in_notices"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_sign_in_notices_tenant"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name="fk_sign_in_notices_user",
            ondelete="CASCADE",
        ),
    )
    op.add_column("sessions", sa.Column("added_factor", sa.SmallInteger(), nullable=False, server_default=sa.text("0")))
