"""Hot path: generate a device token (1 read, 1 write transaction).

The device policy client redeems it once, within minutes, to provision the account on its device (`redeem.py`).
Source: vendor page "Users: generateAuthenticationToken"; Play EMM contract §3.1, §3.3, §7.2-7.4.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tenantry.access.actions import Action
from tenantry.audit.events import DeviceTokenIssued
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import DeviceLimitExceeded, DomainError
from tenantry.core.ids import EnterpriseId, ManagedAccountId
from tenantry.devices.enterprises import require_enterprise
from tenantry.devices.managed_accounts import account_of, require_emm_managed
from tenantry.store.devices import device_tokens
from tenantry.store.devices.enterprises import Enterprise
from tenantry.store.engine.interface import Store, Tx
from tenantry.tokens.secrets import SecretHasher, SecretKind


@dataclass(frozen=True, slots=True)
class IssuedDeviceToken:
    """A new device token, which is shown once."""

    token: str = field(repr=False)
    expires_at: Micros


async def generate_device_token(
    store: Store,
    hasher: SecretHasher,
    caller: Caller,
    *,
    enterprise_id: EnterpriseId,
    account_id: ManagedAccountId,
    device_limit: int,
    lifetime: Micros,
    now: Micros,
) -> IssuedDeviceToken:
    """A single-use token for a live EMM-managed account with room for a device. Earlier tokens stay good.

    Raises Forbidden, NotFound("enterprise" or "user"), FailedPrecondition (Google-managed), DeviceLimitExceeded.
    The caller is looked at before the write, so that strangers take no turn among the writers.
    """
    async with store.read() as read:
        enterprise = await require_enterprise(read, caller, Action.GENERATE_DEVICE_TOKEN, enterprise_id, now)
    async with store.write() as tx:
        return await issue_device_token(
            tx,
            hasher,
            caller,
            enterprise,
            account_id=account_id,
            device_limit=device_limit,
            lifetime=lifetime,
            now=now,
        )


async def issue_device_token(
    tx: Tx,
    hasher: SecretHasher,
    caller: Caller,
    enterprise: Enterprise,
    *,
    account_id: ManagedAccountId,
    device_limit: int,
    lifetime: Micros,
    now: Micros,
) -> IssuedDeviceToken:
    """The write of `generate_device_token`, for a caller who has been checked; raises as it does."""
    token = hasher.mint(SecretKind.DEVICE_TOKEN, enterprise.tenant_id)
    issued = IssuedDeviceToken(token, now + lifetime)
    inserted = await device_tokens.insert(
        tx,
        enterprise.tenant_id,
        hasher.hash(token),
        enterprise_id=enterprise.id,
        managed_account_id=account_id,
        device_limit=device_limit,
        expires_at=issued.expires_at,
        now=now,
    )
    if not inserted:
        raise await _why_refused(tx, enterprise, account_id)
    event = DeviceTokenIssued(managed_account_id=account_id, expires_at=issued.expires_at)
    await record(tx, enterprise.tenant_id, caller, event, now)
    return issued


async def _why_refused(tx: Tx, enterprise: Enterprise, account_id: ManagedAccountId) -> DomainError:
    require_emm_managed(await account_of(tx, enterprise, account_id))
    return DeviceLimitExceeded()
