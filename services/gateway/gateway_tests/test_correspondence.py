"""Who is told what about a request, whatever order it is heard in, and nobody the same thing twice."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from doorstep_chassis.domain import Event
from doorstep_chassis.testing import Story
from doorstep_contracts import directory, dispatch, intake
from doorstep_contracts.base import PublicEvent
from gateway.commands import ask_again
from gateway.domain.correspondence.notices import still_meant
from gateway.domain.correspondence.state import CORRESPONDENCE
from gateway.domain.notification.events import NotificationQueued
from gateway.reactions import REACTIONS

from .mail_world import (
    ASKED,
    ASSIGNED,
    AWARDED,
    CANCELLED,
    CLIENT,
    COLLEAGUE,
    CONFIRMED,
    CREATOR,
    DEADLINE,
    DECLINED,
    DRAFTED,
    EXPIRED,
    NOW,
    OPENED,
    ORGANISATION,
    REQUEST,
    THIRD,
    VALIDATED,
    WORKER,
    applied,
    said,
)

Told = tuple[str, str, UUID]

CLIENT_ASKED: Told = ("client_asked", "client", CLIENT)
CLIENT_CONFIRMED: Told = ("client_confirmed", "client", CLIENT)
CALL: Told = ("worker_call", "called", REQUEST)
WON: Told = ("worker_won", "worker", WORKER)
SELF = said(dispatch.WorkerSelected, worker_id=WORKER, by="self")
GATE_SHUT = said(dispatch.WorkerGateShut, missing=("operator",))


def lost(worker_id: UUID) -> Told:
    return ("worker_lost", "worker", worker_id)


def told(events: Sequence[Event]) -> list[Told]:
    return [(each.kind, each.audience, each.recipient_id) for each in events if isinstance(each, NotificationQueued)]


async def story_of(*given: PublicEvent) -> Story:
    story = Story("gateway", NOW, reactions=REACTIONS)
    await story.receive(*given)
    return story


CASES: list[tuple[str, tuple[PublicEvent, ...], PublicEvent, list[Told]]] = [
    ("a draft", (), DRAFTED, []),
    ("a client is asked", (DRAFTED,), ASKED, [CLIENT_ASKED]),
    ("what is asked is less", (DRAFTED, ASKED), said(directory.ClientValidationRequested, deadline=DEADLINE), []),
    (
        "a client is asked anew",
        (DRAFTED, ASKED),
        said(directory.ClientValidationRequested, deadline=DEADLINE + timedelta(hours=1)),
        [CLIENT_ASKED],
    ),
    ("a client is asked again after the gate shut", (ASKED, VALIDATED), ASKED, [CLIENT_ASKED]),
    ("a request is confirmed", (ASKED, VALIDATED, ASSIGNED), CONFIRMED, [CLIENT_CONFIRMED]),
    ("a request is confirmed before anything else is heard", (), CONFIRMED, [CLIENT_CONFIRMED]),
    ("an open call", (DRAFTED,), OPENED, [CALL]),
    ("an application", (DRAFTED, OPENED), applied(WORKER), []),
    ("a selection", (OPENED, applied(WORKER)), said(dispatch.WorkerSelected, worker_id=WORKER, by="operator"), []),
    ("an award", (OPENED, applied(COLLEAGUE), applied(WORKER), applied(THIRD)), ASSIGNED, [WON]),
    (
        "the call closes with the award",
        (OPENED, applied(COLLEAGUE), applied(WORKER), applied(THIRD), ASSIGNED),
        AWARDED,
        [lost(COLLEAGUE), lost(THIRD)],
    ),
    ("the call closes at its deadline", (OPENED, applied(WORKER)), said(dispatch.BroadcastClosed, reason="deadline"), []),
    (
        "an award after the deadline",
        (OPENED, applied(WORKER), applied(COLLEAGUE), said(dispatch.BroadcastClosed, reason="deadline")),
        ASSIGNED,
        [WON, lost(COLLEAGUE)],
    ),
    ("an operator takes somebody else than the first applicant", (applied(CREATOR),), ASSIGNED, [WON, lost(CREATOR)]),
    ("the creator takes it themselves", (DRAFTED, SELF), ASSIGNED, []),
    ("somebody else after a give back", (SELF, ASSIGNED, GATE_SHUT), said(dispatch.WorkerAssigned, worker_id=THIRD),
     [("worker_won", "worker", THIRD)]),
    ("an end of which nobody was told the beginning", (DRAFTED,), CANCELLED, []),
    (
        "an operator cancels",
        (DRAFTED, ASKED, ASSIGNED),
        CANCELLED,
        [("client_cancelled", "client", CLIENT), ("worker_cancelled", "worker", WORKER)],
    ),
    (
        "the creator cancels what they had taken",
        (said(intake.RequestDrafted, created_by=WORKER), ASKED, SELF, ASSIGNED),
        said(intake.RequestCancelled, by="worker"),
        [("client_cancelled", "client", CLIENT)],
    ),
    (
        "a confirmed request is cancelled",
        (CONFIRMED, ASSIGNED),
        CANCELLED,
        [("client_cancelled", "client", CLIENT), ("worker_cancelled", "worker", WORKER)],
    ),
    (
        "the client declines after an award",
        (ASKED, OPENED, applied(WORKER), ASSIGNED, AWARDED),
        DECLINED,
        [("client_declined", "client", CLIENT), ("worker_declined", "worker", WORKER)],
    ),
    (
        "a request expires while applicants wait",
        (ASKED, OPENED, applied(COLLEAGUE), applied(WORKER)),
        EXPIRED,
        [
            ("client_expired", "client", CLIENT),
            ("worker_call_ended", "worker", COLLEAGUE),
            ("worker_call_ended", "worker", WORKER),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("given", "when", "then"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_who_is_told(given: tuple[PublicEvent, ...], when: PublicEvent, then: list[Told]) -> None:
    story = await story_of(*given)

    assert told(await story.receive(when)) == then


@pytest.mark.parametrize(("given", "when"), [case[1:3] for case in CASES], ids=[case[0] for case in CASES])
async def test_delivered_twice_it_is_told_once(given: tuple[PublicEvent, ...], when: PublicEvent) -> None:
    story = await story_of(*given)
    record = story.record(when)
    await story.deliver(record)

    assert await story.deliver(record) == []
    assert told(await story.receive(when)) == []  # the same fact once more, under a new number


LATE = [DRAFTED, ASKED, VALIDATED, CONFIRMED, OPENED, applied(WORKER), SELF, ASSIGNED, AWARDED, GATE_SHUT, DECLINED]


@pytest.mark.parametrize("when", LATE, ids=lambda event: type(event).__name__)
async def test_what_arrives_after_the_end_tells_nobody(when: PublicEvent) -> None:
    story = await story_of(CANCELLED)

    assert await story.receive(when) == []


async def test_a_notification_is_the_same_whoever_queues_it_again() -> None:
    ids = []
    for _ in range(2):
        story = await story_of(DRAFTED)
        await story.receive(ASKED)
        entries = await story.store.log_after(0, 100)
        ids.append([entry.meta.key for entry in entries if isinstance(entry.event, NotificationQueued)])
    assert ids[0] == ids[1]
    assert len(ids[0]) == 1


async def test_what_is_queued_says_until_when_it_is_of_use() -> None:
    story = await story_of()

    added = await story.receive(ASKED, CONFIRMED, OPENED)

    assert isinstance(CONFIRMED, intake.RequestConfirmed)
    assert isinstance(OPENED, dispatch.BroadcastOpened)
    queued = [each for each in added if isinstance(each, NotificationQueued)]
    assert [each.until for each in queued] == [DEADLINE, CONFIRMED.slot.start, OPENED.deadline]
    assert {each.request_id for each in queued} == {REQUEST}


MEANT: list[tuple[str, UUID, tuple[PublicEvent, ...], bool]] = [
    ("client_asked", CLIENT, (ASKED,), True),
    ("client_asked", CLIENT, (ASKED, VALIDATED), False),
    ("client_asked", CLIENT, (ASKED, CANCELLED), False),
    ("client_confirmed", CLIENT, (CONFIRMED,), True),
    ("client_confirmed", CLIENT, (CONFIRMED, CANCELLED), False),
    ("worker_call", WORKER, (OPENED,), True),
    ("worker_call", WORKER, (OPENED, AWARDED), False),
    ("worker_won", WORKER, (ASSIGNED,), True),
    ("worker_won", WORKER, (ASSIGNED, GATE_SHUT), False),
    ("worker_won", COLLEAGUE, (ASSIGNED,), False),
    ("worker_cancelled", WORKER, (ASSIGNED, CANCELLED), True),
]


@pytest.mark.parametrize(("kind", "recipient", "given", "expected"), MEANT)
async def test_whether_a_queued_mail_is_still_so(
    kind: str, recipient: UUID, given: tuple[PublicEvent, ...], expected: bool
) -> None:
    story = await story_of(*given)

    state = await story.run(lambda work: work.state(CORRESPONDENCE.at(ORGANISATION, REQUEST)))

    assert still_meant(state, kind, recipient) is expected


@pytest.mark.parametrize(
    ("given", "client_id", "then"),
    [
        ((ASKED,), CLIENT, [CLIENT_ASKED]),
        ((ASKED,), WORKER, []),
        ((ASKED, VALIDATED), CLIENT, []),
        ((ASKED, CANCELLED), CLIENT, []),
        ((), CLIENT, []),
    ],
    ids=["asked", "somebody else", "validated", "over", "never asked"],
)
async def test_a_new_link_goes_only_to_the_client_who_is_asked(
    given: tuple[PublicEvent, ...], client_id: UUID, then: list[Told]
) -> None:
    story = await story_of(*given)
    before = await story.store.head()

    for _ in range(2):
        await story.run(lambda work: ask_again(work, ORGANISATION, client_id, REQUEST, "link|1"))

    assert told(await story.added(before)) == then
