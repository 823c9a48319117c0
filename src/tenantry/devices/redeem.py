"""Hot path: redeem a device token (1 write transaction).

1. The token says which tenant to ask; garbage and typos are refused without asking.
2. The token's row is claimed: at most one caller ever wins.
3. The account's row is held until the end, so that redeems and revocations of one account take turns. Everybody takes
   the locks in this order: token, account, devices.
4. A device that is not live yet takes a slot. A device account has one slot; the device that had it is revoked.
5. The device gets a fresh credential; what it held before is revoked.
6. People see what the device says of itself: signs that may not stand in a name are taken out of it, not refused, since
   nobody can mend what a device was built with.

A refusal rolls everything back, so a token that met a full account stays good until it expires. Refusals of known
tokens leave `DeviceTokenRefused` in a transaction of their own, but only so many a minute (tokens/refusals.py), since a
used token can be sent for ever; unknown tokens leave none, since anybody can invent them.

The lost answer: the device that used the token may repeat the request within REPEAT_UNTIL and is provisioned as by the
first. Its credential is a new one, because only the hash of the first is known, and the first is revoked. A repeat
before REPEAT_FROM is a twin in a race, not a device that waited in vain, and is refused like any other second use.

Source: Play EMM contract §3.3, §7.1, §7.4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from tenantry.audit.events import DeviceAccessRevoked, DeviceProvisioned, DeviceTokenRefused
from tenantry.audit.record import record
from tenantry.core.caller import Caller, CallerKind, Origin
from tenantry.core.clock import SECOND, Micros
from tenantry.core.errors import (
    DeviceLimitExceeded,
    DeviceTokenExpired,
    DeviceTokenNotFound,
    DeviceTokenUsed,
    DomainError,
    InvalidValue,
)
from tenantry.core.ids import EnterpriseId, ManagedAccountId, TenantId
from tenantry.core.names import cleaned_name
from tenantry.devices.managed_accounts import AccountType
from tenantry.store.devices import device_tokens, devices, managed_accounts
from tenantry.store.devices.devices import DeviceFacts
from tenantry.store.devices.managed_accounts import ManagedAccount
from tenantry.store.engine.interface import Store, Tx
from tenantry.tokens.secrets import SecretHasher, SecretKind, tenant_of

REPEAT_FROM = 2 * SECOND
REPEAT_UNTIL = 60 * SECOND

_SEEN = ("dpc_package_name", "maker", "model", "product", "device", "retail_brand", "latest_build_fingerprint")
_all_seen = attrgetter(*_SEEN)
_ANDROID_ID = re.compile(r"[0-9a-z][0-9a-z._:-]{0,63}")


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What the device policy client learns. The credential is shown once."""

    account_id: ManagedAccountId
    enterprise_id: EnterpriseId
    android_id: str
    credential: str = field(repr=False)


class _Refusal(Exception):
    """Rolls the transaction back, and says why. It has the account when the token is known."""

    def __init__(self, error: DomainError, reason: str, account_id: ManagedAccountId | None) -> None:
        super().__init__(reason)
        self.error = error
        self.reason = reason
        self.account_id = account_id


def parse_android_id(raw: str) -> str:
    """The id in lower case. Raises InvalidValue(field="android_id").

    Departs: Google's is hexadecimal; emulators and other device policy clients have names of their own, which do no
    harm here.
    """
    android_id = raw.lower()
    if not _ANDROID_ID.fullmatch(android_id):
        raise InvalidValue(
            "An Android ID is 1 to 64 letters, digits and . _ : - and begins with no sign.",
            field="android_id",
        )
    return android_id


