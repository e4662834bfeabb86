"""The rules of a request's slot (DOMAIN 9, 10 and 13). A process: its refusals are events, because others wait for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Literal, assert_never

from doorstep_chassis.domain import derived_id

from scheduling.domain.calendar.decide import obstacle
from scheduling.domain.calendar.state import CalendarWeek
from scheduling.domain.hold.events import (
    BookingUndone,
    HoldEvent,
    RequestConfirmed,
    RequestEnded,
    SlotBooked,
    SlotHeld,
    SlotRefused,
    SlotReleased,
)
from scheduling.domain.hold.state import Booked, Ended, Held, HoldState, Open, evolve
from scheduling.domain.ids import HoldId, SelectionId, VisitId, WorkerId
from scheduling.domain.slot import Slot
from scheduling.domain.visit.events import EndedBy

ANOTHER_WORKER = "another_worker_selected"
"""The reason of a visit that is cancelled because its request goes to somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Dispatch chose a worker for the request's slot."""

    selection_id: SelectionId
    worker_id: WorkerId
    slot: Slot
    accept_overlap: bool


def hold_id_of(selection_id: SelectionId) -> HoldId:
    """A selection is held at most once, so that its id gives the hold's."""
    return HoldId(derived_id("scheduling.hold", selection_id))


def visit_id_of(hold_id: HoldId) -> VisitId:
    """A hold becomes at most one visit, so that its id gives the visit's."""
    return VisitId(derived_id("scheduling.visit", hold_id))


def decide_selection(
    state: HoldState, selection: Selection, weeks: Sequence[CalendarWeek], *, visit_started: bool, at: datetime
) -> tuple[HoldEvent, ...]:
    """The slot of the worker selected last is held, or refused with the reason; an earlier worker's is free again.

    `weeks` are those of the selected worker's calendar that the slot touches.
    """
    if selection.selection_id in state.known.answered:
        return ()
    match state:
        case Ended():
            return (_refused(selection, "request_ended"),)
        case Open():
            return _settled(state, _answer(selection, weeks, at))
        case Held(hold=hold):
            freed = SlotReleased(worker_id=hold.worker_id, hold_id=hold.hold_id, slot=hold.slot, reason="unassigned")
            return _settled(state, freed, _answer(selection, weeks, at, besides=hold.hold_id))
        case Booked() if visit_started:
            return (_refused(selection, "request_ended"),)
        case Booked(hold=hold):
            undone = _undone(state, by="operator", reason_code=ANOTHER_WORKER)
            return _settled(state, undone, _answer(selection, weeks, at, besides=hold.hold_id))
        case _:
            assert_never(state)


def decide_confirmation(state: HoldState, confirmation: RequestConfirmed) -> tuple[HoldEvent, ...]:
    """A confirmed request's held slot becomes a visit; a confirmation of another hold than the present one waits."""
    if isinstance(state, Ended) or confirmation.hold_id in state.known.confirmed:
        return ()
    return _settled(state, confirmation)


def decide_end(state: HoldState, *, by: EndedBy, reason_code: str | None, visit_started: bool) -> tuple[HoldEvent, ...]:
    """A request that ends releases its slot and cancels its visit, unless that has started; it holds no slot again."""
    ended = RequestEnded(by=by, reason_code=reason_code)
    match state:
        case Ended():
            return ()
        case Open():
            return (ended,)
        case Held(hold=hold):
            return (
                ended,
                SlotReleased(worker_id=hold.worker_id, hold_id=hold.hold_id, slot=hold.slot, reason="request_ended"),
            )
        case Booked():
            return (ended,) if visit_started else (ended, _undone(state, by=by, reason_code=reason_code))
        case _:
            assert_never(state)


def _answer(
    selection: Selection, weeks: Sequence[CalendarWeek], at: datetime, *, besides: HoldId | None = None
) -> SlotHeld | SlotRefused:
    """A worker who is not free is refused, unless they accept what the slot overlaps (DOMAIN 5)."""
    found = obstacle(weeks, selection.slot.start, selection.slot.end, now=at, besides=besides)
    overlap_accepted = found is not None and found.reason == "overlap" and selection.accept_overlap
    if found is not None and not overlap_accepted:
        return _refused(selection, found.reason, found.conflict)
    return SlotHeld(
        selection_id=selection.selection_id,
        worker_id=selection.worker_id,
        hold_id=hold_id_of(selection.selection_id),
        slot=selection.slot,
        overlap_accepted=overlap_accepted,
    )


def _refused(
    selection: Selection, reason: Literal["overlap", "slot_in_past", "request_ended"], conflict: Slot | None = None
) -> SlotRefused:
    return SlotRefused(
        selection_id=selection.selection_id, worker_id=selection.worker_id, reason=reason, conflict=conflict
    )


def _undone(booked: Booked, *, by: EndedBy, reason_code: str | None) -> BookingUndone:
    return BookingUndone(
        worker_id=booked.hold.worker_id,
        hold_id=booked.hold.hold_id,
        visit_id=booked.visit_id,
        slot=booked.hold.slot,
        by=by,
        reason_code=reason_code,
    )


def _settled(state: HoldState, *events: HoldEvent) -> tuple[HoldEvent, ...]:
    """These events, and the booking once the slot is held and confirmed, whichever came last."""
    after: HoldState = reduce(evolve, events, state)
    if isinstance(after, Held) and after.hold.hold_id in after.known.confirmed:
        hold_id = after.hold.hold_id
        return (*events, SlotBooked(hold_id=hold_id, visit_id=visit_id_of(hold_id)))
    return events
