"""What the services answer about workers and calendars, as the door passes it on: only described here, never changed."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from gateway.description.values import Award, Performer, WorkerLack


class WorkerRegistered(BaseModel):
    """The worker whom the register now has."""

    worker_id: UUID


class CurrentPolicy(BaseModel):
    """How the organisation finds workers; version 0 is the one that nobody has set."""

    version: int
    broadcast: bool
    award: Award
    application_deadline_hours: int


class Call(BaseModel):
    """A call as one worker sees it: `reasons` say why somebody else was chosen."""

    request_id: UUID
    service: str
    postal_code: str
    start: datetime
    end: datetime
    zone: str
    rate_cents: int
    currency: str
    deadline: datetime
    state: Literal["open", "applied", "assigned", "not_chosen", "ended"]
    reasons: list[str]


class Calls(BaseModel):
    """A worker's calls, the earliest slot first."""

    calls: list[Call]


class Applied(BaseModel):
    """The application stands."""

    request_id: UUID
    state: Literal["applied"]


class Verdict(BaseModel):
    """A worker was considered, and all that stands against them."""

    worker_id: UUID
    eligible: bool
    reasons: list[str]


class Application(BaseModel):
    """A worker's application, and what became of it."""

    worker_id: UUID
    applied_at: datetime
    state: Literal["applied", "selected", "refused", "assigned", "not_chosen", "ended"]


class Refusal(BaseModel):
    """A worker was chosen, or next in turn, and why it came to nothing."""

    worker_id: UUID
    reasons: list[str]


class OpenCall(BaseModel):
    """The call: the policy it went out under, until when, and why it is closed, if it is."""

    policy_version: int
    award: Award
    deadline: datetime
    closed: Literal["assigned", "deadline", "request_ended"] | None


Standing = Literal["waiting_operator", "broadcasting", "selecting", "slot_refused", "assigned", "confirmed", "ended"]


class Broadcast(BaseModel):
    """The search for a request's worker; `missing` is what its worker gate lacks."""

    request_id: UUID
    state: Standing
    missing: list[WorkerLack]
    service: str
    postal_code: str
    start: datetime
    end: datetime
    zone: str
    rate_cents: int
    currency: str
    created_by: UUID
    performer: Performer
    worker_id: UUID | None
    call: OpenCall | None
    verdicts: list[Verdict]
    applications: list[Application]
    refusals: list[Refusal]


class Selected(BaseModel):
    """Whom the operator chose; scheduling has yet to hold their slot."""

    request_id: UUID
    worker_id: UUID
    state: Standing


class CalendarEntry(BaseModel):
    """What stands in a calendar: a slot held for a request, or a visit."""

    kind: Literal["hold", "visit"]
    start: datetime
    end: datetime
    zone: str
    request_id: UUID
    visit_id: UUID | None
    overlap_accepted: bool


class Calendar(BaseModel):
    """What stands in a worker's calendar, the earliest first."""

    worker_id: UUID
    entries: list[CalendarEntry]


class BusySlot(BaseModel):
    """A slot that is taken."""

    start: datetime
    end: datetime
    zone: str


class Availability(BaseModel):
    """Whether a hold of this slot would be accepted now, and if not, why: `conflict` is the slot in the way."""

    free: bool
    reason: Literal["overlap", "slot_in_past"] | None
    conflict: BusySlot | None


class Visit(BaseModel):
    """A visit, at the rate its request was quoted: cents an hour, tax included."""

    visit_id: UUID
    chain_id: UUID
    request_id: UUID
    worker_id: UUID
    client_id: UUID
    status: Literal["scheduled", "cancelled"]
    start: datetime
    end: datetime
    zone: str
    service: str
    postal_code: str
    rate_cents: int
    currency: str
    offer_id: str
    catalogue_version: int


class Visits(BaseModel):
    """The visits of one request, the earliest first."""

    visits: list[Visit]