async def redeem_device_token(
    store: Store,
    hasher: SecretHasher,
    *,
    token: str,
    facts: DeviceFacts,
    device_limit: int,
    origin: Origin,
    now: Micros,
) -> Provisioned:
    """Provision the account of `token` on the device that `facts` tells of.

    Raises DeviceTokenNotFound (unknown, altered, revoked, account or enterprise gone), DeviceTokenUsed,
    DeviceTokenExpired, DeviceLimitExceeded.
    """
    tenant_id = tenant_of(token, SecretKind.DEVICE_TOKEN)
    if tenant_id is None:
        raise DeviceTokenNotFound(internal="malformed")
    facts = _cleaned(facts)
    caller = Caller(CallerKind.DEVICE, origin, tenant_id=tenant_id)
    credential = hasher.mint(SecretKind.DEVICE_CREDENTIAL, tenant_id)
    try:
        async with store.write() as tx:
            account = await _provision(tx, caller, tenant_id, hasher.hash(token), facts, device_limit, now)
            await device_tokens.insert_credential(
                tx, tenant_id, hasher.hash(credential), account.id, facts.android_id, now
            )
            event = DeviceProvisioned(managed_account_id=account.id, android_id=facts.android_id)
            await record(tx, tenant_id, caller, event, now)
    except _Refusal as refusal:
        if refusal.account_id is not None:
            refused = DeviceTokenRefused(reason=refusal.reason, managed_account_id=refusal.account_id)
            await record(store, tenant_id, caller, refused, now)
        raise refusal.error from None
    return Provisioned(account.id, account.enterprise_id, facts.android_id, credential)


def _cleaned(facts: DeviceFacts) -> DeviceFacts:
    said = _all_seen(facts)
    together = "".join(filter(None, said))
    if together.isascii() and together.isprintable():  # every unmodified device sends such texts
        return facts
    cleaned: dict[str, Any] = {
        name: cleaned_name(text, longest=len(text)) for name, text in zip(_SEEN, said, strict=True) if text
    }
    return facts._replace(**cleaned)


async def _provision(
    tx: Tx, caller: Caller, tenant_id: TenantId, token_hash: bytes, facts: DeviceFacts, device_limit: int, now: Micros
) -> ManagedAccount:
    """Make the device live and leave it without a credential. Raises _Refusal."""
    claimed = await device_tokens.claim(tx, tenant_id, token_hash, facts.android_id, now)
    account_id = claimed or await _find_repeated(tx, tenant_id, token_hash, facts.android_id, now)
    account = await managed_accounts.hold(tx, tenant_id, account_id)
    if account is None:
        raise _Refusal(DeviceTokenNotFound(), "account_gone", account_id)
    if claimed and await devices.bring_up(tx, tenant_id, account.enterprise_id, account.id, facts, now):
        await _take_slot(tx, caller, tenant_id, account, facts.android_id, device_limit, now)
    elif await devices.refresh(tx, tenant_id, account.id, facts, now):
        await device_tokens.revoke_credentials(tx, tenant_id, account.id, now, android_id=facts.android_id)
    else:
        raise _Refusal(DeviceTokenUsed(), "repeated_after_revocation", account.id)
    return account


async def _find_repeated(
    tx: Tx, tenant_id: TenantId, token_hash: bytes, android_id: str, now: Micros
) -> ManagedAccountId:
    """The account of a token that this device has claimed lately. Raises _Refusal for every other one."""
    token = await device_tokens.find(tx, tenant_id, token_hash)
    if token is None:
        raise _Refusal(DeviceTokenNotFound(internal="unknown"), "unknown", None)
    if token.claimed_at is not None:
        if token.claimed_by == android_id and REPEAT_FROM <= now - token.claimed_at <= REPEAT_UNTIL:
            return token.managed_account_id
        raise _Refusal(DeviceTokenUsed(), "used", token.managed_account_id)
    if token.revoked_at is not None:
        raise _Refusal(DeviceTokenNotFound(internal="revoked"), "revoked", token.managed_account_id)
    raise _Refusal(DeviceTokenExpired(), "expired", token.managed_account_id)


async def _take_slot(
    tx: Tx, caller: Caller, tenant_id: TenantId, account: ManagedAccount, android_id: str, limit: int, now: Micros
) -> None:
    """Count the new device. Raises _Refusal when the account is full."""
    if account.account_type != AccountType.DEVICE_ACCOUNT:
        if not await managed_accounts.claim_slot(tx, tenant_id, account.id, limit):
            raise _Refusal(DeviceLimitExceeded(), "device_limit", account.id)
        return
    await managed_accounts.set_device_count(tx, tenant_id, account.id, 1)
    replaced = await devices.remove_others(tx, tenant_id, account.id, android_id, now)
    if replaced:
        await device_tokens.revoke_credentials(tx, tenant_id, account.id, now)
        event = DeviceAccessRevoked(managed_account_id=account.id, devices=replaced)
        await record(tx, tenant_id, caller, event, now)
