"""What a request does on each event of the others: exactly, delivered twice, and late."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from doorstep_chassis.domain import Event
from doorstep_chassis.testing import Story
from doorstep_contracts import directory, dispatch
from doorstep_contracts.base import RequestEvent
from doorstep_contracts.registry import load_topics, topic_of
from doorstep_contracts.samples import CLIENT, COLLEAGUE, HOLD, OFFER, ORGANISATION, REQUEST, SEALED, SLOT, WORKER
from request_intake.domain.request.events import (
    ClientGateOpened,
    ClientGateShut,
    RequestDeclined,
    RequestExpired,
    WorkerGateOpened,
    WorkerGateShut,
)
from request_intake.domain.request.state import REQUEST as REQUESTS
from request_intake.publication import PUBLICATION
from request_intake.reactions import REACTIONS

from .samples import (
    CANCELLED,
    CLIENT_GATE_OPENED,
    CLIENT_GATE_SHUT,
    CONFIRMED,
    DRAFTED,
    EXPIRED,
    LAUNCH_REQUESTED,
    LAUNCHED,
    LAUNCHED_AT,
    RESOLVED,
    REVIEW_OPENED,
    WORKER_GATE_OPENED,
    WORKER_GATE_SHUT,
)

NOW = LAUNCHED_AT
REF = REQUESTS.at(ORGANISATION, REQUEST)
CONFIRMED_NOW = CONFIRMED.model_copy(update={"confirmed_at": NOW})
DRAFT = (DRAFTED,)
LAUNCHING = (DRAFTED, LAUNCH_REQUESTED)
LIVE = (DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED)

client_resolved = directory.ClientResolved(
    organisation_id=ORGANISATION, request_id=REQUEST, client_id=CLIENT, known=True
)
review_opened = directory.ClientReviewOpened(
    organisation_id=ORGANISATION, request_id=REQUEST, reasons=REVIEW_OPENED.reasons
)
client_validated = directory.ClientValidated(
    organisation_id=ORGANISATION,
    request_id=REQUEST,
    client_id=CLIENT,
    valid_until=CLIENT_GATE_OPENED.valid_until,
    validated_by="client",
)
assert CLIENT_GATE_SHUT.answer_due is not None
validation_requested = directory.ClientValidationRequested(
    organisation_id=ORGANISATION,
    request_id=REQUEST,
    client_id=CLIENT,
    missing=CLIENT_GATE_SHUT.missing,
    deadline=CLIENT_GATE_SHUT.answer_due,
)
client_gate_shut = directory.ClientGateShut(
    organisation_id=ORGANISATION, request_id=REQUEST, client_id=CLIENT, missing=("contact",)
)
client_declined = directory.ClientDeclined(
    organisation_id=ORGANISATION, request_id=REQUEST, client_id=CLIENT, reason=SEALED
)
client_answer_expired = directory.ClientAnswerExpired(
    organisation_id=ORGANISATION, request_id=REQUEST, client_id=CLIENT, deadline=CLIENT_GATE_SHUT.answer_due
)
worker_assigned = dispatch.WorkerAssigned(
    organisation_id=ORGANISATION, request_id=REQUEST, worker_id=COLLEAGUE, hold_id=HOLD
)
worker_gate_shut = dispatch.WorkerGateShut(organisation_id=ORGANISATION, request_id=REQUEST, missing=("operator",))
broadcast_opened = dispatch.BroadcastOpened(
    organisation_id=ORGANISATION,
    request_id=REQUEST,
    eligible=3,
    slot=SLOT,
    service=OFFER.service,
    postal_code="97400",
    offer=OFFER,
    policy_version=1,
    deadline=NOW + timedelta(hours=24),
)
application_received = dispatch.ApplicationReceived(
    organisation_id=ORGANISATION, request_id=REQUEST, worker_id=WORKER, applied_at=NOW
)
broadcast_closed = dispatch.BroadcastClosed(organisation_id=ORGANISATION, request_id=REQUEST, reason="deadline")

APPLICATIONS = WorkerGateShut(missing=("applications",))
SELECTION = WorkerGateShut(missing=("selection",))


@dataclass(frozen=True)
class Told:
    given: tuple[Event, ...]
    heard: RequestEvent
    then: list[Event]


TOLD = {
    "resolved draft": Told(DRAFT, client_resolved, [RESOLVED]),
    "resolved while launching": Told(LAUNCHING, client_resolved, [RESOLVED, LAUNCHED]),
    "resolved after review": Told((*LAUNCHING, REVIEW_OPENED), client_resolved, [RESOLVED, LAUNCHED]),
    "doubt about a draft": Told(DRAFT, review_opened, [REVIEW_OPENED]),
    "doubt while launching": Told(LAUNCHING, review_opened, [REVIEW_OPENED]),
    "client gate opens": Told(LIVE, client_validated, [CLIENT_GATE_OPENED]),
    "client gate opens second": Told(
        (*LIVE, WORKER_GATE_OPENED), client_validated, [CLIENT_GATE_OPENED, CONFIRMED_NOW]
    ),
    "client asked": Told(LIVE, validation_requested, [CLIENT_GATE_SHUT]),
    "client gate shuts": Told((*LIVE, CLIENT_GATE_OPENED), client_gate_shut, [ClientGateShut(missing=("contact",))]),
    "client does not answer": Told(
        (*LIVE, CLIENT_GATE_SHUT, WORKER_GATE_OPENED),
        client_answer_expired,
        [RequestExpired(rule="client_deadline", deadline=CLIENT_GATE_SHUT.answer_due)],
    ),
    "client declines": Told((*LIVE, WORKER_GATE_OPENED), client_declined, [RequestDeclined(reason=SEALED)]),
    "worker gate opens": Told(LIVE, worker_assigned, [WORKER_GATE_OPENED]),
    "worker gate opens second": Told((*LIVE, CLIENT_GATE_OPENED), worker_assigned, [WORKER_GATE_OPENED, CONFIRMED_NOW]),
    "worker gate shuts": Told((*LIVE, WORKER_GATE_OPENED), worker_gate_shut, [WORKER_GATE_SHUT]),
    "broadcast opens": Told(LIVE, broadcast_opened, [APPLICATIONS]),
    "first applicant": Told((*LIVE, APPLICATIONS), application_received, [SELECTION]),
    "broadcast without applicants": Told((*LIVE, APPLICATIONS), broadcast_closed, [WORKER_GATE_SHUT]),
}
EACH = pytest.mark.parametrize("told", TOLD.values(), ids=TOLD.keys())


async def a_story(*given: Event) -> Story:
    story = Story("request-intake", NOW, reactions=REACTIONS, publication=PUBLICATION)
    await story.given(REF, *given)
    return story


@EACH
async def test_what_a_request_does(told: Told) -> None:
    story = await a_story(*told.given)
    assert await story.receive(told.heard) == told.then
    assert await story.parked() == []


@EACH
async def test_delivered_twice_it_has_its_effect_once(told: Told) -> None:
    story = await a_story(*told.given)
    record = story.record(told.heard)
    assert await story.deliver(record) == told.then
    # the same record again, and the same fact under a new sequence
    assert await story.deliver(record) == []
    assert await story.receive(told.heard) == []
    assert await story.parked() == []


@pytest.mark.parametrize(
    "end",
    [(CANCELLED,), (RequestDeclined(),), (EXPIRED,), (CLIENT_GATE_OPENED, WORKER_GATE_OPENED, CONFIRMED)],
    ids=["cancelled", "declined", "expired", "confirmed"],
)
@EACH
async def test_arriving_late_it_changes_nothing(told: Told, end: tuple[Event, ...]) -> None:
    story = await a_story(*LIVE, *end)
    assert await story.receive(told.heard) == []
    assert await story.parked() == []


@EACH
async def test_after_the_start_of_the_slot_the_request_expires_instead(told: Told) -> None:
    story = await a_story(*told.given)
    story.clock.advance(SLOT.start - NOW + timedelta(microseconds=1))
    expired = [EXPIRED]
    if told.given == DRAFT:
        expired = [EXPIRED.model_copy(update={"rule": "draft_lifetime", "deadline": DRAFTED.expires_at})]
    assert await story.receive(told.heard) == expired
    assert await story.receive(told.heard) == []


@pytest.mark.parametrize(
    ("heard", "reason"),
    [(client_validated, "request_not_launched"), (worker_assigned, "request_not_launched")],
    ids=["client", "worker"],
)
async def test_an_answer_to_a_launch_that_is_not_here_is_kept(heard: RequestEvent, reason: str) -> None:
    story = await a_story(*LAUNCHING)
    assert await story.receive(heard) == []
    assert await story.parked() == [reason]


async def test_of_another_organisation_s_request_nothing_is_known() -> None:
    story = await a_story(*LIVE)
    stranger = worker_assigned.model_copy(update={"organisation_id": UUID(int=99)})
    assert await story.receive(stranger) == []
    assert await story.parked() == ["request_not_found"]


@pytest.mark.parametrize("reason", ["assigned", "request_ended"])
async def test_a_broadcast_that_has_done_its_work_leaves_the_gate_as_it_is(reason: str) -> None:
    story = await a_story(*LIVE, APPLICATIONS)
    assert await story.receive(broadcast_closed.model_copy(update={"reason": reason})) == []


@pytest.mark.parametrize("client_first", [True, False])
async def test_the_gates_open_in_any_order_also_in_one_read(client_first: bool) -> None:
    story = await a_story(*LIVE)
    heard = [client_validated, worker_assigned] if client_first else [worker_assigned, client_validated]
    then = [CLIENT_GATE_OPENED, WORKER_GATE_OPENED] if client_first else [WORKER_GATE_OPENED, CLIENT_GATE_OPENED]
    assert await story.receive(*heard) == [*then, CONFIRMED_NOW]


async def test_a_gate_that_lapsed_before_the_other_opens_confirms_only_once_it_is_open_again() -> None:
    story = await a_story(*LIVE)
    soon = client_validated.model_copy(update={"valid_until": NOW + timedelta(minutes=1)})
    assert await story.receive(soon) == [
        ClientGateOpened(valid_until=NOW + timedelta(minutes=1), validated_by="client")
    ]
    later = story.clock.advance(timedelta(minutes=1))
    opened = WorkerGateOpened(worker_id=COLLEAGUE, hold_id=HOLD)
    assert await story.receive(worker_assigned) == [opened, ClientGateShut(missing=("payment_method",))]
    assert await story.receive(client_validated) == [
        CLIENT_GATE_OPENED,
        CONFIRMED.model_copy(update={"confirmed_at": later}),
    ]


async def test_two_doubts_and_their_end_betray_nothing_but_the_launch() -> None:
    story = await a_story(*LAUNCHING)
    before = await story.store.head()
    await story.receive(review_opened, review_opened)
    assert await story.published(before) == []
    await story.receive(client_resolved)
    assert [type(said).__name__ for said in await story.published(before)] == ["RequestLaunched"]


def test_every_reaction_is_on_a_topic_that_names_intake_as_its_reader() -> None:
    assert {topic_of(event).name for event in REACTIONS} == {"directory.clients.v1", "dispatch.assignments.v1"}
    readers = [load_topics()[topic].consumers for topic in ("directory.clients.v1", "dispatch.assignments.v1")]
    assert ["request-intake.reactions" in consumers for consumers in readers] == [True, True]
