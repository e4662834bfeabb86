"""The read models, on real PostgreSQL: what they show, and that a replay shows the same."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.log_feed import LOG, log_decoder, log_record
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.views import View, checksum, create_view_tables
from doorstep_contracts.base import PublicEvent
from scheduling.domain.ids import RequestId, SelectionId
from scheduling.domain.slot import Slot
from scheduling.views.calendar import CALENDAR_VIEW, entries_between
from scheduling.views.visits import VISITS_VIEW, visits_of

from .world import (
    CLIENT,
    COLLEAGUE,
    HOLD_1,
    HOLD_2,
    HOUR,
    NOW,
    ORGANISATION,
    OTHER_REQUEST,
    REQUEST,
    SECOND,
    SLOT,
    STRANGERS,
    VISIT_1,
    VISIT_2,
    WORKER,
    ZONE,
    a_story,
    an_id,
    cancelled,
    confirmed,
    selected,
    slot,
)

VIEWS = (CALENDAR_VIEW, VISITS_VIEW)


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    await asyncio.to_thread(create_tables, database)
    opened = PostgresStore(database)
    await opened.open()
    for view in VIEWS:
        await create_view_tables(opened, view)
    yield opened
    await opened.close()


async def project(store: PostgresStore, view: View, *events: PublicEvent, batch: int = 1_000) -> None:
    """Let the service hear these events and the view follow its log, `batch` entries at a time, from the start."""
    story = a_story()
    await story.receive(*events)
    entries = await story.store.log_after(0, 10_000)
    engine = Engine(f"replay.{batch}", store, view.handlers, log_decoder("/doorstep/scheduling/test"), lambda: NOW)
    await engine.assign(LOG, 1)
    for first in range(0, len(entries), batch):
        await engine.handle({LOG: [log_record(entry) for entry in entries[first : first + batch]]})
    assert list(await store.letters()) == []


async def empty(store: PostgresStore, view: View) -> None:
    async with store.connection() as connection:
        for table in view.tables:
            await connection.execute(f"TRUNCATE {table.name}".encode())


async def between(store: PostgresStore, span: Slot) -> Sequence[object]:
    rows = await entries_between(store, ORGANISATION, WORKER, span.start, span.end)
    return [row["hold_id"] for row in rows]


EVERYTHING: tuple[PublicEvent, ...] = (
    selected(),
    selected(SECOND, request_id=OTHER_REQUEST, accept_overlap=True),
    confirmed(),
    selected(SelectionId(an_id(50)), request_id=RequestId(an_id(12)), at=slot("2026-06-07T23:00")),
    selected(SelectionId(an_id(51)), request_id=RequestId(an_id(13)), worker_id=COLLEAGUE),
    confirmed(SECOND, request_id=OTHER_REQUEST),
    cancelled(OTHER_REQUEST),
    cancelled(RequestId(an_id(12))),
)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
async def test_a_view_replayed_twice_holds_the_same_rows(store: PostgresStore, view: View) -> None:
    await project(store, view, *EVERYTHING)
    first = await checksum(store, view)
    await project(store, view, *EVERYTHING, batch=1)
    assert await checksum(store, view) == first, "over the rows that are there"
    await empty(store, view)
    assert await checksum(store, view) != first
    await project(store, view, *EVERYTHING, batch=3)
    assert await checksum(store, view) == first, "from nothing"


async def test_a_hold_stands_in_the_calendar(store: PostgresStore) -> None:
    await project(store, CALENDAR_VIEW, selected())
    assert list(await entries_between(store, ORGANISATION, WORKER, SLOT.start, SLOT.end)) == [
        {
            "organisation_id": ORGANISATION,
            "hold_id": HOLD_1,
            "worker_id": WORKER,
            "starts_at": SLOT.start,
            "ends_at": SLOT.end,
            "zone": ZONE,
            "kind": "hold",
            "request_id": REQUEST,
            "visit_id": None,
            "overlap_accepted": False,
        }
    ]


async def test_a_visit_takes_the_place_of_its_hold(store: PostgresStore) -> None:
    accepted = selected(SECOND, request_id=OTHER_REQUEST, accept_overlap=True)
    await project(store, CALENDAR_VIEW, selected(), accepted, confirmed(SECOND, request_id=OTHER_REQUEST))
    rows = await entries_between(store, ORGANISATION, WORKER, SLOT.start, SLOT.end)
    assert {row["hold_id"]: (row["kind"], row["visit_id"], row["overlap_accepted"]) for row in rows} == {
        HOLD_1: ("hold", None, False),
        HOLD_2: ("visit", VISIT_2, True),
    }


@pytest.mark.parametrize(
    "events",
    [
        pytest.param((selected(), cancelled()), id="a hold"),
        pytest.param((selected(), confirmed(), cancelled()), id="a visit"),
    ],
)
async def test_what_its_request_gives_up_is_gone_from_the_calendar(
    store: PostgresStore, events: Sequence[PublicEvent]
) -> None:
    await project(store, CALENDAR_VIEW, *events)
    assert await between(store, SLOT) == []


async def test_a_calendar_is_read_by_what_shares_time_with_the_span(store: PostgresStore) -> None:
    long = slot("2026-06-02T00:00", 7 * 24)
    await project(store, CALENDAR_VIEW, selected(), selected(SECOND, request_id=OTHER_REQUEST, at=long))
    touching = Slot(start=SLOT.end, end=SLOT.end + HOUR, zone=ZONE)
    assert await between(store, slot("2026-06-01T00:00", 24)) == [HOLD_1]
    assert await between(store, slot("2026-06-01T00:00", 48)) == [HOLD_1, HOLD_2]
    assert await between(store, touching) == []
    assert await between(store, slot("2026-06-08T23:00", 1)) == [HOLD_2], "its last hour"
    assert list(await entries_between(store, ORGANISATION, COLLEAGUE, SLOT.start, SLOT.end)) == []
    assert list(await entries_between(store, STRANGERS, WORKER, SLOT.start, SLOT.end)) == []


async def test_the_visits_of_a_request_are_listed_with_what_became_of_them(store: PostgresStore) -> None:
    another = slot("2026-06-02T08:00")
    await project(
        store,
        VISITS_VIEW,
        selected(),
        confirmed(),
        selected(SECOND, worker_id=COLLEAGUE, at=another),
        confirmed(SECOND, worker_id=COLLEAGUE, at=another),
    )
    terms = {
        "organisation_id": ORGANISATION,
        "chain_id": REQUEST,
        "request_id": REQUEST,
        "client_id": CLIENT,
        "zone": ZONE,
        "service": "menage",
        "postal_code": "75011",
        "rate_cents": 2_450,
        "currency": "EUR",
        "offer_id": "paris:menage",
        "catalogue_version": 3,
    }
    first = {"visit_id": VISIT_1, "worker_id": WORKER, "status": "cancelled"}
    second = {"visit_id": VISIT_2, "worker_id": COLLEAGUE, "status": "scheduled"}
    assert list(await visits_of(store, ORGANISATION, REQUEST)) == [
        {**terms, **first, "starts_at": SLOT.start, "ends_at": SLOT.end},
        {**terms, **second, "starts_at": another.start, "ends_at": another.end},
    ]
    assert list(await visits_of(store, STRANGERS, REQUEST)) == []
    assert list(await visits_of(store, ORGANISATION, OTHER_REQUEST)) == []
