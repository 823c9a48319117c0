"""The `managed_accounts` table. `device_count` counts the live devices of an account, so that it gets no more than it
may have.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import EnterpriseId, ManagedAccountId, TenantId, UserId
from tenantry.core.normal_form import name_key
from tenantry.store.engine.interface import Read, Tx


class ManagedAccount(NamedTuple):
    """A live account. `account_identifier` is set when the EMM manages it, `primary_email` when Google does."""

    id: ManagedAccountId
    enterprise_id: EnterpriseId
    management_type: str
    account_type: str
    account_identifier: str | None
    display_name: str | None
    primary_email: str | None


_COLUMNS = """
            id, enterprise_id, management_type, account_type, account_identifier, display_name, primary_email"""


async def insert_or_update(
    tx: Tx,
    tenant_id: TenantId,
    enterprise_id: EnterpriseId,
    new_id: ManagedAccountId,
    *,
    account_identifier: str,
    account_type: str,
    display_name: str | None,
    user_id: UserId | None,
    now: Micros,
) -> ManagedAccount | None:
    """Answer an EMM-managed account: a new one, which then has `new_id` and `user_id`, or the one that has the
    identifier.

    Of an existing account only the display name changes, when one is given. Answers None when it has another account
    type. Atomic.
    """
    return await tx.one_or_none(
        ManagedAccount,
        f"""
        INSERT INTO managed_accounts (tenant_id, id, enterprise_id, management_type, account_type, account_identifier,
                                      search_key, display_name, user_id, created_at, updated_at)
        VALUES (:tenant_id, :id, :enterprise_id, 'emm_managed', :account_type, :account_identifier,
                :search_key, :display_name, :user_id, :now, :now)
        ON CONFLICT (tenant_id, enterprise_id, account_identifier) WHERE deleted_at IS NULL DO UPDATE
        SET display_name = COALESCE(excluded.display_name, managed_accounts.display_name),
            updated_at = excluded.updated_at
        WHERE managed_accounts.account_type = excluded.account_type
        RETURNING {_COLUMNS}
        """,
        tenant_id=tenant_id,
        id=new_id,
        enterprise_id=enterprise_id,
        account_type=account_type,
        account_identifier=account_identifier,
        search_key=name_key(account_identifier),
        display_name=display_name,
        user_id=user_id,
        now=now,
    )


async def insert_google_managed(
    tx: Tx,
    tenant_id: TenantId,
    enterprise_id: EnterpriseId,
    new_id: ManagedAccountId,
    *,
    primary_email: str,
    display_name: str | None,
    user_id: UserId | None,
    now: Micros,
) -> None:
    """Add an account of Google's directory, which is known here and not changed here."""
    await tx.run(
        """
        INSERT INTO managed_accounts (tenant_id, id, enterprise_id, management_type, account_type, primary_email,
                                      search_key, display_name, user_id, created_at, updated_at)
        VALUES (:tenant_id, :id, :enterprise_id, 'google_managed', 'user_account', :primary_email,
                :search_key, :display_name, :user_id, :now, :now)
        """,
        tenant_id=tenant_id,
        id=new_id,
        enterprise_id=enterprise_id,
        primary_email=primary_email,
        search_key=name_key(primary_email),
        display_name=display_name,
        user_id=user_id,
        now=now,
    )


async def find(
    read: Read, tenant_id: TenantId, enterprise_id: EnterpriseId, account_id: ManagedAccountId
) -> ManagedAccount | None:
    """A live account; None for one of another enterprise of the tenant."""
    return await read.one_or_none(
        ManagedAccount,
        f"""
        SELECT {_COLUMNS} FROM managed_accounts
        WHERE tenant_id = :tenant_id AND id = :id AND enterprise_id = :enterprise_id AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=account_id,
        enterprise_id=enterprise_id,
    )


async def list_by_email(
    read: Read, tenant_id: TenantId, enterprise_id: EnterpriseId, primary_email: str, limit: int
) -> list[ManagedAccount]:
    """At most `limit` live accounts with this address, in the order of their ids."""
    return await read.all(
        ManagedAccount,
        f"""
        SELECT {_COLUMNS} FROM managed_accounts
        WHERE tenant_id = :tenant_id AND enterprise_id = :enterprise_id AND primary_email = :primary_email
          AND deleted_at IS NULL
        ORDER BY id LIMIT :limit
        """,
        tenant_id=tenant_id,
        enterprise_id=enterprise_id,
        primary_email=primary_email,
        limit=limit,
    )


async def set_display_name(
    tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId, display_name: str, now: Micros
) -> ManagedAccount | None:
    """Give the account this name. Answers the account as it is now; None when it is not live."""
    return await tx.one_or_none(
        ManagedAccount,
        f"""
        UPDATE managed_accounts SET display_name = :display_name, updated_at = :now
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL
        RETURNING {_COLUMNS}
        """,
        tenant_id=tenant_id,
        id=account_id,
        display_name=display_name,
        now=now,
    )


async def hold(tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId) -> ManagedAccount | None:
    """Hold the row until the transaction ends, so that changes to the devices of one account take turns. Answers None
    when the account, its enterprise or its tenant is not live.
    """
    return await tx.one_or_none(
        ManagedAccount,
        f"""
        UPDATE managed_accounts SET device_count = device_count
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL AND EXISTS (
            SELECT 1 FROM enterprises e JOIN tenants t ON t.id = e.tenant_id
            WHERE e.id = managed_accounts.enterprise_id AND e.unenrolled_at IS NULL
              AND t.disabled_at IS NULL AND t.deleted_at IS NULL)
        RETURNING {_COLUMNS}
        """,
        tenant_id=tenant_id,
        id=account_id,
    )


async def claim_slot(tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId, limit: int) -> bool:
    """Count one more live device, unless there are `limit` of them. However many callers there are, at most `limit` get
    True.
    """
    claimed = await tx.run(
        """
        UPDATE managed_accounts SET device_count = device_count + 1
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL AND device_count < :limit
        """,
        tenant_id=tenant_id,
        id=account_id,
        limit=limit,
    )
    return claimed == 1


async def release_slot(tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId) -> bool:
    """Count one live device less. Answers False when the account is not live or counts none. It holds the row as `hold`
    does.
    """
    released = await tx.run(
        """
        UPDATE managed_accounts SET device_count = device_count - 1
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL AND device_count > 0
        """,
        tenant_id=tenant_id,
        id=account_id,
    )
    return released == 1


async def set_device_count(tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId, count: int) -> bool:
    """Set the number of live devices. Answers False when the account is not live. It holds the row as `hold` does."""
    changed = await tx.run(
        """
        UPDATE managed_accounts SET device_count = :count
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=account_id,
        count=count,
    )
    return changed == 1


async def delete(tx: Tx, tenant_id: TenantId, account_id: ManagedAccountId, now: Micros) -> bool:
    """End a live account, whose identifier is then free again. Answers False when it was not live."""
    deleted = await tx.run(
        """
        UPDATE managed_accounts SET deleted_at = :now, updated_at = :now
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=account_id,
        now=now,
    )
    return deleted == 1
