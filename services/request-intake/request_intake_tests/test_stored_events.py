"""What is stored can be read for ever: one golden file a stored shape, and a name that a fresh process knows."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from doorstep_chassis.domain import Event
from doorstep_chassis.store.mapper import decode_event
from request_intake.domain.organisation.events import OrganisationEvent
from request_intake.domain.request.events import RequestEvent

from .samples import STORED

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("event", STORED, ids=lambda event: event.TOPIC)
def test_today_s_code_reads_the_stored_shape(event: Event) -> None:
    stored = (GOLDEN / f"{event.TOPIC}.v{event.VERSION}.json").read_bytes()
    assert decode_event(event.stored_topic(), b'{"meta":{},"data":' + stored + b"}") == event


@pytest.mark.parametrize("event", STORED, ids=lambda event: event.TOPIC)
def test_today_s_code_writes_the_stored_shape(event: Event) -> None:
    stored = json.loads((GOLDEN / f"{event.TOPIC}.v{event.VERSION}.json").read_bytes())
    assert json.loads(event.model_dump_json()) == stored


def test_every_event_has_a_sample_and_no_file_is_left_over() -> None:
    classes = {*get_args(OrganisationEvent), *get_args(RequestEvent)}
    in_code = {cls for cls in Event.__subclasses__() if cls.__module__.startswith("request_intake.")}
    assert in_code == classes == {type(event) for event in STORED}
    names = {f"{cls.TOPIC}.v{version}" for cls in classes for version in range(1, cls.VERSION + 1)}
    assert {path.name.removesuffix(".json") for path in GOLDEN.iterdir()} == names


def test_a_fresh_process_knows_every_stored_name() -> None:
    topics = [event.TOPIC for event in STORED]
    code = (
        "import request_intake.main; from eventsourcing.utils import resolve_topic;"
        f"print(*[resolve_topic(topic).__name__ for topic in {topics!r}])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == [type(event).__name__ for event in STORED]
