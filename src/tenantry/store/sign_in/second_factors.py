"""The `totp_credentials`, `phone_factors` and `recovery_codes` tables: which second factors a user has."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.hiding import hiding
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class Factors(NamedTuple):
    """What a user has set up: how much of it, and since when."""

    totp_since: int | None
    phone_number: str | None
    passkeys: int
    recovery_codes: int


@hiding("secret")
class TotpCredential(NamedTuple):
    """A TOTP secret, encrypted. The codes of time steps up to `last_step` are refused. `wrong_tries` were wrong in a
    row, the last of them at `tried_at`.
    """

    secret: bytes
    last_step: int
    confirmed_at: int | None
    wrong_tries: int
    tried_at: int | None


async def find_factors(read: Read, tenant_id: TenantId, user_id: UserId) -> Factors | None:
    """What the user has set up; None when there is no such user. A phone that is no longer the user's, or is not
    verified, is no factor. 1 query.
    """
    return await read.one_or_none(
        Factors,
        """
        SELECT (SELECT c.confirmed_at FROM totp_credentials c
                WHERE c.tenant_id = :tenant_id AND c.user_id = :user_id) AS totp_since,
               (SELECT f.number FROM phone_factors f
                JOIN phones p ON p.tenant_id = f.tenant_id AND p.number = f.number
                WHERE f.tenant_id = :tenant_id AND f.user_id = :user_id AND p.user_id = :user_id
                  AND p.verified_at IS NOT NULL) AS phone_number,
               (SELECT COUNT(*) FROM passkeys k
                WHERE k.tenant_id = :tenant_id AND k.user_id = :user_id) AS passkeys,
               (SELECT COUNT(*) FROM recovery_codes r
                WHERE r.tenant_id = :tenant_id AND r.user_id = :user_id) AS recovery_codes
        FROM users u WHERE u.tenant_id = :tenant_id AND u.id = :user_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def find_counts_from(read: Read, tenant_id: TenantId, user_id: UserId) -> Micros | None:
    """When the user's second factor begins to count, see directory/proofs.py; None when it counts already. 1 query."""
    return await read.one_or_none(
        int,
        """
        SELECT factor_counts_from FROM users
        WHERE tenant_id = :tenant_id AND id = :user_id AND factor_counts_from IS NOT NULL
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def set_counts_from(tx: Tx, tenant_id: TenantId, user_id: UserId, counts_from: Micros | None) -> bool:
    """Set when the user's second factor begins to count. Answers False when that is so already."""
    changed = await tx.run(
        """
        UPDATE users SET factor_counts_from = CAST(:counts_from AS BIGINT)
        WHERE tenant_id = :tenant_id AND id = :user_id
          AND COALESCE(factor_counts_from, -1) <> COALESCE(CAST(:counts_from AS BIGINT), -1)
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        counts_from=counts_from,
    )
    return changed == 1


async def put_totp(tx: Tx, tenant_id: TenantId, user_id: UserId, *, secret: bytes, now: Micros) -> bool:
    """Keep a TOTP secret that waits for its first code, in place of an earlier one that waited. Answers False when the
    user has a confirmed one.
    """
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO totp_credentials (tenant_id, user_id, secret, last_step, created_at)
        VALUES (:tenant_id, :user_id, :secret, 0, :now)
        ON CONFLICT (tenant_id, user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at
        WHERE totp_credentials.confirmed_at IS NULL
        RETURNING user_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        secret=secret,
        now=now,
    )
    return row is not None


async def find_totp(read: Read, tenant_id: TenantId, user_id: UserId) -> TotpCredential | None:
    """The user's TOTP secret, confirmed or not."""
    return await read.one_or_none(
        TotpCredential,
        """
        SELECT secret, last_step, confirmed_at, wrong_tries, tried_at FROM totp_credentials
        WHERE tenant_id = :tenant_id AND user_id = :user_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def confirm_totp(tx: Tx, tenant_id: TenantId, user_id: UserId, *, secret: bytes, step: int, now: Micros) -> bool:
    """Make the secret that waited a second factor. Of several callers at most one gets True."""
    changed = await tx.run(
        """
        UPDATE totp_credentials SET confirmed_at = :now, last_step = :step
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND secret = :secret AND confirmed_at IS NULL
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        secret=secret,
        step=step,
        now=now,
    )
    return changed == 1


async def spend_totp_try(
    tx: Tx, tenant_id: TenantId, user_id: UserId, *, most: int, before: Micros, after: Micros, now: Micros
) -> int | None:
    """Count one try as a wrong one, which `claim_totp_step` takes back: how many that makes in a row.

    None when there were `most` or more, and the last was neither up to `before` nor, by a clock that was wrong, later
    than `after`. One statement under the row's lock: no number of twins, on any server, gets more.
    """
    return await tx.one_or_none(
        int,
        """
        UPDATE totp_credentials SET wrong_tries = wrong_tries + 1, tried_at = :now
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND confirmed_at IS NOT NULL
          AND (wrong_tries < :most OR tried_at IS NULL OR tried_at <= :before OR tried_at > :after)
        RETURNING wrong_tries
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        most=most,
        before=before,
        after=after,
        now=now,
    )


async def claim_totp_step(tx: Tx, tenant_id: TenantId, user_id: UserId, *, secret: bytes, step: int) -> bool:
    """Use up the code of a time step, and those of all steps before. Of several callers at most one gets True (RFC 6238
    §5.2). The wrong tries before it no longer count.
    """
    changed = await tx.run(
        """
        UPDATE totp_credentials SET last_step = :step, wrong_tries = 0
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND secret = :secret AND confirmed_at IS NOT NULL
          AND last_step < :step
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        secret=secret,
        step=step,
    )
    return changed == 1


async def delete_totp(tx: Tx, tenant_id: TenantId, user_id: UserId) -> bool:
    """Delete the user's TOTP secret, confirmed or not. Answers whether a confirmed one was among what was deleted."""
    row = await tx.one_or_none(
        int,
        """
        DELETE FROM totp_credentials WHERE tenant_id = :tenant_id AND user_id = :user_id
        RETURNING CASE WHEN confirmed_at IS NULL THEN 0 ELSE 1 END
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )
    return row == 1


async def put_phone_factor(tx: Tx, tenant_id: TenantId, user_id: UserId, number: str, now: Micros) -> bool:
    """Ask for PINs to this number at sign-in. Answers False when it is no verified number of the user."""
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO phone_factors (tenant_id, user_id, number, created_at)
        SELECT p.tenant_id, p.user_id, p.number, :now FROM phones p
        WHERE p.tenant_id = :tenant_id AND p.user_id = :user_id AND p.number = :number AND p.verified_at IS NOT NULL
        ON CONFLICT (tenant_id, user_id) DO UPDATE SET number = excluded.number, created_at = excluded.created_at
        RETURNING number
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        number=number,
        now=now,
    )
    return row is not None


async def delete_phone_factor(tx: Tx, tenant_id: TenantId, user_id: UserId) -> bool:
    """Ask for no PIN at sign-in any more. Answers False when the user had no such factor."""
    changed = await tx.run(
        "DELETE FROM phone_factors WHERE tenant_id = :tenant_id AND user_id = :user_id",
        tenant_id=tenant_id,
        user_id=user_id,
    )
    return changed == 1


async def delete_phone_factor_of_number(tx: Tx, tenant_id: TenantId, user_id: UserId, number: str) -> bool:
    """Ask for no PIN to this number at sign-in any more. Answers False when it was no factor of the user."""
    changed = await tx.run(
        "DELETE FROM phone_factors WHERE tenant_id = :tenant_id AND user_id = :user_id AND number = :number",
        tenant_id=tenant_id,
        user_id=user_id,
        number=number,
    )
    return changed == 1


async def replace_recovery_codes(
    tx: Tx, tenant_id: TenantId, user_id: UserId, code_hashes: list[bytes], now: Micros
) -> None:
    """Give the user these recovery codes in place of all earlier ones."""
    await tx.run(
        "DELETE FROM recovery_codes WHERE tenant_id = :tenant_id AND user_id = :user_id",
        tenant_id=tenant_id,
        user_id=user_id,
    )
    await tx.run_many(
        """
        INSERT INTO recovery_codes (tenant_id, user_id, code_hash, created_at)
        VALUES (:tenant_id, :user_id, :code_hash, :now)
        """,
        [{"tenant_id": tenant_id, "user_id": user_id, "code_hash": each, "now": now} for each in code_hashes],
    )


async def find_recovery_codes_made(read: Read, tenant_id: TenantId, user_id: UserId) -> Micros | None:
    """When the user's recovery codes were made; None when there are none."""
    return await read.one_or_none(
        int,
        """
        SELECT created_at FROM recovery_codes
        WHERE tenant_id = :tenant_id AND user_id = :user_id ORDER BY created_at DESC LIMIT 1
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def claim_recovery_code(tx: Tx, tenant_id: TenantId, user_id: UserId, code_hash: bytes) -> bool:
    """Delete the code, so that it is used once: of several callers at most one gets True."""
    changed = await tx.run(
        """
        DELETE FROM recovery_codes WHERE tenant_id = :tenant_id AND user_id = :user_id AND code_hash = :code_hash
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        code_hash=code_hash,
    )
    return changed == 1
