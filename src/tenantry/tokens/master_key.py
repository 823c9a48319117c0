"""The master key: 32 bytes that encrypt signing keys and key the hashes of secrets. Losing it loses both.

It is never used itself: each purpose has a key of its own, derived by HKDF-SHA256 (RFC 5869), the purpose as `info`.
Encryption is AES-256-GCM with a random nonce in front; the context (what is encrypted, for which row) is bound to it.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenantry.core.files import ExposedFileError, read_private, write_private

_NONCE_LENGTH = 12


class MasterKeyError(ValueError):
    """The master key is absent, malformed or not the one the data was made with. The text says what to do."""


class MasterKey:
    """The key and what is derived from it."""

    __slots__ = ("_cipher", "_key")

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise MasterKeyError(f"The master key must be 32 bytes, this one has {len(key)}.")
        self._key = key
        self._cipher = AESGCM(self._derive(b"tenantry encryption"))

    @staticmethod
    def generate() -> str:
        """A new key as base64."""
        return base64.b64encode(os.urandom(32)).decode()

    @classmethod
    def from_base64(cls, text: str) -> Self:
        """Raises MasterKeyError, whose text does not repeat the key."""
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except ValueError:
            raise MasterKeyError("The master key is not base64. Make one with `tenantry init`.") from None
        return cls(key)

    def pepper(self) -> bytes:
        """32 bytes for `SecretHasher`."""
        return self._derive(b"tenantry secret hashes")

    def audit_seals(self) -> bytes:
        """32 bytes that the seals of the trail are made with."""
        return self._derive(b"tenantry audit seals")

    def first_key_id(self) -> str:
        """An id that two processes which both make the first signing key agree on."""
        return self._derive(b"tenantry first signing key id")[:16].hex()

    def encrypt(self, plain: bytes, context: bytes) -> bytes:
        """Readable only by `decrypt` with the same context."""
        nonce = os.urandom(_NONCE_LENGTH)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def decrypt(self, sealed: bytes, context: bytes) -> bytes:
        """Raises MasterKeyError for another key, another context or altered bytes."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_LENGTH], sealed[_NONCE_LENGTH:], context)
        except (InvalidTag, ValueError):
            raise MasterKeyError(
                "The database was made with another master key. Start with the key file or TENANTRY_MASTER_KEY that "
                "belongs to it."
            ) from None

    def _derive(self, purpose: bytes) -> bytes:
        return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(self._key)


def load_master_key(value: str | None, file: Path) -> MasterKey:
    """The key from the setting's `value`, else from `file`. Raises MasterKeyError."""
    if value:
        return MasterKey.from_base64(value)
    try:
        return MasterKey.from_base64(read_private(file))
    except FileNotFoundError:
        raise MasterKeyError(
            f"There is no master key: {file} does not exist and TENANTRY_MASTER_KEY is not set. Run `tenantry init`."
        ) from None
    except ExposedFileError as exc:
        raise MasterKeyError(str(exc)) from None
    except (OSError, UnicodeDecodeError) as exc:
        raise MasterKeyError(f"The master key cannot be read from {file}: {type(exc).__name__}.") from None


def create_master_key_file(file: Path) -> MasterKey:
    """A new key in a new file that only its owner may read. Raises FileExistsError: an old key is never replaced."""
    text = MasterKey.generate()
    write_private(file, text + "\n")
    return MasterKey.from_base64(text)
