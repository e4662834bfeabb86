"""What is known of one foreign data key; its key is the id of the key's subject, in no organisation."""

from typing import ClassVar
from uuid import UUID

from doorstep_chassis.domain import Event


class ContactKeySeen(Event):
    """The key has arrived."""

    TOPIC: ClassVar[str] = "directory.contact-key-seen"


class ContactKeyNeeded(Event):
    """A request waits for the key, or depends on its staying: tell it when the key comes or goes."""

    TOPIC: ClassVar[str] = "directory.contact-key-needed"

    organisation_id: UUID
    request_id: UUID


class ContactKeyErased(Event):
    """The key is gone, whether or not it had been seen, and does not come back."""

    TOPIC: ClassVar[str] = "directory.contact-key-erased"
