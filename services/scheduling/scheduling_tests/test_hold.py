"""A request's slot: every decision in every state."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from scheduling.domain.calendar.events import CalendarSlotTaken
from scheduling.domain.calendar.state import CALENDAR, CalendarWeek
from scheduling.domain.hold.decide import Selection, decide_confirmation, decide_end, decide_selection
from scheduling.domain.hold.events import (
    BookingUndone,
    HoldEvent,
    RequestEnded,
    SlotBooked,
    SlotHeld,
    SlotRefused,
    SlotReleased,
)
from scheduling.domain.hold.state import HOLD, HoldState

from .world import (
    COLLEAGUE,
    CONFIRMED,
    FIRST,
    HOLD_1,
    HOLD_2,
    HOUR,
    NOW,
    SECOND,
    SLOT,
    VISIT_1,
    VISIT_2,
    WORKER,
    slot,
)

HELD = SlotHeld(selection_id=FIRST, worker_id=WORKER, hold_id=HOLD_1, slot=SLOT, overlap_accepted=False)
HELD_BY_COLLEAGUE = SlotHeld(
    selection_id=SECOND, worker_id=COLLEAGUE, hold_id=HOLD_2, slot=SLOT, overlap_accepted=False
)
OVERLAPPING = slot("2026-06-01T09:00", 2)
REFUSED = SlotRefused(selection_id=FIRST, worker_id=WORKER, reason="overlap", conflict=OVERLAPPING)
REFUSED_TO_COLLEAGUE = SlotRefused(selection_id=SECOND, worker_id=COLLEAGUE, reason="overlap", conflict=OVERLAPPING)
BOOKED = SlotBooked(hold_id=HOLD_1, visit_id=VISIT_1)
CONFIRMED_2 = CONFIRMED.model_copy(update={"hold_id": HOLD_2})
ENDED = RequestEnded(by="operator", reason_code="asked_by_client")
UNASSIGNED = SlotReleased(worker_id=WORKER, hold_id=HOLD_1, slot=SLOT, reason="unassigned")
RELEASED = SlotReleased(worker_id=WORKER, hold_id=HOLD_1, slot=SLOT, reason="request_ended")
GIVEN_AWAY = BookingUndone(
    worker_id=WORKER,
    hold_id=HOLD_1,
    visit_id=VISIT_1,
    slot=SLOT,
    by="operator",
    reason_code="another_worker_selected",
)
UNDONE = GIVEN_AWAY.model_copy(update={"reason_code": "asked_by_client"})

EMPTY = CalendarWeek()
BUSY = CALENDAR.fold([CalendarSlotTaken(hold_id=HOLD_2, slot=OVERLAPPING)])
OWN = CALENDAR.fold([CalendarSlotTaken(hold_id=HOLD_1, slot=SLOT)])

NOTHING: list[HoldEvent] = []
IS_REFUSED: list[HoldEvent] = [REFUSED]
IS_HELD: list[HoldEvent] = [HELD]
IS_RELEASED: list[HoldEvent] = [HELD, UNASSIGNED, REFUSED_TO_COLLEAGUE]
IS_BOOKED: list[HoldEvent] = [HELD, CONFIRMED, BOOKED]
IS_ENDED: list[HoldEvent] = [ENDED]


def given(events: Sequence[HoldEvent]) -> HoldState:
    return HOLD.fold(events)


def select(
    state: HoldState,
    week: CalendarWeek = EMPTY,
    *,
    second: bool = False,
    same_worker: bool = False,
    accept_overlap: bool = False,
    visit_started: bool = False,
    at: datetime = NOW,
) -> tuple[HoldEvent, ...]:
    selection = Selection(
        selection_id=SECOND if second else FIRST,
        worker_id=COLLEAGUE if second and not same_worker else WORKER,
        slot=SLOT,
        accept_overlap=accept_overlap,
    )
    return decide_selection(state, selection, [week], visit_started=visit_started, at=at)


def end(state: HoldState, *, visit_started: bool = False) -> tuple[HoldEvent, ...]:
    return decide_end(state, by="operator", reason_code="asked_by_client", visit_started=visit_started)


class TestNothingHeld:
    def test_a_free_slot_is_held(self) -> None:
        assert select(given(NOTHING)) == (HELD,)

    def test_an_overlap_is_refused_with_the_slot_in_the_way(self) -> None:
        assert select(given(NOTHING), BUSY) == (REFUSED,)

    def test_an_accepted_overlap_is_held_and_says_so(self) -> None:
        assert select(given(NOTHING), BUSY, accept_overlap=True) == (
            HELD.model_copy(update={"overlap_accepted": True}),
        )

    def test_accepting_an_overlap_that_is_not_there_is_no_overlap(self) -> None:
        assert select(given(NOTHING), accept_overlap=True) == (HELD,)

    def test_a_slot_that_has_begun_is_refused_even_over_an_accepted_overlap(self) -> None:
        past = SlotRefused(selection_id=FIRST, worker_id=WORKER, reason="slot_in_past")
        assert select(given(NOTHING), BUSY, accept_overlap=True, at=SLOT.start + HOUR) == (past,)

    def test_a_confirmation_waits_for_its_hold(self) -> None:
        assert decide_confirmation(given(NOTHING), CONFIRMED) == (CONFIRMED,)

    def test_a_confirmation_waits_once(self) -> None:
        assert decide_confirmation(given([CONFIRMED]), CONFIRMED) == ()

    def test_a_slot_that_is_confirmed_already_is_booked_as_it_is_held(self) -> None:
        assert select(given([CONFIRMED])) == (HELD, BOOKED)

    def test_an_end_is_remembered(self) -> None:
        assert end(given(NOTHING)) == (ENDED,)


class TestRefused:
    def test_the_same_selection_is_not_answered_again(self) -> None:
        assert select(given(IS_REFUSED)) == ()

    def test_another_worker_is_held(self) -> None:
        assert select(given(IS_REFUSED), second=True) == (HELD_BY_COLLEAGUE,)

    def test_an_end_is_remembered(self) -> None:
        assert end(given(IS_REFUSED)) == (ENDED,)


class TestHeld:
    def test_the_same_selection_is_not_answered_again(self) -> None:
        assert select(given(IS_HELD), OWN) == ()

    def test_another_worker_is_held_and_the_first_one_is_free_again(self) -> None:
        assert select(given(IS_HELD), second=True) == (UNASSIGNED, HELD_BY_COLLEAGUE)

    def test_the_first_one_is_free_again_even_if_the_other_is_refused(self) -> None:
        assert select(given(IS_HELD), BUSY, second=True) == (UNASSIGNED, REFUSED_TO_COLLEAGUE)

    def test_a_workers_own_hold_is_not_in_the_way_of_their_next(self) -> None:
        held = HELD.model_copy(update={"selection_id": SECOND, "hold_id": HOLD_2})
        assert select(given(IS_HELD), OWN, second=True, same_worker=True) == (UNASSIGNED, held)

    def test_a_confirmation_books_the_slot(self) -> None:
        assert decide_confirmation(given(IS_HELD), CONFIRMED) == (CONFIRMED, BOOKED)

    def test_a_confirmation_of_another_hold_books_nothing(self) -> None:
        assert decide_confirmation(given(IS_HELD), CONFIRMED_2) == (CONFIRMED_2,)

    def test_an_end_releases_the_slot(self) -> None:
        assert end(given(IS_HELD)) == (ENDED, RELEASED)


class TestReleased:
    def test_an_earlier_selection_is_not_answered_again(self) -> None:
        assert select(given(IS_RELEASED)) == ()

    def test_a_confirmation_of_the_released_hold_books_nothing(self) -> None:
        assert decide_confirmation(given(IS_RELEASED), CONFIRMED) == (CONFIRMED,)

    def test_an_end_releases_nothing_more(self) -> None:
        assert end(given(IS_RELEASED)) == (ENDED,)


class TestBooked:
    def test_the_same_selection_is_not_answered_again(self) -> None:
        assert select(given(IS_BOOKED), OWN) == ()

    def test_the_same_confirmation_books_nothing_more(self) -> None:
        assert decide_confirmation(given(IS_BOOKED), CONFIRMED) == ()

    def test_another_worker_is_held_and_the_visit_of_the_first_one_undone(self) -> None:
        assert select(given(IS_BOOKED), second=True) == (GIVEN_AWAY, HELD_BY_COLLEAGUE)

    def test_another_worker_is_booked_once_confirmed(self) -> None:
        state = given([*IS_BOOKED, GIVEN_AWAY, HELD_BY_COLLEAGUE])
        booked = SlotBooked(hold_id=HOLD_2, visit_id=VISIT_2)
        assert decide_confirmation(state, CONFIRMED_2) == (CONFIRMED_2, booked)

    def test_nobody_else_is_held_once_the_visit_has_started(self) -> None:
        refused = SlotRefused(selection_id=SECOND, worker_id=COLLEAGUE, reason="request_ended")
        assert select(given(IS_BOOKED), second=True, visit_started=True) == (refused,)

    def test_an_end_undoes_the_booking(self) -> None:
        assert end(given(IS_BOOKED)) == (ENDED, UNDONE)

    def test_an_end_leaves_a_visit_that_has_started(self) -> None:
        assert end(given(IS_BOOKED), visit_started=True) == (ENDED,)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([], id="before anything else"),
        pytest.param(IS_REFUSED, id="after a refusal"),
        pytest.param(IS_HELD, id="after a hold"),
        pytest.param(IS_BOOKED, id="after a booking"),
    ],
)
class TestEnded:
    def ended(self, before: list[Any]) -> HoldState:
        state = given(before)
        return HOLD.fold([*before, *end(state)])

    def test_a_worker_selected_later_is_refused(self, before: list[Any]) -> None:
        refused = SlotRefused(selection_id=SECOND, worker_id=COLLEAGUE, reason="request_ended")
        assert select(self.ended(before), second=True) == (refused,)

    def test_a_confirmation_books_nothing(self, before: list[Any]) -> None:
        assert decide_confirmation(self.ended(before), CONFIRMED_2) == ()

    def test_an_end_ends_nothing_more(self, before: list[Any]) -> None:
        assert end(self.ended(before)) == ()


def test_a_selection_refused_after_the_end_is_answered_once() -> None:
    refused = select(given(IS_ENDED))
    assert refused == (SlotRefused(selection_id=FIRST, worker_id=WORKER, reason="request_ended"),)
    assert select(given([*IS_ENDED, *refused])) == ()


def test_ids_of_holds_and_visits_follow_from_the_selection_for_ever() -> None:
    assert UUID("eae4f2db-a198-554e-85eb-c45b2f4b3bdb") == HOLD_1
    assert UUID("98447ae8-453f-53a6-a0c8-56441a2dce6e") == VISIT_1
