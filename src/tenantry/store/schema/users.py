"""Users, what is known about them, and which roles they hold."""

from __future__ import annotations

from tenantry.store.schema.parts import (
    child_of,
    digest,
    flag,
    index,
    maybe_text,
    maybe_time,
    number,
    of_user,
    owned,
    small,
    text,
    time,
)

owned(
    "users",
    text("id"),
    text("user_principal_name"),
    text("upn_key"),  # in normal form
    text("user_type"),  # member | guest: a guest is known by a phone number only
    text("display_name"),
    text("display_key", default="''"),  # its normal form: what lists go by, and searches begin with
    maybe_text("given_name"),
    maybe_text("family_name"),
    maybe_text("usage_location"),
    maybe_text("immutable_id"),
    maybe_text("phone_number"),
    time("created_at"),
    time("updated_at"),
    maybe_time("disabled_at"),
    maybe_time("deleted_at"),
    maybe_time("last_sign_in_at"),  # to the portal
    maybe_time("factor_counts_from"),  # a first second factor that the password alone set up counts from then on
    index(
        "uq_users_live_upn",
        "tenant_id",
        "upn_key",
        unique=True,
        where="deleted_at IS NULL",
    ),
    index("ix_users_upn", "tenant_id", "upn_key", "id"),  # lists, in either order
    index("ix_users_display_name", "tenant_id", "display_name", "id"),
    index("ix_users_live_display", "tenant_id", "user_type", "display_key", "id", where="deleted_at IS NULL"),
    index("ix_users_live_name", "tenant_id", "user_type", "upn_key", "id", where="deleted_at IS NULL"),
    index("ix_users_blocked", "tenant_id", "display_key", "id", where="disabled_at IS NOT NULL"),
    index("ix_users_deleted", "tenant_id", "user_type", "display_key", "id", where="deleted_at IS NOT NULL"),
    # Nearly none: hot paths look here whether a user has ended, on one warm page, and not among all users.
    index(
        "ix_users_ended",
        *("tenant_id", "id", "deleted_at", "disabled_at"),
        where="deleted_at IS NOT NULL OR disabled_at IS NOT NULL",
    ),
    key=("id",),
    sqlite_with_rowid=False,
)

owned(
    "password_credentials",
    text("user_id"),
    text("password_hash"),  # argon2id, PHC string
    flag("must_change"),
    time("changed_at"),
    of_user("password_credentials"),
    key=("user_id",),
)

owned(
    "phones",
    text("number"),  # E.164
    text("user_id"),
    time("created_at"),
    maybe_time("verified_at"),
    of_user("phones"),
    index("ix_phones_user", "tenant_id", "user_id"),
    key=("number",),
)

owned(
    "phone_pins",
    text("number"),
    text("purpose"),  # what the PIN proves the number for: a connector's sign-in, or a user's registration
    digest("pin_hash"),
    small("tries_left"),
    time("created_at"),
    time("expires_at"),
    time("window_started_at"),
    small("sent_in_window"),
    key=("number", "purpose"),
)

owned(
    "role_assignments",
    text("user_id"),
    text("role_id"),  # a role template id, see directory/roles.py
    time("created_at"),
    maybe_time("expires_at"),
    maybe_text("given_by"),  # the partner whose user gave it; without, the tenant's own administrators or the operator
    of_user("role_assignments"),
    index("ix_role_assignments_role", "tenant_id", "role_id", "user_id"),
    index("ix_role_assignments_given_by", "tenant_id", "given_by", "role_id", where="given_by IS NOT NULL"),
    key=("user_id", "role_id"),
)

owned(
    "user_imports",
    text("id"),
    text("file_name"),
    text("created_by"),
    time("created_at"),
    number("total"),
    number("next_row"),  # rows before it have been tried
    number("created"),
    number("failed"),
    text("ignored", default="'[]'"),  # JSON: the columns of the file that were not taken
    key=("id",),
)

owned(
    "user_import_rows",  # those to come and those that failed; what became a user is gone from here
    text("import_id"),
    number("number"),  # the line a person sees: the heading is 1
    text("data"),  # JSON
    maybe_text("error"),
    child_of("user_imports", "import_id", name="fk_user_import_rows_import"),
    key=("import_id", "number"),
)
