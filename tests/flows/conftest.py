"""The whole of Doorstep, once for all flows; every test has an organisation of its own."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from doorstep_local.door import Door
from doorstep_local.kafka import Kafka
from doorstep_local.postgres import Postgres
from doorstep_local.services import MODULES, Doorstep
from doorstep_local.stack import Stack

from .scene import Scene

PATIENT = {"gateway": {"DOORSTEP_READS_A_MINUTE": "100000", "DOORSTEP_WRITES_A_MINUTE": "100000"}}
"""One person of a test asks more often than people do."""


@pytest.fixture(scope="session")
def doorstep(stack_directory: Path, kafka: Kafka, postgres: Postgres) -> Iterator[Doorstep]:
    """All services, one process each, on the Kafka and the PostgreSQL of this run."""
    directory = stack_directory / "flows"
    stack = Stack(directory, broker=kafka.bootstrap, postgres=postgres.url(), report=lambda line: None)
    running = Doorstep(stack, database_prefix=f"flows_{uuid.uuid4().hex[:8]}_", environment=PATIENT)
    with stack:
        running.start()
        yield running
        stack.check()
    for name in MODULES:
        postgres.drop_database(running.database(name))


@pytest.fixture(scope="session")
def door(doorstep: Doorstep) -> Iterator[Door]:
    """The public door."""
    opened = Door(doorstep.url, doorstep.issuer, doorstep.own_tokens())
    yield opened
    opened.close()


@pytest.fixture
def scene(doorstep: Doorstep, door: Door) -> Scene:
    """An organisation that no other test uses: an operator, three workers in Lyon, workers may create requests."""
    return Scene.of(doorstep, door)
