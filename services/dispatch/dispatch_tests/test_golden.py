"""What is stored stays readable: one golden file for every version of every stored event."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from dispatch.domain.award.events import (
    ApplicantPassed,
    AwardConfirmed,
    AwardEnded,
    BroadcastClosed,
    NobodyCalled,
)
from dispatch.domain.eligibility import Verdict
from dispatch.domain.policy.events import PolicySet
from dispatch.domain.roster.events import WorkerDelisted, WorkerListed
from dispatch.domain.worker.events import Profile, WorkerChanged, WorkerRegistered
from doorstep_chassis.domain import Event
from doorstep_chassis.store.mapper import codec

from .world import ANNE, BRUNO, CREATOR, SELF_NEW, applied, assigned, failed, opened, selected, shut, started

GOLDEN = Path(__file__).parent / "golden"
PROFILE = Profile.of(active=True, services=["menage", "garde"], postal_codes=["01700"], postal_prefixes=["69"])
VERDICTS = (
    Verdict(worker_id=CREATOR, reasons=()),
    Verdict(worker_id=ANNE, reasons=("inactive", "postal_code_not_served")),
)

EVENTS: list[Event] = [
    WorkerRegistered(worker_id=ANNE, profile=PROFILE),
    WorkerChanged(worker_id=ANNE, profile=PROFILE),
    WorkerListed(worker_id=ANNE, profile=PROFILE),
    WorkerDelisted(worker_id=ANNE),
    PolicySet(version=1, broadcast=True, award="first_come", application_deadline_hours=12),
    started(SELF_NEW),
    NobodyCalled(policy_version=1, verdicts=VERDICTS),
    opened(CREATOR, BRUNO).model_copy(update={"verdicts": VERDICTS}),
    applied(ANNE),
    ApplicantPassed(worker_id=ANNE, reasons=("service_not_held",)),
    selected(ANNE, accept_overlap=True),
    failed(ANNE),
    assigned(ANNE),
    shut("selection"),
    BroadcastClosed(reason="deadline"),
    AwardConfirmed(),
    AwardEnded(how="declined"),
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
    classes = {cls for cls in Event.__subclasses__() if cls.__module__.startswith("dispatch.")}
    assert {type(event) for event in EVENTS} == classes
    assert {golden(event).name for event in EVENTS} == {file.name for file in GOLDEN.iterdir()}
    assert len({cls.TOPIC for cls in classes}) == len(classes)


def test_a_fresh_process_that_only_reads_knows_every_stored_event() -> None:
    topics = [event.stored_topic() for event in EVENTS]
    code = f"import dispatch.main\nfrom doorstep_chassis.store.mapper import codec\n[codec(t) for t in {topics!r}]"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
