"""Whom a draft points at: its contact opened, its identifiers looked up, their owners compared."""

from uuid import UUID

from doorstep_chassis.work import Work

from client_directory.domain.client.state import CLIENT, OnFile
from client_directory.domain.identifier.state import identifier
from client_directory.domain.identity.contact import Contact, identity_of, read_contact
from client_directory.domain.identity.match import Candidate, Doubt, Match, Typed, match
from client_directory.domain.resolution.state import Draft
from client_directory.files import contact_on_file, hashes_of
from client_directory.vault import CONTACT, Vault

UNREADABLE = Doubt(("contact_unreadable",), ())


def typed_contact(work: Work, vault: Vault, draft: Draft) -> Contact | None:
    """What the worker typed; None when nothing was, it cannot be read, or its key is gone."""
    if draft.contact is None or draft.contact_key_id is None:
        return None
    text = vault.opened(work.key(draft.contact_key_id), draft.contact, CONTACT)
    return None if text is None else read_contact(text)


def find(work: Work, vault: Vault, organisation_id: UUID, draft: Draft) -> Match:
    """Certain, doubt or nobody, by everyone who owns one of the typed identifiers."""
    contact = typed_contact(work, vault, draft)
    if contact is None:
        return UNREADABLE
    identity = identity_of(contact, draft.postal_code)
    hashes = hashes_of(vault, organisation_id, identity)
    owners = dict.fromkeys(
        client_id
        for kind, hashed in hashes.items()
        for client_id in work.state(identifier(organisation_id, kind, hashed)).client_ids
    )
    return match(
        Typed(identity.name, hashes.get("email"), hashes.get("phone")),
        [_candidate(work, vault, organisation_id, client_id) for client_id in owners],
        identity.doubts,
    )


def _candidate(work: Work, vault: Vault, organisation_id: UUID, client_id: UUID) -> Candidate:
    file = work.state(CLIENT.at(organisation_id, client_id))
    if not isinstance(file, OnFile):
        return Candidate(client_id, None, None, None)
    contact = contact_on_file(work, vault, client_id, file)
    return Candidate(client_id, None if contact is None else contact.name, file.email, file.phone)
