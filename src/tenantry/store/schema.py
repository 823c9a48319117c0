"""What the tables are: the one place that says so. Queries are SQL text beside it, one file per table family.

Every table is marked `owned` (by a tenant: `tenant_id` first in each key, so that it can be distributed by tenant) or
`reference` (small, rarely written, copied to every node). Times are integer microseconds UTC, identifiers text, hashes
32 bytes, JSON text, flags 0 or 1. What a hot path looks up by its key is without row ids: on SQLite that is one B-tree
instead of two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

metadata = MetaData()


def _reference(name: str, *items: Any, **options: Any) -> Table:
    """A small global table, read on every node."""
    return Table(name, metadata, *items, info={"kind": "reference"}, **options)


def _owned(name: str, *items: Any, key: tuple[str, ...], tenant_known: bool = True, **options: Any) -> Table:
    """A tenant's table: `tenant_id` leads the primary key. `tenant_known=False` leaves out the foreign key."""
    tenant = ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=f"fk_{name}_tenant")
    return Table(
        name,
        metadata,
        Column("tenant_id", Text, nullable=False),
        *items,
        PrimaryKeyConstraint("tenant_id", *key, name=f"pk_{name}"),
        *([tenant] if tenant_known else []),
        info={"kind": "owned"},
        **options,
    )


def _text(name: str, *items: Any, **options: Any) -> Column[Any]:
    return Column(name, Text, *items, nullable=False, **options)


def _maybe_text(name: str, *items: Any) -> Column[Any]:
    return Column(name, Text, *items, nullable=True)


def _time(name: str) -> Column[Any]:
    return Column(name, BigInteger, nullable=False)


def _maybe_time(name: str) -> Column[Any]:
    return Column(name, BigInteger, nullable=True)


def _flag(name: str) -> Column[Any]:
    return Column(name, SmallInteger, nullable=False, server_default=text("0"))


