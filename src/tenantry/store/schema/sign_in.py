"""What signing in to the portal needs: sessions, second factors, sign-ins under way, notices."""

from __future__ import annotations

from tenantry.store.schema.parts import (
    blob,
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
    "sessions",
    digest("session_hash"),
    text("id"),  # to list and end it by; opens nothing
    text("user_id"),
    text("amr"),  # space-separated, RFC 8176
    text("address"),
    text("browser"),  # as it calls itself
    maybe_text("acting_tenant_id"),  # a customer that a partner's user acts in
    time("created_at"),
    maybe_time("authenticated_at"),  # as the tenant's own provider says; NULL: when the session began
    time("expires_at"),
    maybe_time("ended_at"),
    flag("added_factor"),  # the user's first second factor was set up in it: that one does not raise it
    of_user("sessions"),
    index("ix_sessions_user", "tenant_id", "user_id"),
    key=("session_hash",),
)

owned(
    "sign_ins",  # under way: the first factor was right, a new password or a second factor is still asked for
    digest("sign_in_hash"),
    text("user_id"),
    text("amr"),
    flag("must_change"),
    small("tries_left"),
    time("created_at"),
    time("expires_at"),
    of_user("sign_ins"),
    index("ix_sign_ins_user", "tenant_id", "user_id"),
    key=("sign_in_hash",),
)

owned(
    "totp_credentials",
    text("user_id"),
    blob("secret"),  # encrypted under the master key
    number("last_step"),  # no code of this or an earlier time step is taken again
    time("created_at"),
    maybe_time("confirmed_at"),
    number("wrong_tries", default="0"),  # in a row
    maybe_time("tried_at"),
    of_user("totp_credentials"),
    key=("user_id",),
)

owned(
    "phone_factors",
    text("user_id"),
    text("number"),  # a verified phone of the user
    time("created_at"),
    of_user("phone_factors"),
    key=("user_id",),
)

owned(
    "passkeys",
    text("credential_id"),  # base64url
    text("user_id"),
    text("name"),
    blob("public_key"),  # COSE
    number("sign_count"),
    flag("is_synced"),  # copied between devices by its maker, so no proof of one piece of hardware
    text("transports"),  # space-separated
    time("created_at"),
    maybe_time("last_used_at"),
    of_user("passkeys"),
    index("ix_passkeys_user", "tenant_id", "user_id"),
    key=("credential_id",),
)

owned(
    "passkey_challenges",
    digest("challenge_hash"),
    text("user_id"),
    text("purpose"),  # registration | sign_in
    time("expires_at"),
    of_user("passkey_challenges"),
    index("ix_passkey_challenges_user", "tenant_id", "user_id"),
    key=("challenge_hash",),
)

owned(
    "recovery_codes",
    text("user_id"),
    digest("code_hash"),
    time("created_at"),
    of_user("recovery_codes"),
    key=("user_id", "code_hash"),
)

owned(
    "enrolments",  # users who must set up a second factor before the password signs them in
    text("user_id"),
    text("reason"),
    time("created_at"),
    blob("code_hash", nullable=True),  # of an administrator's code, until it is used
    maybe_time("code_expires_at"),
    of_user("enrolments"),
    key=("user_id",),
)

owned(
    "sign_in_notices",  # what users are told of changes to how they sign in
    text("user_id"),
    text("id"),
    text("what"),
    text("by_whom"),
    time("created_at"),
    of_user("sign_in_notices"),
    key=("user_id", "id"),
)
