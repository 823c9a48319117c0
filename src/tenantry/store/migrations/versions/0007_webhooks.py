"""Webhooks with their outbox, invitations to groups, proofs of domains, members of groups by name, and when things were
used last.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


RARE = sa.text("type <> 'access_token.issued' AND type <> 'device_token.issued'")


def upgrade() -> None:
    for name, *columns in (
        ("ix_audit_events_rare", "id"),
        ("ix_audit_events_type", "type", "id"),
        ("ix_audit_events_actor", "actor", "id"),
        ("ix_audit_events_correlation", "correlation_id", "id"),
    ):
        op.drop_index(name, table_name="audit_events")
        op.create_index(name, "audit_events", ["tenant_id", *columns], sqlite_where=RARE, postgresql_where=RARE)
    for table, column in (
        ("connector_secrets", "last_used_at"),
        ("refresh_tokens", "last_used_at"),
        ("users", "last_sign_in_at"),
    ):
        op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=True))
    op.add_column("group_members", sa.Column("member_key", sa.Text(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE group_members ALTER COLUMN member_key TYPE TEXT COLLATE "C"')
    op.execute(
        """
        UPDATE group_members SET member_key = u.display_key FROM users u
        WHERE u.tenant_id = group_members.tenant_id AND u.id = group_members.user_id AND u.soft_deleted_at IS NULL
        """
    )
    by_name = ["tenant_id", "group_id", "member_key", "user_id"]
    for name, columns, which in (
        ("ix_group_members_name", [*by_name, "role"], sa.text("role <> 'subscriber'")),
        ("ix_group_members_admin", by_name, sa.text("role = 'admin'")),
        ("ix_group_members_subscriber", by_name, sa.text("role = 'subscriber'")),
    ):
        op.create_index(name, "group_members", columns, sqlite_where=which, postgresql_where=which)
    unrevoked = sa.text("revoked_at IS NULL")
    op.create_index(
        "ix_grants_live_id",
        "grants",
        ["tenant_id", "connector_id", "id"],
        sqlite_where=unrevoked,
        postgresql_where=unrevoked,
    )
    deleted = sa.text("deleted_at IS NOT NULL")
    op.create_index(
        "ix_groups_deleted",
        "groups",
        ["tenant_id", "deleted_at", "id"],
        sqlite_where=deleted,
        postgresql_where=deleted,
    )
    by_partner = sa.text(f"partner_tenant_id IS NOT NULL AND {RARE}")
    op.drop_index("ix_audit_events_partner", table_name="audit_events")
    op.create_index(
        "ix_audit_events_partner",
        "audit_events",
        ["tenant_id", "partner_tenant_id", "id"],
        sqlite_where=by_partner,
        postgresql_where=by_partner,
    )
    op.create_table(
        "domain_proofs",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_domain_proofs_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "name", name="pk_domain_proofs"),
        info={"kind": "owned"},
    )
    op.create_table(
        "group_invitations",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("invitation_hash", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_group_invitations_tenant"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["groups.tenant_id", "groups.id"],
            name="fk_group_invitations_group_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "invitation_hash", name="pk_group_invitations"),
        info={"kind": "owned"},
    )
    op.create_index("ix_group_invitations_group", "group_invitations", ["tenant_id", "group_id"])
    op.create_table(
        "webhooks",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("event_types", sa.Text(), nullable=False),
        sa.Column("callback_url", sa.Text(), nullable=False),
        sa.Column("callback_token", sa.LargeBinary(), nullable=True),
        sa.Column("context", sa.Text(), nullable=True),
        sa.Column("connector_id", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_webhooks_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_webhooks"),
        info={"kind": "owned"},
    )
    live = sa.text("deleted_at IS NULL")
    op.create_index(
        "ix_webhooks_object",
        "webhooks",
        ["tenant_id", "object_type", "object_id"],
        sqlite_where=live,
        postgresql_where=live,
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_webhook_deliveries_tenant"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "webhook_id"],
            ["webhooks.tenant_id", "webhooks.id"],
            name="fk_webhook_deliveries_webhook",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_webhook_deliveries"),
        info={"kind": "owned"},
    )
    op.create_index("ix_webhook_deliveries_webhook", "webhook_deliveries", ["tenant_id", "webhook_id", "id"])
    due = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["tenant_id", "due_at"],
        sqlite_where=due,
        postgresql_where=due,
    )
