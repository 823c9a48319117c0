"""Ends what depends on a phone number when it is a user's no longer, whoever brought that about.

PINs that were sent to it end, tokens that connectors got for such a PIN, and the number as a second factor. Places in
groups belong to the user, not to the number, so they stay. So do tokens that the user gave after another kind of
sign-in.
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
"""The `amr` of a user who was authenticated by a PIN to a phone and by nothing else (RFC 8176 §2)."""


async def lose_phone(tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, number: str, now: Micros) -> bool:
    """Take `number` (E.164) from the user. Answers False when the user does not have it. Audited."""
    if not await phones.delete(tx, tenant_id, number, user_id):
        return False
    await pins.end(tx, tenant_id, number)
    await record(tx, tenant_id, caller, events.PhoneRemoved(user_id=user_id, number=number), now)
    await tell(tx, caller, tenant_id, user_id, What.PHONE_REMOVED, now)
    if await second_factors.delete_phone_factor_of_number(tx, tenant_id, user_id, number):
        await note_removed(tx, caller, tenant_id, user_id, Method.PHONE, now)
    await revoke_grants_of_proof(tx, caller, tenant_id, user_id, PIN_ALONE, "phone_removed", now)
    return True
