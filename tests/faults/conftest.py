"""Two databases and a topic for each fault test."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from doorstep_chassis.store.recorder import create_tables
from doorstep_local.kafka import Kafka
from doorstep_local.postgres import Postgres
from doorstep_local.pytest_plugin import Topics

from .stack import Stack
from .topic import Producer


@pytest.fixture
async def stack(kafka: Kafka, postgres: Postgres, topics: Topics, tmp_path: Path) -> AsyncIterator[Stack]:
    """A writer's and a reader's database and a topic of four partitions; no process runs yet."""
    name = topics.prefix.strip(".")
    names = {role: f"{name}-{role}" for role in ("writer", "reader")}
    urls = {role: postgres.create_database(database) for role, database in names.items()}
    for url in urls.values():
        await asyncio.to_thread(create_tables, url)
    made = Stack(name, kafka.bootstrap, urls, await topics.create("notes.v1", partitions=4), tmp_path)
    for store in made.stores.values():
        await store.open()
    yield made
    await made.end()
    for database in names.values():
        postgres.drop_database(database)


@pytest.fixture
async def producer(stack: Stack) -> AsyncIterator[Producer]:
    """Puts any bytes into the topic."""
    async with AIOKafkaProducer(bootstrap_servers=stack.bootstrap.split(",")) as made:
        yield Producer(stack.topic, made)
