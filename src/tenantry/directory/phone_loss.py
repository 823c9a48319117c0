"""A phone number is a user's no longer, whoever brought that about: what hangs on it ends with it.

PINs that were sent to it, tokens that apps got for one, and the number as second factor. Places in groups are the
user's, not the number's: they stay. So do tokens that the user proved in other ways.
"""

from __future__ import annotations

from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.notices import What, tell
from tenantry.directory.second_factors import Method, note_removed
from tenantry.store.engine.interface import Tx
from tenantry.store.sign_in import phones, pins, second_factors
from tenantry.tokens.grants import revoke_grants_of_proof

PIN_ALONE = ("otp", "sms")
"""How a user is proven by a PIN to a phone and nothing else (RFC 8176 §2)."""


async def lose_phone(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, number: str, now: Micros) -> bool:
    """Take `number` (E.164) from the user. False unless it is the user's. Audited."""
    if not await phones.delete(tx, tenant_id, number, user_id):
        return False
    await pins.end(tx, tenant_id, number)
    await record(tx, tenant_id, caller, events.PhoneRemoved(user_id=user_id, number=number), now)
    await tell(tx, caller, tenant_id, user_id, What.PHONE_REMOVED, now)
    if await second_factors.delete_phone_factor_of_number(tx, tenant_id, user_id, number):
        await note_removed(tx, caller, tenant_id, user_id, Method.PHONE, now)
    await revoke_grants_of_proof(tx, caller, tenant_id, user_id, PIN_ALONE, "phone_removed", now)
    return True
