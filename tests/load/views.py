"""Reading the log and rebuilding a view from it, against one statement an event."""

import asyncio
import time
from collections.abc import Mapping

import psycopg
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.consumer.engine import Engine, Handler
from doorstep_chassis.consumer.log_feed import LOG, log_decoder, log_record
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.domain import derived_id
from doorstep_chassis.store.model import Meta, NewEvent, Unit
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.views import View, checksum, create_view_tables, view_metadata
from doorstep_chassis.work import Work
from sqlalchemy import Column, DateTime, Integer, String, Table, Uuid

from tests.load.example import INSTANT, ORGANISATION, Figures, NoteTaken

CHUNK = 5000
EVENTS_A_STREAM = 10

_METADATA = view_metadata()
NOTE_COUNTS = Table(
    "note_counts_v1",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last", String, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)


def note_taken(work: Work, event: NoteTaken, message: Message) -> None:
    """Count and keep the last."""
    meta = message.meta
    assert meta is not None
    row = work.row(NOTE_COUNTS, meta.organisation_id, meta.key)
    work.put(
        NOTE_COUNTS,
        meta.organisation_id,
        meta.key,
        count=(row["count"] if row else 0) + 1,
        last=event.note,
        at=meta.time,
    )


HANDLERS: Mapping[type, Handler] = {NoteTaken: note_taken}
VIEW = View("note_counts", 1, _METADATA, HANDLERS)


async def fill(store: PostgresStore, total: int) -> None:
    """A log of notes."""
    for first in range(0, total, CHUNK):
        events = []
        for number in range(first, min(total, first + CHUNK)):
            stream, version = divmod(number, EVENTS_A_STREAM)
            meta = Meta(ORGANISATION, "load.notes", str(stream), INSTANT, "load", "load")
            stream_id = derived_id("load", stream)
            events.append(NewEvent(stream_id, version + 1, NoteTaken(number=number, note="s1.sealed.sealed"), meta))
        await store.commit(Unit(events=events))


async def read_log(store: PostgresStore, total: int) -> float:
    """Events a second, decoded."""
    began = time.perf_counter()
    position = 0
    while position < total:
        for entry in await store.log_after(position, CHUNK):
            position = entry.position
            assert entry.event is not None
    return total / (time.perf_counter() - began)


async def rebuild(store: PostgresStore, total: int) -> float:
    """Events a second through the engine into the table."""
    await create_view_tables(store, VIEW)
    engine = Engine("load.view.note_counts", store, HANDLERS, log_decoder("/doorstep/load"), SystemClock().now)
    await engine.assign(LOG, 1)
    began = time.perf_counter()
    position = 0
    while position < total:
        entries = await store.log_after(position, CHUNK)
        await engine.handle({LOG: [log_record(entry) for entry in entries]})
        position = entries[-1].position
    took = time.perf_counter() - began
    assert (await checksum(store, VIEW)).startswith(f"{-(-total // EVENTS_A_STREAM)}:")
    return total / took


def plain(url: str, events: int) -> float:
    """Events a second with one statement and one transaction each."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE plain_counts (stream text PRIMARY KEY, count int, last text, at timestamptz)")
        began = time.perf_counter()
        for number in range(events):
            connection.execute(
                "INSERT INTO plain_counts AS p VALUES (%s, 1, %s, %s) ON CONFLICT (stream)"
                " DO UPDATE SET count = p.count + 1, last = excluded.last, at = excluded.at",
                (str(number // EVENTS_A_STREAM), "s1.sealed.sealed", INSTANT),
            )
        return events / (time.perf_counter() - began)


async def measure(url: str, total: int) -> Figures:
    """All on one log."""
    await asyncio.to_thread(create_tables, url)
    store = PostgresStore(url)
    await store.open()
    await fill(store, total)
    reading = await read_log(store, total)
    rebuilding = await rebuild(store, total)
    await store.close()
    one_by_one = await asyncio.to_thread(plain, url, min(total, 5000))
    return {
        "log_read_events_per_s": reading,
        "view_rebuild_events_per_s": rebuilding,
        "view_plain_events_per_s": one_by_one,
        "view_rebuild_vs_plain": rebuilding / one_by_one,
    }
