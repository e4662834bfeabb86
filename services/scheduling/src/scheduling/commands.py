"""The use cases of scheduling, all on one screen: load, decide, append, and carry out what was decided."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from doorstep_chassis.domain import Ref
from doorstep_chassis.work import Work

from scheduling.domain.calendar.decide import Obstacle, obstacle
from scheduling.domain.calendar.events import CalendarEvent, CalendarSlotFreed, CalendarSlotTaken
from scheduling.domain.calendar.state import CALENDAR, CalendarWeek
from scheduling.domain.hold.decide import Selection, decide_confirmation, decide_end, decide_selection
from scheduling.domain.hold.events import (
    BookingUndone,
    HoldEvent,
    RequestConfirmed,
    SlotBooked,
    SlotHeld,
    SlotReleased,
)
from scheduling.domain.hold.state import HOLD, Booked, HoldState
from scheduling.domain.ids import ChainId, RequestId, VisitId, WorkerId
from scheduling.domain.slot import Slot, weeks_of
from scheduling.domain.visit.decide import decide_cancel, decide_schedule, has_started
from scheduling.domain.visit.events import EndedBy, VisitScheduled
from scheduling.domain.visit.state import VISIT, VisitState


def look_at_slot(
    work: Work, organisation_id: UUID, worker_id: WorkerId, start: datetime, end: datetime
) -> Obstacle | None:
    """Whether the worker is free at a slot; None when they are."""
    return obstacle(_weeks(work, organisation_id, worker_id, start, end), start, end, now=work.now)


def look_at_visit(work: Work, organisation_id: UUID, visit_id: VisitId) -> VisitState:
    """The visit as it stands."""
    return work.state(VISIT.at(organisation_id, visit_id))


def select_worker(
    work: Work, organisation_id: UUID, request_id: RequestId, selection: Selection, *, at: datetime
) -> None:
    """Hold the slot of the worker who was selected, or refuse it."""
    ref = HOLD.at(organisation_id, request_id)
    calendar = _calendar(organisation_id, selection.worker_id, selection.slot.start, selection.slot.end)
    work.expect_new(ref)
    work.expect(ref, *calendar)
    state = work.state(ref)
    weeks = _weeks(work, organisation_id, selection.worker_id, selection.slot.start, selection.slot.end)
    started = _visit_started(work, organisation_id, state, at)
    decided = decide_selection(state, selection, weeks, visit_started=started, at=at)
    _carry_out(work, organisation_id, request_id, decided, at)


def confirm_request(
    work: Work, organisation_id: UUID, request_id: RequestId, confirmation: RequestConfirmed, *, at: datetime
) -> None:
    """Make a visit of the held slot."""
    state = work.state(HOLD.at(organisation_id, request_id))
    _carry_out(work, organisation_id, request_id, decide_confirmation(state, confirmation), at)


def end_request(
    work: Work, organisation_id: UUID, request_id: RequestId, *, by: EndedBy, reason_code: str | None, at: datetime
) -> None:
    """Free what the request has in the calendar."""
    state = work.state(HOLD.at(organisation_id, request_id))
    started = _visit_started(work, organisation_id, state, at)
    decided = decide_end(state, by=by, reason_code=reason_code, visit_started=started)
    _carry_out(work, organisation_id, request_id, decided, at)


def _carry_out(
    work: Work, organisation_id: UUID, request_id: RequestId, decided: Iterable[HoldEvent], at: datetime
) -> None:
    """What is decided of a request's slot holds in the calendar and for the visit at once: one unit."""
    ref = HOLD.at(organisation_id, request_id)
    for event in decided:
        state = work.append(ref, event)
        match event:
            case SlotHeld(hold_id=hold_id, slot=slot):
                taken = CalendarSlotTaken(hold_id=hold_id, slot=slot)
                _mark(work, organisation_id, event.worker_id, slot, taken)
            case SlotReleased(hold_id=hold_id, slot=slot):
                freed = CalendarSlotFreed(hold_id=hold_id, start=slot.start)
                _mark(work, organisation_id, event.worker_id, slot, freed)
            case SlotBooked(visit_id=visit_id):
                assert isinstance(state, Booked)
                visit = VISIT.at(organisation_id, visit_id)
                work.expect_new(visit)
                work.append(visit, *decide_schedule(work.state(visit), _visit(request_id, state)))
            case BookingUndone(hold_id=hold_id, visit_id=visit_id, slot=slot):
                visit = VISIT.at(organisation_id, visit_id)
                cancel = decide_cancel(work.state(visit), by=event.by, reason_code=event.reason_code, at=at)
                work.append(visit, *cancel)
                freed = CalendarSlotFreed(hold_id=hold_id, start=slot.start)
                _mark(work, organisation_id, event.worker_id, slot, freed)
            case _:
                pass


def _visit(request_id: RequestId, booked: Booked) -> VisitScheduled:
    """The first visit of a chain, which bears the request's id; its terms are those the request was quoted."""
    hold, confirmation = booked.hold, booked.known.confirmed[booked.hold.hold_id]
    return VisitScheduled(
        visit_id=booked.visit_id,
        chain_id=ChainId(request_id),
        request_id=request_id,
        hold_id=hold.hold_id,
        worker_id=hold.worker_id,
        client_id=confirmation.client_id,
        slot=hold.slot,
        service=confirmation.service,
        postal_code=confirmation.postal_code,
        terms=confirmation.terms,
        overlap_accepted=hold.overlap_accepted,
    )


def _visit_started(work: Work, organisation_id: UUID, state: HoldState, at: datetime) -> bool:
    match state:
        case Booked(visit_id=visit_id):
            return has_started(work.state(VISIT.at(organisation_id, visit_id)), at=at)
        case _:
            return False


def _weeks(
    work: Work, organisation_id: UUID, worker_id: WorkerId, start: datetime, end: datetime
) -> list[CalendarWeek]:
    return [work.state(ref) for ref in _calendar(organisation_id, worker_id, start, end)]


def _calendar(organisation_id: UUID, worker_id: WorkerId, start: datetime, end: datetime) -> list[Ref[CalendarWeek]]:
    """Every week of the worker's calendar that the slot touches."""
    return [CALENDAR.at(organisation_id, f"{worker_id}/{week}") for week in weeks_of(start, end)]


def _mark(work: Work, organisation_id: UUID, worker_id: WorkerId, slot: Slot, event: CalendarEvent) -> None:
    """Write to every week that the slot touches."""
    for ref in _calendar(organisation_id, worker_id, slot.start, slot.end):
        work.append(ref, event)
