"""Takes a phone number from a live user, for the user or for an administrator. `phone_loss.py` says what ends
with it.
"""

from __future__ import annotations

from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import InvalidValue, NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.core.phone_numbers import read_number
from tenantry.directory.phone_loss import lose_phone
from tenantry.store.engine.interface import Tx
from tenantry.store.users import users


async def release_phone(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, number: str, now: Micros) -> None:
    """Take `number` (E.164) from the user, with its PINs, and as second factor and contact phone where it is one. The
    caller has been checked. Raises NotFound("phone number") when the user does not have it.
    """
    if not await lose_phone(tx, caller, tenant_id, user_id, number, now):
        raise NotFound("phone number")
    user = await users.find(tx, tenant_id, user_id)
    if user is not None and _is_same(user.phone_number, user.usage_location, number):
        await users.update(tx, tenant_id, user_id, phone_number="", now=now)
        await record(tx, tenant_id, caller, events.UserUpdated(user_id=user_id, fields=["phone_number"]), now)


def _is_same(contact: str | None, country: str | None, number: str) -> bool:
    """Whether the contact phone, which people write as they like, is this number."""
    try:
        return contact is not None and read_number(contact, country) == number
    except InvalidValue:
        return False
