"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
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
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("public_jwk", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signs_from", sa.BigInteger(), nullable=False),
        sa.Column("verifies_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        info={"kind": "reference"},
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        info={"kind": "reference"},
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
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("grant_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_authorization_codes_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "code_hash", name="pk_authorization_codes"),
        info={"kind": "owned"},
    )
    op.create_table(
        "connectors",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("deactivated_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_connectors_tenant"),
        sa.PrimaryKeyConstraint("id"),
        info={"kind": "reference"},
    )
    op.create_index("ix_connectors_tenant", "connectors", ["tenant_id", "id"], unique=False)
    op.create_index("uq_connectors_email", "connectors", ["email"], unique=True)
    op.create_table(
        "delegated_relationships",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("partner_tenant_id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
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
    op.create_index(
        "ix_delegated_relationships_partner",
        "delegated_relationships",
        ["tenant_id", "partner_tenant_id", "id"],
        unique=False,
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
    op.create_index("ix_domains_tenant", "domains", ["tenant_id", "name"], unique=False)
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
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_grants_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_grants"),
        info={"kind": "owned"},
    )
    op.create_index("ix_grants_connector", "grants", ["tenant_id", "connector_id", "user_id"], unique=False)
    op.create_index("ix_grants_user", "grants", ["tenant_id", "user_id"], unique=False)
    op.create_table(
        "groups",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
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
    op.create_index("ix_idempotency_keys_expiry", "idempotency_keys", ["tenant_id", "expires_at"], unique=False)
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
        sa.Column("device_count", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_managed_accounts_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_managed_accounts"),
        info={"kind": "owned"},
    )
    op.create_index(
        "ix_managed_accounts_email", "managed_accounts", ["tenant_id", "enterprise_id", "primary_email"], unique=False
    )
    op.create_index(
        "uq_managed_accounts_identifier",
        "managed_accounts",
        ["tenant_id", "enterprise_id", "account_identifier"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
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
        "users",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_principal_name", sa.Text(), nullable=False),
        sa.Column("upn_key", sa.Text(), nullable=False),
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=True),
        sa.Column("usage_location", sa.Text(), nullable=True),
        sa.Column("immutable_id", sa.Text(), nullable=True),
        sa.Column("phone_number", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("soft_deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_users_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_users"),
        info={"kind": "owned"},
    )
    op.create_index("ix_users_display_name", "users", ["tenant_id", "display_name", "id"], unique=False)
    op.create_index("ix_users_upn", "users", ["tenant_id", "upn_key", "id"], unique=False)
    op.create_index(
        "uq_users_live_upn",
        "users",
        ["tenant_id", "upn_key"],
        unique=True,
        sqlite_where=sa.text("soft_deleted_at IS NULL"),
        postgresql_where=sa.text("soft_deleted_at IS NULL"),
    )
    op.create_table(
        "connector_secrets",
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["connector_id"], ["connectors.id"], name="fk_connector_secrets_connector"),
        sa.PrimaryKeyConstraint("connector_id", "id", name="pk_connector_secrets"),
        info={"kind": "reference"},
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
    op.create_index(
        "ix_device_credentials_account",
        "device_credentials",
        ["tenant_id", "managed_account_id", "android_id"],
        unique=False,
    )
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
    op.create_index("ix_device_tokens_account", "device_tokens", ["tenant_id", "managed_account_id"], unique=False)
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
    )
    op.create_table(
        "enterprises",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("emm_tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("primary_domain", sa.Text(), nullable=True),
        sa.Column("service_account_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("unenrolled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["emm_tenant_id"], ["tenants.id"], name="fk_enterprises_emm_tenant"),
        sa.ForeignKeyConstraint(["service_account_id"], ["connectors.id"], name="fk_enterprises_service_account"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_enterprises_tenant"),
        sa.PrimaryKeyConstraint("id"),
        info={"kind": "reference"},
    )
    op.create_index("ix_enterprises_emm_tenant", "enterprises", ["emm_tenant_id", "id"], unique=False)
    op.create_index("ix_enterprises_tenant", "enterprises", ["tenant_id", "id"], unique=False)
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
    op.create_index("ix_group_links_child", "group_links", ["tenant_id", "child_id", "parent_id"], unique=False)
    op.create_table(
        "group_members",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
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
    op.create_index("ix_group_members_user", "group_members", ["tenant_id", "user_id", "group_id"], unique=False)
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
    op.create_index("ix_phones_user", "phones", ["tenant_id", "user_id"], unique=False)
    op.create_table(
        "refresh_tokens",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "grant_id"], ["grants.tenant_id", "grants.id"], name="fk_refresh_tokens_grant"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_refresh_tokens_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "token_hash", name="pk_refresh_tokens"),
        info={"kind": "owned"},
        sqlite_with_rowid=False,
    )
    op.create_index("ix_refresh_tokens_grant", "refresh_tokens", ["tenant_id", "grant_id"], unique=False)
    op.create_table(
        "role_assignments",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("role_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
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
    op.create_index("ix_role_assignments_role", "role_assignments", ["tenant_id", "role_id", "user_id"], unique=False)
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
