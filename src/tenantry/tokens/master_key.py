"""The master key: 32 bytes that encrypt signing keys and key the hashes of secrets. Losing it loses both.

It is never used itself: each purpose has a key of its own, derived by HKDF-SHA256 (RFC 5869), the purpose as `info`.
Encryption is AES-256-GCM with a random nonce in front; the context (what is encrypted, for which row) is bound to it.

A key that has followed another has more lines in its file: `pepper` and `audit_seals`, which stay what they were, since
what was made with them cannot be made again, and `was`, the key before, until nothing is encrypted under it any more.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenantry.core.files import ExposedFileError, read_private, write_private

_NONCE_LENGTH = 12
_KEPT = ("pepper", "audit_seals")


class MasterKeyError(ValueError):
    """The master key is absent, malformed or not the one the data was made with. The text says what to do."""


class MasterKey:
    """The key and what is derived from it."""

    __slots__ = ("_cipher", "_kept", "_key", "_was")

    def __init__(self, key: bytes, kept: Mapping[str, bytes] = {}, was: MasterKey | None = None) -> None:
        if len(key) != 32:
            raise MasterKeyError(f"The master key must be 32 bytes, this one has {len(key)}.")
        self._key, self._kept, self._was = key, kept, was
        self._cipher = AESGCM(self._derive(b"tenantry encryption"))

    @staticmethod
    def generate() -> str:
        """A new key as base64."""
        return base64.b64encode(os.urandom(32)).decode()

    @classmethod
    def from_base64(cls, text: str) -> Self:
        """Raises MasterKeyError, whose text does not repeat the key."""
        return cls(_bytes_of(text))

    @classmethod
    def from_text(cls, text: str) -> MasterKey:
        """What a key file says. Raises MasterKeyError, whose text does not repeat the key."""
        first, *more = text.split("\n")
        lines = dict(line.split(" ", 1) for line in map(str.strip, more) if " " in line)
        if len(lines) != sum(1 for line in more if line.strip()) or not lines.keys() <= {*_KEPT, "was"}:
            raise MasterKeyError("The master key file has a line that is none of it. Restore the file as it was.")
        was = cls.from_base64(lines.pop("was")) if "was" in lines else None
        return cls(_bytes_of(first), {name: _bytes_of(value) for name, value in lines.items()}, was)

    @property
    def is_following(self) -> bool:
        """Whether something may still be encrypted under the key before."""
        return self._was is not None

    def followed_by(self, new: str) -> str:
        """The text of a key file in which the key `new` (base64) follows this one."""
        values = {"was": self._key, "pepper": self.pepper(), "audit_seals": self.audit_seals()}
        return f"{new}\n" + "".join(f"{name} {base64.b64encode(value).decode()}\n" for name, value in values.items())

    def alone(self) -> str:
        """The text of a key file that has forgotten the key before."""
        lines = [f"{name} {base64.b64encode(value).decode()}\n" for name, value in self._kept.items()]
        return base64.b64encode(self._key).decode() + "\n" + "".join(lines)

    def pepper(self) -> bytes:
        """32 bytes for `SecretHasher`."""
        return self._kept.get("pepper") or self._derive(b"tenantry secret hashes")

    def audit_seals(self) -> bytes:
        """32 bytes that the seals of the trail are made with."""
        return self._kept.get("audit_seals") or self._derive(b"tenantry audit seals")

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
            if self._was is not None:
                return self._was.decrypt(sealed, context)
            raise MasterKeyError(
                "The database was made with another master key. Start with the key file or TENANTRY_MASTER_KEY that "
                "belongs to it."
            ) from None

    def encrypt_again(self, sealed: bytes, context: bytes) -> bytes | None:
        """The same under this key; None when it is so already. Raises MasterKeyError."""
        try:
            self._cipher.decrypt(sealed[:_NONCE_LENGTH], sealed[_NONCE_LENGTH:], context)
        except (InvalidTag, ValueError):
            return self.encrypt(self.decrypt(sealed, context), context)
        return None

    def _derive(self, purpose: bytes) -> bytes:
        return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(self._key)


def _bytes_of(text: str) -> bytes:
    """32 bytes from base64. Raises MasterKeyError, whose text does not repeat them."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        raise MasterKeyError("The master key is not base64. Make one with `tenantry init`.") from None
    if len(key) != 32:
        raise MasterKeyError(f"The master key must be 32 bytes, this one has {len(key)}.")
    return key


def load_master_key(value: str | None, file: Path) -> MasterKey:
    """The key from the setting's `value`, else from `file`. Raises MasterKeyError."""
    if value:
        return MasterKey.from_text(value)
    try:
        return MasterKey.from_text(read_private(file).rstrip())
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
