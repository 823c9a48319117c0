"""Enterprises, managed accounts, their devices, and the secrets of these."""

from __future__ import annotations

from sqlalchemy import ForeignKey, ForeignKeyConstraint

from tenantry.store.schema.parts import (
    child_of,
    digest,
    index,
    maybe_text,
    maybe_time,
    number,
    owned,
    reference,
    small,
    text,
    time,
)

reference(
    "enterprises",
    text("id", primary_key=True),
    text("tenant_id", ForeignKey("tenants.id", name="fk_enterprises_tenant")),
    text("emm_tenant_id", ForeignKey("tenants.id", name="fk_enterprises_emm_tenant")),
    text("name"),
    text("name_key", default="''"),  # its normal form: what searches look in
    maybe_text("primary_domain"),
    maybe_text("service_account_id", ForeignKey("connectors.id", name="fk_enterprises_service_account")),
    time("created_at"),
    maybe_time("unenrolled_at"),
    index("ix_enterprises_tenant", "tenant_id", "id"),
    index("ix_enterprises_emm_tenant", "emm_tenant_id", "id"),
    sqlite_with_rowid=False,
)

owned(
    "managed_accounts",
    text("id"),  # decimal
    text("enterprise_id"),
    maybe_text("user_id"),
    text("management_type"),  # emm_managed | google_managed
    text("account_type"),  # user_account | device_account
    maybe_text("account_identifier"),
    maybe_text("display_name"),
    maybe_text("primary_email"),
    text("search_key", default="''"),  # the normal form of identifier or address: what lists go by
    small("device_count", default="0"),
    time("created_at"),
    time("updated_at"),
    maybe_time("deleted_at"),
    index(
        "uq_managed_accounts_identifier",
        "tenant_id",
        "enterprise_id",
        "account_identifier",
        unique=True,
        where="deleted_at IS NULL",
    ),
    index("ix_managed_accounts_email", "tenant_id", "enterprise_id", "primary_email"),
    index("ix_managed_accounts_search", "tenant_id", "enterprise_id", "search_key", "id", where="deleted_at IS NULL"),
    index("ix_managed_accounts_quota", "tenant_id", "device_count", where="deleted_at IS NULL"),
    index("ix_managed_accounts_user", "tenant_id", "user_id"),
    key=("id",),
    sqlite_with_rowid=False,
)


def _of_account(table: str) -> ForeignKeyConstraint:
    return child_of("managed_accounts", "managed_account_id", name=f"fk_{table}_account", ondelete=None)


owned(
    "devices",
    text("managed_account_id"),
    text("android_id"),
    text("enterprise_id"),
    maybe_text("management_type"),
    maybe_text("dpc_package_name"),
    maybe_text("maker"),
    maybe_text("model"),
    maybe_text("product"),
    maybe_text("device"),
    maybe_text("retail_brand"),
    number("sdk_version", nullable=True),
    maybe_text("latest_build_fingerprint"),
    maybe_text("policy"),  # JSON, as the EMM set it
    text("account_state"),  # enabled | disabled
    time("created_at"),
    maybe_time("provisioned_at"),  # NULL: the EMM set a policy before the device came
    maybe_time("removed_at"),
    _of_account("devices"),
    key=("managed_account_id", "android_id"),
    sqlite_with_rowid=False,
)

owned(
    "device_tokens",
    digest("token_hash"),
    text("enterprise_id"),
    text("managed_account_id"),
    time("created_at"),
    time("expires_at"),
    maybe_time("claimed_at"),
    maybe_text("claimed_by"),  # the Android ID
    maybe_time("revoked_at"),
    _of_account("device_tokens"),
    index("ix_device_tokens_account", "tenant_id", "managed_account_id"),
    key=("token_hash",),
    sqlite_with_rowid=False,
)

owned(
    "device_credentials",
    digest("credential_hash"),
    text("managed_account_id"),
    text("android_id"),
    time("created_at"),
    maybe_time("revoked_at"),
    _of_account("device_credentials"),
    index("ix_device_credentials_account", "tenant_id", "managed_account_id", "android_id"),
    key=("credential_hash",),
    sqlite_with_rowid=False,
)
