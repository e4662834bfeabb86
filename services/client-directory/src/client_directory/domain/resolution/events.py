"""What is known of a request's client; the stream's key is the request's id."""

from typing import ClassVar, Literal
from uuid import UUID

from doorstep_chassis.domain import Event
from doorstep_contracts.base import Code, PostalCode, Sealed


class DraftSeen(Event):
    """A request was drafted, for a client who was picked or one who was typed."""

    TOPIC: ClassVar[str] = "directory.draft-seen"

    postal_code: PostalCode
    picked_client_id: UUID | None
    contact: Sealed | None
    contact_key_id: UUID | None


class ClientResolved(Event):
    """It is certain who the client is; `known` as it was then."""

    TOPIC: ClassVar[str] = "directory.client-resolved"

    client_id: UUID
    known: bool
    by: Literal["pick", "match", "new", "operator"]


class ReviewOpened(Event):
    """What was typed leaves a doubt: an operator must say whose request it is."""

    TOPIC: ClassVar[str] = "directory.review-opened"

    reasons: tuple[Code, ...]
    candidates: tuple[UUID, ...]
    contact: Sealed | None
    contact_key_id: UUID | None
    postal_code: PostalCode


class LaunchWaits(Event):
    """The request was launched before its client was resolved: the client gate is decided after that."""

    TOPIC: ClassVar[str] = "directory.launch-waits"


class ContactErased(Event):
    """What was typed can no longer be read, before it was certain who it was."""

    TOPIC: ClassVar[str] = "directory.contact-erased"


class RequestEndSeen(Event):
    """The request ended: nobody needs to know any more who its client is."""

    TOPIC: ClassVar[str] = "directory.resolution-ended"
