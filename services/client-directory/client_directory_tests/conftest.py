"""The directory's store on real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.views import create_view_tables

from .door import VIEWS, Door


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    """An empty store with the tables of its views."""
    await asyncio.to_thread(create_tables, database)
    store = PostgresStore(database)
    await store.open()
    for view in VIEWS:
        await create_view_tables(store, view)
    yield store
    await store.close()


@pytest.fixture
async def door(store: PostgresStore) -> AsyncIterator[Door]:
    """The directory's HTTP door on that store."""
    door = Door(store)
    yield door
    await door.close()
