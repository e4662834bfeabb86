"""The board comes out the same whatever topic is heard first, and whenever it is built again."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.paging import CursorInvalid
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.testing import Story
from doorstep_chassis.views import checksum, create_view_tables
from doorstep_contracts import directory, dispatch, intake, samples, scheduling
from doorstep_contracts.base import PublicEvent
from doorstep_contracts.registry import EVENT_CLASSES, load_topics, topic_of
from gateway.answers import Gate, board_card
from gateway.views.board import BOARD, HANDLERS, ORGANISATIONS, REQUESTS, WORKERS
from gateway.views.listing import Wish, requests_page
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
DRAFTS = Wish(now=NOW, state="draft")
KEY = bytes(range(32))
SAMPLE = {type(event): event for event in samples.SAMPLES.values()}


def sample(cls: type[PublicEvent], **changes: Any) -> PublicEvent:
    return SAMPLE[cls].model_copy(update=changes)


def story_of_case_2() -> list[PublicEvent]:
    """A self-performed request whose known client has no payment method at first."""
    return [
        sample(intake.OrganisationAdded),
        sample(intake.RequestSettingsChanged),
        sample(dispatch.WorkerRegistered),
        sample(intake.RequestDrafted, performer="self"),
        sample(directory.ClientResolved),
        sample(intake.RequestLaunched, performer="self"),
        sample(directory.ClientValidationRequested, missing=("payment_method",)),
        sample(dispatch.WorkerSelected),
        sample(scheduling.SlotHeld),
        sample(dispatch.WorkerAssigned),
        sample(directory.ClientValidated),
        sample(intake.RequestConfirmed),
        sample(scheduling.VisitScheduled),
    ]


def records(events: Sequence[PublicEvent]) -> dict[str, list[Record]]:
    story = Story("gateway", NOW)
    made: dict[str, list[Record]] = {}
    for event in events:
        record = story.record(event)
        queue = made.setdefault(record.partition.topic, [])
        queue.append(Record(record.partition, 1, len(queue), record.key, record.headers, record.value))
    return made


class Reader:
    """The view over a store, fed one record at a time."""

    def __init__(self, store: MemoryStore | PostgresStore) -> None:
        self.store = store
        self.engine = Engine(BOARD.consumer("gateway"), store, BOARD.handlers, EventDecoder(), lambda: NOW)

    async def read(self, topics: dict[str, list[Record]], order: Sequence[str]) -> None:
        """The next record of each topic, in the order in which the topics are named."""
        left = {topic: list(queue) for topic, queue in topics.items()}
        for topic in order:
            record = left[topic].pop(0)
            if not self.engine.has(record.partition):
                await self.engine.assign(record.partition, 1)
            await self.engine.handle({record.partition: [record]})

    async def row(self, table: Table, *key: UUID) -> Any:
        """The row with all its columns: memory keeps those that were written."""
        found = (await self.store.load_rows([(table, key)]))[table, key]
        return {column.name: found.get(column.name) for column in table.columns}


async def board_after(*events: PublicEvent) -> Any:
    topics = records(events)
    reader = Reader(MemoryStore())
    await reader.read(topics, [topic_of(type(event)).name for event in events])
    row = await reader.row(REQUESTS, samples.ORGANISATION, samples.REQUEST)
    return board_card(row)


def test_it_reads_the_topics_that_the_contracts_say_it_reads() -> None:
    declared = [name for name, topic in load_topics().items() if "gateway.view.board" in topic.consumers]
    assert sorted(BOARD.topics) == sorted(declared)


def test_it_takes_every_event_that_tells_of_a_request() -> None:
    untold = {cls.TYPE for cls in EVENT_CLASSES.values() if topic_of(cls).name in BOARD.topics and cls not in HANDLERS}
    # Holds show as the worker gate that dispatch makes of them; a decline, or no answer, as the end that intake makes of it.
    assert untold == {
        "doorstep.directory.ClientAnswerExpired",
        "doorstep.directory.ClientDeclined",
        "doorstep.scheduling.SlotHeld",
        "doorstep.scheduling.SlotRefused",
        "doorstep.scheduling.SlotReleased",
    }


async def test_a_draft_stands_on_the_board_without_gates() -> None:
    card = await board_after(sample(intake.RequestDrafted))
    assert (card.state, card.case, card.client_gate, card.worker_gate, card.visit_id) == (
        "draft",
        None,
        None,
        None,
        None,
    )
    assert (card.service, card.postal_code, card.rate_cents) == ("menage", "97400", 2_450)


async def test_case_2_keeps_its_number_after_the_client_has_paid_heed() -> None:
    card = await board_after(*story_of_case_2())
    assert (card.state, card.case) == ("confirmed", 2)
    assert (card.client_gate, card.worker_gate) == (Gate(open=True, missing=[]), Gate(open=True, missing=[]))
    assert (card.worker_id, card.visit_id, card.visit_state) == (samples.COLLEAGUE, samples.VISIT, "scheduled")


async def test_a_review_is_over_once_the_client_is_certain() -> None:
    drafted, review = sample(intake.RequestDrafted), sample(directory.ClientReviewOpened)
    assert (await board_after(drafted, review)).client_gate == Gate(open=False, missing=["review"])
    assert (await board_after(drafted, review, sample(directory.ClientResolved))).client_gate is None


async def test_an_open_call_lacks_applications_then_a_selection() -> None:
    drafted, opened = sample(intake.RequestDrafted), sample(dispatch.BroadcastOpened)
    applied = sample(dispatch.ApplicationReceived)
    card = await board_after(drafted, opened)
    assert (card.broadcast, card.applications, card.worker_gate) == (
        "open",
        0,
        Gate(open=False, missing=["applications"]),
    )
    card = await board_after(drafted, opened, applied, applied)
    assert (card.applications, card.worker_gate) == (2, Gate(open=False, missing=["selection"]))


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (intake.RequestCancelled, "cancelled"),
        (intake.RequestDeclined, "declined"),
        (intake.RequestExpired, "expired"),
    ],
)
async def test_an_end_is_the_state(end: type[PublicEvent], state: str) -> None:
    assert (await board_after(sample(intake.RequestDrafted), sample(end))).state == state


async def test_organisations_and_workers_stand_as_they_were_said_last() -> None:
    reader, topics = Reader(MemoryStore()), records(story_of_case_2())
    await reader.read(topics, ["intake.organisations.v1"] * 2 + ["dispatch.workers.v1"])
    organisation = await reader.row(ORGANISATIONS, samples.ORGANISATION)
    worker = await reader.row(WORKERS, samples.ORGANISATION, samples.COLLEAGUE)
    assert (organisation["slug"], organisation["workers_may_create"]) == ("demo", True)
    assert worker["active"] is True


@settings(max_examples=60, deadline=None)
@given(data=st.data())
async def test_any_interleaving_of_the_topics_gives_the_same_rows(data: st.DataObject) -> None:
    topics = records(story_of_case_2())
    in_turn = [topic for topic, queue in topics.items() for _ in queue]
    shuffled = data.draw(st.permutations(in_turn))
    rows = []
    for order in (in_turn, shuffled):
        reader = Reader(MemoryStore())
        await reader.read(topics, order)
        rows.append(await reader.row(REQUESTS, samples.ORGANISATION, samples.REQUEST))
    assert rows[0] == rows[1]


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    create_tables(database)
    opened = PostgresStore(database)
    await opened.open()
    yield opened
    await opened.close()


async def test_built_twice_it_has_the_same_checksum(store: PostgresStore) -> None:
    topics = records(story_of_case_2())
    sums = []
    for order in (
        [topic for topic, queue in topics.items() for _ in queue],
        [topic for topic, queue in reversed(topics.items()) for _ in queue],
    ):
        async with store.connection() as connection:
            for table in BOARD.tables:
                await connection.execute(f"DROP TABLE IF EXISTS {table.name}".encode())
            await connection.execute("TRUNCATE positions, notification_tracking")
        await create_view_tables(store, BOARD)
        await Reader(store).read(topics, order)
        sums.append(await checksum(store, BOARD))
    assert sums[0] == sums[1]


async def test_a_list_goes_on_where_its_page_ended(store: PostgresStore) -> None:
    await create_view_tables(store, BOARD)
    ids = [UUID(int=number) for number in range(1, 8)]
    drafts = records([sample(intake.RequestDrafted, request_id=each) for each in ids])
    await Reader(store).read(drafts, ["intake.requests.v1"] * 7)

    seen: list[UUID] = []
    cursor = None
    sizes = []
    while True:
        page = await requests_page(store, samples.ORGANISATION, DRAFTS, key=KEY, limit=3, cursor=cursor)
        seen += [row["request_id"] for row in page.rows]
        sizes.append(len(page.rows))
        cursor = page.next_cursor
        if cursor is None:
            break

    assert (sizes, seen) == ([3, 3, 1], list(reversed(ids)))
    none = await requests_page(
        store, samples.ORGANISATION, Wish(now=NOW, state="confirmed"), key=KEY, limit=3, cursor=None
    )
    elsewhere = await requests_page(store, UUID(int=99), Wish(now=NOW), key=KEY, limit=3, cursor=None)
    assert [(page.rows, page.next_cursor) for page in (none, elsewhere)] == [([], None)] * 2


@pytest.mark.parametrize(
    "other",
    [
        {"organisation_id": UUID(int=99)},
        {"wish": Wish(now=NOW, state="launched")},
        {"wish": Wish(now=NOW)},
        {"wish": Wish(now=NOW, state="draft", order="soonest")},
        {"key": bytes(32)},
    ],
)
async def test_a_cursor_is_good_for_the_list_that_gave_it_alone(store: PostgresStore, other: dict[str, Any]) -> None:
    await create_view_tables(store, BOARD)
    drafts = records([sample(intake.RequestDrafted, request_id=UUID(int=number)) for number in (1, 2)])
    await Reader(store).read(drafts, ["intake.requests.v1"] * 2)
    asked: dict[str, Any] = {"organisation_id": samples.ORGANISATION, "wish": DRAFTS, "key": KEY, "limit": 1}
    cursor = (await requests_page(store, **asked, cursor=None)).next_cursor
    assert cursor is not None
    with pytest.raises(CursorInvalid):
        await requests_page(store, **(asked | other), cursor=cursor)
