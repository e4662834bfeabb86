"""Opens and seals what is personal, and hashes identifiers: the one place that holds keys."""

from uuid import UUID

from doorstep_chassis.privacy import (
    DataKey,
    KeyErased,
    KeyRing,
    SealBroken,
    WrappedKey,
    keyed_hash,
    open_sealed,
    seal,
    subject_of,
)
from doorstep_chassis.store.model import WrappedKeyRow
from doorstep_chassis.work import Work

from client_directory.domain.identifier.state import Kind

CONTACT = "intake.contact"
TYPED_ADDRESS = "intake.address"
DETAILS = "directory.details"
ADDRESS = "directory.address"
PAYMENT = "directory.payment"
REASON = "directory.reason"


class Vault:
    """The key-encryption key and the key of the hashes."""

    def __init__(self, keys: KeyRing, hmac_key: bytes) -> None:
        self._keys = keys
        self._hmac_key = hmac_key

    def hashed(self, organisation_id: UUID, kind: Kind, key: str) -> str:
        """The identifier as it is matched within one organisation."""
        return keyed_hash(self._hmac_key, organisation_id, kind, key)

    def issue(self) -> DataKey:
        """A new data key. Draw it before the decision: a decision may run more than once."""
        return self._keys.issue()

    def wrapped(self, subject_id: UUID, key: DataKey) -> WrappedKeyRow:
        """The key as it may be stored and published."""
        wrapped = self._keys.wrap(subject_id, key)
        return WrappedKeyRow(subject_id, wrapped.wrapped, wrapped.kek_id)

    def unwrapped(self, row: WrappedKeyRow | None) -> DataKey | None:
        """The data key of a stored row; None for no row: not there, or erased."""
        if row is None or row.wrapped is None:
            return None
        return self._keys.unwrap(WrappedKey(row.subject_id, row.wrapped, row.kek_id))

    def opened(self, row: WrappedKeyRow | None, token: str, context: str) -> str | None:
        """The text of a sealed field of the row's person; None when their key is gone. Errors: SealBroken."""
        key = self.unwrapped(row)
        if row is None or key is None:
            return None
        if subject_of(token) != row.subject_id:
            raise SealBroken("sealed for somebody else")
        return open_sealed(key, token, context=context)

    def seal(self, work: Work, subject_id: UUID, text: str, context: str) -> str:
        """The text under the person's own key. Errors: KeyErased."""
        key = self.unwrapped(work.key(subject_id))
        if key is None:
            raise KeyErased
        return seal(key, subject_id, text, context=context)
