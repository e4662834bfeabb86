"""A view built anew beside the live one and swapped, on real PostgreSQL and real Kafka."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine, Handler
from doorstep_chassis.consumer.log_feed import LOG, log_decoder, log_record
from doorstep_chassis.consumer.records import Message, Record
from doorstep_chassis.feeds import LogFeed, TopicFeed
from doorstep_chassis.publisher import KafkaPublisher
from doorstep_chassis.rebuild import Rebuild, RebuildRefused, Rebuilt
from doorstep_chassis.relay import Relay
from doorstep_chassis.store.model import Partition
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.units import Units
from doorstep_chassis.views import View, create_view_tables, view_metadata
from doorstep_chassis.work import Work
from doorstep_local.kafka import Kafka
from doorstep_local.pytest_plugin import Topics
from sqlalchemy import BigInteger, Column, String, Table

from . import example

SOURCE = "/doorstep/example/main"
METADATA = view_metadata()
SUMS = Table(
    "sums_v1",
    METADATA,
    Column("key", String, primary_key=True),
    Column("total", BigInteger, nullable=False, index=True),
)


def add(work: Work, event: Any, message: Message) -> None:
    row = work.row(SUMS, event.key)
    work.put(SUMS, event.key, total=event.number + (0 if row is None else row["total"]))


def refuse_some(work: Work, event: Any, message: Message) -> None:
    if event.refuse:
        raise example.NotHeard
    add(work, event, message)


def view(handler: Handler, *topics: str) -> View:
    return View("sums", 1, METADATA, {example.PublicNoted if topics else example.Noted: handler}, topics)


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    await asyncio.to_thread(create_tables, database)
    opened = PostgresStore(database)
    await opened.open()
    await create_view_tables(opened, view(add))
    yield opened
    await opened.close()


async def note(store: PostgresStore, *numbers: int, key: str = "a", refuse: bool = False) -> None:
    units = Units(store, SystemClock(), "example")
    for number in numbers:
        await units.run("note", lambda work, number=number: example.note(work, key, number, refuse=refuse))  # type: ignore[misc]


def live(store: PostgresStore, handler: Handler) -> Engine:
    return Engine("example.view.sums@1", store, view(handler).handlers, log_decoder(SOURCE), SystemClock().now)


async def project(store: PostgresStore, engine: Engine) -> None:
    position = engine.position(LOG) if engine.has(LOG) else await engine.assign(LOG, 1)
    entries = await store.log_after(max(0, position - 1), 1_000)
    await engine.handle({LOG: [log_record(entry) for entry in entries]})


async def rebuild(store: PostgresStore, database: str, handler: Handler) -> Rebuilt:
    return await Rebuild(
        "example", view(handler), database, log_decoder(SOURCE), LogFeed(store), SystemClock().now
    ).run()


async def rows(store: PostgresStore) -> Mapping[str, int]:
    async with store.connection() as connection:
        cursor = await connection.execute("SELECT key, total FROM sums_v1")
        return dict(await cursor.fetchall())


async def test_a_view_that_is_right_stays_the_same(store: PostgresStore, database: str) -> None:
    await note(store, 1, 2, 3)
    await note(store, 10, key="b")
    await project(store, live(store, add))

    done = await rebuild(store, database, add)

    assert (done.records, done.same, done.applied_letters) == (4, True, 0)
    assert await rows(store) == {"a": 6, "b": 10}


async def test_a_spoiled_view_is_mended_and_told_by_its_checksum(store: PostgresStore, database: str) -> None:
    await note(store, 1, 2, 3)
    await project(store, live(store, add))
    async with store.connection() as connection:
        await connection.execute("UPDATE sums_v1 SET total = 99")

    done = await rebuild(store, database, add)

    assert not done.same
    assert await rows(store) == {"a": 6}


async def test_the_live_view_goes_on_after_the_swap_and_takes_nothing_twice(
    store: PostgresStore, database: str
) -> None:
    engine = live(store, add)
    await note(store, 1, 2)
    await project(store, engine)
    await rebuild(store, database, add)
    await note(store, 4)

    await project(store, engine)  # refused: its version was raised; it reads its position again
    await project(store, engine)

    assert await rows(store) == {"a": 7}


async def test_only_what_the_live_view_has_read_is_read_again(store: PostgresStore, database: str) -> None:
    await note(store, 1, 2)
    await project(store, live(store, add))
    await note(store, 4)

    done = await rebuild(store, database, add)

    assert (done.records, done.same) == (2, True)
    assert await rows(store) == {"a": 3}


async def test_the_indexes_are_there_after_the_swap_and_after_the_next(store: PostgresStore, database: str) -> None:
    await note(store, 1)
    await project(store, live(store, add))
    for _ in range(2):
        await rebuild(store, database, add)
    async with store.connection() as connection:
        cursor = await connection.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_sums_v1_total'")
        assert await cursor.fetchall() == [
            ("CREATE INDEX ix_sums_v1_total ON public.sums_v1 USING btree (total)",),
        ]


async def test_a_parked_record_that_can_be_taken_today_is_closed_as_applied(
    store: PostgresStore, database: str
) -> None:
    await note(store, 1)
    await note(store, 2, refuse=True)
    await note(store, 4)
    await project(store, live(store, refuse_some))
    assert await rows(store) == {"a": 1}

    done = await rebuild(store, database, add)

    assert (done.same, done.applied_letters) == (False, 2)
    assert await rows(store) == {"a": 7}
    assert [letter.state for letter in await store.letters()] == ["applied", "applied"]


async def test_a_discarded_record_stays_without_effect(store: PostgresStore, database: str) -> None:
    await note(store, 1)
    await note(store, 2, refuse=True)
    await project(store, live(store, refuse_some))
    async with store.connection() as connection:
        await connection.execute("UPDATE dead_letters SET state = 'discarded'")

    done = await rebuild(store, database, add)

    assert done.same
    assert await rows(store) == {"a": 1}


async def test_a_view_that_cannot_take_what_the_live_one_took_is_refused(store: PostgresStore, database: str) -> None:
    await note(store, 1)
    await note(store, 2, refuse=True)
    await project(store, live(store, add))

    with pytest.raises(RebuildRefused, match="example_not_heard"):
        await rebuild(store, database, refuse_some)

    assert await rows(store) == {"a": 3}
    assert await store.letters() == []


async def test_a_view_over_a_topic_is_rebuilt_from_the_topic(
    store: PostgresStore, database: str, kafka: Kafka, topics: Topics
) -> None:
    topic = await topics.create("notes.v1", partitions=3)
    servers = kafka.bootstrap.split(",")
    for key in "abcde":
        await note(store, 1, 2, 3, key=key)
    publisher = KafkaPublisher(servers, client_id="example.relay")
    relay = Relay(SOURCE, store, publisher, example.PUBLICATION, topics=lambda cls: topic)
    await relay.take()
    await relay.publish(await store.log_after(0, 100))
    await publisher.stop()
    decode = EventDecoder(example.CLASSES, frozenset())
    over_topic = view(add, topic)
    engine = Engine("example.view.sums@1", store, over_topic.handlers, decode, SystemClock().now)
    for partition, ends in (await _everything(servers, topic)).items():
        await engine.assign(partition, 1)
        await engine.handle({partition: ends})
    async with store.connection() as connection:
        await connection.execute("DELETE FROM sums_v1 WHERE key = 'c'")

    done = await Rebuild("example", over_topic, database, decode, TopicFeed(servers), SystemClock().now).run()

    assert (done.records, done.same) == (15, False)
    assert await rows(store) == dict.fromkeys("abcde", 6)


async def _everything(servers: list[str], topic: str) -> dict[Partition, list[Record]]:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    consumer = AIOKafkaConsumer(bootstrap_servers=servers)
    await consumer.start()
    places = [TopicPartition(topic, number) for number in range(3)]
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    ends = await consumer.end_offsets(places)
    found: dict[Partition, list[Record]] = {}
    while any([await consumer.position(place) < ends[place] for place in places]):
        for place, raw in (await consumer.getmany(timeout_ms=200)).items():
            partition = Partition(topic, place.partition)
            found.setdefault(partition, []).extend(
                Record(partition, 1, each.offset, each.key, each.headers, each.value) for each in raw
            )
    await consumer.stop()
    return found
