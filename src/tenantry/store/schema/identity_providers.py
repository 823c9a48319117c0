"""OpenID providers where a tenant's users have accounts already, and sign-ins that are under way there."""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint

from tenantry.store.schema.parts import (
    blob,
    child_of,
    digest,
    flag,
    index,
    maybe_text,
    maybe_time,
    number,
    of_user,
    owned,
    reference,
    text,
    time,
)

owned(
    "identity_providers",  # where a tenant's users have accounts already (OpenID Connect)
    text("id"),
    text("name"),
    text("issuer"),
    text("client_id"),
    blob("client_secret"),  # encrypted under the master key
    text("name_claim"),  # email | upn: what names the user, when the identity is not linked yet
    flag("trusts_mfa"),  # whether its word of a second factor is taken
    time("created_at"),
    maybe_time("disabled_at"),
    key=("id",),
)

reference(
    "shared_callbacks",  # providers from before each had a redirect address of its own; nothing is added
    text("tenant_id"),
    text("provider_id"),
    maybe_time("replaced_at"),
    ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_shared_callbacks_tenant"),
    PrimaryKeyConstraint("tenant_id", "provider_id", name="pk_shared_callbacks"),
)

owned(
    "linked_identities",
    text("provider_id"),
    text("issuer"),
    text("subject"),
    text("user_id"),
    time("created_at"),
    of_user("linked_identities"),
    child_of("identity_providers", "provider_id", name="fk_linked_identities_provider"),
    index("ix_linked_identities_user", "tenant_id", "user_id"),
    key=("provider_id", "issuer", "subject"),
)

owned(
    "upstream_sign_ins",  # a browser that was sent to a provider; nonce and PKCE verifier are made from the state
    digest("state_hash"),
    text("provider_id"),
    text("back"),  # the local path to return to
    maybe_text("prompt"),  # passed on: login
    number("max_age", nullable=True),  # passed on; microseconds
    time("created_at"),
    time("expires_at"),
    index("ix_upstream_sign_ins_expiry", "tenant_id", "expires_at"),
    key=("state_hash",),
)
