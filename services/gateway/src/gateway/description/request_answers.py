"""What the services answer about requests, as the door passes it on: only described here, for nothing is changed on its way.

A member that is `sometimes` there is left out at other times, never null.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from gateway.description.values import Case, ClientLack, ContactField, Performer, StateName, WorkerLack, sometimes


class OrganisationAdded(BaseModel):
    """The organisation that joined."""

    organisation_id: UUID


class CurrentSettings(BaseModel):
    """How an organisation takes requests, and how often that was changed."""

    version: int
    workers_may_create: bool
    required_contact_fields: list[ContactField]
    draft_lifetime_hours: int


class Zone(BaseModel):
    """A set of postal codes with one time zone."""

    id: str
    label: str
    time_zone: str


class Durations(BaseModel):
    """How long a service takes, in minutes: from `min` to `max` in steps."""

    default: int
    min: int
    max: int
    step: int


class Offer(BaseModel):
    """A service at its rate an hour, in cents, tax included."""

    offer_id: str
    service: str
    label_fr: str
    label_en: str
    rate_cents: int
    currency: str
    duration_minutes: Durations
    payment_method_required: bool


class Catalogue(BaseModel):
    """What is offered at a postal code, in this version of the catalogue."""

    postal_code: str
    localities: list[str]
    zone: Zone
    catalogue_version: int
    offers: list[Offer]


class ClientGate(BaseModel):
    """The client gate, and what it still lacks."""

    open: bool
    missing: list[ClientLack]
    valid_until: datetime = sometimes("Open, for operators and the client: the instant until which it holds")
    validated_by: Literal["worker", "client", "operator"] = sometimes("Open, for operators and the client: by whom")
    answer_due: datetime = sometimes("Shut: the instant up to which the client may answer")


class WorkerGate(BaseModel):
    """The worker gate, and what it still lacks."""

    open: bool
    missing: list[WorkerLack]
    worker_id: UUID = sometimes("Open: who is assigned, for operators at once, for others from confirmation on")


class RequestState(BaseModel):
    """The state that a request is in after the act; the other services have yet to hear of it."""

    request_id: UUID
    state: StateName


class Reached(BaseModel):
    """The state that a request has been brought to. A gate that is null does not exist yet."""

    request_id: UUID
    state: StateName
    case: Case | None
    client_gate: ClientGate | None
    worker_gate: WorkerGate | None


class LocalSlot(BaseModel):
    """A slot: instants in UTC, its time zone, and the start as clocks there show it."""

    start: datetime
    end: datetime
    zone: str
    local_start: datetime


class RequestCard(BaseModel):
    """A request at a glance. `case` and gates are null before the launch."""

    request_id: UUID
    state: StateName
    case: Case | None
    created_by: UUID
    performer: Performer
    postal_code: str
    offer_id: str
    service: str
    slot: LocalSlot
    client_gate: ClientGate | None
    worker_gate: WorkerGate | None


class Requests(BaseModel):
    """A page of requests; `next_cursor` gives the next one, null on the last."""

    requests: list[RequestCard]
    next_cursor: str | None


class Quote(BaseModel):
    """The terms that the request was quoted, kept whatever the catalogue says later."""

    offer_id: str
    service: str
    zone: str
    rate_cents: int
    currency: str
    catalogue_version: int
    payment_method_required: bool


class RequestEnd(BaseModel):
    """How a request ended: by whom and why (cancelled), or by which rule and deadline (expired)."""

    by: Literal["worker", "operator"] = sometimes("Cancelled: by whom")
    reason_code: str | None = sometimes("Cancelled: why, where a reason was given")
    rule: str = sometimes("Expired: by which rule")
    deadline: datetime = sometimes("Expired: the instant that passed")


class KnownClient(BaseModel):
    """The client whom a request is attached to."""

    client_id: UUID
    known: bool


class Request(RequestCard):
    """A request in full, as the one who asks may see it."""

    offer: Quote
    accept_overlap: bool
    validation: Literal["worker", "client"] | None
    expires_at: datetime | None
    end: RequestEnd | None
    picked_client_id: UUID | None = sometimes("For workers and operators: the client whom the worker picked")
    client: KnownClient | None = sometimes("For operators: who the client is, once that is certain")
    review_reasons: list[str] = sometimes("For operators: why a review of the client is open")
