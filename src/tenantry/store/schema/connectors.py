"""Connectors, and the secrets and keys by which they authenticate."""

from __future__ import annotations

from sqlalchemy import ForeignKey, PrimaryKeyConstraint

from tenantry.store.schema.parts import digest, index, maybe_text, maybe_time, owned, reference, text, time

reference(
    "connectors",
    text("id", primary_key=True),
    text("tenant_id", ForeignKey("tenants.id", name="fk_connectors_tenant")),
    text("kind"),  # confidential | service_account | public
    text("name"),
    text("name_key", default="''"),  # its normal form: what lists go by, and searches look in
    text("description"),
    text("permissions"),  # in force; space-separated, RFC 6749 §3.3
    text("redirect_uris"),  # JSON array
    maybe_text("email"),  # of a service account: the client_email of its key file
    maybe_text("created_by"),
    time("created_at"),
    maybe_time("deactivated_at"),
    maybe_time("deleted_at"),
    text("waiting_permissions", default="''"),  # asked for by who registered it; in force nowhere
    maybe_time("waiting_since"),  # when something was asked for last; NULL when nothing waits
    text("declined_permissions", default="''"),  # of what was asked for, and not asked for again
    maybe_time("declined_at"),
    index("ix_connectors_tenant", "tenant_id", "id"),
    index("ix_connectors_waiting", "tenant_id", "waiting_since", "id", where="waiting_since IS NOT NULL"),
    index("uq_connectors_email", "email", unique=True),
    sqlite_with_rowid=False,
)

reference(
    "connector_secrets",
    text("connector_id", ForeignKey("connectors.id", name="fk_connector_secrets_connector")),
    text("id"),
    digest("secret_hash"),
    text("hint"),  # the last characters, so that people can tell two apart
    time("created_at"),
    maybe_time("expires_at"),
    maybe_time("ended_at"),
    maybe_time("last_used_at"),  # within the hour: not every use is written
    PrimaryKeyConstraint("connector_id", "id", name="pk_connector_secrets"),
    sqlite_with_rowid=False,
)

reference(
    "service_account_keys",
    text("connector_id", ForeignKey("connectors.id", name="fk_service_account_keys_connector")),
    text("id"),  # the `kid` of assertions
    text("algorithm"),
    text("public_key"),  # PEM
    time("created_at"),
    maybe_time("revoked_at"),
    PrimaryKeyConstraint("connector_id", "id", name="pk_service_account_keys"),
)

owned(
    "connector_roles",
    text("connector_id", ForeignKey("connectors.id", name="fk_connector_roles_connector")),
    text("role_id"),
    time("created_at"),
    maybe_time("expires_at"),
    index("ix_connector_roles_role", "tenant_id", "role_id", "connector_id"),
    key=("connector_id", "role_id"),
)
