"""Rows of every tenant that hold a hash under a pepper: how many of them were made while a pepper was the newest.

Only `retiring.py` may use it. No row says under which pepper it was made, and none needs to, since a presented secret
is hashed under each pepper. Here it follows from the time at which the row was made.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read, Tx


class _Rows(NamedTuple):
    """A table with hashes of secrets, in SQL: which rows are live, what ends them, when a row was made, when it ends by
    itself, and whose it is. The time at which a code with a fixed lifetime was made follows from its end.
    """

    table: str
    live: str
    end: str
    made_at: str = "created_at"
    ends_at: str = "expires_at"
    of_tenant: str = "tenant_id = :tenant_id"


class Hashed(_Rows, Enum):
    """The tables with such hashes. A test compares it with the schema."""

    REFRESH_TOKENS = _Rows(
        "refresh_tokens",
        "expires_at > :now AND EXISTS (SELECT 1 FROM grants g WHERE g.tenant_id = :tenant_id "
        "AND g.id = refresh_tokens.grant_id AND g.revoked_at IS NULL)",
        "UPDATE refresh_tokens SET expires_at = :now",
    )
    CONNECTOR_SECRETS = _Rows(
        "connector_secrets",
        "ended_at IS NULL AND (expires_at IS NULL OR expires_at > :now)",
        "UPDATE connector_secrets SET ended_at = :now",
        of_tenant="connector_id IN (SELECT id FROM connectors WHERE tenant_id = :tenant_id AND deleted_at IS NULL)",
    )
    DEVICE_CREDENTIALS = _Rows(
        "device_credentials",
        "revoked_at IS NULL AND created_at <= :now",
        "UPDATE device_credentials SET revoked_at = :now",
        ends_at="CAST(NULL AS BIGINT)",
    )
    RECOVERY_CODES = _Rows(
        "recovery_codes",
        "created_at <= :now",
        "DELETE FROM recovery_codes",
        ends_at="CAST(NULL AS BIGINT)",
    )
    GROUP_INVITATIONS = _Rows(
        "group_invitations",
        "ended_at IS NULL AND expires_at > :now",
        "UPDATE group_invitations SET ended_at = :now",
    )
    ENROLMENTS = _Rows(
        "enrolments",
        "code_expires_at > :now",
        "UPDATE enrolments SET code_expires_at = :now",
        made_at="code_expires_at - 259200000000",
        ends_at="code_expires_at",
    )
    SESSIONS = _Rows(
        "sessions",
        "ended_at IS NULL AND expires_at > :now",
        "UPDATE sessions SET ended_at = :now",
    )
    SIGN_INS = _Rows("sign_ins", "expires_at > :now", "DELETE FROM sign_ins")
    UPSTREAM_SIGN_INS = _Rows("upstream_sign_ins", "expires_at > :now", "DELETE FROM upstream_sign_ins")
    PASSKEY_CHALLENGES = _Rows(
        "passkey_challenges",
        "expires_at > :now",
        "DELETE FROM passkey_challenges",
        made_at="expires_at - 300000000",
    )
    PHONE_PINS = _Rows(
        "phone_pins",
        "tries_left > 0 AND expires_at > :now",
        "UPDATE phone_pins SET expires_at = :now",
    )
    AUTHORIZATION_CODES = _Rows(
        "authorization_codes",
        "claimed_at IS NULL AND expires_at > :now",
        "UPDATE authorization_codes SET expires_at = :now",
    )
    DEVICE_TOKENS = _Rows(
        "device_tokens",
        "claimed_at IS NULL AND revoked_at IS NULL AND expires_at > :now",
        "UPDATE device_tokens SET revoked_at = :now",
    )
    IDEMPOTENCY_KEYS = _Rows("idempotency_keys", "expires_at > :now", "DELETE FROM idempotency_keys")


class Count(NamedTuple):
    """Live rows. `until`: when the last of those ends that end by themselves; `endless`: how many do not."""

    rows: int
    until: Micros | None
    endless: int


async def count(read: Read, rows: Hashed, tenant_id: TenantId, *, since: Micros, until: Micros, now: Micros) -> Count:
    """Count the tenant's live rows that were made from `since` on and before `until`."""
    found = await read.one_or_none(
        Count,
        f"""
        SELECT COUNT(*) AS rows, MAX({rows.ends_at}) AS until,
               COUNT(CASE WHEN {rows.ends_at} IS NULL THEN 1 END) AS endless
        FROM {rows.table}
        WHERE {rows.of_tenant} AND {rows.made_at} >= :since AND {rows.made_at} < :until AND {rows.live}
        """,
        tenant_id=tenant_id,
        since=since,
        until=until,
        now=now,
    )
    return found or Count(0, None, 0)


async def end(tx: Tx, rows: Hashed, tenant_id: TenantId, *, since: Micros, until: Micros, now: Micros) -> int:
    """End the rows that `count` counts. Answers how many."""
    return await tx.run(
        f"""
        {rows.end}
        WHERE {rows.of_tenant} AND {rows.made_at} >= :since AND {rows.made_at} < :until AND {rows.live}
        """,
        tenant_id=tenant_id,
        since=since,
        until=until,
        now=now,
    )


async def revoke_grants_without_token(tx: Tx, tenant_id: TenantId, now: Micros) -> int:
    """Revoke the tenant's grants whose last refresh tokens were ended `now`. Answers how many."""
    return await tx.run(
        """
        UPDATE grants SET revoked_at = :now
        WHERE tenant_id = :tenant_id AND revoked_at IS NULL
          AND id IN (SELECT grant_id FROM refresh_tokens WHERE tenant_id = :tenant_id AND expires_at = :now)
          AND id NOT IN (SELECT grant_id FROM refresh_tokens WHERE tenant_id = :tenant_id AND expires_at > :now)
        """,
        tenant_id=tenant_id,
        now=now,
    )
