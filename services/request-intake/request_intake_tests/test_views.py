"""The list of requests: what a row says, and that a replay says the same."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.domain import Ref
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.testing import Story
from doorstep_chassis.units import Units
from doorstep_chassis.views import checksum
from doorstep_chassis.work import Work
from doorstep_contracts.samples import CLIENT, COLLEAGUE, HOLD, ORGANISATION, REQUEST, SLOT, WORKER
from request_intake.domain.request.events import ClientGateShut, RequestEvent
from request_intake.domain.request.state import REQUEST as REQUESTS
from request_intake.domain.request.state import Absent, RequestState
from request_intake.shown import card_of, card_of_row
from request_intake.views.requests import REQUESTS as ROWS
from request_intake.views.requests import REQUESTS_VIEW, list_requests

from .door import project
from .samples import (
    CANCELLED,
    CLIENT_GATE_OPENED,
    CLIENT_GATE_SHUT,
    CONFIRMED,
    DECLINED,
    DRAFTED,
    DRAFTED_AT,
    EXPIRED,
    KEY_ISSUED,
    LAUNCH_REQUESTED,
    LAUNCHED,
    RESOLVED,
    REVIEW_OPENED,
    WORKER_GATE_OPENED,
    WORKER_GATE_SHUT,
)

SELF_LAUNCHED = LAUNCHED.model_copy(update={"performer": "self"})
BEGUN: tuple[RequestEvent, ...] = (KEY_ISSUED, DRAFTED)
LIVE: tuple[RequestEvent, ...] = (*BEGUN, LAUNCH_REQUESTED, REVIEW_OPENED, RESOLVED, LAUNCHED)
OPEN: tuple[RequestEvent, ...] = (*LIVE, CLIENT_GATE_OPENED, WORKER_GATE_OPENED)
LACKS_PAYMENT = ClientGateShut(missing=("payment_method",))

HISTORIES: dict[str, tuple[RequestEvent, ...]] = {
    "draft": BEGUN,
    "picked": (DRAFTED.model_copy(update={"contact": None, "picked_client_id": CLIENT}),),
    "in review": (*BEGUN, REVIEW_OPENED),
    "resolved": (*BEGUN, REVIEW_OPENED, RESOLVED),
    "launching": (*BEGUN, LAUNCH_REQUESTED),
    "launching, in review": (*BEGUN, LAUNCH_REQUESTED, REVIEW_OPENED),
    "launched": LIVE,
    "case 1": (DRAFTED, RESOLVED, LAUNCH_REQUESTED, SELF_LAUNCHED, CLIENT_GATE_OPENED),
    "case 2": (DRAFTED, RESOLVED, LAUNCH_REQUESTED, SELF_LAUNCHED, CLIENT_GATE_SHUT, CLIENT_GATE_OPENED),
    "shut": (*OPEN, LACKS_PAYMENT, WORKER_GATE_SHUT),
    "confirmed": (*OPEN, CONFIRMED),
    "cancelled": (*OPEN, CONFIRMED, CANCELLED),
    "cancelled draft": (*BEGUN, CANCELLED),
    "declined": (*LIVE, DECLINED),
    "expired": (*LIVE, EXPIRED),
}


@pytest.mark.parametrize("events", HISTORIES.values(), ids=HISTORIES.keys())
async def test_a_row_says_what_the_stream_says(events: Sequence[RequestEvent]) -> None:
    # given a request
    story = Story("request-intake", DRAFTED_AT)
    await story.given(REQUESTS.at(ORGANISATION, REQUEST), *events)
    # when its list follows the log
    await story.project(REQUESTS_VIEW)
    # then both lead to the same card
    rows = await story.store.load_rows([(ROWS, (ORGANISATION, REQUEST))])
    state = REQUESTS.fold(events)
    assert not isinstance(state, Absent)
    assert [card_of_row(row) for row in rows.values()] == [card_of(state, REQUEST)]


async def test_every_column_of_a_row() -> None:
    story = Story("request-intake", DRAFTED_AT)
    await story.given(REQUESTS.at(ORGANISATION, REQUEST), *LIVE, CLIENT_GATE_SHUT, WORKER_GATE_OPENED)
    await story.project(REQUESTS_VIEW)
    (row,) = (await story.store.load_rows([(ROWS, (ORGANISATION, REQUEST))])).values()
    assert dict(row) == {
        "organisation_id": ORGANISATION,
        "request_id": REQUEST,
        "drafted_at": DRAFTED_AT,
        "created_by": WORKER,
        "state": "launched",
        "case_number": 3,
        "performer": "other",
        "postal_code": "97400",
        "offer_id": "reunion:menage",
        "service": "menage",
        "slot_start": SLOT.start,
        "slot_end": SLOT.end,
        "zone": SLOT.zone,
        "typed": True,
        "in_review": False,
        "client_missing": ["validation", "address", "payment_method"],
        "client_valid_until": None,
        "validated_by": None,
        "answer_due": CLIENT_GATE_SHUT.answer_due,
        "worker_missing": None,
        "worker_id": COLLEAGUE,
        "hold_id": HOLD,
    }


async def given(store: PostgresStore, ref: Ref[RequestState], events: Sequence[RequestEvent]) -> None:
    def append(work: Work) -> None:
        work.append(ref, *events)

    await Units(store, FixedClock(DRAFTED_AT), "test").run("given", append)


async def test_replayed_twice_it_says_the_same(store: PostgresStore) -> None:
    # given every history, each a request of its own
    for number, events in enumerate(HISTORIES.values()):
        await given(store, REQUESTS.at(ORGANISATION, UUID(int=1_000 + number)), events)
    # when the view runs over the log in one read, from the start again entry by entry, and into an empty table
    sums = []
    for consumer, batch, empty in [("once", 1_000, False), ("again", 1, False), ("anew", 7, True)]:
        if empty:
            async with store.connection() as connection:
                await connection.execute("TRUNCATE requests_v1")
        await project(store, REQUESTS_VIEW, consumer, batch=batch)
        sums.append(await checksum(store, REQUESTS_VIEW))
    # then each leads to the same rows
    assert sums == [sums[0]] * 3
    assert sums[0].partition(":")[0] == str(len(HISTORIES))
    rows = await list_requests(store, ORGANISATION, created_by=None, states=[], before=None, limit=100)
    states = [REQUESTS.fold(events) for events in HISTORIES.values()]
    cards = {
        UUID(int=1_000 + n): card_of(s, UUID(int=1_000 + n)) for n, s in enumerate(states) if not isinstance(s, Absent)
    }
    assert {row["request_id"]: card_of_row(row) for row in rows} == cards
