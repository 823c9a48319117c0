"""The `devices` table. A device lives from its provisioning to its removal; before and after that its row only keeps a
policy.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import EnterpriseId, ManagedAccountId, TenantId
from tenantry.store.engine.interface import Read, Tx


class Device(NamedTuple):
    """One device of one account. `policy` is JSON, as the EMM has set it."""

    android_id: str
    management_type: str | None = None
    maker: str | None = None
    model: str | None = None
    product: str | None = None
    device: str | None = None
    retail_brand: str | None = None
    sdk_version: int | None = None
    latest_build_fingerprint: str | None = None
    policy: str | None = None
    account_state: str = "disabled"
    provisioned_at: int | None = None


class DeviceFacts(NamedTuple):
    """What a device says of itself when it is provisioned."""

    android_id: str
    management_type: str | None = None
    dpc_package_name: str | None = None
    maker: str | None = None
    model: str | None = None
    product: str | None = None
    device: str | None = None
    retail_brand: str | None = None
    sdk_version: int | None = None
    latest_build_fingerprint: str | None = None


async def bring_up(
    tx: Tx,
    tenant_id: TenantId,
    enterprise_id: EnterpriseId,
    account_id: ManagedAccountId,
    facts: DeviceFacts,
    now: Micros,
) -> bool:
    """Make the device live, with its account disabled as on every new device. Answers False, and changes nothing, when
    it is live already.
    """
    brought_up = await tx.run(
        """
        INSERT INTO devices (tenant_id, managed_account_id, android_id, enterprise_id, management_type,
                             dpc_package_name, maker, model, product, device, retail_brand, sdk_version,
                             latest_build_fingerprint, account_state, created_at, provisioned_at)
        VALUES (:tenant_id, :account_id, :android_id, :enterprise_id, :management_type,
                :dpc_package_name, :maker, :model, :product, :device, :retail_brand, :sdk_version,
                :latest_build_fingerprint, 'disabled', :now, :now)
        ON CONFLICT (tenant_id, managed_account_id, android_id) DO UPDATE
        SET management_type = excluded.management_type, dpc_package_name = excluded.dpc_package_name,
            maker = excluded.maker, model = excluded.model, product = excluded.product, device = excluded.device,
            retail_brand = excluded.retail_brand, sdk_version = excluded.sdk_version,
            latest_build_fingerprint = excluded.latest_build_fingerprint, account_state = excluded.account_state,
            provisioned_at = excluded.provisioned_at, removed_at = NULL
        WHERE devices.provisioned_at IS NULL OR devices.removed_at IS NOT NULL
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        enterprise_id=enterprise_id,
        now=now,
        **facts._asdict(),
    )
    return brought_up == 1


async def refresh(tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId, facts: DeviceFacts, now: Micros) -> bool:
    """Update what a live device reports of itself when it is provisioned again. Answers False when it is not live."""
    refreshed = await tx.run(
        """
        UPDATE devices
        SET management_type = :management_type, dpc_package_name = :dpc_package_name, maker = :maker, model = :model,
            product = :product, device = :device, retail_brand = :retail_brand, sdk_version = :sdk_version,
            latest_build_fingerprint = :latest_build_fingerprint, provisioned_at = :now
        WHERE tenant_id = :tenant_id AND managed_account_id = :account_id AND android_id = :android_id
          AND provisioned_at IS NOT NULL AND removed_at IS NULL
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        now=now,
        **facts._asdict(),
    )
    return refreshed == 1


async def remove_all(tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId, now: Micros) -> int:
    """Remove the live devices of an account. Answers how many there were."""
    return await tx.run(
        """
        UPDATE devices SET removed_at = :now
        WHERE tenant_id = :tenant_id AND managed_account_id = :account_id
          AND provisioned_at IS NOT NULL AND removed_at IS NULL
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        now=now,
    )


