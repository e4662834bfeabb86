"""Two databases and a topic for each fault test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from doorstep_chassis.store.recorder import create_tables
from doorstep_local.kafka import Kafka
from doorstep_local.postgres import Postgres
from doorstep_local.topics import TopicDeclaration, apply

from .stack import Stack
from .topic import Producer

StackMaker = Callable[..., AbstractAsyncContextManager[Stack]]


@pytest.fixture
def make_stack(topic_prefix: str, tmp_path: Path) -> StackMaker:
    """Makes a writer's and a reader's database and a topic of four partitions; no process runs yet.

    `make(kafka, postgres, of_reader)`: the reader's database stands on a server of its own.
    """

    @asynccontextmanager
    async def make(kafka: Kafka, postgres: Postgres, of_reader: Postgres | None = None) -> AsyncIterator[Stack]:
        name, topic = topic_prefix.strip("."), f"{topic_prefix}notes.v1"
        servers = {"writer": postgres, "reader": of_reader or postgres}
        urls = {role: server.create_database(f"{name}-{role}") for role, server in servers.items()}
        for url in urls.values():
            await asyncio.to_thread(create_tables, url)
        await apply(kafka.bootstrap, [TopicDeclaration(topic, 4)])
        made = Stack(name, kafka.bootstrap, urls, topic, tmp_path)
        for store in made.stores.values():
            await store.open()
        try:
            yield made
        finally:
            await made.end()
        for role, server in servers.items():
            server.drop_database(f"{name}-{role}")

    return make


@pytest.fixture
async def stack(kafka: Kafka, postgres: Postgres, make_stack: StackMaker) -> AsyncIterator[Stack]:
    """On the servers that all tests share."""
    async with make_stack(kafka, postgres) as made:
        yield made


@pytest.fixture
async def producer(stack: Stack) -> AsyncIterator[Producer]:
    """Puts any bytes into the topic."""
    async with AIOKafkaProducer(bootstrap_servers=stack.bootstrap.split(",")) as made:
        yield Producer(stack.topic, made)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The fault matrix takes minutes and the whole machine: `make test-all` runs it, `make test` does not."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.slow)
