"""The `users` table. A deleted user keeps its row, and its name is free for another one."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.core.normal_form import name_key
from tenantry.store.engine.interface import Read, Tx


class User(NamedTuple):
    """One row. A user is live when neither disabled nor deleted. `upn_key` is the sign-in name in its normal form."""

    tenant_id: TenantId
    id: UserId
    user_principal_name: str
    upn_key: str
    user_type: str
    display_name: str
    given_name: str | None
    family_name: str | None
    usage_location: str | None
    immutable_id: str | None
    phone_number: str | None
    created_at: int
    updated_at: int
    disabled_at: int | None
    deleted_at: int | None


_COLUMNS = """
            tenant_id, id, user_principal_name, upn_key, user_type, display_name, given_name, family_name,
            usage_location, immutable_id, phone_number, created_at, updated_at, disabled_at, deleted_at"""


async def insert(
    tx: Tx,
    tenant_id: TenantId,
    user_id: UserId,
    *,
    user_principal_name: str,
    user_type: str,
    display_name: str,
    given_name: str | None = None,
    family_name: str | None = None,
    usage_location: str | None = None,
    immutable_id: str | None = None,
    phone_number: str | None = None,
    now: Micros,
) -> User | None:
    """Add a user. Answers None when a user of the tenant that is not deleted has the name, in any letter case."""
    return await tx.one_or_none(
        User,
        f"""
        INSERT INTO users (tenant_id, id, user_principal_name, upn_key, user_type, display_name, display_key,
                           given_name, family_name, usage_location, immutable_id, phone_number, created_at, updated_at)
        VALUES (:tenant_id, :id, :user_principal_name, :upn_key, :user_type, :display_name, :display_key,
                :given_name, :family_name, :usage_location, :immutable_id, :phone_number, :now, :now)
        ON CONFLICT (tenant_id, upn_key) WHERE deleted_at IS NULL DO NOTHING
        RETURNING {_COLUMNS}
        """,
        tenant_id=tenant_id,
        id=user_id,
        user_principal_name=user_principal_name,
        upn_key=name_key(user_principal_name),
        user_type=user_type,
        display_name=display_name,
        display_key=name_key(display_name),
        given_name=given_name,
        family_name=family_name,
        usage_location=usage_location,
        immutable_id=immutable_id,
        phone_number=phone_number,
        now=now,
    )


async def find(read: Read, tenant_id: TenantId, user_id: UserId) -> User | None:
    """The user of this id, deleted or not; None for a user of another tenant."""
    return await read.one_or_none(
        User,
        f"SELECT {_COLUMNS} FROM users WHERE tenant_id = :tenant_id AND id = :id",
        tenant_id=tenant_id,
        id=user_id,
    )


async def find_by_name(read: Read, tenant_id: TenantId, user_principal_name: str) -> User | None:
    """The user of this name, in any letter case; None when it is deleted."""
    return await read.one_or_none(
        User,
        f"""
        SELECT {_COLUMNS} FROM users WHERE tenant_id = :tenant_id AND upn_key = :upn_key AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        upn_key=name_key(user_principal_name),
    )


async def claim_name(tx: Tx, tenant_id: TenantId, unused_id: UserId, user_principal_name: str, now: Micros) -> bool:
    """Claim a name for a later UPDATE of this transaction. Answers False when a user that is not deleted has it.

    It inserts a row that has the name, and deletes it at once. On PostgreSQL, whoever inserts or claims the same name
    meanwhile waits for the end of this transaction, so that the UPDATE cannot meet the name in the unique index.
    (UPDATE has no ON CONFLICT.)
    """
    claimed = await insert(
        tx, tenant_id, unused_id, user_principal_name=user_principal_name, user_type="claim", display_name="", now=now
    )
    if claimed is None:
        return False
    await tx.run("DELETE FROM users WHERE tenant_id = :tenant_id AND id = :id", tenant_id=tenant_id, id=unused_id)
    return True


