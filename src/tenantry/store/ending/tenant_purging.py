"""Deletes for good, some rows at a time, everything that a tenant owns and what other tenants store about it.

Only `directory/tenant_purging.py` may use it. Rows are deleted before the rows that they refer to.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import EnterpriseId, TenantId
from tenantry.store.engine.interface import Read, Tx, Writes
from tenantry.store.tenants.tenants import BEING_PURGED


class _Rows(NamedTuple):
    """A table. `keys`: the columns of its primary key behind the tenant, or the tenant itself where there are none."""

    table: str
    keys: str


class Owned(_Rows, Enum):
    """Every table that tenants own, in the order in which their rows can be deleted. A test compares it with the
    schema.
    """

    UNTOLD_CHANGES = _Rows("untold_changes", "id")
    WEBHOOK_DELIVERIES = _Rows("webhook_deliveries", "id")
    TENANT_POLICIES = _Rows("tenant_policies", "tenant_id")
    SIGN_IN_NOTICES = _Rows("sign_in_notices", "user_id, id")
    ENROLMENTS = _Rows("enrolments", "user_id")
    USER_IMPORT_ROWS = _Rows("user_import_rows", "import_id, number")
    TOTP_CREDENTIALS = _Rows("totp_credentials", "user_id")
    SIGN_INS = _Rows("sign_ins", "sign_in_hash")
    SESSIONS = _Rows("sessions", "session_hash")
    ROLE_ASSIGNMENTS = _Rows("role_assignments", "user_id, role_id")
    REFRESH_TOKENS = _Rows("refresh_tokens", "token_hash")
    RECOVERY_CODES = _Rows("recovery_codes", "user_id, code_hash")
    PHONES = _Rows("phones", "number")
    PHONE_FACTORS = _Rows("phone_factors", "user_id")
    PASSWORD_CREDENTIALS = _Rows("password_credentials", "user_id")
    PASSKEYS = _Rows("passkeys", "credential_id")
    PASSKEY_CHALLENGES = _Rows("passkey_challenges", "challenge_hash")
    LINKED_IDENTITIES = _Rows("linked_identities", "provider_id, issuer, subject")
    GROUP_MEMBERS = _Rows("group_members", "group_id, user_id")
    GROUP_LINKS = _Rows("group_links", "parent_id, child_id")
    GROUP_INVITATIONS = _Rows("group_invitations", "invitation_hash")
    DEVICES = _Rows("devices", "managed_account_id, android_id")
    DEVICE_TOKENS = _Rows("device_tokens", "token_hash")
    DEVICE_CREDENTIALS = _Rows("device_credentials", "credential_hash")
    WEBHOOKS = _Rows("webhooks", "id")
    USERS = _Rows("users", "id")
    USER_IMPORTS = _Rows("user_imports", "id")
    UPSTREAM_SIGN_INS = _Rows("upstream_sign_ins", "state_hash")
    RESELLER_RELATIONSHIPS = _Rows("reseller_relationships", "partner_tenant_id")
    PHONE_PINS = _Rows("phone_pins", "number, purpose")
    PARTNER_RELATIONSHIPS = _Rows("partner_relationships", "id")
    PARTNER_CUSTOMERS = _Rows("partner_customers", "customer_tenant_id")
    MANAGED_ACCOUNTS = _Rows("managed_accounts", "id")
    IDENTITY_PROVIDERS = _Rows("identity_providers", "id")
    IDEMPOTENCY_KEYS = _Rows("idempotency_keys", "key_hash")
    GROUPS = _Rows("groups", "id")
    GRANTS = _Rows("grants", "id")
    DOMAIN_PROOFS = _Rows("domain_proofs", "name")
    CONNECTOR_ROLES = _Rows("connector_roles", "connector_id, role_id")
    DELEGATED_RELATIONSHIPS = _Rows("delegated_relationships", "id")
    AUTHORIZATION_CODES = _Rows("authorization_codes", "code_hash")
    AUDIT_SEALS = _Rows("audit_seals", "number")
    AUDIT_EVENTS = _Rows("audit_events", "id")


class DueTenant(NamedTuple):
    """A tenant that nobody can restore any more."""

    id: TenantId
    name: str
    deleted_at: int


class ManagedEnterprise(NamedTuple):
    """An enterprise of a customer."""

    tenant_id: TenantId
    id: EnterpriseId


async def list_due(read: Read, deleted_until: Micros, limit: int) -> list[DueTenant]:
    """At most `limit` tenants that were deleted at this time or before."""
    return await read.all(
        DueTenant,
        """
        SELECT id, name, deleted_at FROM tenants
        WHERE deleted_at IS NOT NULL AND deleted_at <= :deleted_until ORDER BY id LIMIT :limit
        """,
        deleted_until=deleted_until,
        limit=limit,
    )


async def claim(tx: Tx, tenant_id: TenantId, deleted_until: Micros) -> bool:
    """Make the tenant impossible to restore, whatever settings and clocks say later. Answers False when it was
    restored, or when another process has purged it; True also for a purge that was broken off.
    """
    changed = await tx.run(
        "UPDATE tenants SET deleted_at = :purged WHERE id = :tenant_id AND deleted_at <= :deleted_until",
        purged=BEING_PURGED,
        tenant_id=tenant_id,
        deleted_until=deleted_until,
    )
    return changed == 1


async def delete_some(store: Writes, rows: Owned, tenant_id: TenantId, limit: int) -> int:
    """Delete at most `limit` rows of the tenant. Answers how many."""
    return await store.run(
        f"""
        DELETE FROM {rows.table}
        WHERE tenant_id = :tenant_id AND ({rows.keys}) IN (
            SELECT {rows.keys} FROM {rows.table} WHERE tenant_id = :tenant_id LIMIT :limit
        )
        """,
        tenant_id=tenant_id,
        limit=limit,
    )


async def forget_customer(tx: Tx, partner_tenant_id: TenantId, tenant_id: TenantId) -> None:
    """Delete what a partner stores about the tenant as its customer."""
    await tx.run(
        "DELETE FROM partner_relationships WHERE tenant_id = :partner_tenant_id AND customer_tenant_id = :tenant_id",
        partner_tenant_id=partner_tenant_id,
        tenant_id=tenant_id,
    )
    await tx.run(
        "DELETE FROM partner_customers WHERE tenant_id = :partner_tenant_id AND customer_tenant_id = :tenant_id",
        partner_tenant_id=partner_tenant_id,
        tenant_id=tenant_id,
    )
    await tx.run(
        """
        UPDATE sessions SET acting_tenant_id = NULL
        WHERE tenant_id = :partner_tenant_id AND acting_tenant_id = :tenant_id
        """,
        partner_tenant_id=partner_tenant_id,
        tenant_id=tenant_id,
    )


async def list_customers(read: Read, tenant_id: TenantId, limit: int) -> list[TenantId]:
    """At most `limit` customers that the tenant has, or had, as their partner."""
    return await read.all(
        TenantId,
        """
        SELECT customer_tenant_id FROM partner_customers WHERE tenant_id = :tenant_id
        UNION SELECT customer_tenant_id FROM partner_relationships WHERE tenant_id = :tenant_id
        LIMIT :limit
        """,
        tenant_id=tenant_id,
        limit=limit,
    )


async def forget_partner(tx: Tx, customer_tenant_id: TenantId, tenant_id: TenantId) -> None:
    """Delete what a customer stores about the tenant as its partner, and what the tenant stores about that customer."""
    await tx.run(
        "DELETE FROM delegated_relationships WHERE tenant_id = :customer_tenant_id AND partner_tenant_id = :tenant_id",
        customer_tenant_id=customer_tenant_id,
        tenant_id=tenant_id,
    )
    await tx.run(
        "DELETE FROM reseller_relationships WHERE tenant_id = :customer_tenant_id AND partner_tenant_id = :tenant_id",
        customer_tenant_id=customer_tenant_id,
        tenant_id=tenant_id,
    )
    await tx.run(
        "DELETE FROM partner_relationships WHERE tenant_id = :tenant_id AND customer_tenant_id = :customer_tenant_id",
        tenant_id=tenant_id,
        customer_tenant_id=customer_tenant_id,
    )
    await tx.run(
        "DELETE FROM partner_customers WHERE tenant_id = :tenant_id AND customer_tenant_id = :customer_tenant_id",
        tenant_id=tenant_id,
        customer_tenant_id=customer_tenant_id,
    )


async def list_managed(read: Read, tenant_id: TenantId, limit: int) -> list[ManagedEnterprise]:
    """At most `limit` enterprises whose EMM the tenant is."""
    return await read.all(
        ManagedEnterprise,
        "SELECT tenant_id, id FROM enterprises WHERE emm_tenant_id = :tenant_id ORDER BY id LIMIT :limit",
        tenant_id=tenant_id,
        limit=limit,
    )


async def list_accounts(read: Read, tenant_id: TenantId, enterprise_id: EnterpriseId, limit: int) -> list[str]:
    """At most `limit` accounts of the enterprise."""
    return await read.all(
        str,
        "SELECT id FROM managed_accounts WHERE tenant_id = :tenant_id AND enterprise_id = :enterprise_id LIMIT :limit",
        tenant_id=tenant_id,
        enterprise_id=enterprise_id,
        limit=limit,
    )


async def delete_account(tx: Tx, tenant_id: TenantId, account_id: str) -> None:
    """Delete an account with its devices, their tokens and credentials."""
    await tx.run(
        "DELETE FROM device_credentials WHERE tenant_id = :tenant_id AND managed_account_id = :account_id",
        tenant_id=tenant_id,
        account_id=account_id,
    )
    await tx.run(
        "DELETE FROM device_tokens WHERE tenant_id = :tenant_id AND managed_account_id = :account_id",
        tenant_id=tenant_id,
        account_id=account_id,
    )
    await tx.run(
        "DELETE FROM devices WHERE tenant_id = :tenant_id AND managed_account_id = :account_id",
        tenant_id=tenant_id,
        account_id=account_id,
    )
    await tx.run(
        "DELETE FROM managed_accounts WHERE tenant_id = :tenant_id AND id = :account_id",
        tenant_id=tenant_id,
        account_id=account_id,
    )


async def delete_enterprise(tx: Tx, enterprise_id: EnterpriseId) -> None:
    """Delete an enterprise whose accounts are deleted already."""
    await tx.run("DELETE FROM enterprises WHERE id = :id", id=enterprise_id)


async def delete_last(tx: Tx, tenant_id: TenantId) -> bool:
    """Delete the tenant itself, with its connectors, domains and enterprises, after `claim`. Answers False when another
    process was quicker.
    """
    await tx.run(
        "DELETE FROM audit_events WHERE tenant_id = :tenant_id",
        tenant_id=tenant_id,
    )
    await tx.run(
        "DELETE FROM audit_seals WHERE tenant_id = :tenant_id",
        tenant_id=tenant_id,
    )
    await tx.run(
        "DELETE FROM enterprises WHERE tenant_id = :tenant_id",
        tenant_id=tenant_id,
    )
    await tx.run(
        """
        DELETE FROM connector_secrets
        WHERE connector_id IN (SELECT id FROM connectors WHERE tenant_id = :tenant_id)
        """,
        tenant_id=tenant_id,
    )
    await tx.run(
        """
        DELETE FROM service_account_keys
        WHERE connector_id IN (SELECT id FROM connectors WHERE tenant_id = :tenant_id)
        """,
        tenant_id=tenant_id,
    )
    await tx.run(
        "DELETE FROM connectors WHERE tenant_id = :tenant_id",
        tenant_id=tenant_id,
    )
    await tx.run(
        "DELETE FROM shared_callbacks WHERE tenant_id = :tenant_id",
        tenant_id=tenant_id,
    )
    await tx.run(
        "DELETE FROM domains WHERE tenant_id = :tenant_id",
        tenant_id=tenant_id,
    )
    changed = await tx.run(
        "DELETE FROM tenants WHERE id = :tenant_id AND deleted_at = :purged",
        tenant_id=tenant_id,
        purged=BEING_PURGED,
    )
    return changed == 1