def _where(name: str, *columns: str, where: str) -> Index:
    """An index of some rows only."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def _hash(name: str) -> Column[Any]:
    """32 bytes of keyed BLAKE2b."""
    return Column(name, LargeBinary, nullable=False)


# Reference tables: who exists, which name leads where, which keys sign.

tenants = _reference(
    "tenants",
    _text("id", primary_key=True),
    _text("name"),
    _maybe_text("country"),
    _time("created_at"),
    _maybe_time("disabled_at"),
    _maybe_time("deleted_at"),
    sqlite_with_rowid=False,
)

domains = _reference(
    "domains",
    _text("name", primary_key=True),
    _text("tenant_id", ForeignKey("tenants.id", name="fk_domains_tenant")),
    _flag("is_initial"),
    _flag("is_federated"),
    _time("created_at"),
    _maybe_time("verified_at"),
    Index("ix_domains_tenant", "tenant_id", "name"),
)

domain_proofs = _owned(
    "domain_proofs",  # names that the tenant says are its own, until the DNS says so too
    _text("name"),
    _text("token"),  # what the TXT record must hold
    _text("created_by"),
    _time("created_at"),
    key=("name",),
)

connectors = _reference(
    "connectors",
    _text("id", primary_key=True),
    _text("tenant_id", ForeignKey("tenants.id", name="fk_connectors_tenant")),
    _text("kind"),  # confidential | service_account | public
    _text("name"),
    _text("description"),
    _text("permissions"),  # space-separated, RFC 6749 §3.3
    _text("redirect_uris"),  # JSON array
    _maybe_text("email"),  # of a service account: the client_email of its key file
    _maybe_text("created_by"),
    _time("created_at"),
    _maybe_time("deactivated_at"),
    _maybe_time("deleted_at"),
    Index("ix_connectors_tenant", "tenant_id", "id"),
    Index("uq_connectors_email", "email", unique=True),
    sqlite_with_rowid=False,
)

connector_secrets = _reference(
    "connector_secrets",
    _text("connector_id", ForeignKey("connectors.id", name="fk_connector_secrets_connector")),
    _text("id"),
    _hash("secret_hash"),
    _text("hint"),  # the last characters, so that people can tell two apart
    _time("created_at"),
    _maybe_time("expires_at"),
    _maybe_time("ended_at"),
    _maybe_time("last_used_at"),  # within the hour: not every use is written
    PrimaryKeyConstraint("connector_id", "id", name="pk_connector_secrets"),
    sqlite_with_rowid=False,
)

service_account_keys = _reference(
    "service_account_keys",
    _text("connector_id", ForeignKey("connectors.id", name="fk_service_account_keys_connector")),
    _text("id"),  # the `kid` of assertions
    _text("algorithm"),
    _text("public_key"),  # PEM
    _time("created_at"),
    _maybe_time("revoked_at"),
    PrimaryKeyConstraint("connector_id", "id", name="pk_service_account_keys"),
)

enterprises = _reference(
    "enterprises",
    _text("id", primary_key=True),
    _text("tenant_id", ForeignKey("tenants.id", name="fk_enterprises_tenant")),
    _text("emm_tenant_id", ForeignKey("tenants.id", name="fk_enterprises_emm_tenant")),
    _text("name"),
    _maybe_text("primary_domain"),
    _maybe_text("service_account_id", ForeignKey("connectors.id", name="fk_enterprises_service_account")),
    _time("created_at"),
    _maybe_time("unenrolled_at"),
    Index("ix_enterprises_tenant", "tenant_id", "id"),
    Index("ix_enterprises_emm_tenant", "emm_tenant_id", "id"),
    sqlite_with_rowid=False,
)

signing_keys = _reference(
    "signing_keys",
    _text("id", primary_key=True),  # the `kid`
    _text("algorithm"),
    Column("private_key", LargeBinary, nullable=False),  # encrypted under the master key
    _text("public_jwk"),
    _time("created_at"),
    _time("signs_from"),
    _maybe_time("verifies_until"),
)

# Directory.

users = _owned(
    "users",
    _text("id"),
    _text("user_principal_name"),
    _text("upn_key"),  # case-folded
    _text("user_type"),  # member | guest: a guest is known by a phone number only
    _text("display_name"),
    _text("display_key", server_default=text("''")),  # in lower case: what lists go by, and searches begin with
    _maybe_text("given_name"),
    _maybe_text("family_name"),
    _maybe_text("usage_location"),
    _maybe_text("immutable_id"),
    _maybe_text("phone_number"),
    _time("created_at"),
    _time("updated_at"),
    _maybe_time("disabled_at"),
    _maybe_time("soft_deleted_at"),
    _maybe_time("last_sign_in_at"),  # to the portal
    Index(
        "uq_users_live_upn",
        "tenant_id",
        "upn_key",
        unique=True,
        sqlite_where=text("soft_deleted_at IS NULL"),
        postgresql_where=text("soft_deleted_at IS NULL"),
    ),
    Index("ix_users_upn", "tenant_id", "upn_key", "id"),  # lists, in either order
    Index("ix_users_display_name", "tenant_id", "display_name", "id"),
    _where("ix_users_live_display", "tenant_id", "user_type", "display_key", "id", where="soft_deleted_at IS NULL"),
    _where("ix_users_live_name", "tenant_id", "user_type", "upn_key", "id", where="soft_deleted_at IS NULL"),
    _where("ix_users_deleted", "tenant_id", "user_type", "display_key", "id", where="soft_deleted_at IS NOT NULL"),
    key=("id",),
    sqlite_with_rowid=False,
)


def _of_user(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name=f"fk_{table}_user", ondelete="CASCADE"
    )


password_credentials = _owned(
    "password_credentials",
    _text("user_id"),
    _text("password_hash"),  # argon2id, PHC string
    _flag("must_change"),
    _time("changed_at"),
    _of_user("password_credentials"),
    key=("user_id",),
)

phones = _owned(
    "phones",
    _text("number"),  # E.164
    _text("user_id"),
    _time("created_at"),
    _maybe_time("verified_at"),
    _of_user("phones"),
    Index("ix_phones_user", "tenant_id", "user_id"),
    key=("number",),
)

phone_pins = _owned(
    "phone_pins",
    _text("number"),
    _text("purpose"),  # what the PIN proves the number for: a connector's sign-in, or a user's registration
    _hash("pin_hash"),
    Column("tries_left", SmallInteger, nullable=False),
    _time("created_at"),
    _time("expires_at"),
    _time("window_started_at"),
    Column("sent_in_window", SmallInteger, nullable=False),
    key=("number", "purpose"),
)

role_assignments = _owned(
    "role_assignments",
    _text("user_id"),
    _text("role_id"),  # a role template id, see directory/roles.py
    _time("created_at"),
    _maybe_time("expires_at"),
    _of_user("role_assignments"),
    Index("ix_role_assignments_role", "tenant_id", "role_id", "user_id"),
    key=("user_id", "role_id"),
)

user_imports = _owned(
    "user_imports",
    _text("id"),
    _text("file_name"),
    _text("created_by"),
    _time("created_at"),
    Column("total", BigInteger, nullable=False),
    Column("next_row", BigInteger, nullable=False),  # rows before it have been tried
    Column("created", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    key=("id",),
)

user_import_rows = _owned(
    "user_import_rows",  # those to come and those that failed; what became a user is gone from here
    _text("import_id"),
    Column("number", BigInteger, nullable=False),  # the line a person sees: the heading is 1
    _text("data"),  # JSON
    _maybe_text("error"),
    ForeignKeyConstraint(
        ["tenant_id", "import_id"],
        ["user_imports.tenant_id", "user_imports.id"],
        name="fk_user_import_rows_import",
        ondelete="CASCADE",
    ),
    key=("import_id", "number"),
)

groups = _owned(
    "groups",
    _text("id"),
    _text("name"),
    _text("name_key", server_default=text("''")),  # in lower case: what lists go by, and searches begin with
    _text("welcome_message"),
    _text("group_type"),  # group | connect_group
    _maybe_text("image_url"),
    _maybe_text("background_url"),
    _maybe_text("short_description"),
    _maybe_text("long_description"),
    _maybe_text("created_by"),
    _time("created_at"),
    _time("updated_at"),
    _maybe_time("deleted_at"),
    _where("ix_groups_name", "tenant_id", "name_key", "id", where="deleted_at IS NULL"),
    _where("ix_groups_deleted", "tenant_id", "deleted_at", "id", where="deleted_at IS NOT NULL"),
    key=("id",),
)


def _of_group(table: str, column: str = "group_id") -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", column], ["groups.tenant_id", "groups.id"], name=f"fk_{table}_{column}", ondelete="CASCADE"
    )


def _members(name: str, *more: str, where: str) -> Index:
    """Who of a group has such a role, by name."""
    return _where(name, "tenant_id", "group_id", "member_key", "user_id", *more, where=where)


group_members = _owned(
    "group_members",
    _text("group_id"),
    _text("user_id"),
    _text("role"),  # admin | member | subscriber
    _time("added_at"),
    _maybe_text("member_key"),  # the user's display_key, which lists go by; NULL while the user is deleted
    _of_group("group_members"),
    _of_user("group_members"),
    Index("ix_group_members_user", "tenant_id", "user_id", "group_id"),
    _members("ix_group_members_name", "role", where="role <> 'subscriber'"),
    _members("ix_group_members_admin", where="role = 'admin'"),
    _members("ix_group_members_subscriber", where="role = 'subscriber'"),
    key=("group_id", "user_id"),
)

group_links = _owned(
    "group_links",
    _text("parent_id"),
    _text("child_id"),
    _time("created_at"),
    _of_group("group_links", "parent_id"),
    _of_group("group_links", "child_id"),
    Index("ix_group_links_child", "tenant_id", "child_id", "parent_id"),
    key=("parent_id", "child_id"),
)

group_invitations = _owned(
    "group_invitations",
    _hash("invitation_hash"),
    _text("id"),  # to list and end it by; opens nothing
    _text("group_id"),
    _text("role"),  # what who follows the link becomes: member | subscriber
    _text("created_by"),
    _time("created_at"),
    _time("expires_at"),
    _maybe_time("ended_at"),
    _of_group("group_invitations"),
    Index("ix_group_invitations_group", "tenant_id", "group_id"),
    key=("invitation_hash",),
)

# Signing in to the portal.

sessions = _owned(
    "sessions",
    _hash("session_hash"),
    _text("id"),  # to list and end it by; opens nothing
    _text("user_id"),
    _text("amr"),  # space-separated, RFC 8176
    _text("address"),
    _text("browser"),  # as it calls itself
    _maybe_text("acting_tenant_id"),  # a customer that a partner's user acts in
    _time("created_at"),
    _time("expires_at"),
    _maybe_time("ended_at"),
    _of_user("sessions"),
    Index("ix_sessions_user", "tenant_id", "user_id"),
    key=("session_hash",),
)

sign_ins = _owned(
    "sign_ins",  # under way: the first factor is proven, a new password or a second factor is still asked for
    _hash("sign_in_hash"),
    _text("user_id"),
    _text("amr"),
    _flag("must_change"),
    Column("tries_left", SmallInteger, nullable=False),
    _time("created_at"),
    _time("expires_at"),
    _of_user("sign_ins"),
    Index("ix_sign_ins_user", "tenant_id", "user_id"),
    key=("sign_in_hash",),
)

totp_credentials = _owned(
    "totp_credentials",
    _text("user_id"),
    Column("secret", LargeBinary, nullable=False),  # encrypted under the master key
    Column("last_step", BigInteger, nullable=False),  # no code of this or an earlier time step is taken again
    _time("created_at"),
    _maybe_time("confirmed_at"),
    _of_user("totp_credentials"),
    key=("user_id",),
)

phone_factors = _owned(
    "phone_factors",
    _text("user_id"),
    _text("number"),  # a verified phone of the user
    _time("created_at"),
    _of_user("phone_factors"),
    key=("user_id",),
)

passkeys = _owned(
    "passkeys",
    _text("credential_id"),  # base64url
    _text("user_id"),
    _text("name"),
    Column("public_key", LargeBinary, nullable=False),  # COSE
    Column("sign_count", BigInteger, nullable=False),
    _flag("is_synced"),  # copied between devices by its maker, so no proof of one piece of hardware
    _text("transports"),  # space-separated
    _time("created_at"),
    _maybe_time("last_used_at"),
    _of_user("passkeys"),
    Index("ix_passkeys_user", "tenant_id", "user_id"),
    key=("credential_id",),
)

passkey_challenges = _owned(
    "passkey_challenges",
    _hash("challenge_hash"),
    _text("user_id"),
    _text("purpose"),  # registration | sign_in
    _time("expires_at"),
    _of_user("passkey_challenges"),
    Index("ix_passkey_challenges_user", "tenant_id", "user_id"),
    key=("challenge_hash",),
)

recovery_codes = _owned(
    "recovery_codes",
    _text("user_id"),
    _hash("code_hash"),
    _time("created_at"),
    _of_user("recovery_codes"),
    key=("user_id", "code_hash"),
)

identity_providers = _owned(
    "identity_providers",  # where an organisation's people have their accounts already (OpenID Connect)
    _text("id"),
    _text("name"),
    _text("issuer"),
    _text("client_id"),
    Column("client_secret", LargeBinary, nullable=False),  # encrypted under the master key
    _text("name_claim"),  # email | upn: what names the user, when the identity is not linked yet
    _flag("trusts_mfa"),  # whether its word of a second factor is taken
    _time("created_at"),
    _maybe_time("disabled_at"),
    key=("id",),
)

linked_identities = _owned(
    "linked_identities",
    _text("provider_id"),
    _text("issuer"),
    _text("subject"),
    _text("user_id"),
    _time("created_at"),
    _of_user("linked_identities"),
    ForeignKeyConstraint(
        ["tenant_id", "provider_id"],
        ["identity_providers.tenant_id", "identity_providers.id"],
        name="fk_linked_identities_provider",
        ondelete="CASCADE",
    ),
    Index("ix_linked_identities_user", "tenant_id", "user_id"),
    key=("provider_id", "issuer", "subject"),
)

upstream_sign_ins = _owned(
    "upstream_sign_ins",  # a browser that was sent to a provider; nonce and PKCE verifier are made from the state
    _hash("state_hash"),
    _text("provider_id"),
    _text("back"),  # the local path to return to
    _time("created_at"),
    _time("expires_at"),
    Index("ix_upstream_sign_ins_expiry", "tenant_id", "expires_at"),
    key=("state_hash",),
)

# Delegation. The rows live with the customer, who decides.

reseller_relationships = _owned(
    "reseller_relationships",
    _text("partner_tenant_id"),
    _time("created_at"),
    _maybe_time("ended_at"),
    key=("partner_tenant_id",),
)

delegated_relationships = _owned(
    "delegated_relationships",
    _text("id"),
    _text("partner_tenant_id"),
    _text("display_name"),
    _text("role_ids"),  # space-separated role template ids
    _text("status"),
    _time("created_at"),
    _maybe_time("activated_at"),
    _maybe_time("expires_at"),
    _maybe_time("ended_at"),
    Index("ix_delegated_relationships_partner", "tenant_id", "partner_tenant_id", "id"),
    key=("id",),
)

# The partner's own copy of what its customers hold about it, so that its list is one tenant's question.

partner_customers = _owned(
    "partner_customers",
    _text("customer_tenant_id", ForeignKey("tenants.id", name="fk_partner_customers_customer")),
    _text("name_key"),  # the customer's name in lower case
    _flag("is_reseller"),
    _time("created_at"),
    Index("ix_partner_customers_name", "tenant_id", "name_key", "customer_tenant_id"),
    key=("customer_tenant_id",),
)

partner_relationships = _owned(
    "partner_relationships",
    _text("id"),
    _text("customer_tenant_id"),
    _text("status"),
    _maybe_time("expires_at"),
    Index("ix_partner_relationships_customer", "tenant_id", "customer_tenant_id", "status", "expires_at"),
    key=("id",),
)

# Grants and the secrets made from them.

grants = _owned(
    "grants",
    _text("id"),
    _text("connector_id"),
    _text("user_id"),
    _text("reach"),  # user | tenant | group
    _maybe_text("group_id"),
    _text("permissions"),  # space-separated
    _text("amr"),  # space-separated, RFC 8176
    _time("created_at"),
    _time("expires_at"),
    _maybe_time("revoked_at"),
    _maybe_text("revoked_reason"),
    Index("ix_grants_connector", "tenant_id", "connector_id", "user_id"),
    Index("ix_grants_user", "tenant_id", "user_id"),
    _where("ix_grants_live", "tenant_id", "connector_id", "reach", "expires_at", where="revoked_at IS NULL"),
    _where("ix_grants_live_id", "tenant_id", "connector_id", "id", where="revoked_at IS NULL"),
    _where("ix_grants_group", "tenant_id", "group_id", where="revoked_at IS NULL AND group_id IS NOT NULL"),
    _where("ix_grants_expiry", "tenant_id", "expires_at", where="revoked_at IS NULL"),
    key=("id",),
    sqlite_with_rowid=False,
)

refresh_tokens = _owned(
    "refresh_tokens",
    _hash("token_hash"),
    _text("grant_id"),
    _time("created_at"),
    _time("expires_at"),
    _maybe_time("revoked_at"),
    _maybe_time("last_used_at"),  # within the hour: not every use is written
    ForeignKeyConstraint(["tenant_id", "grant_id"], ["grants.tenant_id", "grants.id"], name="fk_refresh_tokens_grant"),
    Index("ix_refresh_tokens_grant", "tenant_id", "grant_id"),
    key=("token_hash",),
    sqlite_with_rowid=False,
)

authorization_codes = _owned(
    "authorization_codes",
    _hash("code_hash"),
    _text("connector_id"),
    _text("user_id"),
    _text("redirect_uri"),
    _text("scope"),
    _text("amr"),
    _maybe_text("nonce"),
    _maybe_text("code_challenge"),  # RFC 7636 §4.2, method S256
    _time("created_at"),
    _time("expires_at"),
    _maybe_time("claimed_at"),
    _maybe_text("grant_id"),  # what the first use made, revoked by a second use
    key=("code_hash",),
)

# Devices.

managed_accounts = _owned(
    "managed_accounts",
    _text("id"),  # decimal
    _text("enterprise_id"),
    _maybe_text("user_id"),
    _text("management_type"),  # emm_managed | google_managed
    _text("account_type"),  # user_account | device_account
    _maybe_text("account_identifier"),
    _maybe_text("display_name"),
    _maybe_text("primary_email"),
    _text("search_key", server_default=text("''")),  # identifier or address in lower case: what lists go by
    Column("device_count", SmallInteger, nullable=False, server_default=text("0")),
    _time("created_at"),
    _time("updated_at"),
    _maybe_time("deleted_at"),
    Index(
        "uq_managed_accounts_identifier",
        "tenant_id",
        "enterprise_id",
        "account_identifier",
        unique=True,
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
    Index("ix_managed_accounts_email", "tenant_id", "enterprise_id", "primary_email"),
    _where("ix_managed_accounts_search", "tenant_id", "enterprise_id", "search_key", "id", where="deleted_at IS NULL"),
    _where("ix_managed_accounts_quota", "tenant_id", "device_count", where="deleted_at IS NULL"),
    Index("ix_managed_accounts_user", "tenant_id", "user_id"),
    key=("id",),
    sqlite_with_rowid=False,
)


def _of_account(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "managed_account_id"],
        ["managed_accounts.tenant_id", "managed_accounts.id"],
        name=f"fk_{table}_account",
    )


devices = _owned(
    "devices",
    _text("managed_account_id"),
    _text("android_id"),
    _text("enterprise_id"),
    _maybe_text("management_type"),
    _maybe_text("dpc_package_name"),
    _maybe_text("maker"),
    _maybe_text("model"),
    _maybe_text("product"),
    _maybe_text("device"),
    _maybe_text("retail_brand"),
    Column("sdk_version", BigInteger, nullable=True),
    _maybe_text("latest_build_fingerprint"),
    _maybe_text("policy"),  # JSON, as the EMM set it
    _text("account_state"),  # enabled | disabled
    _time("created_at"),
    _maybe_time("provisioned_at"),  # NULL: the EMM set a policy before the device came
    _maybe_time("removed_at"),
    _of_account("devices"),
    key=("managed_account_id", "android_id"),
    sqlite_with_rowid=False,
)

device_tokens = _owned(
    "device_tokens",
    _hash("token_hash"),
    _text("enterprise_id"),
    _text("managed_account_id"),
    _time("created_at"),
    _time("expires_at"),
    _maybe_time("claimed_at"),
    _maybe_text("claimed_by"),  # the Android ID
    _maybe_time("revoked_at"),
    _of_account("device_tokens"),
    Index("ix_device_tokens_account", "tenant_id", "managed_account_id"),
    key=("token_hash",),
    sqlite_with_rowid=False,
)

device_credentials = _owned(
    "device_credentials",
    _hash("credential_hash"),
    _text("managed_account_id"),
    _text("android_id"),
    _time("created_at"),
    _maybe_time("revoked_at"),
    _of_account("device_credentials"),
    Index("ix_device_credentials_account", "tenant_id", "managed_account_id", "android_id"),
    key=("credential_hash",),
    sqlite_with_rowid=False,
)

# What goes out after a change.

webhooks = _owned(
    "webhooks",
    _text("id"),
    _text("object_type"),  # group | tenant
    _text("object_id"),
    _text("event_types"),  # space-separated
    _text("callback_url"),
    Column("callback_token", LargeBinary, nullable=True),  # encrypted under the master key
    _maybe_text("context"),  # sent back with each event
    _maybe_text("connector_id"),  # through which it was registered; NULL: in the portal
    _text("created_by"),
    _time("created_at"),
    _time("expires_at"),
    _maybe_time("disabled_at"),
    _maybe_text("disabled_reason"),
    _maybe_time("deleted_at"),
    _where("ix_webhooks_object", "tenant_id", "object_type", "object_id", where="deleted_at IS NULL"),
    key=("id",),
)

webhook_deliveries = _owned(
    "webhook_deliveries",  # the outbox: written with the change, sent after it
    _text("id"),  # sorts by time
    _text("webhook_id"),
    _text("event_type"),
    _text("body"),  # JSON, as it is sent
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    _time("created_at"),
    _maybe_time("due_at"),  # NULL: nothing is left to do
    _maybe_time("delivered_at"),
    _maybe_text("last_error"),  # of the last attempt that failed
    ForeignKeyConstraint(
        ["tenant_id", "webhook_id"],
        ["webhooks.tenant_id", "webhooks.id"],
        name="fk_webhook_deliveries_webhook",
        ondelete="CASCADE",
    ),
    Index("ix_webhook_deliveries_webhook", "tenant_id", "webhook_id", "id"),
    _where("ix_webhook_deliveries_due", "tenant_id", "webhook_id", "due_at", "id", where="due_at IS NOT NULL"),
    key=("id",),
)

# What happened, and what was answered.

idempotency_keys = _owned(
    "idempotency_keys",
    _hash("key_hash"),  # of the caller, the request id and the body
    Column("status", SmallInteger, nullable=True),  # NULL while the first request is under way
    _maybe_text("response"),  # JSON, without secrets
    _time("created_at"),
    _time("expires_at"),
    Index("ix_idempotency_keys_expiry", "tenant_id", "expires_at"),
    key=("key_hash",),
)

_RARE = "type <> 'access_token.issued' AND type <> 'device_token.issued'"

audit_events = _owned(
    "audit_events",
    _text("id"),  # sorts by time
    _time("at"),
    _text("type"),
    _text("actor"),
    _maybe_text("connector_id"),
    _maybe_text("grant_id"),
    _maybe_text("partner_tenant_id"),
    _text("correlation_id"),
    _text("address"),
    _text("data"),  # JSON
    # What people search: all but the tokens that are issued for each request, whose rows are by far the most.
    _where("ix_audit_events_rare", "tenant_id", "id", where=_RARE),
    _where("ix_audit_events_type", "tenant_id", "type", "id", where=_RARE),
    _where("ix_audit_events_actor", "tenant_id", "actor", "id", where=_RARE),
    _where("ix_audit_events_correlation", "tenant_id", "correlation_id", "id", where=_RARE),
    _where(
        "ix_audit_events_partner",
        "tenant_id",
        "partner_tenant_id",
        "id",
        where=f"partner_tenant_id IS NOT NULL AND {_RARE}",
    ),
    key=("id",),
    tenant_known=False,  # the trail outlives its tenant
)

audit_seals = _owned(
    "audit_seals",
    Column("number", BigInteger, nullable=False),  # 1, 2, 3, ...
    _text("last_event_id"),  # it covers the events behind those of the seal before, up to this one
    Column("event_count", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # HMAC-SHA256, see audit/seals.py
    _time("sealed_at"),
    key=("number",),
    tenant_known=False,
    sqlite_with_rowid=False,
)
