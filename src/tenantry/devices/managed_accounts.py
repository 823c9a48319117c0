"""Managed accounts: the users of an enterprise, as its EMM sees them.

EMM-managed accounts are made and changed here; Google-managed ones are only recorded. Ending an account is
`revocation.delete_account`. Source: Play EMM contract §1.2, §2 User, §3.3 accountIdentifier, §7.10-7.11.
"""

from __future__ import annotations

import secrets
from enum import StrEnum

from tenantry.access.actions import Action
from tenantry.audit.events import ManagedAccountCreated, ManagedAccountUpdated
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import AlreadyExists, FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import EnterpriseId, ManagedAccountId, UserId
from tenantry.core.names import find_problem, is_visible, read_name
from tenantry.core.normal_form import name_key
from tenantry.devices.enterprises import require_enterprise
from tenantry.store.devices import managed_accounts
from tenantry.store.devices.enterprises import Enterprise
from tenantry.store.devices.managed_accounts import ManagedAccount
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.users import users

LONGEST_NAME = 1024
_ACCOUNTS_OF_ONE_ADDRESS = 10


class ManagementType(StrEnum):
    """Whose directory owns the account."""

    EMM_MANAGED = "emm_managed"
    GOOGLE_MANAGED = "google_managed"


class AccountType(StrEnum):
    """A user's account, on several devices, or that of one device."""

    USER_ACCOUNT = "user_account"
    DEVICE_ACCOUNT = "device_account"


async def insert_account(
    tx: Tx,
    caller: Caller,
    enterprise_id: EnterpriseId,
    *,
    account_identifier: str,
    account_type: AccountType,
    display_name: str | None,
    user_id: UserId | None = None,
    now: Micros,
) -> ManagedAccount:
    """Make an EMM-managed account, or set the display name of the one that has this identifier.

    `user_id`: the user of the tenant to whom a new account belongs. Raises InvalidValue,
    AlreadyExists(field="account_type") when the one that is there is of another type; NotFound("enterprise" or "user").
    """
    if not is_visible(account_identifier) or find_problem(account_identifier) is not None:
        raise InvalidValue("The account identifier must be printable text.", field="account_identifier")
    display_name = _read_display_name(display_name)
    enterprise = await require_enterprise(tx, caller, Action.WRITE_MANAGED_ACCOUNT, enterprise_id, now)
    if user_id is not None and await users.find(tx, enterprise.tenant_id, user_id) is None:
        raise NotFound("user")
    new_id = _new_id()
    account = await managed_accounts.insert_or_update(
        tx,
        enterprise.tenant_id,
        enterprise_id,
        new_id,
        account_identifier=account_identifier,
        account_type=account_type,
        display_name=display_name,
        user_id=user_id,
        now=now,
    )
    if account is None:
        raise AlreadyExists("A user with this account identifier has another account type.", field="account_type")
    event = (
        ManagedAccountCreated(
            managed_account_id=new_id, enterprise_id=enterprise_id, account_identifier=account_identifier
        )
        if account.id == new_id
        else ManagedAccountUpdated(managed_account_id=account.id)
    )
    await record(tx, enterprise.tenant_id, caller, event, now)
    return account


async def add_google_managed_account(
    tx: Tx,
    caller: Caller,
    enterprise_id: EnterpriseId,
    *,
    primary_email: str,
    display_name: str | None,
    now: Micros,
) -> ManagedAccountId:
    """Note an account of the customer's Google domain, as a directory sync does. Raises NotFound("enterprise").

    It is the account of the user who signs in with this address, if there is one.
    """
    enterprise = await require_enterprise(tx, caller, Action.WRITE_MANAGED_ACCOUNT, enterprise_id, now)
    user = await users.find_by_name(tx, enterprise.tenant_id, primary_email)
    new_id = _new_id()
    await managed_accounts.insert_google_managed(
        tx,
        enterprise.tenant_id,
        enterprise_id,
        new_id,
        primary_email=name_key(primary_email),
        display_name=display_name,
        user_id=None if user is None else user.id,
        now=now,
    )
    event = ManagedAccountCreated(managed_account_id=new_id, enterprise_id=enterprise_id)
    await record(tx, enterprise.tenant_id, caller, event, now)
    return new_id


async def get_account(
    read: Read, caller: Caller, enterprise_id: EnterpriseId, account_id: ManagedAccountId, now: Micros
) -> ManagedAccount:
    """One live account. Raises NotFound("enterprise" or "user")."""
    enterprise = await require_enterprise(read, caller, Action.READ_MANAGED_ACCOUNT, enterprise_id, now)
    return await account_of(read, enterprise, account_id)


async def list_accounts(
    read: Read, caller: Caller, enterprise_id: EnterpriseId, email: str, now: Micros
) -> list[ManagedAccount]:
    """The Google-managed accounts with this primary address, in any letter case: one, or none."""
    enterprise = await require_enterprise(read, caller, Action.READ_MANAGED_ACCOUNT, enterprise_id, now)
    return await managed_accounts.list_by_email(
        read, enterprise.tenant_id, enterprise_id, name_key(email), _ACCOUNTS_OF_ONE_ADDRESS
    )


async def update_account(
    tx: Tx,
    caller: Caller,
    enterprise_id: EnterpriseId,
    account_id: ManagedAccountId,
    *,
    display_name: str | None,
    unchanged: dict[str, str],
    now: Micros,
) -> ManagedAccount:
    """Set the display name, unless it is None. `unchanged`: fields that must have these values already.

    Raises InvalidValue for one that has not; FailedPrecondition for a Google-managed account; NotFound.
    """
    enterprise = await require_enterprise(tx, caller, Action.WRITE_MANAGED_ACCOUNT, enterprise_id, now)
    account = require_emm_managed(await account_of(tx, enterprise, account_id))
    for field, value in unchanged.items():
        if getattr(account, field) != value:
            raise InvalidValue("Only the display name of a user can be changed.", field=field)
    display_name = _read_display_name(display_name)
    if display_name is None:
        return account
    updated = await managed_accounts.set_display_name(tx, enterprise.tenant_id, account_id, display_name, now)
    if updated is None:
        raise NotFound("user")
    await record(tx, enterprise.tenant_id, caller, ManagedAccountUpdated(managed_account_id=account_id), now)
    return updated


async def account_of(read: Read, enterprise: Enterprise, account_id: ManagedAccountId) -> ManagedAccount:
    """One live account of an enterprise that the caller may act in. Raises NotFound("user")."""
    account = await managed_accounts.find(read, enterprise.tenant_id, enterprise.id, account_id)
    if account is None:
        raise NotFound("user")
    return account


def require_emm_managed(account: ManagedAccount) -> ManagedAccount:
    """The account itself. Raises FailedPrecondition for a Google-managed one."""
    if account.management_type != ManagementType.EMM_MANAGED:
        raise FailedPrecondition("This works for EMM-managed users only; the user is Google-managed.")
    return account


def _read_display_name(raw: str | None) -> str | None:
    """The name. Raises InvalidValue. An empty one, which clients send for a user whose name they do not know, stays
    empty.
    """
    return read_name(raw, field="display_name", longest=LONGEST_NAME, what="The display name") if raw else raw


def _new_id() -> ManagedAccountId:
    """A decimal number of at most 19 digits, which fits a signed 64-bit integer, as text."""
    return ManagedAccountId(str(10**18 + secrets.randbelow(2**63 - 10**18)))
