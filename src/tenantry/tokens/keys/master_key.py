"""The master key: 32 bytes that encrypt signing keys and key the hashes of secrets. Without it, both are lost.

It is never used itself: each purpose has a key of its own, derived by HKDF-SHA256 (RFC 5869), the purpose as `info`.
Encryption is AES-256-GCM with a random nonce in front; the context (what is encrypted, for which row) is bound to it.

Each master key begins a generation. Hashes made under an older key cannot be made again without the secrets, and seals
made again would prove nothing. So the file of a key that replaced others has more lines, with what is still needed of
those:

    generation NUMBER SINCE              its own, from that moment on (microseconds); without this line, the first
    before NUMBER SINCE PEPPER SEALS     an older one, oldest first: its derived keys; `-` for a retired pepper
    was KEY                              the key before, until nothing is encrypted under it any more
    pepper, audit_seals KEY              its own, where they are not derived from it (files of old)
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenantry.audit.seals import SealKey
from tenantry.core.clock import Micros
from tenantry.core.files import ExposedFileError, read_private, write_private
from tenantry.core.hiding import hiding
from tenantry.tokens.secrets import GENERATIONS

_NONCE_LENGTH = 12
_RETIRED = "-"


class MasterKeyError(ValueError):
    """The master key is absent, malformed or not the one the data was made with. The text says what to do."""


@hiding("pepper", "audit_seals")
class Generation(NamedTuple):
    """What was derived from one master key. No `pepper`: it is retired, and nothing hashed under it is recognised."""

    number: int
    since: Micros
    pepper: bytes | None
    audit_seals: bytes


class MasterKey:
    """The key, what is derived from it, and what is kept of earlier keys. `generations`: oldest first, its own last."""

    __slots__ = ("_cipher", "_key", "_own", "_was", "generations")

    def __init__(
        self,
        key: bytes,
        *,
        number: int = 0,
        since: Micros = 0,
        own: Sequence[tuple[str, bytes]] = (),
        before: Sequence[Generation] = (),
        was: MasterKey | None = None,
    ) -> None:
        if len(key) != 32:
            raise MasterKeyError(f"The master key must be 32 bytes, this one has {len(key)}.")
        self._key, self._own, self._was = key, dict(own), was
        self._cipher = AESGCM(self._derive(b"tenantry encryption"))
        pepper = self._own.get("pepper") or self._derive(b"tenantry secret hashes")
        audit_seals = self._own.get("audit_seals") or self._derive(b"tenantry audit seals")
        self.generations = (*before, Generation(number, since, pepper, audit_seals))

    @staticmethod
    def generate() -> str:
        """A new key as base64."""
        return base64.b64encode(os.urandom(32)).decode()

    @classmethod
    def from_base64(cls, text: str) -> Self:
        """Read a key in base64. Raises MasterKeyError, whose text does not repeat the key."""
        return cls(_bytes_of(text))

    @classmethod
    def from_text(cls, text: str) -> MasterKey:
        """Read the text of a key file. Raises MasterKeyError, whose text does not repeat the key."""
        first, *more = text.split("\n")
        number, since, own, before, was = 0, 0, [], [], None
        for line in filter(None, map(str.strip, more)):
            match line.split(" "):
                case ["was", key]:
                    was = cls.from_base64(key)
                case ["pepper" | "audit_seals" as name, key]:
                    own.append((name, _bytes_of(key)))
                case ["generation", its, moment] if its.isdecimal() and moment.isdecimal():
                    number, since = int(its), int(moment)
                case ["before", its, moment, pepper, seals] if its.isdecimal() and moment.isdecimal():
                    kept = None if pepper == _RETIRED else _bytes_of(pepper)
                    before.append(Generation(int(its), int(moment), kept, _bytes_of(seals)))
                case _:
                    raise MasterKeyError("The master key file has a line that is none of it. Restore it as it was.")
        if [each.number for each in before] != list(range(number)):
            raise MasterKeyError("The master key file lacks a line of an older key. Restore it as it was.")
        return cls(_bytes_of(first), number=number, since=since, own=own, before=before, was=was)

    @property
    def is_following(self) -> bool:
        """Whether the change from the previous key is under way: something may still be encrypted under that."""
        return self._was is not None

    def followed_by(self, new: str, since: Micros) -> str:
        """The text of a key file in which the key `new` (base64) follows this one. Raises MasterKeyError."""
        number = self.generations[-1].number + 1
        if number >= GENERATIONS:
            raise MasterKeyError(f"The master key has been changed {number} times, and can be no more.")
        was = [f"was {base64.b64encode(self._key).decode()}"]
        return _text(new, [f"generation {number} {since}", *map(_line, self.generations), *was])

    def alone(self) -> str:
        """The text of the key file without the previous key."""
        return self._text(self.generations[:-1])

    def without_peppers(self, numbers: Sequence[int]) -> str:
        """The text of the key file with the peppers of these generations retired; its own cannot be."""
        kept = [each._replace(pepper=None) if each.number in numbers else each for each in self.generations[:-1]]
        return self._text(kept)

    def peppers(self) -> dict[int, bytes]:
        """The peppers (32 bytes) of the generations that are not retired, for `SecretHasher`."""
        return {each.number: each.pepper for each in self.generations if each.pepper is not None}

    def seal_keys(self) -> list[SealKey]:
        """The keys of audit seals, oldest first; the last one makes new seals."""
        return [SealKey(each.since, each.audit_seals) for each in self.generations]

    def first_key_id(self) -> str:
        """The id of the first signing key, the same in every process, so that two that start together make one key."""
        return self._derive(b"tenantry first signing key id")[:16].hex()

    def encrypt(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt, so that only `decrypt` with the same context gives the value back."""
        nonce = os.urandom(_NONCE_LENGTH)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def decrypt(self, sealed: bytes, context: bytes) -> bytes:
        """The value. Raises MasterKeyError for another key, another context or altered bytes."""
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
        """Encrypt the value again under this key; None if it already is. Raises MasterKeyError."""
        try:
            self._cipher.decrypt(sealed[:_NONCE_LENGTH], sealed[_NONCE_LENGTH:], context)
        except (InvalidTag, ValueError):
            return self.encrypt(self.decrypt(sealed, context), context)
        return None

    def _derive(self, purpose: bytes) -> bytes:
        return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(self._key)

    def _text(self, before: Sequence[Generation]) -> str:
        *_, own = self.generations
        lines = [f"generation {own.number} {own.since}"] if own.number else []
        lines += map(_line, before)
        lines += [f"{name} {base64.b64encode(value).decode()}" for name, value in self._own.items()]
        return _text(base64.b64encode(self._key).decode(), lines)


def _text(key: str, lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in (key, *lines))


def _line(older: Generation) -> str:
    pepper = base64.b64encode(older.pepper).decode() if older.pepper else _RETIRED
    return f"before {older.number} {older.since} {pepper} {base64.b64encode(older.audit_seals).decode()}"


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
