"""The `phones` and `phone_pins` tables: whose a number is, and what proves it."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine import Read, Tx


class PhoneOwner(NamedTuple):
    """Whom a number belongs to. `is_live` is 0 when that user is deleted."""

    user_id: UserId
    user_type: str
    verified_at: int | None
    is_live: int


class Person(NamedTuple):
    """A user as other people see one. `number` is the best known phone: verified before unverified."""

    user_id: UserId
    display_name: str
    number: str | None


async def find_owner(read: Read, tenant_id: TenantId, number: str) -> PhoneOwner | None:
    """By primary key. The owner may be deleted."""
    return await read.one_or_none(
        PhoneOwner,
        """
        SELECT p.user_id, u.user_type, p.verified_at,
               CASE WHEN u.soft_deleted_at IS NULL THEN 1 ELSE 0 END AS is_live
        FROM phones p JOIN users u ON u.tenant_id = p.tenant_id AND u.id = p.user_id
        WHERE p.tenant_id = :tenant_id AND p.number = :number
        """,
        tenant_id=tenant_id,
        number=number,
    )


async def find_verified_user(read: Read, tenant_id: TenantId, number: str) -> UserId | None:
    """The user who proved this number, if neither disabled nor deleted."""
    return await read.one_or_none(
        UserId,
        """
        SELECT p.user_id FROM phones p JOIN users u ON u.tenant_id = p.tenant_id AND u.id = p.user_id
        WHERE p.tenant_id = :tenant_id AND p.number = :number AND p.verified_at IS NOT NULL
          AND u.disabled_at IS NULL AND u.soft_deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        number=number,
    )


class OwnPhone(NamedTuple):
    """A number as its owner sees it."""

    number: str
    verified_at: int | None


async def list_of_user(read: Read, tenant_id: TenantId, user_id: UserId) -> list[OwnPhone]:
    """The user's numbers."""
    return await read.all(
        OwnPhone,
        """
        SELECT number, verified_at FROM phones WHERE tenant_id = :tenant_id AND user_id = :user_id ORDER BY number
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def find_person(read: Read, tenant_id: TenantId, user_id: UserId) -> Person | None:
    """A user that is not deleted."""
    return await read.one_or_none(
        Person,
        """
        SELECT u.id AS user_id, u.display_name,
               (SELECT p.number FROM phones p WHERE p.tenant_id = :tenant_id AND p.user_id = u.id
                ORDER BY CASE WHEN p.verified_at IS NULL THEN 1 ELSE 0 END, p.number LIMIT 1) AS number
        FROM users u WHERE u.tenant_id = :tenant_id AND u.id = :user_id AND u.soft_deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def insert(
    tx: Tx, tenant_id: TenantId, number: str, user_id: UserId, *, verified_at: Micros | None, now: Micros
) -> bool:
    """False when the number belongs to somebody."""
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO phones (tenant_id, number, user_id, created_at, verified_at)
        VALUES (:tenant_id, :number, :user_id, :now, :verified_at)
        ON CONFLICT (tenant_id, number) DO NOTHING RETURNING number
        """,
        tenant_id=tenant_id,
        number=number,
        user_id=user_id,
        verified_at=verified_at,
        now=now,
    )
    return row is not None


async def mark_verified(tx: Tx, tenant_id: TenantId, number: str, user_id: UserId, now: Micros) -> bool:
    """False when the number is not this user's, or was verified before."""
    changed = await tx.run(
        """
        UPDATE phones SET verified_at = :now
        WHERE tenant_id = :tenant_id AND number = :number AND user_id = :user_id AND verified_at IS NULL
        """,
        tenant_id=tenant_id,
        number=number,
        user_id=user_id,
        now=now,
    )
    return changed == 1


async def delete(tx: Tx, tenant_id: TenantId, number: str, user_id: UserId) -> bool:
    """Take the number from this user; False when it is not theirs, or no longer."""
    changed = await tx.run(
        "DELETE FROM phones WHERE tenant_id = :tenant_id AND number = :number AND user_id = :user_id",
        tenant_id=tenant_id,
        number=number,
        user_id=user_id,
    )
    return changed == 1


async def end_pins(tx: Tx, tenant_id: TenantId, number: str) -> None:
    """No PIN sent to the number is taken any more. The rows stay, since they count how many were sent."""
    await tx.run(
        "UPDATE phone_pins SET tries_left = 0 WHERE tenant_id = :tenant_id AND number = :number",
        tenant_id=tenant_id,
        number=number,
    )


async def upsert_pin(
    tx: Tx,
    tenant_id: TenantId,
    number: str,
    purpose: str,
    *,
    pin_hash: bytes,
    tries: int,
    expires_at: Micros,
    window_floor: Micros,
    sends_per_window: int,
    now: Micros,
) -> bool:
    """Replace the PIN of this number and purpose. False, and nothing changed, when the window's sends are used up.

    A window that began at or before `window_floor` is over. One statement, so that twins count one after the other.
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
                                     THEN excluded.window_started_at ELSE phone_pins.window_started_at END,
            sent_in_window = CASE WHEN phone_pins.window_started_at <= :window_floor
                                  THEN 1 ELSE phone_pins.sent_in_window + 1 END
        WHERE phone_pins.window_started_at <= :window_floor OR phone_pins.sent_in_window < :sends_per_window
        RETURNING number
        """,
        tenant_id=tenant_id,
        number=number,
        purpose=purpose,
        pin_hash=pin_hash,
        tries=tries,
        expires_at=expires_at,
        window_floor=window_floor,
        sends_per_window=sends_per_window,
        now=now,
    )
    return row is not None


async def find_pin_window(read: Read, tenant_id: TenantId, number: str, purpose: str) -> Micros | None:
    """When the number's present window began."""
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


async def try_pin(tx: Tx, tenant_id: TenantId, number: str, purpose: str, pin_hash: bytes, now: Micros) -> bytes | None:
    """Use one try, or all of them when the PIN is the right one. Answers the hash that was asked for.

    None when there is no PIN, it has expired, or no try is left. One statement under the row's lock: the right PIN
    wins at most once, and no number of twins gets more tries than there are.
    """
    return await tx.one_or_none(
        bytes,
        """
        UPDATE phone_pins SET tries_left = CASE WHEN pin_hash = :pin_hash THEN 0 ELSE tries_left - 1 END
        WHERE tenant_id = :tenant_id AND number = :number AND purpose = :purpose
          AND tries_left > 0 AND expires_at > :now
        RETURNING pin_hash
        """,
        tenant_id=tenant_id,
        number=number,
        purpose=purpose,
        pin_hash=pin_hash,
        now=now,
    )


async def has_stale_pins(read: Read, tenant_id: TenantId, before: Micros) -> bool:
    """Whether `delete_stale_pins` has anything to delete."""
    found = await read.one_or_none(
        str,
        """
        SELECT number FROM phone_pins
        WHERE tenant_id = :tenant_id AND expires_at < :before AND window_started_at < :before LIMIT 1
        """,
        tenant_id=tenant_id,
        before=before,
    )
    return found is not None


async def delete_stale_pins(tx: Tx, tenant_id: TenantId, before: Micros) -> None:
    """Forget the tenant's PINs that expired, and whose window began, before `before`."""
    await tx.run(
        """
        DELETE FROM phone_pins
        WHERE tenant_id = :tenant_id AND expires_at < :before AND window_started_at < :before
        """,
        tenant_id=tenant_id,
        before=before,
    )
