"""The keys that sign access tokens, and their rotation.

1. A key is made, stored encrypted under the master key, and published at once. It signs from `signs_from` on. By then
   every process has read it: they read the keys every few seconds, and again on an unknown `kid`.
2. Making a key sets the end of the older ones: they verify until the last token they signed has expired.
3. A revoked key signs and verifies nothing, in each process from its next reading of the keys. Another key takes over
   first, so that there is always one to sign with.
4. A process whose clock is behind goes on with the older key; one whose clock is before every key signs with the
   oldest. Their tokens verify everywhere, since verifying does not look at `signs_from`.

Sources: RFC 7517 (JWK), RFC 7518 §3.3-3.4, RFC 9068 §2.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, cast

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from tenantry.audit.events import SYSTEM_TENANT, SigningKeyRevoked, SigningKeyRotated
from tenantry.audit.record import record
from tenantry.core.caller import Caller, Origin, operator
from tenantry.core.clock import SECOND, Clock, Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import CorrelationId, new_guid
from tenantry.store.engine.interface import Read, Store, Tx
from tenantry.store.tokens import signing_keys
from tenantry.store.tokens.signing_keys import SigningKeyRow
from tenantry.tokens import base64url
from tenantry.tokens.keys.master_key import MasterKey
from tenantry.tokens.verified_tokens import VerifiedTokens

Algorithm = Literal["ES256", "RS256"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_SHA256 = SHA256()
_ECDSA = ec.ECDSA(_SHA256)
_PKCS1 = padding.PKCS1v15()
_RETRY_AFTER = 5 * SECOND
_KEEP_AFTER_END = 3_600 * SECOND  # longer than any leeway; verifying checks the exact end


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key, parsed. `header` is the encoded JOSE header of every token it signs, with the dot after it."""

    kid: str
    algorithm: Algorithm
    header: bytes
    signs_from: Micros
    verifies_until: Micros | None
    public_jwk: bytes
    sign: Callable[[bytes], bytes] = field(repr=False)
    """The JWS signature of the bytes."""
    is_signature: Callable[[bytes, bytes], bool] = field(repr=False)
    """Whether the first argument is the JWS signature of the second."""
    private_key: PrivateKey = field(repr=False)


VerifyKey = SigningKey
"""Every process holds the private keys; code that only verifies uses the same object."""


