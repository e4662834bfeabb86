"""Dispatch's store on real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from dispatch.views.calls import CALLS_VIEW
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.views import create_view_tables


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    """An empty store with the tables of its views."""
    await asyncio.to_thread(create_tables, database)
    store = PostgresStore(database)
    await store.open()
    await create_view_tables(store, CALLS_VIEW)
    yield store
    await store.close()
