"""A request's history: every public event about it once, in order, and nothing personal."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.testing import Story
from doorstep_chassis.views import checksum, create_view_tables
from doorstep_contracts import samples
from doorstep_contracts.registry import EVENT_CLASSES, load_topics, topic_of
from gateway.views.history import FACTS, HISTORY, history_of

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
TOLD = [event for event in samples.SAMPLES.values() if type(event) in FACTS]


def records() -> list[Record]:
    """All samples, each at the next place of its topic."""
    story, ends, made = Story("gateway", NOW), dict[str, int](), []
    for event in TOLD:
        record = story.record(event)
        offset = ends.get(record.partition.topic, 0)
        ends[record.partition.topic] = offset + 1
        made.append(record._replace(offset=offset))
    return made


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    create_tables(database)
    opened = PostgresStore(database)
    await opened.open()
    await create_view_tables(opened, HISTORY)
    yield opened
    await opened.close()


async def read(store: PostgresStore, told: list[Record]) -> None:
    engine = Engine(HISTORY.consumer("gateway"), store, HISTORY.handlers, EventDecoder(), lambda: NOW)
    for record in told:
        if not engine.has(record.partition):
            await engine.assign(record.partition, 1)
        await engine.handle({record.partition: [record]})
    assert await store.letters() == []


async def history(store: PostgresStore) -> list[dict[str, Any]]:
    return [dict(row) for row in await history_of(store, samples.ORGANISATION, samples.REQUEST)]


def test_it_tells_every_event_of_a_request() -> None:
    of_requests = {cls for cls in EVENT_CLASSES.values() if "request_id" in cls.model_fields}
    assert set(FACTS) == of_requests
    declared = [name for name, topic in load_topics().items() if "gateway.view.history" in topic.consumers]
    assert sorted(HISTORY.topics) == sorted(declared)


def test_what_is_sealed_is_never_taken_over() -> None:
    personal = {"contact", "address", "reason", "client_id"}
    kept = {(cls.__name__, name) for cls, names in FACTS.items() for name in names if name in personal}
    # These reasons are codes of dispatch and scheduling; those that clients write are sealed.
    assert kept == {("BroadcastClosed", "reason"), ("SlotRefused", "reason"), ("SlotReleased", "reason")}


async def test_each_event_is_one_row_even_when_told_twice(store: PostgresStore) -> None:
    told = records()
    await read(store, told)
    await read(store, told)

    rows = await history(store)
    by_topic = sorted(TOLD, key=lambda event: topic_of(type(event)).name)
    assert [(row["topic"], row["type"]) for row in rows] == [(topic_of(type(e)).name, type(e).TYPE) for e in by_topic]
    asked = next(row for row in rows if row["type"] == "doorstep.directory.ClientValidationRequested")
    assert asked["facts"] == {
        "missing": ["validation", "address", "payment_method"],
        "deadline": "2026-05-23T08:05:00Z",
    }
    assert await history_of(store, samples.CLIENT, samples.REQUEST) == []


async def test_built_twice_it_has_the_same_checksum(store: PostgresStore) -> None:
    told, sums = records(), []
    for order in (told, sorted(told, key=lambda record: (record.partition.topic, record.offset))):
        async with store.connection() as connection:
            await connection.execute("DROP TABLE history_events_v1")
            await connection.execute("TRUNCATE positions, notification_tracking")
        await create_view_tables(store, HISTORY)
        await read(store, order)
        sums.append(await checksum(store, HISTORY))
    assert sums[0] == sums[1]
