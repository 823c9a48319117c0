"""Which partner may act for which customer. The rows live with the customer, who decides."""

from __future__ import annotations

from sqlalchemy import ForeignKey

from tenantry.store.schema.parts import flag, index, maybe_time, owned, text, time

owned(
    "reseller_relationships",
    text("partner_tenant_id"),
    time("created_at"),
    maybe_time("ended_at"),
    key=("partner_tenant_id",),
)

owned(
    "delegated_relationships",
    text("id"),
    text("partner_tenant_id"),
    text("display_name"),
    text("name_key", default="''"),  # its normal form: what searches look in
    text("role_ids"),  # space-separated role template ids
    text("status"),
    time("created_at"),
    maybe_time("activated_at"),
    maybe_time("expires_at"),
    maybe_time("ended_at"),
    index("ix_delegated_relationships_partner", "tenant_id", "partner_tenant_id", "id"),
    key=("id",),
)

# The partner's own copy of what its customers hold about it, so that its list is one tenant's question.

owned(
    "partner_customers",
    text("customer_tenant_id", ForeignKey("tenants.id", name="fk_partner_customers_customer")),
    text("name_key"),  # the normal form of the customer's name, or its id
    flag("is_reseller"),
    time("created_at"),
    index("ix_partner_customers_name", "tenant_id", "name_key", "customer_tenant_id"),
    key=("customer_tenant_id",),
)

owned(
    "partner_relationships",
    text("id"),
    text("customer_tenant_id"),
    text("role_ids", default="''"),
    text("status"),
    maybe_time("expires_at"),
    index("ix_partner_relationships_customer", "tenant_id", "customer_tenant_id", "status", "expires_at"),
    key=("id",),
)
