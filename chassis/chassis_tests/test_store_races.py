"""Two processes, long transactions and lost answers on one PostgreSQL: nothing is skipped, nothing happens twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.relay import Outgoing, Relay
from doorstep_chassis.store.model import Partition, StoreUnavailable
from doorstep_chassis.store.port import Store
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.units import Answer, IdempotencyKey, Units
from doorstep_chassis.work import Work
from doorstep_local.pytest_plugin import PostgresMaker
from psycopg import AsyncConnection

from . import example
from .stores import CONSUMER, NOTES, SOURCE, commit, event, log, move, numbers, opened, parked
from .test_redrive import record

T = TypeVar("T")
KEY = IdempotencyKey(example.ORGANISATION, "somebody", "POST /notes", "key-1", "body-1")


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with opened(database) as store:
        yield store


@pytest.fixture
async def other(store: PostgresStore, database: str) -> AsyncIterator[PostgresStore]:
    """The same database, as another process sees it."""
    other = PostgresStore(database)
    await other.open()
    yield other
    await other.close()


class Tail:
    """A reader that keeps the highest position it has seen, as relay and views do."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._position = 0
        self.seen: list[tuple[str, int]] = []

    async def read(self) -> Sequence[tuple[str, int]]:
        """What is new."""
        entries = await self._store.log_after(self._position, 7)
        for entry in entries:
            self._position = entry.position
            self.seen.append((entry.meta.key, entry.event.number))  # type: ignore[attr-defined]
        return self.seen[-len(entries) :] if entries else []


@asynccontextmanager
async def held_open(store: PostgresStore, url: str) -> AsyncIterator[AsyncConnection[Any]]:
    """What this store commits stays in a transaction that the test ends."""
    async with await AsyncConnection.connect(url) as connection:
        store._writer = connection
        yield connection
        store._writer = None


async def backend(store: PostgresStore, waiting_for: str) -> int:
    """The process of a commit that waits, as PostgreSQL tells it."""
    async with store.connection() as connection, asyncio.timeout(10):
        while True:
            cursor = await connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%doorstep_commit%'"
                " AND pid <> pg_backend_pid() AND coalesce(wait_event_type, '') || '/' || coalesce(wait_event, '')"
                f" LIKE '{waiting_for}'"
            )
            if (row := await cursor.fetchone()) is not None:
                return int(row[0])
            await asyncio.sleep(0.01)


async def terminate(store: PostgresStore, pid: int) -> None:
    async with store.connection() as connection:
        await connection.execute("SELECT pg_terminate_backend(%s)", (pid,))


def note_once(store: Store) -> Awaitable[Answer]:
    """The same command each time, under the same key."""

    def note(work: Work) -> Answer:
        example.note(work, "k", 1)
        return Answer(status=201, body={"version": work.version(example.NOTES.at(example.ORGANISATION, "k"))})

    return Units(store, FixedClock(example.NOW), "example").answer("note", note, KEY)


# Races


async def test_of_two_processes_one_takes_a_version(store: PostgresStore, other: PostgresStore) -> None:
    outcomes = await asyncio.gather(
        *[commit(each, events=[event(str(key), 1)]) for key in range(20) for each in (store, other)],
        return_exceptions=True,
    )
    pairs = [sorted(type(each).__name__ for each in outcomes[at : at + 2]) for at in range(0, 40, 2)]
    assert pairs == [["Committed", "StreamConflict"]] * 20
    assert sorted(await log(store)) == sorted((str(key), 1) for key in range(20))


@pytest.mark.parametrize("version", [0, 1])
async def test_of_two_processes_one_moves_a_position(store: PostgresStore, other: PostgresStore, version: int) -> None:
    partitions = [Partition("notes.v1", number) for number in range(20)]
    if version:
        await commit(store, moves=[move(0, partition=each) for each in partitions])
    outcomes = await asyncio.gather(
        *[
            commit(each, moves=[move(version, offset=3, partition=partition, tracking={SOURCE: 3})])
            for partition in partitions
            for each in (store, other)
        ],
        return_exceptions=True,
    )
    pairs = [sorted(type(each).__name__ for each in outcomes[at : at + 2]) for at in range(0, 40, 2)]
    assert pairs == [["Committed", "PositionConflict"]] * 20
    assert [(await store.snapshot(CONSUMER, each)).version for each in partitions] == [version + 1] * 20


# The log as a tailing reader sees it


async def test_a_reader_misses_nothing_while_an_earlier_transaction_is_open(
    store: PostgresStore, other: PostgresStore, database: str
) -> None:
    tail = Tail(store)
    async with held_open(other, database) as transaction:
        # Given events that are written but not committed
        await commit(other, events=[event("slow", 1)])
        # When others are written after them
        later = asyncio.create_task(commit(store, events=[event("fast", 1)]))
        await backend(store, "Lock/relation")
        # Then the later ones wait for them
        assert await tail.read() == []
        await transaction.commit()
        await later
    assert await tail.read() == [("slow", 1), ("fast", 1)]


async def test_without_the_table_lock_a_reader_does_miss_something(store: PostgresStore, database: str) -> None:
    """The control: positions from the sequence alone, as a plain INSERT draws them."""
    tail = Tail(store)
    insert = (
        "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
        " SELECT %s, originator_version, topic, replace(convert_from(state, 'UTF8'), 'model', %s)::bytea"
        " FROM stored_events WHERE notification_id = 1"
    )
    await commit(store, events=[event("model", 1)])
    await tail.read()
    async with await AsyncConnection.connect(database) as slow, await AsyncConnection.connect(database) as fast:
        await slow.execute(insert, (event("slow", 1).stream_id, "slow"))
        await fast.execute(insert, (event("fast", 1).stream_id, "fast"))
        await fast.commit()
        assert await tail.read() == [("fast", 1)]
        await slow.commit()
    assert await tail.read() == []
    assert set(await log(store)) - set(tail.seen) == {("slow", 1)}


