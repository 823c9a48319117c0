"""Passkeys and security keys as a second factor (Web Authentication Level 2, §7.1 and §7.2).

1. Options with a fresh challenge go to the browser; only the challenge's hash is kept, for a few minutes.
2. The answer names its challenge; at a sign-in it is used up whatever else is right or wrong with it.
3. Origin and relying party are those of the issuer's address, so a look-alike site gets nothing that is good here.

`amr`: `hwk` for a key that stays in its device, `swk` for one that its maker copies between devices (RFC 8176).
"""

from __future__ import annotations

import json
import secrets
import uuid
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tenantry.access.actions import Action
from tenantry.access.own import require_own
from tenantry.core.caller import Caller
from tenantry.core.clock import MINUTE, Micros
from tenantry.core.errors import InvalidValue, NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.core.names import read_name, trim
from tenantry.directory.second_factors import Method, note_added, note_proved, note_refused, note_removed
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import passkeys
from tenantry.store.sign_in.passkeys import Passkey
from tenantry.tokens.secrets import SecretHasher

CHALLENGE_LIFETIME = 5 * MINUTE
MAX_PASSKEYS = 20
_REGISTRATION, _SIGN_IN = "registration", "sign_in"
_TRANSPORTS = frozenset(transport.value for transport in AuthenticatorTransport)
_MALFORMED = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What the library raises on an answer that no browser makes."""
_REFUSED = "The passkey could not be set up. Try again."


class RelyingParty(NamedTuple):
    """For whom a passkey is made: the host name, and the whole origin that browsers report."""

    id: str
    origin: str


def relying_party(issuer: str) -> RelyingParty:
    """The relying party of the address that people see. Browsers accept no bare IP address."""
    parts = urlsplit(issuer)
    return RelyingParty(parts.hostname or "", f"{parts.scheme}://{parts.netloc}")


async def registration_options(
    tx: Tx,
    hasher: SecretHasher,
    caller: Caller,
    party: RelyingParty,
    *,
    user_principal_name: str,
    display_name: str,
    now: Micros,
) -> str:
    """JSON for `navigator.credentials.create`: a passkey for the caller. Raises what `require_own` does."""
    tenant_id, user_id = await require_own(tx, caller, Action.MANAGE_OWN_SIGN_IN, now)
    challenge = await _new_challenge(tx, hasher, tenant_id, user_id, _REGISTRATION, now)
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name="Tenantry",
        user_id=uuid.UUID(user_id).bytes,
        user_name=user_principal_name,
        user_display_name=display_name,
        challenge=challenge,
        exclude_credentials=_descriptors(await passkeys.list_of_user(tx, tenant_id, user_id)),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    return webauthn.options_to_json(options)


async def add_passkey(
    tx: Tx,
    hasher: SecretHasher,
    caller: Caller,
    party: RelyingParty,
    tenant_id: TenantId,
    user_id: UserId,
    *,
    answer: str,
    name: str,
    now: Micros,
) -> tuple[frozenset[str], list[str]]:
    """Keep the key that the browser made. Answers the `amr` that it proves, and recovery codes as `note_added` does.

    Raises InvalidValue (field `answer`), also for a key that is known already.
    """
    if len(await passkeys.list_of_user(tx, tenant_id, user_id)) >= MAX_PASSKEYS:
        raise InvalidValue(f"You have {MAX_PASSKEYS} passkeys. Remove one first.", field="answer")
    label = read_name(name, field="name", longest=64) if trim(name) else "Passkey"
    try:
        parsed = json.loads(answer)
        challenge = _challenge_of(parsed)
        if not await _claim(tx, hasher, tenant_id, user_id, challenge, _REGISTRATION, now):
            raise InvalidValue(_REFUSED, field="answer")
        verified = webauthn.verify_registration_response(
            credential=parsed, expected_challenge=challenge, expected_rp_id=party.id, expected_origin=party.origin
        )
        transports = parsed["response"].get("transports") or []
        known = " ".join(sorted(_TRANSPORTS.intersection(each for each in transports if isinstance(each, str))))
    except _MALFORMED:
        raise InvalidValue(_REFUSED, field="answer") from None
    is_synced = verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    if not await passkeys.insert(
        tx,
        tenant_id,
        user_id,
        credential_id=bytes_to_base64url(verified.credential_id),
        name=label,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        is_synced=is_synced,
        transports=known,
        now=now,
    ):
        raise InvalidValue("This passkey is set up already.", field="answer")
    codes = await note_added(tx, hasher, caller, tenant_id, user_id, Method.PASSKEY, now)
    return _amr(is_synced=is_synced), codes


async def sign_in_options(tx: Tx, hasher: SecretHasher, caller: Caller, party: RelyingParty, now: Micros) -> str:
    """JSON for `navigator.credentials.get`: any of the caller's passkeys will do. Raises what `require_own` does."""
    tenant_id, user_id = await require_own(tx, caller, Action.MANAGE_OWN_SIGN_IN, now)
    challenge = await _new_challenge(tx, hasher, tenant_id, user_id, _SIGN_IN, now)
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        allow_credentials=_descriptors(await passkeys.list_of_user(tx, tenant_id, user_id)),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return webauthn.options_to_json(options)


