"""Single events by 50 writers: ours through the whole command path, the library as its tutorial has it, and raw COPY."""

import asyncio
import threading
import time
from uuid import UUID, uuid4

import psycopg
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.store.model import Unit
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.units import Answer, IdempotencyKey, Units
from doorstep_chassis.work import Cause, Work
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from psycopg import conninfo

from tests.load.example import NOTES, ORGANISATION, Figures, take_note

WRITERS = 50
PLAIN_THREADS = 8


async def ours(url: str, seconds: float) -> tuple[float, float]:
    """Commands and events a second: each command has an idempotency key, reads its stream and seals a field."""
    await asyncio.to_thread(create_tables, url)
    store = PostgresStore(url)
    await store.open()
    units = Units(store, SystemClock(), "load")
    end = time.perf_counter() + seconds
    done = 0

    async def write(writer: int) -> None:
        nonlocal done
        number = 0
        while time.perf_counter() < end:
            # A fresh stream for every hundred events: what a stream of this system holds.
            stream = f"{writer}-{number // 100}"
            key = IdempotencyKey(ORGANISATION, f"writer-{writer}", "note", str(number), "fingerprint")

            def command(work: Work, stream: str = stream, number: int = number) -> Answer:
                take_note(work, stream, number)
                return Answer(status=201, body={"number": number})

            await units.answer("note", command, key)
            number += 1
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    took = time.perf_counter() - began
    events = await store.head()
    await store.close()
    return done / took, events / took


async def ours_append(url: str, seconds: float) -> float:
    """Events a second where the writer knows its stream's version: append alone, one event with a sealed field a unit."""
    await asyncio.to_thread(create_tables, url)
    store = PostgresStore(url)
    await store.open()
    clock = SystemClock()
    end = time.perf_counter() + seconds
    done = 0

    async def write(writer: int) -> None:
        nonlocal done
        work = Work()
        work.assume_new(NOTES.at(ORGANISATION, f"append-{writer}"))
        number = 0
        while time.perf_counter() < end:
            cause = Cause(f"{writer}-{number}", "load", clock.now(), "load")
            work.begin(lambda cause=cause: cause)  # type: ignore[misc]
            take_note(work, f"append-{writer}", number)
            await store.commit(Unit(events=[work.unit().events[-1]]))
            number += 1
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    took = time.perf_counter() - began
    await store.close()
    return done / took


class Note(Aggregate):
    """The same fact as the library's tutorial writes it."""

    @event("Taken")
    def __init__(self, text: str) -> None:
        self.texts = [text]

    @event("NoteTaken")
    def take(self, text: str) -> None:
        """One more."""
        self.texts.append(text)


class Notes(Application[UUID]):
    """The tutorial's application: get, change, save."""


def plain(url: str, seconds: float) -> float:
    """Events a second of 8 threads, one event a transaction."""
    parts = conninfo.conninfo_to_dict(url)
    notes = Notes(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(parts["dbname"]),
            "POSTGRES_HOST": str(parts["host"]),
            "POSTGRES_PORT": str(parts.get("port", "5432")),
            "POSTGRES_USER": str(parts["user"]),
            "POSTGRES_PASSWORD": str(parts.get("password", "")),
            "POSTGRES_POOL_SIZE": str(PLAIN_THREADS),
        }
    )
    end = time.perf_counter() + seconds
    counts = [0] * PLAIN_THREADS

    def write(thread: int) -> None:
        while time.perf_counter() < end:
            note = Note("first")
            notes.save(note)
            counts[thread] += 1
            for number in range(99):
                if time.perf_counter() >= end:
                    return
                note.take(f"note {number}")
                notes.save(note)
                counts[thread] += 1

    began = time.perf_counter()
    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(PLAIN_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    notes.close()
    return sum(counts) / took


def floor(url: str, rows: int = 100_000) -> float:
    """Events a second of one COPY into a table of the same shape, without a lock or a check."""
    state = b'{"meta":{},"data":' + b"x" * 350 + b"}"
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE raw (originator_id uuid, originator_version bigint, topic text, state bytea,"
            " notification_id bigserial, PRIMARY KEY (originator_id, originator_version))"
        )
        connection.execute("CREATE UNIQUE INDEX ON raw (notification_id)")
        began = time.perf_counter()
        with connection.cursor().copy(
            "COPY raw (originator_id, originator_version, topic, state) FROM STDIN (FORMAT BINARY)"
        ) as copy:
            copy.set_types(["uuid", "int8", "text", "bytea"])
            for _ in range(rows):
                copy.write_row((uuid4(), 1, "load.note-taken/1", state))
        connection.commit()
        return rows / (time.perf_counter() - began)


async def measure(urls: dict[str, str], seconds: float) -> Figures:
    """All of them, one after the other, each in a database of its own."""
    plain_rate = await asyncio.to_thread(plain, urls["plain"], seconds)
    append_rate = await ours_append(urls["append"], seconds)
    commands, events = await ours(urls["ours"], seconds)
    floor_rate = await asyncio.to_thread(floor, urls["floor"])
    return {
        "append_50_writers_events_per_s": append_rate,
        "append_50_writers_vs_plain": append_rate / plain_rate,
        "append_plain_events_per_s": plain_rate,
        "append_floor_copy_events_per_s": floor_rate,
        "commands_50_writers_per_s": commands,
        "commands_50_writers_events_per_s": events,
        "commands_50_writers_vs_plain": commands / plain_rate,
    }
