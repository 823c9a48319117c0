"""The trail, its seals, and the answers that are kept for repeated requests."""

from __future__ import annotations

from tenantry.store.schema.parts import blob, digest, index, maybe_text, number, owned, small, text, time

owned(
    "idempotency_keys",
    digest("key_hash"),  # of the caller, the request id and the body
    small("status", nullable=True),  # NULL while the first request is under way
    maybe_text("response"),  # JSON, without secrets
    time("created_at"),
    time("expires_at"),
    index("ix_idempotency_keys_expiry", "tenant_id", "expires_at"),
    key=("key_hash",),
)

_RARE = "type <> 'access_token.issued' AND type <> 'device_token.issued'"

owned(
    "audit_events",
    text("id"),  # sorts by time
    time("at"),
    text("type"),
    text("actor"),
    maybe_text("connector_id"),
    maybe_text("grant_id"),
    maybe_text("partner_tenant_id"),
    text("correlation_id"),
    text("address"),
    text("data"),  # JSON
    # What people search: all but the tokens that are issued for each request, whose rows are by far the most.
    index("ix_audit_events_rare", "tenant_id", "id", where=_RARE),
    index("ix_audit_events_type", "tenant_id", "type", "id", where=_RARE),
    index("ix_audit_events_actor", "tenant_id", "actor", "id", where=_RARE),
    index("ix_audit_events_correlation", "tenant_id", "correlation_id", "id", where=_RARE),
    index(
        "ix_audit_events_partner",
        "tenant_id",
        "partner_tenant_id",
        "id",
        where=f"partner_tenant_id IS NOT NULL AND {_RARE}",
    ),
    key=("id",),
    tenant_known=False,  # the trail outlives its tenant
)

owned(
    "audit_seals",
    number("number"),  # 1, 2, 3, ...
    text("last_event_id"),  # it covers the events behind those of the seal before, up to this one
    number("event_count"),
    blob("digest"),  # HMAC-SHA256, see audit/seals.py
    time("sealed_at"),
    key=("number",),
    tenant_known=False,
    sqlite_with_rowid=False,
)
