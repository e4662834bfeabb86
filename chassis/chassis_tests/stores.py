"""What the tests of the store are made of: a store on a fresh database, and units of work written by hand."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from doorstep_chassis.domain import Event
from doorstep_chassis.store.log import Committed
from doorstep_chassis.store.model import Meta, Move, NewEvent, Parked, Partition, Unit
from doorstep_chassis.store.port import Store
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.views import View, create_view_tables, view_metadata
from sqlalchemy import JSON, BigInteger, Boolean, Column, DateTime, String, Table, Uuid

from . import example

CONSUMER = "example.reactions"
NOTES = Partition("notes.v1", 0)
SOURCE = "/doorstep/writer/main"

METADATA = view_metadata()
CARDS = Table(
    "cards_v1",
    METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("key", String, primary_key=True),
    Column("total", BigInteger),
    Column("at", DateTime(timezone=True)),
    Column("open", Boolean),
    Column("owner", Uuid),
    Column("data", JSON),
    Column("order", String),
)
MARKS = Table("marks_v1", METADATA, Column("key", String, primary_key=True))
VIEW = View("cards", 1, METADATA, {})


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresStore]:
    """A store on a database, which gets its tables first."""
    await asyncio.to_thread(create_tables, url)
    store = PostgresStore(url)
    await store.open()
    await create_view_tables(store, VIEW)
    try:
        yield store
    finally:
        await store.close()


async def empty(store: PostgresStore) -> None:
    """Leave nothing of a test behind for the next one on the same database."""
    async with store.connection() as connection:
        await connection.execute(
            "TRUNCATE stored_events, positions, dead_letters, data_keys, cards_v1, marks_v1 RESTART IDENTITY"
        )
        # The library keeps the version of its tables there too.
        await connection.execute("DELETE FROM notification_tracking WHERE application_name LIKE '%|%'")
        await connection.execute("UPDATE relay SET epoch = 0, position = 0")


def event(key: str, version: int, number: int | None = None) -> NewEvent:
    """Note `number`, by default that of its version, under a key."""
    meta = Meta(example.ORGANISATION, "example.notes", key, example.NOW, "correlation", "causation")
    noted = example.Noted(key=key, number=version if number is None else number)
    return NewEvent(example.NOTES.at(example.ORGANISATION, key).id, version, noted, meta)


def move(
    version: int,
    *,
    offset: int = 0,
    generation: int = 1,
    partition: Partition = NOTES,
    consumer: str = CONSUMER,
    tracking: Mapping[str, int] | None = None,
) -> Move:
    """A step of the consumer from the version it read."""
    return Move(consumer, partition, generation, version, offset, tracking or {})


def parked(offset: int, **changes: Any) -> Parked:
    """A record set aside."""
    values: dict[str, Any] = {
        "consumer": CONSUMER,
        "partition": NOTES,
        "generation": 1,
        "offset": offset,
        "digest": b"digest %d" % offset,
        "key": b"k",
        "headers": (("ce_id", b"1"),),
        "value": b"{}",
        "source": SOURCE,
        "sequence": offset + 1,
        "subject": "k",
        "block_key": "k",
        "reason": "example_not_heard",
        "tracking": None,
        "parked_at": example.NOW,
    }
    return Parked(**{**values, **changes})


async def numbers(store: Store, key: str) -> list[int]:
    """What is noted under a key."""
    ref = example.NOTES.at(example.ORGANISATION, key)
    loaded = (await store.load([ref.id]))[ref.id]
    assert loaded.version == len(loaded.events)
    return [_noted(each).number for each in loaded.events]


def _noted(each: Event) -> example.Noted:
    assert isinstance(each, example.Noted)
    return each


async def log(store: Store) -> list[tuple[str, int]]:
    """Keys and numbers of the whole log, in its order."""
    entries = await store.log_after(0, 10_000)
    return [(entry.meta.key, _noted(entry.event).number) for entry in entries]


async def commit(store: Store, **parts: Any) -> Committed:
    """Commit a unit of these parts."""
    return await store.commit(Unit(**parts))