class KeyRing:
    """All keys whose tokens may still be valid. It lives as long as the application; `refresh` swaps its content at
    once.
    """

    def __init__(self, store: Store, master_key: MasterKey, clock: Clock) -> None:
        self._store = store
        self._master_key = master_key
        self._clock = clock
        self._keys: dict[str, SigningKey] = {}
        self._by_header: dict[bytes, SigningKey] = {}
        self._in_order: tuple[SigningKey, ...] = ()
        self._retry_at = 0
        self.verified = VerifiedTokens()
        """The tokens whose signature is known to be good. `verify` takes one only while its key is in the ring."""

    @classmethod
    async def load(cls, store: Store, master_key: MasterKey, clock: Clock, algorithm: Algorithm = "ES256") -> KeyRing:
        """Read the keys; make the first when there is none. Raises MasterKeyError, StoreBusy."""
        ring = cls(store, master_key, clock)
        await ring.refresh()
        if not ring._keys:
            await _make_first(store, master_key, clock(), generate_private_key(algorithm))
            await ring.refresh()
        return ring

    def signer(self, now: Micros) -> SigningKey:
        """The newest key whose `signs_from` has come; the oldest when the clock is before all of them."""
        for key in self._in_order:
            if key.signs_from <= now:
                return key
        return self._in_order[-1]

    def find(self, kid: str) -> VerifyKey | None:
        """The key with this id, if its tokens may still be valid."""
        return self._keys.get(kid)

    def find_by_header(self, header: bytes) -> VerifyKey | None:
        """The key whose tokens carry exactly this encoded header, without the dot. See `verify`."""
        return self._by_header.get(header)

    def jwks(self, now: Micros) -> bytes:
        """The JWK set (RFC 7517 §5) of every key that a valid token may name, and of those that will sign."""
        alive = [key.public_jwk for key in self._in_order if key.verifies_until is None or key.verifies_until > now]
        return b'{"keys":[' + b",".join(alive) + b"]}"

    async def refresh(self, read: Read | None = None) -> None:
        """Read the keys again. Raises MasterKeyError, StoreBusy; the ring is then as it was. 1 read."""
        after = self._clock() - _KEEP_AFTER_END
        if read is not None:
            rows = await signing_keys.list_all(read, after)
        else:
            async with self._store.read() as own:
                rows = await signing_keys.list_all(own, after)
        known = self._keys
        keys = {row.id: self._parse(row, known.get(row.id)) for row in rows}
        self._in_order = tuple(sorted(keys.values(), key=_youth, reverse=True))
        self._by_header = {key.header[:-1]: key for key in self._in_order}
        self._keys = keys

    async def refresh_for_unknown(self, read: Read) -> bool:
        """`refresh` because a token named an unknown key, at most once in 5 seconds. Answers whether it read."""
        now = self._clock()
        if abs(self._retry_at - now) < _RETRY_AFTER:
            return False
        self._retry_at = now
        await self.refresh(read)
        return True

    def _parse(self, row: SigningKeyRow, known: SigningKey | None) -> SigningKey:
        """Loading an RSA key takes milliseconds, so a known one is not loaded again."""
        if known is not None:
            private_key = known.private_key
        else:
            sealed = self._master_key.decrypt(row.private_key, context_of(row.id))
            private_key = cast(PrivateKey, load_der_private_key(sealed, None))
        algorithm = cast(Algorithm, row.algorithm)
        header = msgspec.json.encode({"alg": algorithm, "kid": row.id, "typ": "at+jwt"})
        sign, is_signature = _functions_of(private_key)
        return SigningKey(
            kid=row.id,
            algorithm=algorithm,
            header=base64url.encode(header) + b".",
            signs_from=row.signs_from,
            verifies_until=row.verifies_until,
            public_jwk=row.public_jwk.encode(),
            sign=sign,
            is_signature=is_signature,
            private_key=private_key,
        )


def generate_private_key(algorithm: Algorithm) -> PrivateKey:
    """ES256 takes microseconds, RS256 (2048 bits) a tenth of a second: make those outside a transaction."""
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


async def rotate_signing_key(
    tx: Tx,
    master_key: MasterKey,
    caller: Caller,
    now: Micros,
    *,
    overlap: Micros,
    verify_for: Micros,
    private_key: PrivateKey | None = None,
) -> str:
    """Add a key that signs from `now + overlap`; the older ones verify `verify_for` longer than that. Answers its id.

    `overlap`: at least what the slowest process needs to read the key, one minute. `verify_for`: the longest life of an
    access token, plus the leeway. `private_key`: None makes an ES256 key. Audited.
    """
    key_id = new_guid().replace("-", "")
    signs_from = now + overlap
    row = _new_row(master_key, key_id, private_key or generate_private_key("ES256"), now, signs_from)
    await signing_keys.insert(tx, row)
    await signing_keys.retire_others(tx, key_id, signs_from + verify_for)
    await record(tx, SYSTEM_TENANT, caller, SigningKeyRotated(key_id=key_id, signs_from=signs_from), now)
    return key_id


async def revoke_signing_key(
    tx: Tx, master_key: MasterKey, caller: Caller, key_id: str, now: Micros, private_key: PrivateKey | None = None
) -> str | None:
    """Refuse whatever the key has signed, for good. If it was the signing key, another takes over.

    Answers the id of the new one. `private_key`: as for `rotate_signing_key`. Raises NotFound("key"). Audited. Other
    processes follow when they read the keys again, see `background.KEY_REFRESH_SECONDS`.
    """
    if not await signing_keys.mark_revoked(tx, key_id, now):
        raise NotFound("key", "There is no such signing key, or it was revoked before.")
    await record(tx, SYSTEM_TENANT, caller, SigningKeyRevoked(key_id=key_id), now)
    if await signing_keys.exists_lasting(tx):
        return None
    return await rotate_signing_key(tx, master_key, caller, now, overlap=0, verify_for=0, private_key=private_key)


