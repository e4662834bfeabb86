"""What a request's stream says, from its draft to its end; its key is the request's id."""

from typing import ClassVar, Literal
from uuid import UUID

from doorstep_chassis.domain import Event
from doorstep_contracts.base import Code, Instant, OfferTerms, Performer, PostalCode, Sealed, Slot
from doorstep_contracts.directory import ClientGateLack
from doorstep_contracts.dispatch import WorkerGateLack

Validation = Literal["worker", "client"]
"""Who is to validate: the worker, who confirms the address, or the client on their portal."""

Rule = Literal["draft_lifetime", "slot_start", "client_deadline"]


class DataKeyIssued(Event):
    """A request got the data key under which what is typed about its client is sealed."""

    TOPIC: ClassVar[str] = "intake.data-key-issued"

    subject_id: UUID


class RequestDrafted(Event):
    """A worker drafted a request, for a client they picked or one they typed (`contact`)."""

    TOPIC: ClassVar[str] = "intake.request-drafted"

    created_by: UUID
    performer: Performer
    postal_code: PostalCode
    offer: OfferTerms
    slot: Slot
    accept_overlap: bool
    picked_client_id: UUID | None = None
    contact: Sealed | None = None
    expires_at: Instant


class LaunchRequested(Event):
    """The creator launched the request; it is live as soon as its client is resolved."""

    TOPIC: ClassVar[str] = "intake.launch-requested"

    validation: Validation
    address_confirmed: bool
    address: Sealed | None = None


class ClientReviewOpened(Event):
    """Who the client is needs an operator."""

    TOPIC: ClassVar[str] = "intake.client-review-opened"

    reasons: tuple[Code, ...]


class ClientResolved(Event):
    """It is certain who the client is."""

    TOPIC: ClassVar[str] = "intake.client-resolved"

    client_id: UUID
    known: bool


class RequestLaunched(Event):
    """Launch was requested and the client is resolved: both gates may now open."""

    TOPIC: ClassVar[str] = "intake.request-launched"

    created_by: UUID
    client_id: UUID
    known: bool
    performer: Performer
    postal_code: PostalCode
    offer: OfferTerms
    slot: Slot
    accept_overlap: bool
    validation: Validation
    address_confirmed: bool
    address: Sealed | None = None
    launched_at: Instant


class ClientGateOpened(Event):
    """The request is validated, and what the client must bring holds until `valid_until`."""

    TOPIC: ClassVar[str] = "intake.client-gate-opened"

    valid_until: Instant
    validated_by: Literal["worker", "client", "operator"]


class ClientGateShut(Event):
    """The client gate lacks something; where the client was asked for it, their answer is due at `answer_due`."""

    TOPIC: ClassVar[str] = "intake.client-gate-shut"

    missing: tuple[ClientGateLack, ...]
    answer_due: Instant | None = None


class WorkerGateOpened(Event):
    """A worker is assigned and their slot is held."""

    TOPIC: ClassVar[str] = "intake.worker-gate-opened"

    worker_id: UUID
    hold_id: UUID


class WorkerGateShut(Event):
    """The worker gate lacks something."""

    TOPIC: ClassVar[str] = "intake.worker-gate-shut"

    missing: tuple[WorkerGateLack, ...]


class RequestConfirmed(Event):
    """Both gates stood open at one instant."""

    TOPIC: ClassVar[str] = "intake.request-confirmed"

    client_id: UUID
    worker_id: UUID
    hold_id: UUID
    postal_code: PostalCode
    slot: Slot
    offer: OfferTerms
    confirmed_at: Instant


class RequestCancelled(Event):
    """Its creator or an operator ended the request."""

    TOPIC: ClassVar[str] = "intake.request-cancelled"

    by: Literal["worker", "operator"]
    reason_code: Code | None = None


class RequestDeclined(Event):
    """The client ended the request."""

    TOPIC: ClassVar[str] = "intake.request-declined"

    reason: Sealed | None = None


class RequestExpired(Event):
    """A deadline ended the request."""

    TOPIC: ClassVar[str] = "intake.request-expired"

    rule: Rule
    deadline: Instant


RequestEvent = (
    DataKeyIssued
    | RequestDrafted
    | LaunchRequested
    | ClientReviewOpened
    | ClientResolved
    | RequestLaunched
    | ClientGateOpened
    | ClientGateShut
    | WorkerGateOpened
    | WorkerGateShut
    | RequestConfirmed
    | RequestCancelled
    | RequestDeclined
    | RequestExpired
)
