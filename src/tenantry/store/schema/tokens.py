"""Grants, the secrets that are made from them, and the keys that sign."""

from __future__ import annotations

from tenantry.store.schema.parts import (
    blob,
    child_of,
    digest,
    index,
    maybe_text,
    maybe_time,
    owned,
    reference,
    text,
    time,
)

owned(
    "grants",
    text("id"),
    text("connector_id"),
    text("user_id"),
    text("reach"),  # user | tenant | group
    maybe_text("group_id"),
    text("permissions"),  # space-separated
    text("amr"),  # space-separated, RFC 8176
    maybe_time("authenticated_at"),  # of the user, for ID tokens; NULL: none was asked for
    maybe_text("sign_in_scope"),  # what they tell: `openid` and others, space-separated
    time("created_at"),
    time("expires_at"),
    maybe_time("revoked_at"),
    index("ix_grants_connector", "tenant_id", "connector_id", "user_id"),
    index("ix_grants_user", "tenant_id", "user_id"),
    index("ix_grants_live", "tenant_id", "connector_id", "reach", "expires_at", where="revoked_at IS NULL"),
    index("ix_grants_live_id", "tenant_id", "connector_id", "id", where="revoked_at IS NULL"),
    index("ix_grants_group", "tenant_id", "group_id", where="revoked_at IS NULL AND group_id IS NOT NULL"),
    index("ix_grants_expiry", "tenant_id", "expires_at", where="revoked_at IS NULL"),
    key=("id",),
    sqlite_with_rowid=False,
)

owned(
    "refresh_tokens",
    digest("token_hash"),
    text("grant_id"),
    time("created_at"),
    time("expires_at"),
    maybe_time("last_used_at"),  # within the hour: not every use is written
    child_of("grants", "grant_id", name="fk_refresh_tokens_grant", ondelete=None),
    index("ix_refresh_tokens_grant", "tenant_id", "grant_id"),
    key=("token_hash",),
    sqlite_with_rowid=False,
)

owned(
    "authorization_codes",
    digest("code_hash"),
    text("connector_id"),
    text("user_id"),
    text("redirect_uri"),
    text("scope"),
    text("amr"),
    maybe_text("nonce"),
    maybe_text("code_challenge"),  # RFC 7636 §4.2, method S256
    maybe_time("authenticated_at"),  # these two for the grant
    maybe_text("sign_in_scope"),
    time("created_at"),
    time("expires_at"),
    maybe_time("claimed_at"),
    maybe_text("grant_id"),  # what the first use made, revoked by a second use
    index("ix_authorization_codes_user", "tenant_id", "user_id", where="claimed_at IS NULL"),
    key=("code_hash",),
)

reference(
    "signing_keys",
    text("id", primary_key=True),  # the `kid`
    text("algorithm"),
    blob("private_key"),  # encrypted under the master key
    text("public_jwk"),
    time("created_at"),
    time("signs_from"),
    maybe_time("verifies_until"),
    maybe_time("revoked_at"),
)
