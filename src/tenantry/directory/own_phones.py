"""A signed-in user registers a phone number by a PIN that is sent to it, and gives a number up.

The caller says whose numbers they are. A change raises what `require_proven` does, which is asked of the session with
the id `session_id`.

Source: "Generate tenant-level user token", step 1; Kaizala contract §2.1, steps 2 and 3.
"""

from __future__ import annotations

from tenantry.access.actions import Action
from tenantry.access.own import require_own
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.directory.own_sign_in import require_proven
from tenantry.directory.phone_removal import release_phone
from tenantry.directory.phones import add_verified_phone
from tenantry.directory.pins import PinPurpose, PinRules, PinUse, claim_pin, request_pin
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import phones
from tenantry.store.sign_in.phones import OwnPhone
from tenantry.tokens.secrets import SecretHasher


async def request_registration_pin(
    tx: Tx,
    caller: Caller,
    hasher: SecretHasher,
    session_id: str,
    number: str,
    rules: PinRules,
    now: Micros,
) -> str:
    """Make a PIN for `number` (E.164), which the caller sends after the commit. Raises RateLimited.

    Nobody is told whether another user has the number before the number is proven.
    """
    tenant_id, user_id = await require_proven(tx, caller, session_id, now, action=Action.REGISTER_PHONE)
    return await request_pin(
        tx,
        caller,
        hasher,
        tenant_id,
        use=PinUse(number=number, purpose=PinPurpose.REGISTRATION, subject=user_id),
        rules=rules,
        now=now,
    )


async def list_own_phones(read: Read, caller: Caller, now: Micros) -> list[OwnPhone]:
    """The numbers of the caller, verified or not. Raises what `require_own` does."""
    return await phones.list_of_user(read, *await require_own(read, caller, Action.REGISTER_PHONE, now))


async def claim_registration(
    tx: Tx,
    caller: Caller,
    hasher: SecretHasher,
    session_id: str,
    number: str,
    pin: str,
    now: Micros,
) -> bool:
    """Whether the PIN was right, in which case the number is this user's. On False the caller commits first and refuses
    afterwards.

    Raises AlreadyExists (field `number`) when another user has the number.
    """
    tenant_id, user_id = await require_proven(tx, caller, session_id, now, action=Action.REGISTER_PHONE)
    if not await claim_pin(
        tx,
        caller,
        hasher,
        tenant_id,
        use=PinUse(number=number, purpose=PinPurpose.REGISTRATION, subject=user_id),
        pin=pin,
        now=now,
    ):
        return False
    await add_verified_phone(tx, caller, tenant_id, user_id, number, now)
    return True


async def remove_own_phone(tx: Tx, caller: Caller, session_id: str, number: str, now: Micros) -> None:
    """Give the number up. Raises NotFound("phone number") unless it is the caller's."""
    tenant_id, user_id = await require_proven(tx, caller, session_id, now, action=Action.REGISTER_PHONE)
    await release_phone(tx, caller, tenant_id, user_id, number, now)
