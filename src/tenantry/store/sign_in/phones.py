"""The `phones` table: which user has which phone number."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class PhoneOwner(NamedTuple):
    """The user who has a number. `is_live` is 0 when that user is deleted."""

    user_id: UserId
    user_type: str
    verified_at: int | None
    is_live: int


class Person(NamedTuple):
    """A user as other people see one. `number` is the best known phone: a verified one before one that is not."""

    user_id: UserId
    display_name: str
    number: str | None


class OwnPhone(NamedTuple):
    """A number as the user who has it sees it."""

    number: str
    verified_at: int | None


async def find_owner(read: Read, tenant_id: TenantId, number: str) -> PhoneOwner | None:
    """The user who has the number, and who may be deleted."""
    return await read.one_or_none(
        PhoneOwner,
        """
        SELECT p.user_id, u.user_type, p.verified_at,
               CASE WHEN u.deleted_at IS NULL THEN 1 ELSE 0 END AS is_live
        FROM phones p JOIN users u ON u.tenant_id = p.tenant_id AND u.id = p.user_id
        WHERE p.tenant_id = :tenant_id AND p.number = :number
        """,
        tenant_id=tenant_id,
        number=number,
    )


async def find_verified_user(read: Read, tenant_id: TenantId, number: str) -> UserId | None:
    """The user who has proven this number and is neither disabled nor deleted."""
    return await read.one_or_none(
        UserId,
        """
        SELECT p.user_id FROM phones p JOIN users u ON u.tenant_id = p.tenant_id AND u.id = p.user_id
        WHERE p.tenant_id = :tenant_id AND p.number = :number AND p.verified_at IS NOT NULL
          AND u.disabled_at IS NULL AND u.deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        number=number,
    )


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
        FROM users u WHERE u.tenant_id = :tenant_id AND u.id = :user_id AND u.deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def insert(
    tx: Tx, tenant_id: TenantId, number: str, user_id: UserId, *, verified_at: Micros | None, now: Micros
) -> bool:
    """Give the user the number. Answers False when somebody has it."""
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
    """Mark the number verified. Answers False when it is not this user's, or was verified before."""
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
    """Take the number from this user. Answers False when the user does not have it."""
    changed = await tx.run(
        "DELETE FROM phones WHERE tenant_id = :tenant_id AND number = :number AND user_id = :user_id",
        tenant_id=tenant_id,
        number=number,
        user_id=user_id,
    )
    return changed == 1
