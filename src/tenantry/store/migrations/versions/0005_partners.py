"""A partner's own list of its customers, and what partners did in a customer's trail."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "partner_customers",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("customer_tenant_id", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("is_reseller", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["customer_tenant_id"], ["tenants.id"], name="fk_partner_customers_customer"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_partner_customers_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "customer_tenant_id", name="pk_partner_customers"),
        info={"kind": "owned"},
    )
    op.create_table(
        "partner_relationships",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_tenant_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_partner_relationships_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_partner_relationships"),
        info={"kind": "owned"},
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE partner_customers ALTER COLUMN name_key TYPE TEXT COLLATE "C"')
    op.create_index("ix_partner_customers_name", "partner_customers", ["tenant_id", "name_key", "customer_tenant_id"])
    op.create_index(
        "ix_partner_relationships_customer",
        "partner_relationships",
        ["tenant_id", "customer_tenant_id", "status", "expires_at"],
    )
    where = sa.text("partner_tenant_id IS NOT NULL")
    op.create_index(
        "ix_audit_events_partner",
        "audit_events",
        ["tenant_id", "partner_tenant_id", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )
    op.execute(
        """
        INSERT INTO partner_customers (tenant_id, customer_tenant_id, name_key, is_reseller, created_at)
        SELECT p.partner_tenant_id, p.tenant_id, LOWER(t.name), MAX(p.is_reseller), MIN(p.created_at)
        FROM (
            SELECT tenant_id, partner_tenant_id, 0 AS is_reseller, created_at FROM delegated_relationships
            UNION ALL
            SELECT tenant_id, partner_tenant_id, CASE WHEN ended_at IS NULL THEN 1 ELSE 0 END, created_at
            FROM reseller_relationships
        ) p JOIN tenants t ON t.id = p.tenant_id
        GROUP BY p.partner_tenant_id, p.tenant_id, t.name
        """
    )
    op.execute(
        """
        INSERT INTO partner_relationships (tenant_id, id, customer_tenant_id, status, expires_at)
        SELECT partner_tenant_id, id, tenant_id, status, expires_at FROM delegated_relationships
        """
    )
