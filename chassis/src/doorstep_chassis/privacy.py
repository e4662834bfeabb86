"""Personal data travels only sealed: AES-256-GCM under a key of that one person, which is itself wrapped.

Forgetting a person's key makes every copy of their data unreadable, in every store, topic and backup.
"""

import hmac
import os
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from doorstep_chassis.errors import DomainError

KEY_BYTES = 32
NONCE_BYTES = 12
_VERSION = "s1"


class SealBroken(DomainError):
    """A sealed field, or a wrapped key, is damaged, was made under another key, or stands where it does not belong."""

    code = "seal_broken"
    status = 500


class KeyErased(DomainError):
    """The person's key is gone, and their data with it: unreadable, for ever."""

    code = "personal_data_erased"
    status = 410


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one person: 32 bytes, never shown."""

    plain: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.plain) != KEY_BYTES:
            raise ValueError(f"a data key has {KEY_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A person's key as it may be stored and published: readable only with the key-encryption key `kek_id`."""

    subject_id: UUID
    wrapped: str
    kek_id: str


class KeyRing:
    """Issues, wraps and unwraps the keys of persons under one key-encryption key."""

    def __init__(self, kek: bytes, kek_id: str) -> None:
        if len(kek) != KEY_BYTES:
            raise ValueError(f"a key-encryption key has {KEY_BYTES} bytes")
        self._cipher = AESGCM(kek)
        self._kek_id = kek_id

    def __repr__(self) -> str:
        return f"KeyRing(kek_id={self._kek_id!r})"

    def issue(self) -> DataKey:
        """A new random key for one person."""
        return DataKey(os.urandom(KEY_BYTES))

    def wrap(self, subject_id: UUID, key: DataKey) -> WrappedKey:
        """The key in the form that may leave the process, bound to its person."""
        nonce = os.urandom(NONCE_BYTES)
        box = nonce + self._cipher.encrypt(nonce, key.plain, self._bound_to(subject_id))
        return WrappedKey(subject_id, _text(box), self._kek_id)

    def unwrap(self, wrapped: WrappedKey) -> DataKey:
        """The person's key again; SealBroken when it was wrapped otherwise or for somebody else."""
        if wrapped.kek_id != self._kek_id:
            raise SealBroken("wrapped under another key-encryption key")
        box = _bytes(wrapped.wrapped)
        try:
            plain = self._cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], self._bound_to(wrapped.subject_id))
            return DataKey(plain)
        except (InvalidTag, ValueError):
            raise SealBroken("the wrapped key cannot be opened") from None

    def _bound_to(self, subject_id: UUID) -> bytes:
        return subject_id.bytes + self._kek_id.encode()


def seal(key: DataKey, subject_id: UUID, plaintext: str | bytes, *, context: str) -> str:
    """The text as a token that only this person's key opens, and only in the field that `context` names."""
    try:
        content = plaintext.encode() if isinstance(plaintext, str) else plaintext
    except UnicodeEncodeError:
        raise ValueError("a sealed text holds no lone surrogates") from None  # the cause would quote it
    nonce = os.urandom(NONCE_BYTES)
    box = nonce + _cipher(key.plain).encrypt(nonce, content, subject_id.bytes + context.encode())
    return f"{_VERSION}.{subject_id.hex}.{_text(box)}"


def open_sealed(key: DataKey | None, token: str, *, context: str) -> str:
    """The text of a token; KeyErased when the person's key is gone (None), SealBroken when it does not open."""
    try:
        return open_sealed_bytes(key, token, context=context).decode()
    except UnicodeDecodeError:
        raise SealBroken("the sealed field is no text") from None


def open_sealed_bytes(key: DataKey | None, token: str, *, context: str) -> bytes:
    """Like open_sealed, for what was sealed as bytes."""
    subject_id, box = _parts(token)
    if key is None:
        raise KeyErased
    try:
        return _cipher(key.plain).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], subject_id.bytes + context.encode())
    except (InvalidTag, ValueError):
        raise SealBroken("the sealed field cannot be opened") from None


def subject_of(token: str) -> UUID:
    """Whose key opens the token."""
    return _parts(token)[0]


def keyed_hash(hmac_key: bytes, organisation_id: UUID, kind: str, value: str) -> str:
    """The hash by which two spellings of one identifier meet, within one organisation: HMAC-SHA256 in hex.

    `kind` (email, phone) keeps equal texts of different kinds apart.
    """
    if "\0" in kind:
        raise ValueError("a kind holds no NUL")  # it ends the kind below
    message = b"".join((organisation_id.bytes, kind.encode(), b"\0", value.encode("utf-8", "surrogatepass")))
    return hmac.digest(hmac_key, message, "sha256").hex()


@lru_cache(maxsize=4096)
def _cipher(plain: bytes) -> AESGCM:
    return AESGCM(plain)  # the key schedule costs more than sealing a short text


def _parts(token: str) -> tuple[UUID, bytes]:
    try:
        version, subject, box = token.split(".")
        if version != _VERSION:
            raise ValueError
        return UUID(hex=subject), _bytes(box)
    except ValueError:
        raise SealBroken("not a sealed field") from None


def _text(box: bytes) -> str:
    return urlsafe_b64encode(box).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise SealBroken("not base64url") from None
