"""What is stored stays readable: one golden file for every version of every stored event."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from doorstep_chassis.domain import Event
from doorstep_chassis.store.mapper import codec
from scheduling.domain.calendar.events import CalendarSlotFreed, CalendarSlotTaken
from scheduling.domain.hold.events import (
    BookingUndone,
    RequestEnded,
    SlotBooked,
    SlotHeld,
    SlotRefused,
    SlotReleased,
)
from scheduling.domain.ids import ChainId
from scheduling.domain.visit.events import VisitCancelled, VisitScheduled

from .world import CLIENT, CONFIRMED, FIRST, HOLD_1, REQUEST, SLOT, TERMS, VISIT_1, WORKER, slot

GOLDEN = Path(__file__).parent / "golden"

EVENTS: list[Event] = [
    CalendarSlotTaken(hold_id=HOLD_1, slot=SLOT),
    CalendarSlotFreed(hold_id=HOLD_1, start=SLOT.start),
    CONFIRMED,
    RequestEnded(by="deadline", reason_code="slot_start"),
    SlotHeld(selection_id=FIRST, worker_id=WORKER, hold_id=HOLD_1, slot=SLOT, overlap_accepted=True),
    SlotRefused(selection_id=FIRST, worker_id=WORKER, reason="overlap", conflict=slot("2026-06-01T09:30", 1.5)),
    SlotReleased(worker_id=WORKER, hold_id=HOLD_1, slot=SLOT, reason="unassigned"),
    SlotBooked(hold_id=HOLD_1, visit_id=VISIT_1),
    BookingUndone(
        worker_id=WORKER, hold_id=HOLD_1, visit_id=VISIT_1, slot=SLOT, by="operator", reason_code="asked_by_client"
    ),
    VisitScheduled(
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
        overlap_accepted=True,
    ),
    VisitCancelled(
        visit_id=VISIT_1,
        chain_id=ChainId(REQUEST),
        request_id=REQUEST,
        hold_id=HOLD_1,
        worker_id=WORKER,
        client_id=CLIENT,
        by="operator",
        reason_code=None,
    ),
]


def golden(event: Event) -> Path:
    return GOLDEN / f"{event.TOPIC}.v{event.VERSION}.json"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TOPIC)
def test_a_golden_file_is_read_as_the_event_it_was(event: Event) -> None:
    data = json.loads(golden(event).read_text(encoding="utf-8"))
    assert codec(event.stored_topic()).fact(json.dumps({"data": data}).encode())["data"] == event


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TOPIC)
def test_an_event_is_written_in_the_shape_of_its_golden_file(event: Event) -> None:
    assert event.model_dump(mode="json") == json.loads(golden(event).read_text(encoding="utf-8"))


def test_every_stored_event_has_a_golden_file_and_a_topic_of_its_own() -> None:
    classes = {cls for cls in Event.__subclasses__() if cls.__module__.startswith("scheduling.")}
    assert {type(event) for event in EVENTS} == classes
    assert {golden(event).name for event in EVENTS} == {file.name for file in GOLDEN.iterdir()}
    assert len({cls.TOPIC for cls in classes}) == len(classes)


def test_a_fresh_process_that_only_reads_knows_every_stored_event() -> None:
    topics = [event.stored_topic() for event in EVENTS]
    code = f"import scheduling.main\nfrom doorstep_chassis.store.mapper import codec\n[codec(t) for t in {topics!r}]"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
