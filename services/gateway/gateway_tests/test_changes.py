"""Who hears of what changed: never more than they may see, once each, in whatever order topics meet."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from doorstep_chassis.auth import NO_ORGANISATION, Principal, Role
from doorstep_chassis.domain import Event
from doorstep_chassis.store.mapper import codec
from doorstep_chassis.testing import Story
from doorstep_contracts import directory, dispatch, intake, samples, scheduling
from doorstep_contracts.base import PublicEvent
from gateway.changes.audience import Hint, hint_for
from gateway.changes.events import Changed, People
from gateway.changes.reactions import CHANGES, together
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
SAMPLE = {type(event): event for event in samples.SAMPLES.values()}
GOLDEN = Path(__file__).parent / "golden"

ORGANISATION = SAMPLE[intake.RequestDrafted].organisation_id
REQUEST = SAMPLE[intake.RequestDrafted].request_id  # type: ignore[attr-defined]
CREATOR, WORKER, APPLICANT, OUTSIDER, CLIENT = (UUID(int=number) for number in range(1, 6))

Said = tuple[str, set[str]]


def sample(cls: type[PublicEvent], **changes: Any) -> PublicEvent:
    return SAMPLE[cls].model_copy(update=changes)


def drafted() -> PublicEvent:
    return sample(intake.RequestDrafted, created_by=CREATOR)


def launched() -> PublicEvent:
    return sample(intake.RequestLaunched, created_by=CREATOR, client_id=CLIENT)


def assigned(worker: UUID = WORKER) -> PublicEvent:
    return sample(dispatch.WorkerAssigned, worker_id=worker)


def applied(worker: UUID) -> PublicEvent:
    return sample(dispatch.ApplicationReceived, worker_id=worker)


def shut(*missing: str) -> PublicEvent:
    return sample(dispatch.WorkerGateShut, missing=missing)


def person(who: UUID, role: Role = "worker", request: UUID | None = None) -> Principal:
    return Principal(who, ORGANISATION, role, request)


EVERYBODY = {
    "operator": person(UUID(int=9), "operator"),
    "creator": person(CREATOR),
    "worker": person(WORKER),
    "applicant": person(APPLICANT),
    "outsider": person(OUTSIDER),
    "client": person(CLIENT, "client", REQUEST),
}


def heard(events: list[Event]) -> list[dict[str, Hint]]:
    """Of each change: who hears what."""
    told = []
    for event in events:
        assert isinstance(event, Changed)
        hints = {name: hint_for(who, event) for name, who in EVERYBODY.items()}
        told.append({name: hint for name, hint in hints.items() if hint is not None})
    return told


def here(kind: Any) -> Hint:
    return Hint(kind, REQUEST)


def story() -> Story:
    return Story("gateway", NOW, reactions=CHANGES)


async def after(*before: PublicEvent, then: PublicEvent) -> list[dict[str, Hint]]:
    """What the last event says, once the others have been heard."""
    played = story()
    await played.receive(*before)
    return heard(await played.receive(then))


CALLS = Hint("calls", None)


@pytest.mark.parametrize(
    ("before", "event", "expected"),
    [
        ([], drafted(), {"operator": here("request"), "creator": here("request")}),
        ([drafted()], launched(), {"operator": here("request"), "creator": here("request")}),
        (
            [launched()],
            sample(intake.RequestConfirmed, worker_id=WORKER, client_id=CLIENT),
            {name: here("request") for name in ("operator", "creator", "worker", "client")},
        ),
        *(
            (
                [launched(), applied(APPLICANT), assigned()],
                sample(cls),
                {name: here("request") for name in ("operator", "creator", "worker", "client")},
            )
            for cls in (intake.RequestCancelled, intake.RequestDeclined, intake.RequestExpired)
        ),
        ([drafted()], sample(directory.ClientResolved, client_id=CLIENT), {"operator": here("client")}),
        ([drafted()], sample(directory.ClientReviewOpened), {"operator": here("client")}),
        *(
            (
                [launched(), assigned()],
                sample(cls, client_id=CLIENT),
                {name: here("client") for name in ("operator", "creator", "client")},
            )
            for cls in (
                directory.ClientValidated,
                directory.ClientValidationRequested,
                directory.ClientGateShut,
                directory.ClientDeclined,
            )
        ),
        *(
            (
                [launched()],
                sample(cls),
                {"operator": here("worker")} | dict.fromkeys(("creator", "worker", "applicant", "outsider"), CALLS),
            )
            for cls in (dispatch.BroadcastOpened, dispatch.BroadcastClosed)
        ),
        ([launched()], applied(APPLICANT), {"operator": here("worker"), "applicant": here("worker")}),
        (
            [launched(), applied(APPLICANT), applied(WORKER)],
            sample(dispatch.WorkerSelected, worker_id=WORKER),
            {"operator": here("worker")},
        ),
        (
            [launched(), applied(APPLICANT), applied(WORKER)],
            assigned(),
            {name: here("worker") for name in ("operator", "creator", "worker", "applicant")},
        ),
        ([launched()], shut("applications"), {"operator": here("worker"), "creator": here("worker")}),
        (
            [launched(), assigned()],
            shut("operator"),
            {"operator": here("worker"), "creator": here("worker"), "worker": here("worker")},
        ),
        ([launched(), assigned()], sample(scheduling.SlotHeld, worker_id=WORKER), {"operator": here("calendar")}),
        ([launched(), assigned()], sample(scheduling.SlotReleased, worker_id=WORKER), {"operator": here("calendar")}),
        *(
            (
                [launched()],
                sample(cls, worker_id=WORKER, client_id=CLIENT, request_id=REQUEST),
                {name: here("calendar") for name in ("operator", "creator", "worker", "client")},
            )
            for cls in (scheduling.VisitScheduled, scheduling.VisitCancelled)
        ),
        (
            [],
            sample(intake.RequestSettingsChanged),
            dict.fromkeys(("operator", "creator", "worker", "applicant", "outsider"), Hint("settings", None)),
        ),
        (
            [],
            sample(dispatch.WorkerRegistered, worker_id=WORKER),
            {"operator": Hint("workers", None), "worker": Hint("workers", None)},
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, PublicEvent) else "",
)
async def test_who_hears_of_an_event(before: list[PublicEvent], event: PublicEvent, expected: dict[str, Hint]) -> None:
    assert await after(*before, then=event) == [expected]


async def test_a_choice_that_failed_is_not_betrayed_to_a_creator_who_applied() -> None:
    before = (launched(), applied(CREATOR), shut("selection"), sample(dispatch.WorkerSelected, worker_id=WORKER))
    assert await after(*before, then=shut("selection")) == [{"operator": here("worker")}]


async def test_a_worker_who_no_longer_is_assigned_hears_that_and_nothing_more() -> None:
    before = (launched(), assigned(), shut("operator"))
    assert await after(*before, then=sample(intake.RequestCancelled)) == [
        {name: here("request") for name in ("operator", "creator", "client")}
    ]


async def test_a_change_that_comes_before_its_draft_reaches_operators_and_the_draft_its_creator() -> None:
    played = story()
    assert heard(await played.receive(shut("operator"), drafted())) == [
        {"operator": here("worker")},
        {"operator": here("request"), "creator": here("request")},
    ]


async def test_another_organisation_has_changes_of_its_own() -> None:
    other = UUID(int=77)
    played = story()
    await played.receive(drafted())
    changed = await played.receive(sample(intake.RequestCancelled, organisation_id=other))
    assert [event.people for event in changed if isinstance(event, Changed)] == [People()]


async def test_a_client_hears_of_their_request_alone_and_a_service_of_nothing() -> None:
    changed = Changed(kind="client", request_id=REQUEST, client=CLIENT, source="s", fact=UUID(int=8))
    assert hint_for(person(CLIENT, "client", UUID(int=6)), changed) is None
    assert hint_for(person(OUTSIDER, "client", REQUEST), changed) is None
    assert hint_for(person(CLIENT, "client"), changed) == here("client")
    assert hint_for(Principal(CREATOR, NO_ORGANISATION, "service"), changed) is None


@pytest.mark.parametrize("cls", CHANGES, ids=lambda cls: cls.__name__)
async def test_an_event_delivered_twice_is_one_change(cls: type[PublicEvent]) -> None:
    played = story()
    record = played.record(sample(cls))
    assert [type(event) for event in await played.deliver(record)] == [Changed]
    assert await played.deliver(record) == []  # redelivered
    assert await played.receive(sample(cls)) == []  # the same fact again under a new sequence
    assert await played.parked() == []


async def test_what_comes_back_after_something_else_is_a_change_again() -> None:
    played = story()
    told = await played.receive(
        sample(directory.ClientGateShut), sample(directory.ClientValidated), sample(directory.ClientGateShut)
    )
    assert len(told) == 3


LIFE = [
    drafted(),
    sample(directory.ClientResolved, client_id=CLIENT),
    launched(),
    sample(directory.ClientValidated, client_id=CLIENT),
    sample(dispatch.BroadcastOpened),
    applied(APPLICANT),
    applied(WORKER),
    assigned(),
    sample(intake.RequestConfirmed, worker_id=WORKER, client_id=CLIENT),
    sample(scheduling.VisitScheduled, worker_id=WORKER, client_id=CLIENT, request_id=REQUEST),
]


@settings(max_examples=30, deadline=None)
@given(st.permutations(LIFE))
async def test_in_whatever_order_topics_meet_each_event_is_one_change_and_everybody_hears(
    order: list[PublicEvent],
) -> None:
    played = story()
    told = heard(await played.receive(*order))
    assert len(told) == len(LIFE)
    names = {name for hints in told for name in hints}
    assert names == set(EVERYBODY)
    assert {hints["outsider"] for hints in told if "outsider" in hints} == {CALLS}
    assert all("operator" in hints for hints in told)


async def test_two_tables_together_handle_an_event_that_both_know_in_one_unit() -> None:
    seen: list[str] = []

    def other(work: Any, event: Any, message: Any) -> None:
        seen.append(type(event).__name__)

    both = together(CHANGES, {intake.RequestDrafted: other, dispatch.WorkerRegistered: other})
    played = Story("gateway", NOW, reactions=both)
    await played.receive(drafted(), sample(dispatch.WorkerRegistered), launched())

    assert list(both) == list(CHANGES)
    assert seen[-1] == "WorkerRegistered"
    assert set(seen) == {"RequestDrafted", "WorkerRegistered"}
    assert len(await played.added()) == 3


# What is stored

STORED = Changed(
    kind="worker",
    request_id=REQUEST,
    workers=(CREATOR, WORKER),
    client=CLIENT,
    everyone=False,
    calls=True,
    people=People(creator=CREATOR, client=CLIENT, worker=WORKER, applicants=(APPLICANT,), lacks=("selection",)),
    source="dispatch.assignments.v1",
    fact=UUID(int=8),
)
FILE = GOLDEN / "gateway.changed.v1.json"


def test_the_golden_file_is_read_as_the_event_it_was_and_written_in_its_shape() -> None:
    data = json.loads(FILE.read_text(encoding="utf-8"))
    assert codec(STORED.stored_topic()).fact(json.dumps({"data": data}).encode())["data"] == STORED
    assert STORED.model_dump(mode="json") == data


def test_a_fresh_process_that_only_reads_knows_the_event() -> None:
    code = f"import gateway.main\nfrom doorstep_chassis.store.mapper import codec\ncodec({STORED.stored_topic()!r})"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
