"""From a commit over Kafka into another service's log, on the real parts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.kafka import KafkaConsumer
from doorstep_chassis.publisher import KafkaPublisher
from doorstep_chassis.relay import Relay
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.tail import LogTail
from doorstep_chassis.units import Units
from doorstep_local.kafka import Kafka
from doorstep_local.postgres import Postgres
from doorstep_local.pytest_plugin import Topics

from . import example


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresStore]:
    await asyncio.to_thread(create_tables, url)
    store = PostgresStore(url)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


@dataclass
class Pair:
    """A writer with its relay, and a reader with its consumer."""

    writer: PostgresStore
    reader: PostgresStore
    topic: str
    servers: list[str]
    units: Units = field(init=False)

    def __post_init__(self) -> None:
        self.units = Units(self.writer, SystemClock(), "example")

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[Relay]:
        tail = LogTail(self.writer)
        publisher = KafkaPublisher(self.servers, client_id="example.relay")
        relay = Relay(
            "/doorstep/example/main", self.writer, publisher, example.PUBLICATION, topics=lambda cls: self.topic
        )
        tasks = [asyncio.create_task(tail.run()), asyncio.create_task(relay.run(tail.after, batch=500))]
        try:
            yield relay
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await relay.settle()
            await publisher.stop()

    @asynccontextmanager
    async def consuming(self, name: str = "example.reactions") -> AsyncIterator[KafkaConsumer]:
        engine = Engine(
            name, self.reader, example.REACTIONS, EventDecoder(example.CLASSES, frozenset()), SystemClock().now
        )
        consumer = KafkaConsumer(engine, [self.topic], self.servers)
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()

    async def heard(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for entry in await self.reader.log_after(0, 100_000):
            if isinstance(entry.event, example.Heard):
                found[entry.event.key] = (*found.get(entry.event.key, ()), entry.event.number)
        return found


@pytest.fixture
async def pair(kafka: Kafka, postgres: Postgres, topics: Topics) -> AsyncIterator[Pair]:
    name = topics.prefix.replace("-", "_").replace(".", "")
    urls = [postgres.create_database(f"{name}_{role}") for role in ("w", "r")]
    async with AsyncExitStack() as stack:
        writer, reader = [await stack.enter_async_context(opened(url)) for url in urls]
        yield Pair(writer, reader, await topics.create("notes.v1", partitions=4), kafka.bootstrap.split(","))
    for role in ("w", "r"):
        postgres.drop_database(f"{name}_{role}")


async def test_what_is_noted_is_heard_once_and_in_order(pair: Pair) -> None:
    keys = [f"k{number}" for number in range(7)]
    async with pair.relaying(), pair.consuming():
        for number in range(30):
            for key in keys:
                await pair.units.run("note", lambda work, key=key, number=number: example.note(work, key, number))  # type: ignore[misc]

        async def all_heard() -> bool:
            return sum(map(len, (await pair.heard()).values())) >= 210

        await until(all_heard)
    assert await pair.heard() == {key: tuple(range(30)) for key in keys}
    assert await pair.writer.relay_position() == 210
