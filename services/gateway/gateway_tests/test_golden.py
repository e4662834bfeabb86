"""What is stored stays readable: one golden file for every version of every stored event."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from doorstep_chassis.domain import Event
from doorstep_chassis.store.mapper import codec
from gateway.domain.correspondence.events import (
    ApplicationHeard,
    AskingOver,
    AssignmentHeard,
    AssignmentLost,
    CallClosed,
    CallOpened,
    ClientAsked,
    ConfirmationHeard,
    RequestHeard,
    RequestOver,
    SelfSelected,
)
from gateway.domain.digest.events import DigestPlanned
from gateway.domain.notification.events import (
    NotificationDropped,
    NotificationPostponed,
    NotificationQueued,
    NotificationSent,
    RecipientsFound,
)
from gateway.domain.person.events import CallMailsSwitched, PersonSeen

from .mail_world import CLIENT, CREATOR, DEADLINE, NOW, REQUEST, WORKER

GOLDEN = Path(__file__).parent / "golden"

EVENTS: list[Event] = [
    NotificationQueued(kind="client_asked", audience="client", recipient_id=CLIENT, request_id=REQUEST, until=DEADLINE),
    NotificationPostponed(code="smtp_451", again_at=NOW),
    NotificationSent(),
    NotificationDropped(reason="no_address"),
    RecipientsFound(count=2),
    RequestHeard(created_by=CREATOR),
    ClientAsked(client_id=CLIENT, deadline=DEADLINE),
    AskingOver(),
    ConfirmationHeard(client_id=CLIENT, starts_at=DEADLINE),
    CallOpened(deadline=DEADLINE),
    CallClosed(reason="assigned"),
    ApplicationHeard(worker_id=WORKER),
    SelfSelected(worker_id=WORKER),
    AssignmentHeard(worker_id=WORKER),
    AssignmentLost(),
    RequestOver(how="cancelled", by_creator=True),
    DigestPlanned(zone="Indian/Reunion", due=DEADLINE),
    PersonSeen(role="worker", details=f"s1.{WORKER.hex}.AAECAwQFBgcICQoLDA0ODw", language="en"),
    CallMailsSwitched(on=False),
]


def golden(event: Event) -> Path:
    return GOLDEN / f"{event.TOPIC}.v{event.VERSION}.json"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TOPIC)
def test_a_golden_file_is_read_as_the_event_it_was(event: Event) -> None:
    data = json.loads(golden(event).read_text(encoding="utf-8"))
    assert codec(event.stored_topic()).fact(json.dumps({"data": data}).encode())["data"] == event
    assert data == event.model_dump(mode="json")


def test_every_stored_event_has_a_golden_file() -> None:
    stored = {cls for cls in Event.__subclasses__() if cls.__module__.startswith("gateway.domain.")}
    assert {type(event) for event in EVENTS} == stored
    assert len(EVENTS) == len({event.TOPIC for event in EVENTS}) == len(stored)


def test_a_fresh_process_knows_every_stored_event() -> None:
    topics = sorted({event.stored_topic() for event in EVENTS})
    program = (
        "import sys, gateway.main; from doorstep_chassis.store.mapper import codec;"
        " [codec(topic) for topic in sys.argv[1:]]"
    )
    done = subprocess.run([sys.executable, "-c", program, *topics], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