async def claim_passkey(
    tx: Tx,
    hasher: SecretHasher,
    caller: Caller,
    party: RelyingParty,
    tenant_id: TenantId,
    user_id: UserId,
    answer: str,
    now: Micros,
) -> frozenset[str] | None:
    """The `amr` that the answer proves. On None the caller commits first and refuses afterwards: the trail says why."""
    found: Passkey | None = None
    reason = "malformed"
    try:
        parsed = json.loads(answer)
        challenge = _challenge_of(parsed)
        if not await _claim(tx, hasher, tenant_id, user_id, challenge, _SIGN_IN, now):
            reason = "unknown_challenge"
        else:
            found = await passkeys.find(tx, tenant_id, user_id, str(parsed["id"])[:2048])
            reason = "unknown_passkey" if found is None else "not_verified"
        if found is not None:
            verified = webauthn.verify_authentication_response(
                credential=parsed,
                expected_challenge=challenge,
                expected_rp_id=party.id,
                expected_origin=party.origin,
                credential_public_key=found.public_key,
                credential_current_sign_count=0,
            )
            if await passkeys.note_use(
                tx, tenant_id, user_id, found.credential_id, sign_count=verified.new_sign_count, now=now
            ):
                await note_proved(tx, caller, tenant_id, user_id, Method.PASSKEY, now)
                return _amr(is_synced=bool(found.is_synced))
            reason = "counter_went_back"
    except _MALFORMED:
        pass
    await note_refused(tx, caller, tenant_id, user_id, Method.PASSKEY, reason, now)
    return None


async def list_passkeys(read: Read, tenant_id: TenantId, user_id: UserId) -> list[Passkey]:
    """The user's passkeys, oldest first."""
    return await passkeys.list_of_user(read, tenant_id, user_id)


async def remove_passkey(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, credential_id: str, now: Micros
) -> None:
    """Take the passkey from the user. Raises NotFound when the user has no such one."""
    if not await passkeys.delete(tx, tenant_id, user_id, credential_id):
        raise NotFound("passkey")
    await note_removed(tx, caller, tenant_id, user_id, Method.PASSKEY, now)


async def _new_challenge(
    tx: Tx, hasher: SecretHasher, tenant_id: TenantId, user_id: UserId, purpose: str, now: Micros
) -> bytes:
    challenge = secrets.token_bytes(32)
    await passkeys.insert_challenge(
        tx,
        tenant_id,
        user_id,
        hasher.hash(_text(challenge)),
        purpose=purpose,
        expires_at=now + CHALLENGE_LIFETIME,
        now=now,
    )
    return challenge


async def _claim(
    tx: Tx, hasher: SecretHasher, tenant_id: TenantId, user_id: UserId, challenge: bytes, purpose: str, now: Micros
) -> bool:
    for challenge_hash in hasher.hashes(_text(challenge)):
        if await passkeys.claim_challenge(tx, tenant_id, user_id, challenge_hash, purpose=purpose, now=now):
            return True
    return False


def _challenge_of(parsed: Any) -> bytes:
    """The challenge that the answer claims to answer; the library verifies whether it does."""
    client_data = json.loads(base64url_to_bytes(parsed["response"]["clientDataJSON"]))
    return base64url_to_bytes(client_data["challenge"])


def _text(challenge: bytes) -> str:
    return f"passkey {challenge.hex()}"


def _amr(*, is_synced: bool) -> frozenset[str]:
    return frozenset({"swk" if is_synced else "hwk", "mfa"})


def _descriptors(found: list[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(passkey.credential_id),
            transports=[AuthenticatorTransport(each) for each in passkey.transports.split()] or None,
        )
        for passkey in found
    ]
