"""The directory's store on real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from client_directory.views.clients import CLIENTS_VIEW
from client_directory.views.reviews import REVIEWS_VIEW
from client_directory.views.served import SERVED_VIEW
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.views import create_view_tables

VIEWS = (CLIENTS_VIEW, REVIEWS_VIEW, SERVED_VIEW)


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
