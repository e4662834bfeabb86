"""The HTTP routes of scheduling. A worker sees what is theirs, an operator all of the organisation; the rest is not found."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, assert_never
from uuid import UUID

from doorstep_chassis.answering import Answering
from doorstep_chassis.auth import Principal, require
from doorstep_chassis.errors import Invalid, NotFound
from doorstep_chassis.service import Context
from doorstep_chassis.work import Work
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from scheduling.commands import look_at_slot, look_at_visit
from scheduling.domain.ids import RequestId, VisitId, WorkerId
from scheduling.domain.slot import Slot
from scheduling.domain.visit.events import VisitScheduled
from scheduling.domain.visit.state import Cancelled, Scheduled, Unscheduled
from scheduling.views.calendar import entries_between
from scheduling.views.visits import visits_of

LONGEST_RANGE = timedelta(days=92)

Status = Literal["scheduled", "cancelled"]

Instant = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
    AfterValidator(lambda instant: instant.astimezone(UTC)),
]

Staff = Annotated[Principal, Depends(require("worker", "operator"))]
Worker = Annotated[Principal, Depends(require("worker"))]


class CalendarRangeInvalid(Invalid):
    """A calendar is read from an instant to a later one, 92 days at most."""

    code = "calendar_range_invalid"


class Entry(BaseModel):
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
    entries: list[Entry]


class Availability(BaseModel):
    """Whether a hold of this slot would be accepted now, and if not, why: `conflict` is the busy slot in the way."""

    free: bool
    reason: Literal["overlap", "slot_in_past"] | None
    conflict: Slot | None


class Visit(BaseModel):
    """A visit, at the rate its request was quoted: cents an hour, tax included."""

    visit_id: UUID
    chain_id: UUID
    request_id: UUID
    worker_id: UUID
    client_id: UUID
    status: Status
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


def routes(context: Context) -> APIRouter:
    """The routes."""
    router, answering = APIRouter(), Answering(context.units, context.hmac_key)

    @router.get("/calendar")
    async def calendar(
        who: Staff,
        worker_id: UUID,
        start: Annotated[Instant, Query(alias="from")],
        end: Annotated[Instant, Query(alias="to")],
    ) -> Calendar:
        """A worker's calendar between two instants."""
        if who.role == "worker" and who.person_id != worker_id:
            raise NotFound
        if not start < end <= start + LONGEST_RANGE:
            raise CalendarRangeInvalid(field="to")
        found = await entries_between(context.store, who.organisation_id, WorkerId(worker_id), start, end)
        return Calendar(worker_id=worker_id, entries=[_entry(row) for row in found])

    @router.get("/availability")
    async def availability(who: Worker, start: Instant, end: Instant) -> Availability:
        """Whether the worker who asks is free, as booking would judge it: decided on the calendar itself, not on a view."""
        worker_id = WorkerId(who.person_id)
        found = await context.units.run(
            "look_at_slot", lambda work: look_at_slot(work, who.organisation_id, worker_id, start, end)
        )
        if found is None:
            return Availability(free=True, reason=None, conflict=None)
        return Availability(free=False, reason=found.reason, conflict=found.conflict)

    @router.get("/visits")
    async def visits(who: Staff, request_id: UUID) -> Visits:
        """The visits of a request; a worker sees their own among them."""
        found = await visits_of(context.store, who.organisation_id, RequestId(request_id))
        return Visits(visits=[_visit_row(row) for row in found if _may_see(who, row["worker_id"])])

    @router.get("/visits/{visit_id}", response_model=Visit)
    async def visit(request: Request, who: Staff, visit_id: UUID) -> Response:
        """A visit as it stands."""
        return await answering.shown(request, "look_at_visit", lambda work: _shown(work, who, VisitId(visit_id)))

    return router


def _shown(work: Work, who: Principal, visit_id: VisitId) -> Visit:
    state = look_at_visit(work, who.organisation_id, visit_id)
    match state:
        case Unscheduled():
            raise NotFound
        case Scheduled(visit=scheduled):
            found = _visit(scheduled, "scheduled")
        case Cancelled(visit=scheduled):
            found = _visit(scheduled, "cancelled")
        case _:
            assert_never(state)
    if not _may_see(who, found.worker_id):
        raise NotFound
    return found


def _may_see(who: Principal, worker_id: UUID) -> bool:
    return who.role == "operator" or who.person_id == worker_id


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        kind=row["kind"],
        start=row["starts_at"],
        end=row["ends_at"],
        zone=row["zone"],
        request_id=row["request_id"],
        visit_id=row["visit_id"],
        overlap_accepted=row["overlap_accepted"],
    )


def _visit_row(row: Mapping[str, Any]) -> Visit:
    return Visit(start=row["starts_at"], end=row["ends_at"], **row)


def _visit(visit: VisitScheduled, status: Status) -> Visit:
    return Visit(
        start=visit.slot.start,
        end=visit.slot.end,
        zone=visit.slot.zone,
        status=status,
        visit_id=visit.visit_id,
        chain_id=visit.chain_id,
        request_id=visit.request_id,
        worker_id=visit.worker_id,
        client_id=visit.client_id,
        service=visit.service,
        postal_code=visit.postal_code,
        rate_cents=visit.terms.rate_cents,
        currency=visit.terms.currency,
        offer_id=visit.terms.offer_id,
        catalogue_version=visit.terms.catalogue_version,
    )
