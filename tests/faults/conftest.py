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

StackMaker = Callable[[Kafka, Postgres], AbstractAsyncContextManager[Stack]]


@pytest.fixture
def make_stack(topic_prefix: str, tmp_path: Path) -> StackMaker:
    """Makes a writer's and a reader's database and a topic of four partitions; no process runs yet."""

    @asynccontextmanager
    async def make(kafka: Kafka, postgres: Postgres) -> AsyncIterator[Stack]:
        name, topic = topic_prefix.strip("."), f"{topic_prefix}notes.v1"
        databases = {role: f"{name}-{role}" for role in ("writer", "reader")}
        urls = {role: postgres.create_database(database) for role, database in databases.items()}
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
        for database in databases.values():
            postgres.drop_database(database)

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
