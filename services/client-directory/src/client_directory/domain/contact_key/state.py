"""A foreign data key as it stands."""

from dataclasses import dataclass, replace
from typing import Literal, assert_never
from uuid import UUID

from doorstep_chassis.domain import Ref, Stream

from client_directory.domain.contact_key.events import ContactKeyErased, ContactKeyNeeded, ContactKeySeen

_NO_ORGANISATION = UUID(int=0)
"""A null record names a key and no organisation."""


@dataclass(frozen=True, slots=True)
class ContactKey:
    """Whether the key is there, and the requests (organisation, id) that depend on it."""

    status: Literal["unseen", "seen", "erased"] = "unseen"
    needed_by: tuple[tuple[UUID, UUID], ...] = ()


def evolve(state: ContactKey, event: ContactKeySeen | ContactKeyNeeded | ContactKeyErased) -> ContactKey:
    """The key after the event."""
    match event:
        case ContactKeySeen():
            return replace(state, status="seen")
        case ContactKeyNeeded():
            return replace(state, needed_by=(*state.needed_by, (event.organisation_id, event.request_id)))
        case ContactKeyErased():
            return replace(state, status="erased")
        case _:
            assert_never(event)


CONTACT_KEY: Stream[ContactKey] = Stream("directory.contact-key", ContactKey(), evolve)


def contact_key(subject_id: UUID) -> Ref[ContactKey]:
    """The stream of one foreign key."""
    return CONTACT_KEY.at(_NO_ORGANISATION, subject_id)
