"""The `phone_pins` table: PINs that were sent to phone numbers, by which people prove that a number is theirs."""

from __future__ import annotations

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


async def end(tx: Tx, tenant_id: TenantId, number: str) -> None:
    """End every PIN that was sent to the number. The rows stay, since they count how many were sent."""
    await tx.run(
        "UPDATE phone_pins SET tries_left = 0 WHERE tenant_id = :tenant_id AND number = :number",
        tenant_id=tenant_id,
        number=number,
    )


async def end_of_user(tx: Tx, tenant_id: TenantId, user_id: UserId) -> None:
    """Do as `end` for every number of the user."""
    await tx.run(
        """
        UPDATE phone_pins SET tries_left = 0
        WHERE tenant_id = :tenant_id
          AND number IN (SELECT p.number FROM phones p WHERE p.tenant_id = :tenant_id AND p.user_id = :user_id)
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def upsert(
    tx: Tx,
    tenant_id: TenantId,
    number: str,
    purpose: str,
    *,
    pin_hash: bytes,
    takes_over: bool,
    tries: int,
    expires_at: Micros,
    window_floor: Micros,
    sends_per_window: int,
    now: Micros,
) -> bool:
    """Replace the PIN of this number and purpose. Answers False, and changes nothing, when as many were sent in this
    window as may be.

    A window that began at or before `window_floor` is over. With `takes_over`, so is that of a row with another
    `pin_hash`, which belongs to another number. It is one statement, so that two callers count one after the other.
    """
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO phone_pins (tenant_id, number, purpose, pin_hash, tries_left, created_at, expires_at,
                                window_started_at, sent_in_window)
        VALUES (:tenant_id, :number, :purpose, :pin_hash, :tries, :now, :expires_at, :now, 1)
        ON CONFLICT (tenant_id, number, purpose) DO UPDATE SET
            pin_hash = excluded.pin_hash,
            tries_left = excluded.tries_left,
            created_at = excluded.created_at,
            expires_at = excluded.expires_at,
            window_started_at = CASE WHEN phone_pins.window_started_at <= :window_floor
                                       OR (:takes_over = 1 AND phone_pins.pin_hash <> excluded.pin_hash)
                                     THEN excluded.window_started_at ELSE phone_pins.window_started_at END,
            sent_in_window = CASE WHEN phone_pins.window_started_at <= :window_floor
                                    OR (:takes_over = 1 AND phone_pins.pin_hash <> excluded.pin_hash)
                                  THEN 1 ELSE phone_pins.sent_in_window + 1 END
        WHERE phone_pins.window_started_at <= :window_floor OR phone_pins.sent_in_window < :sends_per_window
           OR (:takes_over = 1 AND phone_pins.pin_hash <> excluded.pin_hash)
        RETURNING number
        """,
        tenant_id=tenant_id,
        number=number,
        purpose=purpose,
        pin_hash=pin_hash,
        takes_over=int(takes_over),
        tries=tries,
        expires_at=expires_at,
        window_floor=window_floor,
        sends_per_window=sends_per_window,
        now=now,
    )
    return row is not None


async def find_window(read: Read, tenant_id: TenantId, number: str, purpose: str) -> Micros | None:
    """When the present window of the number and purpose began; None when there is none."""
    return await read.one_or_none(
        int,
        """
        SELECT window_started_at FROM phone_pins
        WHERE tenant_id = :tenant_id AND number = :number AND purpose = :purpose
        """,
        tenant_id=tenant_id,
        number=number,
        purpose=purpose,
    )


async def spend_try(
    tx: Tx, tenant_id: TenantId, number: str, purpose: str, pin_hash: bytes, older_hash: bytes, now: Micros
) -> bytes | None:
    """Use one try of the PIN, or all of them when the PIN is right, and answer the hash that is kept. `older_hash` is
    that of the same PIN under the earlier pepper, if there is one.

    Answers None when there is no PIN, when it has expired, or when no try is left. It is one statement under the row's
    lock: the right PIN wins at most once, and however many callers there are, they get no more tries than the PIN has.
    """
    return await tx.one_or_none(
        bytes,
        """
        UPDATE phone_pins
        SET tries_left = CASE WHEN pin_hash = :pin_hash OR pin_hash = :older_hash THEN 0 ELSE tries_left - 1 END
        WHERE tenant_id = :tenant_id AND number = :number AND purpose = :purpose
          AND tries_left > 0 AND expires_at > :now
        RETURNING pin_hash
        """,
        tenant_id=tenant_id,
        number=number,
        purpose=purpose,
        pin_hash=pin_hash,
        older_hash=older_hash,
        now=now,
    )


async def delete_stale(tx: Tx, tenant_id: TenantId, before: Micros) -> None:
    """Delete the tenant's PINs that expired before `before`, and whose window began before it."""
    await tx.run(
        """
        DELETE FROM phone_pins
        WHERE tenant_id = :tenant_id AND expires_at < :before AND window_started_at < :before
        """,
        tenant_id=tenant_id,
        before=before,
    )
