"""The `password_credentials` table: the hash of the password with which a user signs in."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.hiding import hiding
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


@hiding("password_hash")
class Credential(NamedTuple):
    """The password of a user. `must_change` is 0 or 1."""

    password_hash: str
    must_change: int


async def set_credential(
    tx: Tx, tenant_id: TenantId, user_id: UserId, *, password_hash: str, must_change: bool, now: Micros
) -> None:
    """Give the user this password, in place of an earlier one."""
    await tx.run(
        """
        INSERT INTO password_credentials (tenant_id, user_id, password_hash, must_change, changed_at)
        VALUES (:tenant_id, :user_id, :password_hash, :must_change, :now)
        ON CONFLICT (tenant_id, user_id) DO UPDATE SET
            password_hash = excluded.password_hash,
            must_change = excluded.must_change,
            changed_at = excluded.changed_at
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        password_hash=password_hash,
        must_change=int(must_change),
        now=now,
    )


async def find_credential(read: Read, tenant_id: TenantId, user_id: UserId) -> Credential | None:
    """The password of a user; None when it has none."""
    return await read.one_or_none(
        Credential,
        """
        SELECT password_hash, must_change FROM password_credentials
        WHERE tenant_id = :tenant_id AND user_id = :user_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def find_set_at(read: Read, tenant_id: TenantId, user_id: UserId) -> Micros | None:
    """When the present password was set; None when there is none."""
    return await read.one_or_none(
        int,
        "SELECT changed_at FROM password_credentials WHERE tenant_id = :tenant_id AND user_id = :user_id",
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def hold(tx: Tx, tenant_id: TenantId, user_id: UserId, password_hash: str) -> bool:
    """Keep the user's password as it is until the transaction ends. Answers whether this is still its hash."""
    held = await tx.run(
        """
        UPDATE password_credentials SET password_hash = :password_hash
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND password_hash = :password_hash
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        password_hash=password_hash,
    )
    return held == 1


async def replace_hash(tx: Tx, tenant_id: TenantId, user_id: UserId, *, old: str, new: str) -> None:
    """Keep the same password under other parameters. Does nothing when the password was changed meanwhile."""
    await tx.run(
        """
        UPDATE password_credentials SET password_hash = :new
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND password_hash = :old
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        old=old,
        new=new,
    )