async def update(
    tx: Tx,
    tenant_id: TenantId,
    user_id: UserId,
    *,
    user_principal_name: str | None = None,
    display_name: str | None = None,
    given_name: str | None = None,
    family_name: str | None = None,
    usage_location: str | None = None,
    immutable_id: str | None = None,
    phone_number: str | None = None,
    now: Micros,
) -> User | None:
    """Change a user that is not deleted. Answers None when there is none.

    None leaves a column as it is, and the empty string clears a column that may be empty. A new name must have been
    claimed.
    """
    updated = await tx.one_or_none(
        User,
        f"""
        UPDATE users SET
            user_principal_name = COALESCE(CAST(:user_principal_name AS TEXT), user_principal_name),
            upn_key = COALESCE(CAST(:upn_key AS TEXT), upn_key),
            display_name = COALESCE(CAST(:display_name AS TEXT), display_name),
            display_key = COALESCE(CAST(:display_key AS TEXT), display_key),
            given_name = NULLIF(COALESCE(CAST(:given_name AS TEXT), given_name), ''),
            family_name = NULLIF(COALESCE(CAST(:family_name AS TEXT), family_name), ''),
            usage_location = NULLIF(COALESCE(CAST(:usage_location AS TEXT), usage_location), ''),
            immutable_id = NULLIF(COALESCE(CAST(:immutable_id AS TEXT), immutable_id), ''),
            phone_number = NULLIF(COALESCE(CAST(:phone_number AS TEXT), phone_number), ''),
            updated_at = :now
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL
        RETURNING {_COLUMNS}
        """,
        tenant_id=tenant_id,
        id=user_id,
        user_principal_name=user_principal_name,
        upn_key=None if user_principal_name is None else name_key(user_principal_name),
        display_name=display_name,
        display_key=None if display_name is None else name_key(display_name),
        given_name=given_name,
        family_name=family_name,
        usage_location=usage_location,
        immutable_id=immutable_id,
        phone_number=phone_number,
        now=now,
    )
    if display_name is not None:
        await _follow_in_groups(tx, tenant_id, user_id)
    return updated


async def soft_delete(tx: Tx, tenant_id: TenantId, user_id: UserId, now: Micros) -> bool:
    """Mark the user deleted. Of several callers at most one gets True; False when there is no such user that is not
    deleted.
    """
    changed = await tx.run(
        """
        UPDATE users SET deleted_at = :now, updated_at = :now
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=user_id,
        now=now,
    )
    await _follow_in_groups(tx, tenant_id, user_id)
    return changed == 1


async def restore(tx: Tx, tenant_id: TenantId, user_id: UserId, deleted_after: Micros, now: Micros) -> User | None:
    """Restore a user that was deleted after `deleted_after`. Answers None when there is none. Claim its name first."""
    restored = await tx.one_or_none(
        User,
        f"""
        UPDATE users SET deleted_at = NULL, updated_at = :now
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at > :deleted_after
        RETURNING {_COLUMNS}
        """,
        tenant_id=tenant_id,
        id=user_id,
        deleted_after=deleted_after,
        now=now,
    )
    await _follow_in_groups(tx, tenant_id, user_id)
    return restored


async def block(tx: Tx, tenant_id: TenantId, user_id: UserId, now: Micros) -> bool:
    """Disable a live user. Of several callers at most one gets True; False when there is no such live user."""
    changed = await tx.run(
        """
        UPDATE users SET disabled_at = :now, updated_at = :now
        WHERE tenant_id = :tenant_id AND id = :id AND disabled_at IS NULL AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=user_id,
        now=now,
    )
    return changed == 1


async def unblock(tx: Tx, tenant_id: TenantId, user_id: UserId, now: Micros) -> bool:
    """Enable a disabled user. Of several callers at most one gets True; False when there is no such disabled user."""
    changed = await tx.run(
        """
        UPDATE users SET disabled_at = NULL, updated_at = :now
        WHERE tenant_id = :tenant_id AND id = :id AND disabled_at IS NOT NULL AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=user_id,
        now=now,
    )
    return changed == 1


async def _follow_in_groups(tx: Tx, tenant_id: TenantId, user_id: UserId) -> None:
    """Put the user's present name into the lists of members, which leave the user out while it is deleted.

    Whoever adds a member takes the user's row first (`members.insert`), so that no membership is missed.
    """
    await tx.run(
        """
        UPDATE group_members SET member_key = (
            SELECT u.display_key FROM users u
            WHERE u.tenant_id = :tenant_id AND u.id = :user_id AND u.deleted_at IS NULL)
        WHERE tenant_id = :tenant_id AND user_id = :user_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def note_sign_in(tx: Tx, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """Note that the user signed in to the portal. `updated_at` stays as it is, since it tells what others changed of
    the user.
    """
    await tx.run(
        "UPDATE users SET last_sign_in_at = :now WHERE tenant_id = :tenant_id AND id = :id",
        tenant_id=tenant_id,
        id=user_id,
        now=now,
    )


async def find_last_sign_in(read: Read, tenant_id: TenantId, user_id: UserId) -> Micros | None:
    """When the user last signed in to the portal; None when the user never did."""
    return await read.one_or_none(
        int,
        """
        SELECT last_sign_in_at FROM users
        WHERE tenant_id = :tenant_id AND id = :id AND last_sign_in_at IS NOT NULL
        """,
        tenant_id=tenant_id,
        id=user_id,
    )