async def ensure_signing_key(store: Store, master_key: MasterKey, now: Micros) -> None:
    """Make the first key when there is none. Raises StoreBusy."""
    async with store.read() as read:
        keys = await signing_keys.list_all(read, now)
    if not keys:
        await _make_first(store, master_key, now, generate_private_key("ES256"))


async def _make_first(store: Store, master_key: MasterKey, now: Micros, private_key: PrivateKey) -> None:
    """Two processes that start together compute the same id, so one inserts the key and the other reads it."""
    key_id = master_key.first_key_id()
    caller = operator(Origin(CorrelationId(new_guid()), ""))
    async with store.write() as tx:
        if await signing_keys.insert(tx, _new_row(master_key, key_id, private_key, now, now)):
            await record(tx, SYSTEM_TENANT, caller, SigningKeyRotated(key_id=key_id, signs_from=now), now)


def _new_row(
    master_key: MasterKey, key_id: str, private_key: PrivateKey, now: Micros, signs_from: Micros
) -> SigningKeyRow:
    plain = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    algorithm = "RS256" if isinstance(private_key, rsa.RSAPrivateKey) else "ES256"
    return SigningKeyRow(
        id=key_id,
        algorithm=algorithm,
        private_key=master_key.encrypt(plain, context_of(key_id)),
        public_jwk=msgspec.json.encode(
            {**_public_jwk(private_key), "use": "sig", "alg": algorithm, "kid": key_id}
        ).decode(),
        created_at=now,
        signs_from=signs_from,
        verifies_until=None,
    )


def _public_jwk(private_key: PrivateKey) -> dict[str, str]:
    """RFC 7518 §6.2.1, §6.3.1: a coordinate of P-256 has 32 bytes, an RSA integer as many as it needs."""
    if isinstance(private_key, rsa.RSAPrivateKey):
        rsa_numbers = private_key.public_key().public_numbers()
        n, e = (number.to_bytes((number.bit_length() + 7) // 8) for number in (rsa_numbers.n, rsa_numbers.e))
        return {"kty": "RSA", "n": base64url.encode(n).decode(), "e": base64url.encode(e).decode()}
    numbers = private_key.public_key().public_numbers()
    x, y = (base64url.encode(number.to_bytes(32)).decode() for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def context_of(key_id: str) -> bytes:
    """What the secret is bound to, see `MasterKey.encrypt`."""
    return f"signing_keys.private_key:{key_id}".encode()


def _youth(key: SigningKey) -> tuple[float, Micros, str]:
    """Sort key, newest key highest: the newest has no end, and the older a key, the earlier its end."""
    return (float("inf") if key.verifies_until is None else key.verifies_until, key.signs_from, key.kid)


def _functions_of(private_key: PrivateKey) -> tuple[Callable[[bytes], bytes], Callable[[bytes, bytes], bool]]:
    """The functions that sign and verify with this key, prepared so that nothing is decided for each token."""
    if isinstance(private_key, rsa.RSAPrivateKey):
        rsa_key, rsa_public = private_key, private_key.public_key()

        def sign_rs256(data: bytes) -> bytes:
            return rsa_key.sign(data, _PKCS1, _SHA256)

        def is_rs256(signature: bytes, data: bytes) -> bool:
            try:
                rsa_public.verify(signature, data, _PKCS1, _SHA256)
            except InvalidSignature:
                return False
            return True

        return sign_rs256, is_rs256

    ec_key, ec_public = private_key, private_key.public_key()

    def sign_es256(data: bytes) -> bytes:
        return der_to_raw(ec_key.sign(data, _ECDSA))

    def is_es256(signature: bytes, data: bytes) -> bool:
        if len(signature) != 64:
            return False
        der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
        try:
            ec_public.verify(der, data, _ECDSA)
        except InvalidSignature:
            return False
        return True

    return sign_es256, is_es256


def der_to_raw(der: bytes) -> bytes:
    """An ECDSA signature over P-256, from DER (`30 len 02 len r 02 len s`) to JWS's 64 bytes (RFC 7518 §3.4).

    DER drops leading zeros and puts one before a set top bit. For P-256 every length fits one byte.
    """
    middle = 4 + der[3]
    return der[4:middle][-32:].rjust(32, b"\0") + der[middle + 2 :][-32:].rjust(32, b"\0")
