"""A visit: every decision in every state."""

from datetime import timedelta

import pytest
from scheduling.domain.ids import ChainId
from scheduling.domain.visit.decide import decide_cancel, decide_schedule
from scheduling.domain.visit.errors import VisitHasStarted
from scheduling.domain.visit.events import VisitCancelled, VisitScheduled
from scheduling.domain.visit.state import VISIT, Cancelled, Scheduled, Unscheduled

from .world import CLIENT, HOLD_1, NOW, REQUEST, SLOT, TERMS, VISIT_1, WORKER

SCHEDULED = VisitScheduled(
    visit_id=VISIT_1,
    chain_id=ChainId(REQUEST),
    request_id=REQUEST,
    hold_id=HOLD_1,
    worker_id=WORKER,
    client_id=CLIENT,
    slot=SLOT,
    service="menage",
    postal_code="75011",
    terms=TERMS,
    overlap_accepted=False,
)
CANCELLED = VisitCancelled(
    visit_id=VISIT_1,
    chain_id=ChainId(REQUEST),
    request_id=REQUEST,
    hold_id=HOLD_1,
    worker_id=WORKER,
    client_id=CLIENT,
    by="operator",
    reason_code="asked_by_client",
)
BEFORE = SLOT.start - timedelta(microseconds=1)


class TestUnscheduled:
    def test_it_is_scheduled(self) -> None:
        assert decide_schedule(Unscheduled(), SCHEDULED) == (SCHEDULED,)

    def test_there_is_nothing_to_cancel(self) -> None:
        assert decide_cancel(Unscheduled(), by="operator", reason_code=None, at=NOW) == ()


class TestScheduled:
    def test_it_is_not_scheduled_again(self) -> None:
        assert decide_schedule(VISIT.fold([SCHEDULED]), SCHEDULED) == ()

    def test_it_is_cancelled_until_it_starts(self) -> None:
        state = VISIT.fold([SCHEDULED])
        assert decide_cancel(state, by="operator", reason_code="asked_by_client", at=BEFORE) == (CANCELLED,)

    def test_it_is_not_cancelled_from_its_start_on(self) -> None:
        with pytest.raises(VisitHasStarted) as refusal:
            decide_cancel(VISIT.fold([SCHEDULED]), by="operator", reason_code=None, at=SLOT.start)
        assert refusal.value.instant == SLOT.start

    def test_it_is_what_its_event_says(self) -> None:
        assert VISIT.fold([SCHEDULED]) == Scheduled(SCHEDULED)


class TestCancelled:
    def test_it_is_not_scheduled_again(self) -> None:
        assert decide_schedule(VISIT.fold([SCHEDULED, CANCELLED]), SCHEDULED) == ()

    def test_it_is_not_cancelled_again(self) -> None:
        state = VISIT.fold([SCHEDULED, CANCELLED])
        assert decide_cancel(state, by="worker", reason_code=None, at=SLOT.start) == ()

    def test_it_keeps_what_it_was_and_who_cancelled_it(self) -> None:
        assert VISIT.fold([SCHEDULED, CANCELLED]) == Cancelled(SCHEDULED, "operator", "asked_by_client")
