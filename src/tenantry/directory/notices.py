"""What users are told about changes to how they sign in. Their pages show it for KEPT, and nobody can remove it:
somebody who got into the account must not be able to hide it.
"""

from __future__ import annotations

from enum import StrEnum

from tenantry.core.caller import Caller
from tenantry.core.clock import DAY, Micros
from tenantry.core.ids import TenantId, UserId, new_guid
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import sign_in_notices
from tenantry.store.sign_in.sign_in_notices import Notice

KEPT = 30 * DAY
SHOWN = 20


class What(StrEnum):
    """What happened. The words are stored, so they stay."""

    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    FACTORS_RESET = "factors_reset"
    FACTORS_CONFIRMED = "factors_confirmed"
    ENROLMENT_CODE = "enrolment_code"
    PASSWORD_SET = "password_set"
    PHONE_ADDED = "phone_added"
    PHONE_REMOVED = "phone_removed"
    WRONG_PASSWORDS = "wrong_passwords"
    WRONG_CODES = "wrong_codes"


async def tell(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, what: What, now: Micros) -> None:
    """Tell the user, in the transaction of the change; older notices are deleted."""
    await sign_in_notices.delete_past(tx, tenant_id, user_id, now - KEPT)
    await sign_in_notices.insert(tx, tenant_id, user_id, id=new_guid(), what=what, by_whom=caller.subject, now=now)


async def list_notices(read: Read, tenant_id: TenantId, user_id: UserId, since: Micros) -> list[Notice]:
    """The user's notices since then, newest first."""
    return await sign_in_notices.list_of_user(read, tenant_id, user_id, since, SHOWN)
