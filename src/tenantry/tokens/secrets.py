"""Secrets that route themselves (docs/decisions/secrets-route-themselves.md), and the form in which they are stored.

1. A secret has the form `tny_<kind>_<tenant>_<random>_<check>`: the tenant's GUID (22 characters), 256 random bits (43)
   and the CRC-32 of everything before it, marked with a generation (6), each in base62. Only `[A-Za-z0-9_]`, and all
   secrets have one length.
2. So the server knows from the secret which tenant it is of, refuses typos and garbage without I/O, and scanners find
   leaked secrets. The check protects from accidents only; the hash proves the secret.
3. At rest there is only a keyed BLAKE2b-256: fast, since the secret is random, and useless without the pepper.
4. Each master key begins a generation, which has a pepper of its own (keys/master_key.py). The check tells the
   generation of a secret, so that a look-up takes one hash and one statement, however many peppers there are. A secret
   whose generation's pepper is retired is not found.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from struct import Struct

from tenantry.core.ids import TenantId

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_TENANT_LENGTH, _RANDOM_LENGTH, _CHECK_LENGTH = 22, 43, 6
_PREFIX_LENGTH = len("tny_xx_")
_TENANT_END = _PREFIX_LENGTH + _TENANT_LENGTH
_CHECK_START = _TENANT_END + 1 + _RANDOM_LENGTH
_CHARACTER_OF_BYTE = bytes(ord(_ALPHABET[byte % 62]) for byte in range(256))
_UNFAIR_BYTES = bytes(range(256 // 62 * 62, 256))
SECRET_LENGTH = _CHECK_START + 1 + _CHECK_LENGTH
"""Characters of every secret."""
GENERATIONS = 256
"""The check can tell this many generations apart; no more may ever be made."""
_PAIR = len(_PAIRS)
_PAIR_VALUES = {int.from_bytes(pair.encode()): value for value, pair in enumerate(_PAIRS)}  # as struct unpacks it
_unpack_tenant, _unpack_check = Struct(f">{_TENANT_LENGTH // 2}H").unpack, Struct(f">{_CHECK_LENGTH // 2}H").unpack
_LOW_PAIRS = _PAIR**6
# Marks are far apart, so that a typo does not make one of another.
_MARKS = [generation * 0x9E3779B1 & 0xFFFFFFFF for generation in range(GENERATIONS)]
_GENERATIONS = {mark: generation for generation, mark in enumerate(_MARKS)}


class SecretKind(StrEnum):
    """What a secret is for; two letters, so that all secrets have one length."""

    REFRESH_TOKEN = "rt"
    CONNECTOR_SECRET = "cs"
    DEVICE_TOKEN = "dt"
    DEVICE_CREDENTIAL = "dc"
    AUTHORIZATION_CODE = "ac"
    SESSION = "ss"
    SIGN_IN = "si"
    UPSTREAM_STATE = "us"
    GROUP_INVITATION = "gi"


@lru_cache(1024)
def _tenant_part(tenant_id: TenantId) -> str:
    number = int(tenant_id.replace("-", ""), 16)
    pairs = []
    for _ in range(_TENANT_LENGTH // 2):
        number, low = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[low])
    return "".join(reversed(pairs))


def _random_part() -> str:
    """Characters drawn each for itself: 43 of 62 are 256 bits. Bytes that would favour some characters are left out."""
    drawn = b""
    while len(drawn) < _RANDOM_LENGTH:
        drawn += os.urandom(64).translate(_CHARACTER_OF_BYTE, _UNFAIR_BYTES)
    return drawn[:_RANDOM_LENGTH].decode("ascii")


def tenant_of(raw: str, kind: SecretKind) -> TenantId | None:
    """The tenant that a secret names; None for garbage, a typo, a truncated secret and another kind. No I/O.

    Neither the tenant nor the secret need exist.
    """
    return _tenant_in(raw[_PREFIX_LENGTH:_TENANT_END]) if is_well_formed(raw, kind) else None


def _tenant_in(part: str) -> TenantId | None:
    """The inverse of `_tenant_part`.

    Not cached: with more tenants than it holds, a cache would only spread each request over more memory.
    """
    try:
        a, b, c, d, e, f, g, h, i, j, k = map(_PAIR_VALUES.__getitem__, _unpack_tenant(part.encode()))
    except KeyError:
        return None
    # Two halves, since a single number would grow beyond a machine word.
    high = (((a * _PAIR + b) * _PAIR + c) * _PAIR + d) * _PAIR + e
    low = ((((f * _PAIR + g) * _PAIR + h) * _PAIR + i) * _PAIR + j) * _PAIR + k
    number = high * _LOW_PAIRS + low
    if number >> 128:
        return None
    guid = number.to_bytes(16).hex()
    return TenantId(f"{guid[:8]}-{guid[8:12]}-{guid[12:16]}-{guid[16:20]}-{guid[20:]}")


def is_well_formed(raw: str, kind: SecretKind) -> bool:
    """Whether the text has the form of such a secret, of any tenant, and no typo."""
    if len(raw) != SECRET_LENGTH or not raw.startswith(f"tny_{kind}_"):
        return False
    return _generation_in(raw) is not None


def _generation_in(raw: str) -> int | None:
    """The generation that the check of a text of this length tells; None for a typo."""
    if not raw.isascii() or raw[_CHECK_START] != "_":
        return None
    encoded = raw.encode()
    try:
        high, middle, low = map(_PAIR_VALUES.__getitem__, _unpack_check(encoded[-_CHECK_LENGTH:]))
    except KeyError:
        return None
    check = (high * _PAIR + middle) * _PAIR + low
    return _GENERATIONS.get(check ^ zlib.crc32(encoded[:_CHECK_START]))


def _digits_of(number: int) -> str:
    """32 bits in base62."""
    high, low = divmod(number, len(_PAIRS))
    return _PAIRS[high // len(_PAIRS)] + _PAIRS[high % len(_PAIRS)] + _PAIRS[low]


class SecretHasher:
    """Makes secrets, and turns them into what is stored and looked up."""

    __slots__ = ("_generation", "_keyed", "_newest")

    def __init__(self, peppers: Mapping[int, bytes]) -> None:
        """`peppers`: 32 bytes for each generation, see `MasterKey.peppers`. New secrets are made under the highest."""
        keyed = {number: hashlib.blake2b(key=pepper, digest_size=32) for number, pepper in sorted(peppers.items())}
        self._generation, self._newest = max(keyed), keyed[max(keyed)]
        self._keyed = keyed if len(keyed) > 1 else None

    def mint(self, kind: SecretKind, tenant_id: TenantId) -> str:
        """A new secret of this tenant. Shown once; store only its hash."""
        body = f"tny_{kind}_{_tenant_part(tenant_id)}_{_random_part()}"
        return f"{body}_{_digits_of(zlib.crc32(body.encode()) ^ _MARKS[self._generation])}"

    def hash(self, secret: str) -> bytes:
        """32 bytes: of a secret under the pepper of its generation, of any other text under the newest."""
        keyed = (self._newest if self._keyed is None else self._of(secret)).copy()
        keyed.update(secret.encode("utf-8", "surrogatepass"))
        return keyed.digest()

    def derive(self, secret: str, purpose: str) -> bytes:
        """A key of 32 bytes for each purpose, which can be derived only with the secret and its pepper."""
        keyed = self._of(secret).copy()
        keyed.update(f"{purpose} {secret}".encode("utf-8", "surrogatepass"))
        return keyed.digest()

    def hashes(self, text: str) -> list[bytes]:
        """The hashes under each pepper, newest first, for texts that do not name their generation."""
        found = []
        for each in [self._newest] if self._keyed is None else reversed(self._keyed.values()):
            keyed = each.copy()
            keyed.update(text.encode("utf-8", "surrogatepass"))
            found.append(keyed.digest())
        return found

    def _of(self, secret: str) -> hashlib.blake2b:
        if self._keyed is None or len(secret) != SECRET_LENGTH or not secret.startswith("tny_"):
            return self._newest
        generation = _generation_in(secret)
        return self._newest if generation is None else self._keyed.get(generation, self._newest)