async def test_a_reader_sees_the_commits_of_two_processes_once_and_in_order(
    store: PostgresStore, other: PostgresStore
) -> None:
    writing = asyncio.gather(
        *[commit(each, events=[event(f"{key} {each is store}", 1)]) for key in range(60) for each in (store, other)]
    )
    tail = Tail(store)
    while not writing.done() or await tail.read():
        await tail.read()
        await asyncio.sleep(0)
    assert len(tail.seen) == 120
    assert tail.seen == await log(store)


class Topic:
    """A topic in memory."""

    def __init__(self) -> None:
        self.sequences: list[int] = []

    async def send(self, records: Sequence[Outgoing]) -> None:
        self.sequences += [int(dict(record.headers)["ce_sequence"]) for record in records]


async def test_the_relay_goes_on_over_the_gaps_that_rolled_back_events_leave(
    store: PostgresStore, other: PostgresStore, database: str
) -> None:
    # Given a hundred positions drawn and given back
    await commit(store, events=[event("a", 1)])
    async with held_open(other, database) as transaction:
        for number in range(100):
            await commit(other, events=[event("gone", number + 1)])
            await transaction.rollback()
    last = await commit(store, events=[event("a", 2), event("b", 1)])
    # When the relay publishes the log
    topic = Topic()
    relay = Relay(SOURCE, store, topic, example.PUBLICATION, topics=lambda cls: "notes.v1")
    await relay.take()
    while entries := await store.log_after(relay.cursor, 2):
        await relay.publish(entries)
    await relay.store_position()
    # Then it is at the end, and nothing is missing
    assert (last.previous_head, [entry.position for entry in last.entries]) == (1, [102, 103])
    assert topic.sequences == [1, 102, 103]
    assert await store.relay_position() == 103


# Lost connections


async def test_a_command_whose_connection_is_lost_before_its_commit_is_done_once(
    store: PostgresStore, other: PostgresStore, database: str
) -> None:
    # Given a command that waits for its turn to commit
    async with held_open(other, database) as transaction:
        await commit(other, events=[event("slow", 1)])
        answering = asyncio.ensure_future(note_once(store))
        # When its connection is killed
        await terminate(store, await backend(store, "Lock/relation"))
        await transaction.commit()
    # Then it is done once all the same
    assert await answering == Answer(status=201, body={"version": 1})
    assert await numbers(store, "k") == [1]
    assert await note_once(store) == Answer(status=201, body={"version": 1})
    assert await numbers(store, "k") == [1]


@pytest.fixture
async def forgetful(make_postgres: PostgresMaker) -> AsyncIterator[PostgresStore]:
    """A store whose server commits, and answers only when a replica that is not there has confirmed it."""
    url = make_postgres().create_database("forgetful")
    async with opened(url) as store:
        async with store.connection() as connection:
            await connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            await connection.execute("SELECT pg_reload_conf()")
        yield store


async def lost(store: PostgresStore, committing: Callable[[], Awaitable[T]]) -> T:
    """Begin a commit, and kill its connection once it is committed and before it is answered."""
    task = asyncio.ensure_future(committing())
    await terminate(store, await backend(store, "IPC/SyncRep"))
    return await task


async def test_a_commit_whose_answer_was_lost_is_told_from_one_that_failed(forgetful: PostgresStore) -> None:
    # Then the unit is there, and the caller was told to look
    with pytest.raises(StoreUnavailable):
        await lost(forgetful, lambda: commit(forgetful, events=[event("a", 1)]))
    assert await numbers(forgetful, "a") == [1]
    # Then a command finds the answer that it has given
    assert await lost(forgetful, lambda: note_once(forgetful)) == Answer(status=201, body={"version": 1})
    assert await numbers(forgetful, "k") == [1]
    # Then a consumer that reads the same records again skips them
    engine = Engine(
        CONSUMER, forgetful, example.REACTIONS, EventDecoder(example.CLASSES, frozenset()), lambda: example.NOW
    )
    await engine.assign(NOTES, 1)
    read = {NOTES: [record("h", 1, 1), record("h", 2, 2)._replace(offset=1)]}
    with pytest.raises(StoreUnavailable):
        await lost(forgetful, lambda: engine.handle(read))
    assert await engine.handle(read) == {NOTES: 2}
    heard = [entry.event for entry in await forgetful.log_after(0, 100) if isinstance(entry.event, example.Heard)]
    assert heard == [example.Heard(key="h", number=1), example.Heard(key="h", number=2)]
    assert (await forgetful.snapshot(CONSUMER, NOTES)).version == 1


# A second start


async def test_a_start_on_tables_that_are_there_changes_nothing(store: PostgresStore, database: str) -> None:
    await commit(store, events=[event("a", 1)], moves=[move(0, offset=3, tracking={SOURCE: 7})], parked=[parked(2)])
    epoch, _ = await store.take_relay()
    await store.store_relay_position(epoch, 1)
    before = (await store.snapshot(CONSUMER, NOTES), await store.letters(), await log(store))
    await asyncio.to_thread(create_tables, database)
    assert (await store.snapshot(CONSUMER, NOTES), await store.letters(), await log(store)) == before
    assert await store.take_relay() == (epoch + 1, 1)