async def remove(tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId, android_id: str, now: Micros) -> bool:
    """Remove one device. Answers False when it was not live."""
    removed = await tx.run(
        """
        UPDATE devices SET removed_at = :now
        WHERE tenant_id = :tenant_id AND managed_account_id = :account_id AND android_id = :android_id
          AND provisioned_at IS NOT NULL AND removed_at IS NULL
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        android_id=android_id,
        now=now,
    )
    return removed == 1


async def remove_others(tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId, android_id: str, now: Micros) -> int:
    """Remove the live devices of an account but this one. Answers how many there were."""
    return await tx.run(
        """
        UPDATE devices SET removed_at = :now
        WHERE tenant_id = :tenant_id AND managed_account_id = :account_id AND android_id <> :android_id
          AND provisioned_at IS NOT NULL AND removed_at IS NULL
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        android_id=android_id,
        now=now,
    )


async def find(read: Read, tenant_id: TenantId, account_id: ManagedAccountId, android_id: str) -> Device | None:
    """One live device."""
    return await read.one_or_none(
        Device,
        """
        SELECT android_id, management_type, maker, model, product, device, retail_brand, sdk_version,
               latest_build_fingerprint, policy, account_state, provisioned_at
        FROM devices
        WHERE tenant_id = :tenant_id AND managed_account_id = :account_id AND android_id = :android_id
          AND provisioned_at IS NOT NULL AND removed_at IS NULL
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        android_id=android_id,
    )


async def list_live(read: Read, tenant_id: TenantId, account_id: ManagedAccountId) -> list[Device]:
    """The live devices of an account, by id. There are few, since accounts have a limit."""
    return await read.all(
        Device,
        """
        SELECT android_id, management_type, maker, model, product, device, retail_brand, sdk_version,
               latest_build_fingerprint, policy, account_state, provisioned_at
        FROM devices
        WHERE tenant_id = :tenant_id AND managed_account_id = :account_id
          AND provisioned_at IS NOT NULL AND removed_at IS NULL
        ORDER BY android_id
        """,
        tenant_id=tenant_id,
        account_id=account_id,
    )


async def find_policy(read: Read, tenant_id: TenantId, account_id: ManagedAccountId, android_id: str) -> str | None:
    """The policy that is kept for a device, live or not; None also when none was set."""
    rows = await read.all(
        str,
        """
        SELECT policy FROM devices
        WHERE tenant_id = :tenant_id AND managed_account_id = :account_id AND android_id = :android_id
          AND policy IS NOT NULL
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        android_id=android_id,
    )
    return rows[0] if rows else None


async def count_waiting_beside(tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId, android_id: str) -> int:
    """How many rows of the account keep a policy for a device that was never live; 0 when this device has a row."""
    [counted] = await tx.all(
        int,
        """
        SELECT COUNT(*) FROM devices
        WHERE tenant_id = :tenant_id AND managed_account_id = :account_id AND provisioned_at IS NULL
          AND NOT EXISTS (
              SELECT 1 FROM devices own WHERE own.tenant_id = :tenant_id AND own.managed_account_id = :account_id
                AND own.android_id = :android_id)
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        android_id=android_id,
    )
    return counted


async def set_policy(
    tx: Tx,
    tenant_id: TenantId,
    enterprise_id: EnterpriseId,
    account_id: ManagedAccountId,
    android_id: str,
    policy: str,
    now: Micros,
) -> None:
    """Keep a policy for a device, whether it is live or not."""
    await tx.run(
        """
        INSERT INTO devices (tenant_id, managed_account_id, android_id, enterprise_id, policy, account_state,
                             created_at)
        VALUES (:tenant_id, :account_id, :android_id, :enterprise_id, :policy, 'disabled', :now)
        ON CONFLICT (tenant_id, managed_account_id, android_id) DO UPDATE SET policy = excluded.policy
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        android_id=android_id,
        enterprise_id=enterprise_id,
        policy=policy,
        now=now,
    )


async def set_state(
    tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId, android_id: str, account_state: str
) -> bool:
    """Set whether the account may be used on a live device. Answers False when the device is not live."""
    changed = await tx.run(
        """
        UPDATE devices SET account_state = :account_state
        WHERE tenant_id = :tenant_id AND managed_account_id = :account_id AND android_id = :android_id
          AND provisioned_at IS NOT NULL AND removed_at IS NULL
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        android_id=android_id,
        account_state=account_state,
    )
    return changed == 1
