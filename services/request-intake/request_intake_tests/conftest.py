"""The door of intake on real PostgreSQL: one database for all tests, emptied before each."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_local.postgres import Postgres

from .door import Door, empty, open_door, open_store


@pytest.fixture(scope="session")
async def intake_store(postgres: Postgres) -> AsyncIterator[PostgresStore]:
    """The store that all tests share."""
    name = f"intake_{uuid4().hex}"
    async with open_store(postgres.create_database(name)) as store:
        yield store
    postgres.drop_database(name)


@pytest.fixture
async def store(intake_store: PostgresStore) -> PostgresStore:
    """An empty store."""
    await empty(intake_store)
    return intake_store


@pytest.fixture
async def closed_door(store: PostgresStore) -> AsyncIterator[Door]:
    """A door that no organisation has come to yet."""
    async with open_door(store) as opened:
        yield opened


@pytest.fixture
async def door(closed_door: Door) -> Door:
    """A door with one organisation that lets workers create requests."""
    assert (await closed_door.add_organisation()).status_code == 201
    return closed_door
