"""Tenants, their domains, and their policies."""

from __future__ import annotations

from sqlalchemy import ForeignKey

from tenantry.store.schema.parts import flag, index, maybe_text, maybe_time, owned, reference, text, time

reference(
    "tenants",
    text("id", primary_key=True),
    text("name"),
    text("name_key", default="''"),  # its normal form: what lists go by, and searches look in
    maybe_text("country"),
    time("created_at"),
    maybe_time("disabled_at"),
    maybe_time("deleted_at"),
    index(
        "ix_tenants_ended",
        *("id", "deleted_at", "disabled_at"),
        where="deleted_at IS NOT NULL OR disabled_at IS NOT NULL",
    ),
    sqlite_with_rowid=False,
)

reference(
    "domains",
    text("name", primary_key=True),
    text("tenant_id", ForeignKey("tenants.id", name="fk_domains_tenant")),
    flag("is_initial"),
    flag("is_federated"),
    time("created_at"),
    maybe_time("verified_at"),
    index("ix_domains_tenant", "tenant_id", "name"),
)

owned(
    "tenant_policies",  # words of directory/policies.py
    text("second_factor"),
    text("phone_sign_in"),
    text("connector_registration"),
    time("updated_at"),
    maybe_time("second_factor_from"),  # until then who has none is only reminded
    key=(),
)

owned(
    "domain_proofs",  # names that the tenant says are its own, until the DNS says so too
    text("name"),
    text("token"),  # what the TXT record must hold
    text("created_by"),
    time("created_at"),
    key=("name",),
)
