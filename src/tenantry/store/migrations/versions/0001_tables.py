"""All tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None
branch_labels = None
depends_on = None

BY_CODE_POINT = (
    ("connectors", "name_key"),
    ("delegated_relationships", "name_key"),
    ("enterprises", "name_key"),
    ("group_members", "member_key"),
    ("groups", "name_key"),
    ("managed_accounts", "search_key"),
    ("partner_customers", "name_key"),
    ("tenants", "name_key"),
    ("users", "display_key"),
    ("users", "upn_key"),
)
"""What is sorted and searched by its normal form: on PostgreSQL as on SQLite, whatever the database's locale is."""


def upgrade() -> None:  # noqa: PLR0915 - one statement for each table and index
    op.create_table(
        "audit_events",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("connector_id", sa.Text(), nullable=True),
        sa.Column("grant_id", sa.Text(), nullable=True),
        sa.Column("partner_tenant_id", sa.Text(), nullable=True),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_audit_events"),
        info={"kind": "owned"},
    )
    _index(
        "ix_audit_events_actor",
        "audit_events",
        ["tenant_id", "actor", "id"],
        where="type <> 'access_token.issued' AND type <> 'device_token.issued'",
    )
    _index(
        "ix_audit_events_correlation",
        "audit_events",
        ["tenant_id", "correlation_id", "id"],
        where="type <> 'access_token.issued' AND type <> 'device_token.issued'",
    )
    _index(
        "ix_audit_events_partner",
        "audit_events",
        ["tenant_id", "partner_tenant_id", "id"],
        where="partner_tenant_id IS NOT NULL AND type <> 'access_token.issued' AND type <> 'device_token.issued'",
    )
    _index(
        "ix_audit_events_rare",
        "audit_events",
        ["tenant_id", "id"],
        where="type <> 'access_token.issued' AND type <> 'device_token.issued'",
    )
    _index(
        "ix_audit_events_type",
        "audit_events",
        ["tenant_id", "type", "id"],
        where="type <> 'access_token.issued' AND type <> 'device_token.issued'",
    )
    op.create_table(
        "audit_seals",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("last_event_id", sa.Text(), nullable=False),
        sa.Column("event_count", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "number", name="pk_audit_seals"),
        info={"kind": "owned"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("public_jwk", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signs_from", sa.BigInteger(), nullable=False),
        sa.Column("verifies_until", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        info={"kind": "reference"},
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        info={"kind": "reference"},
        sqlite_with_rowid=False,
    )
    _index(
        "ix_tenants_ended",
        "tenants",
        ["id", "deleted_at", "disabled_at"],
        where="deleted_at IS NOT NULL OR disabled_at IS NOT NULL",
    )
    op.create_table(
        "authorization_codes",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("code_challenge", sa.Text(), nullable=True),
        sa.Column("authenticated_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("grant_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_authorization_codes_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "code_hash", name="pk_authorization_codes"),
        info={"kind": "owned"},
    )
    _index("ix_authorization_codes_user", "authorization_codes", ["tenant_id", "user_id"], where="claimed_at IS NULL")
    op.create_table(
        "connectors",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("deactivated_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("waiting_permissions", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("waiting_since", sa.BigInteger(), nullable=True),
        sa.Column("declined_permissions", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("declined_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_connectors_tenant"),
        sa.PrimaryKeyConstraint("id"),
        info={"kind": "reference"},
        sqlite_with_rowid=False,
    )
    _index("ix_connectors_tenant", "connectors", ["tenant_id", "id"])
    _index(
        "ix_connectors_waiting", "connectors", ["tenant_id", "waiting_since", "id"], where="waiting_since IS NOT NULL"
    )
    _index("uq_connectors_email", "connectors", ["email"], unique=True)
    op.create_table(
        "delegated_relationships",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("partner_tenant_id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("role_ids", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("activated_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_delegated_relationships_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_delegated_relationships"),
        info={"kind": "owned"},
    )
    _index("ix_delegated_relationships_partner", "delegated_relationships", ["tenant_id", "partner_tenant_id", "id"])
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
        "domains",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("is_initial", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_federated", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_domains_tenant"),
        sa.PrimaryKeyConstraint("name"),
        info={"kind": "reference"},
    )
    _index("ix_domains_tenant", "domains", ["tenant_id", "name"])
    op.create_table(
        "grants",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_grants_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_grants"),
        info={"kind": "owned"},
        sqlite_with_rowid=False,
    )
    _index("ix_grants_connector", "grants", ["tenant_id", "connector_id", "user_id"])
    _index("ix_grants_expiry", "grants", ["tenant_id", "expires_at"], where="revoked_at IS NULL")
    _index("ix_grants_group", "grants", ["tenant_id", "group_id"], where="revoked_at IS NULL AND group_id IS NOT NULL")
    _index("ix_grants_live", "grants", ["tenant_id", "connector_id", "reach", "expires_at"], where="revoked_at IS NULL")
    _index("ix_grants_live_id", "grants", ["tenant_id", "connector_id", "id"], where="revoked_at IS NULL")
    _index("ix_grants_user", "grants", ["tenant_id", "user_id"])
    op.create_table(
        "groups",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("welcome_message", sa.Text(), nullable=False),
        sa.Column("group_type", sa.Text(), nullable=False),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("background_url", sa.Text(), nullable=True),
        sa.Column("short_description", sa.Text(), nullable=True),
        sa.Column("long_description", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_groups_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_groups"),
        info={"kind": "owned"},
    )
    _index("ix_groups_deleted", "groups", ["tenant_id", "deleted_at", "id"], where="deleted_at IS NOT NULL")
    _index("ix_groups_name", "groups", ["tenant_id", "name_key", "id"], where="deleted_at IS NULL")
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_idempotency_keys_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "key_hash", name="pk_idempotency_keys"),
        info={"kind": "owned"},
    )
    _index("ix_idempotency_keys_expiry", "idempotency_keys", ["tenant_id", "expires_at"])
    op.create_table(
        "identity_providers",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_secret", sa.LargeBinary(), nullable=False),
        sa.Column("name_claim", sa.Text(), nullable=False),
        sa.Column("trusts_mfa", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_identity_providers_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_identity_providers"),
        info={"kind": "owned"},
    )
    op.create_table(
        "managed_accounts",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("enterprise_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("management_type", sa.Text(), nullable=False),
        sa.Column("account_type", sa.Text(), nullable=False),
        sa.Column("account_identifier", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("primary_email", sa.Text(), nullable=True),
        sa.Column("search_key", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("device_count", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_managed_accounts_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_managed_accounts"),
        info={"kind": "owned"},
        sqlite_with_rowid=False,
    )
    _index("ix_managed_accounts_email", "managed_accounts", ["tenant_id", "enterprise_id", "primary_email"])
    _index("ix_managed_accounts_quota", "managed_accounts", ["tenant_id", "device_count"], where="deleted_at IS NULL")
    _index(
        "ix_managed_accounts_search",
        "managed_accounts",
        ["tenant_id", "enterprise_id", "search_key", "id"],
        where="deleted_at IS NULL",
    )
    _index("ix_managed_accounts_user", "managed_accounts", ["tenant_id", "user_id"])
    _index(
        "uq_managed_accounts_identifier",
        "managed_accounts",
        ["tenant_id", "enterprise_id", "account_identifier"],
        unique=True,
        where="deleted_at IS NULL",
    )
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
    _index("ix_partner_customers_name", "partner_customers", ["tenant_id", "name_key", "customer_tenant_id"])
    op.create_table(
        "partner_relationships",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_tenant_id", sa.Text(), nullable=False),
        sa.Column("role_ids", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_partner_relationships_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_partner_relationships"),
        info={"kind": "owned"},
    )
    _index(
        "ix_partner_relationships_customer",
        "partner_relationships",
        ["tenant_id", "customer_tenant_id", "status", "expires_at"],
    )
    op.create_table(
        "phone_pins",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("pin_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tries_left", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("window_started_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_in_window", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_phone_pins_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "number", "purpose", name="pk_phone_pins"),
        info={"kind": "owned"},
    )
    op.create_table(
        "reseller_relationships",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("partner_tenant_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_reseller_relationships_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "partner_tenant_id", name="pk_reseller_relationships"),
        info={"kind": "owned"},
    )
    op.create_table(
        "shared_callbacks",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_shared_callbacks_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "provider_id", name="pk_shared_callbacks"),
        info={"kind": "reference"},
    )
    op.create_table(
        "tenant_policies",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("second_factor", sa.Text(), nullable=False),
        sa.Column("phone_sign_in", sa.Text(), nullable=False),
        sa.Column("connector_registration", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("second_factor_from", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_tenant_policies_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tenant_policies"),
        info={"kind": "owned"},
    )
    op.create_table(
        "untold_changes",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("after_group_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_untold_changes_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_untold_changes"),
        info={"kind": "owned"},
    )
    op.create_table(
        "upstream_sign_ins",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("back", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=True),
        sa.Column("max_age", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_upstream_sign_ins_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "state_hash", name="pk_upstream_sign_ins"),
        info={"kind": "owned"},
    )
    _index("ix_upstream_sign_ins_expiry", "upstream_sign_ins", ["tenant_id", "expires_at"])
    op.create_table(
        "user_imports",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("next_row", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("ignored", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_user_imports_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_user_imports"),
        info={"kind": "owned"},
    )
    op.create_table(
        "users",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_principal_name", sa.Text(), nullable=False),
        sa.Column("upn_key", sa.Text(), nullable=False),
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("display_key", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=True),
        sa.Column("usage_location", sa.Text(), nullable=True),
        sa.Column("immutable_id", sa.Text(), nullable=True),
        sa.Column("phone_number", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("last_sign_in_at", sa.BigInteger(), nullable=True),
        sa.Column("factor_counts_from", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_users_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_users"),
        info={"kind": "owned"},
        sqlite_with_rowid=False,
    )
    _index("ix_users_blocked", "users", ["tenant_id", "display_key", "id"], where="disabled_at IS NOT NULL")
    _index("ix_users_deleted", "users", ["tenant_id", "user_type", "display_key", "id"], where="deleted_at IS NOT NULL")
    _index("ix_users_display_name", "users", ["tenant_id", "display_name", "id"])
    _index(
        "ix_users_ended",
        "users",
        ["tenant_id", "id", "deleted_at", "disabled_at"],
        where="deleted_at IS NOT NULL OR disabled_at IS NOT NULL",
    )
    _index(
        "ix_users_live_display", "users", ["tenant_id", "user_type", "display_key", "id"], where="deleted_at IS NULL"
    )
    _index("ix_users_live_name", "users", ["tenant_id", "user_type", "upn_key", "id"], where="deleted_at IS NULL")
    _index("ix_users_upn", "users", ["tenant_id", "upn_key", "id"])
    _index("uq_users_live_upn", "users", ["tenant_id", "upn_key"], unique=True, where="deleted_at IS NULL")
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
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_webhooks_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_webhooks"),
        info={"kind": "owned"},
    )
    _index("ix_webhooks_object", "webhooks", ["tenant_id", "object_type", "object_id"], where="deleted_at IS NULL")
    op.create_table(
        "connector_roles",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("role_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["connector_id"], ["connectors.id"], name="fk_connector_roles_connector"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_connector_roles_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "connector_id", "role_id", name="pk_connector_roles"),
        info={"kind": "owned"},
    )
    _index("ix_connector_roles_role", "connector_roles", ["tenant_id", "role_id", "connector_id"])
    op.create_table(
        "connector_secrets",
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["connector_id"], ["connectors.id"], name="fk_connector_secrets_connector"),
        sa.PrimaryKeyConstraint("connector_id", "id", name="pk_connector_secrets"),
        info={"kind": "reference"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "device_credentials",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("credential_hash", sa.LargeBinary(), nullable=False),
        sa.Column("managed_account_id", sa.Text(), nullable=False),
        sa.Column("android_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "managed_account_id"],
            ["managed_accounts.tenant_id", "managed_accounts.id"],
            name="fk_device_credentials_account",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_device_credentials_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "credential_hash", name="pk_device_credentials"),
        info={"kind": "owned"},
        sqlite_with_rowid=False,
    )
    _index("ix_device_credentials_account", "device_credentials", ["tenant_id", "managed_account_id", "android_id"])
    op.create_table(
        "device_tokens",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("enterprise_id", sa.Text(), nullable=False),
        sa.Column("managed_account_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "managed_account_id"],
            ["managed_accounts.tenant_id", "managed_accounts.id"],
            name="fk_device_tokens_account",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_device_tokens_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "token_hash", name="pk_device_tokens"),
        info={"kind": "owned"},
        sqlite_with_rowid=False,
    )
    _index("ix_device_tokens_account", "device_tokens", ["tenant_id", "managed_account_id"])
    op.create_table(
        "devices",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("managed_account_id", sa.Text(), nullable=False),
        sa.Column("android_id", sa.Text(), nullable=False),
        sa.Column("enterprise_id", sa.Text(), nullable=False),
        sa.Column("management_type", sa.Text(), nullable=True),
        sa.Column("dpc_package_name", sa.Text(), nullable=True),
        sa.Column("maker", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("retail_brand", sa.Text(), nullable=True),
        sa.Column("sdk_version", sa.BigInteger(), nullable=True),
        sa.Column("latest_build_fingerprint", sa.Text(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("account_state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("provisioned_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "managed_account_id"],
            ["managed_accounts.tenant_id", "managed_accounts.id"],
            name="fk_devices_account",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_devices_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "managed_account_id", "android_id", name="pk_devices"),
        info={"kind": "owned"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "enrolments",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("code_expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_enrolments_user", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_enrolments_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name="pk_enrolments"),
        info={"kind": "owned"},
    )
    op.create_table(
        "enterprises",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("emm_tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("primary_domain", sa.Text(), nullable=True),
        sa.Column("service_account_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("unenrolled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["emm_tenant_id"], ["tenants.id"], name="fk_enterprises_emm_tenant"),
        sa.ForeignKeyConstraint(["service_account_id"], ["connectors.id"], name="fk_enterprises_service_account"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_enterprises_tenant"),
        sa.PrimaryKeyConstraint("id"),
        info={"kind": "reference"},
        sqlite_with_rowid=False,
    )
    _index("ix_enterprises_emm_tenant", "enterprises", ["emm_tenant_id", "id"])
    _index("ix_enterprises_tenant", "enterprises", ["tenant_id", "id"])
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
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["groups.tenant_id", "groups.id"],
            name="fk_group_invitations_group_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_group_invitations_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "invitation_hash", name="pk_group_invitations"),
        info={"kind": "owned"},
    )
    _index("ix_group_invitations_group", "group_invitations", ["tenant_id", "group_id"])
    op.create_table(
        "group_links",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=False),
        sa.Column("child_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "child_id"],
            ["groups.tenant_id", "groups.id"],
            name="fk_group_links_child_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["groups.tenant_id", "groups.id"],
            name="fk_group_links_parent_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_group_links_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "parent_id", "child_id", name="pk_group_links"),
        info={"kind": "owned"},
    )
    _index("ix_group_links_child", "group_links", ["tenant_id", "child_id", "parent_id"])
    op.create_table(
        "group_members",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("member_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["groups.tenant_id", "groups.id"],
            name="fk_group_members_group_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_group_members_user", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_group_members_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "group_id", "user_id", name="pk_group_members"),
        info={"kind": "owned"},
    )
    _index(
        "ix_group_members_admin",
        "group_members",
        ["tenant_id", "group_id", "member_key", "user_id"],
        where="role = 'admin'",
    )
    _index(
        "ix_group_members_name",
        "group_members",
        ["tenant_id", "group_id", "member_key", "user_id", "role"],
        where="role <> 'subscriber'",
    )
    _index(
        "ix_group_members_subscriber",
        "group_members",
        ["tenant_id", "group_id", "member_key", "user_id"],
        where="role = 'subscriber'",
    )
    _index("ix_group_members_user", "group_members", ["tenant_id", "user_id", "group_id"])
    op.create_table(
        "linked_identities",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "provider_id"],
            ["identity_providers.tenant_id", "identity_providers.id"],
            name="fk_linked_identities_provider",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name="fk_linked_identities_user",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_linked_identities_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "provider_id", "issuer", "subject", name="pk_linked_identities"),
        info={"kind": "owned"},
    )
    _index("ix_linked_identities_user", "linked_identities", ["tenant_id", "user_id"])
    op.create_table(
        "passkey_challenges",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("challenge_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name="fk_passkey_challenges_user",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_passkey_challenges_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "challenge_hash", name="pk_passkey_challenges"),
        info={"kind": "owned"},
    )
    _index("ix_passkey_challenges_user", "passkey_challenges", ["tenant_id", "user_id"])
    op.create_table(
        "passkeys",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("is_synced", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("transports", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_passkeys_user", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_passkeys_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "credential_id", name="pk_passkeys"),
        info={"kind": "owned"},
    )
    _index("ix_passkeys_user", "passkeys", ["tenant_id", "user_id"])
    op.create_table(
        "password_credentials",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("must_change", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name="fk_password_credentials_user",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_password_credentials_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name="pk_password_credentials"),
        info={"kind": "owned"},
    )
    op.create_table(
        "phone_factors",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_phone_factors_user", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_phone_factors_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name="pk_phone_factors"),
        info={"kind": "owned"},
    )
    op.create_table(
        "phones",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_phones_user", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_phones_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "number", name="pk_phones"),
        info={"kind": "owned"},
    )
    _index("ix_phones_user", "phones", ["tenant_id", "user_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_recovery_codes_user", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_recovery_codes_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "code_hash", name="pk_recovery_codes"),
        info={"kind": "owned"},
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "grant_id"], ["grants.tenant_id", "grants.id"], name="fk_refresh_tokens_grant"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_refresh_tokens_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "token_hash", name="pk_refresh_tokens"),
        info={"kind": "owned"},
        sqlite_with_rowid=False,
    )
    _index("ix_refresh_tokens_grant", "refresh_tokens", ["tenant_id", "grant_id"])
    op.create_table(
        "role_assignments",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("role_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("given_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name="fk_role_assignments_user",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_role_assignments_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "role_id", name="pk_role_assignments"),
        info={"kind": "owned"},
    )
    _index(
        "ix_role_assignments_given_by",
        "role_assignments",
        ["tenant_id", "given_by", "role_id"],
        where="given_by IS NOT NULL",
    )
    _index("ix_role_assignments_role", "role_assignments", ["tenant_id", "role_id", "user_id"])
    op.create_table(
        "service_account_keys",
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["connector_id"], ["connectors.id"], name="fk_service_account_keys_connector"),
        sa.PrimaryKeyConstraint("connector_id", "id", name="pk_service_account_keys"),
        info={"kind": "reference"},
    )
    op.create_table(
        "sessions",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("session_hash", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.Column("acting_tenant_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("authenticated_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("added_factor", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_sessions_user", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_sessions_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "session_hash", name="pk_sessions"),
        info={"kind": "owned"},
    )
    _index("ix_sessions_user", "sessions", ["tenant_id", "user_id"])
    op.create_table(
        "sign_in_notices",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("by_whom", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name="fk_sign_in_notices_user",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_sign_in_notices_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "id", name="pk_sign_in_notices"),
        info={"kind": "owned"},
    )
    op.create_table(
        "sign_ins",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("sign_in_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("must_change", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("tries_left", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_sign_ins_user", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_sign_ins_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "sign_in_hash", name="pk_sign_ins"),
        info={"kind": "owned"},
    )
    _index("ix_sign_ins_user", "sign_ins", ["tenant_id", "user_id"])
    op.create_table(
        "totp_credentials",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name="fk_totp_credentials_user",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_totp_credentials_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name="pk_totp_credentials"),
        info={"kind": "owned"},
    )
    op.create_table(
        "user_import_rows",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "import_id"],
            ["user_imports.tenant_id", "user_imports.id"],
            name="fk_user_import_rows_import",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_user_import_rows_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", "number", name="pk_user_import_rows"),
        info={"kind": "owned"},
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
        sa.ForeignKeyConstraint(
            ["tenant_id", "webhook_id"],
            ["webhooks.tenant_id", "webhooks.id"],
            name="fk_webhook_deliveries_webhook",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_webhook_deliveries_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_webhook_deliveries"),
        info={"kind": "owned"},
    )
    _index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["tenant_id", "webhook_id", "due_at", "id"],
        where="due_at IS NOT NULL",
    )
    _index("ix_webhook_deliveries_webhook", "webhook_deliveries", ["tenant_id", "webhook_id", "id"])
    # ### end Alembic commands ###
    if op.get_bind().dialect.name == "postgresql":
        for table, column in BY_CODE_POINT:
            op.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE TEXT COLLATE "C"')


def _index(name: str, table: str, columns: list[str], *, unique: bool = False, where: str | None = None) -> None:
    some = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=some, postgresql_where=some)
