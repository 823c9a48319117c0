"""The `device_tokens` and `device_credentials` tables: hashes of the secret that provisions a device, and of the one
that the device holds afterwards.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import EnterpriseId, ManagedAccountId, TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class DeviceToken(NamedTuple):
    """One device token, in any state."""

    managed_account_id: ManagedAccountId
    expires_at: int
    claimed_at: int | None
    claimed_by: str | None
    revoked_at: int | None


async def insert(
    tx: Tx,
    tenant_id: TenantId,
    token_hash: bytes,
    *,
    enterprise_id: EnterpriseId,
    managed_account_id: ManagedAccountId,
    device_limit: int,
    expires_at: Micros,
    now: Micros,
) -> bool:
    """Add a device token for a live EMM-managed account that has room for a device. Answers False when there is no such
    account.

    An account for one device always has room, since its next device replaces the present one. Hot path: 1 write.
    """
    inserted = await tx.run(
        """
        INSERT INTO device_tokens (tenant_id, token_hash, enterprise_id, managed_account_id, created_at, expires_at)
        SELECT tenant_id, :token_hash, enterprise_id, id, CAST(:now AS BIGINT), CAST(:expires_at AS BIGINT)
        FROM managed_accounts
        WHERE tenant_id = :tenant_id AND id = :managed_account_id AND enterprise_id = :enterprise_id
          AND deleted_at IS NULL AND management_type = 'emm_managed'
          AND (account_type = 'device_account' OR device_count < :device_limit)
        """,
        tenant_id=tenant_id,
        token_hash=token_hash,
        enterprise_id=enterprise_id,
        managed_account_id=managed_account_id,
        device_limit=device_limit,
        expires_at=expires_at,
        now=now,
    )
    return inserted == 1


async def claim(
    tx: Tx, tenant_id: TenantId, token_hash: bytes, android_id: str, now: Micros
) -> ManagedAccountId | None:
    """Use an unused, live device token up for a device, and answer its account; None otherwise. Of several callers at
    most one wins.
    """
    return await tx.one_or_none(
        ManagedAccountId,
        """
        UPDATE device_tokens SET claimed_at = :now, claimed_by = :android_id
        WHERE tenant_id = :tenant_id AND token_hash = :token_hash
          AND claimed_at IS NULL AND revoked_at IS NULL AND expires_at > :now
        RETURNING managed_account_id
        """,
        tenant_id=tenant_id,
        token_hash=token_hash,
        android_id=android_id,
        now=now,
    )


async def find(read: Read, tenant_id: TenantId, token_hash: bytes) -> DeviceToken | None:
    """One device token, in any state."""
    return await read.one_or_none(
        DeviceToken,
        """
        SELECT managed_account_id, expires_at, claimed_at, claimed_by, revoked_at
        FROM device_tokens WHERE tenant_id = :tenant_id AND token_hash = :token_hash
        """,
        tenant_id=tenant_id,
        token_hash=token_hash,
    )


async def revoke_unused(tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId, now: Micros) -> None:
    """End every device token of the account that nobody has used. It waits for those that are being used."""
    await tx.run(
        """
        UPDATE device_tokens SET revoked_at = :now
        WHERE tenant_id = :tenant_id AND managed_account_id = :account_id AND claimed_at IS NULL AND revoked_at IS NULL
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        now=now,
    )


async def revoke_unused_of_user(tx: Tx, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """Do as `revoke_unused` for every account of the user."""
    await tx.run(
        """
        UPDATE device_tokens SET revoked_at = :now
        WHERE tenant_id = :tenant_id AND claimed_at IS NULL AND revoked_at IS NULL
          AND managed_account_id IN (SELECT m.id FROM managed_accounts m
                                     WHERE m.tenant_id = :tenant_id AND m.user_id = :user_id)
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        now=now,
    )


async def insert_credential(
    tx: Tx, tenant_id: TenantId, credential_hash: bytes, account_id: ManagedAccountId, android_id: str, now: Micros
) -> None:
    """Store the hash of the credential that the device holds from now on."""
    await tx.run(
        """
        INSERT INTO device_credentials (tenant_id, credential_hash, managed_account_id, android_id, created_at)
        VALUES (:tenant_id, :credential_hash, :account_id, :android_id, :now)
        """,
        tenant_id=tenant_id,
        credential_hash=credential_hash,
        account_id=account_id,
        android_id=android_id,
        now=now,
    )


async def revoke_credentials(
    tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId, now: Micros, *, android_id: str | None = None
) -> None:
    """End the credentials of one device of the account, or of every device when `android_id` is None."""
    await tx.run(
        """
        UPDATE device_credentials SET revoked_at = :now
        WHERE tenant_id = :tenant_id AND managed_account_id = :account_id
          AND android_id = COALESCE(CAST(:android_id AS TEXT), android_id) AND revoked_at IS NULL
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        android_id=android_id,
        now=now,
    )
