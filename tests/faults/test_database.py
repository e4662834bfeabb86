"""Rows 4, 5, 14 and 19: what a database may do to those who write into it, and what they make of it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import psycopg
import pytest
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.units import AnswerGiven, Units
from doorstep_local.kafka import Kafka
from doorstep_local.postgres import Postgres
from doorstep_local.pytest_plugin import PostgresMaker

from . import notes
from .conftest import StackMaker
from .stack import Load, Stack, until


class Slow:
    """A writer that draws positions in a transaction and keeps it open."""

    def __init__(self, store: PostgresStore, session: psycopg.AsyncConnection[object]) -> None:
        self._units = Units(store, SystemClock(), "slow")
        self._session = session

    async def note(self, key: str, number: int) -> None:
        """Note a number by the function that all writers use; nobody sees it yet."""
        await self._units.run("note", lambda work: notes.note(work, key, number))

    async def commit(self) -> None:
        await self._session.commit()

    async def roll_back(self) -> None:
        await self._session.rollback()


@asynccontextmanager
async def slow(stack: Stack) -> AsyncIterator[Slow]:
    """One on the writer's database."""
    store = PostgresStore(stack.urls["writer"])
    await store.open()
    try:
        store._writer = session = await psycopg.AsyncConnection.connect(stack.urls["writer"])
        yield Slow(store, session)
    finally:
        await store.close()


async def positions(stack: Stack) -> list[int]:
    """Those of the writer's log."""
    return [entry.position for entry in await stack.log("writer")]


async def writers_wait(stack: Stack) -> None:
    """Wait until another writer stands before the lock of the log."""

    async def one_waits() -> bool:
        async with stack.stores["writer"].connection() as connection:
            cursor = await connection.execute(
                "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                " AND query LIKE '%%doorstep_commit%%'"
            )
            return cursor.rowcount > 0

    await until(one_waits, "another writer waits")


async def test_a_long_transaction_at_a_lower_position_hides_nothing(stack: Stack) -> None:
    """Row 4: a long transaction holds a lower position while higher ones wait."""
    writer, _ = await stack.started("writer", "reader")
    async with Load([writer]) as load, slow(stack) as other:
        for number in range(6):
            await load.more(20)
            # given a transaction that has drawn the next position and stays open, and writers behind it
            await other.note("slow", number)
            seen = await positions(stack)
            await writers_wait(stack)
            # then nothing above it can be seen while it is open
            assert await positions(stack) == seen
            await (other.commit() if number % 2 else other.roll_back())
            if number % 2:
                await other.note("slow", number + 100)
                await other.commit()
    # and nothing was skipped: neither what it committed, nor what came behind what it rolled back
    await stack.check()
    assert (await stack.heard())["slow"] == [1, 101, 3, 103, 5, 105]
    assert load.refused == {}


async def test_gaps_in_the_positions_stop_neither_relay_nor_reader(stack: Stack) -> None:
    """Row 5: 100 rolled-back appends."""
    writer, _ = await stack.started("writer", "reader")
    async with Load([writer]) as load, slow(stack) as other:
        for number in range(100):
            await other.note("gone", number)
            await other.roll_back()
        await load.more(20)
    await stack.check()
    found = await positions(stack)
    assert found[-1] - len(found) >= 100

    async def at_the_end() -> bool:
        return await stack.stores["writer"].relay_position() == found[-1]

    await until(at_the_end, "the relay stores its position")
    assert load.refused == {}


def clean(load: Load) -> None:
    """Who was refused was told so in one way alone, and when to come again."""
    assert {
        (answer.status_code, answer.json()["code"], answer.headers.get("Retry-After")) for answer in load.refusals
    } <= {(503, "unavailable", "1")}
    assert set(load.refused) <= {503}


async def whole(stack: Stack, load: Load) -> None:
    """What people were told is what is in the log, once, each note with the answer that was given for it."""
    assert await stack.noted() == {key: list(range(count)) for key, count in load.noted.items()}
    kinds = Counter(entry.topic for entry in await stack.log("writer"))
    assert kinds == {
        notes.Noted.stored_topic(): load.noted.total(),
        AnswerGiven.stored_topic(): load.noted.total(),
    }


async def test_every_session_is_ended_again_and_again(stack: Stack) -> None:
    """Row 14: `pg_terminate_backend` on everything, under load."""
    apps = writer, _ = await stack.started("writer", "reader")

    async def end_all() -> None:
        await asyncio.gather(stack.terminate("writer"), stack.terminate("reader"))

    async with Load([writer], pause=0) as load:
        # given sessions that all end, time after time, once a little work is done
        for _ in range(40):
            await load.more(3)
            await end_all()
        # and a hail in which hardly anybody gets through
        for _ in range(60):
            await end_all()
        await load.more(20)
    # then commands were done or refused in whole, by processes that have outlived it
    await stack.check()
    await whole(stack, load)
    clean(load)
    assert [app.runs for app in apps] == [True, True]


async def seconds_pass(seconds: float) -> None:
    """Let a fault last."""
    began = time.monotonic()

    async def over() -> bool:
        return time.monotonic() - began >= seconds

    await until(over, "time passes", seconds + 5)


OUTAGES = [
    pytest.param(12, id="short"),
    pytest.param(150, id="long", marks=(pytest.mark.slow, pytest.mark.timeout(300))),
]
"""Seconds. The short one is longer than what anybody waits for a connection."""


@pytest.mark.parametrize("seconds", OUTAGES)
async def test_a_reader_waits_for_its_database(
    seconds: int, kafka: Kafka, postgres: Postgres, make_postgres: PostgresMaker, make_stack: StackMaker
) -> None:
    """Row 19: the database is away while records arrive."""
    server = make_postgres()
    async with make_stack(kafka, postgres, server) as stack:
        writer, reader = await stack.started("writer", "reader")
        async with Load([writer], pause=0.1) as load:
            await load.more(20)
            # when the reader's database stops
            await asyncio.to_thread(server.stop)
            process = psutil.Process(reader.process.pid)
            used = sum(process.cpu_times()[:2])
            await seconds_pass(seconds)
            # then it waits longer each time, and works little
            assert sum(process.cpu_times()[:2]) - used < 0.2 * seconds
            waits = [line["seconds"] for line in reader.logged("consumer.waiting") if "seconds" in line]
            assert 1 < len(waits) < 6 + seconds / 5
            assert waits == sorted(waits), waits
            assert (await reader.health())[0] == 503
            # and once it is back, the same process goes on at once
            await asyncio.to_thread(server.start)
            behind = load.noted.total()

            async def goes_on() -> bool:
                return sum(map(len, (await stack.heard()).values())) >= behind

            await until(goes_on, "the reader goes on", 15)
        await stack.check()
        assert load.refused == {}
        assert [app.runs for app in (writer, reader)] == [True, True]


@pytest.mark.parametrize("seconds", OUTAGES)
async def test_a_command_is_told_to_come_again_while_the_database_is_away(
    seconds: int, kafka: Kafka, postgres: Postgres, make_postgres: PostgresMaker, make_stack: StackMaker
) -> None:
    """Row 19, for a writer: its relay and its commands go on by themselves, too."""
    server = make_postgres()
    async with make_stack(kafka, server, postgres) as stack:
        apps = writer, _ = await stack.started("writer", "reader")
        async with Load([writer], patience=2 * seconds + 40) as load:
            await load.more(20)
            await asyncio.to_thread(server.stop)
            await seconds_pass(seconds)
            assert load.refused[503] > 0
            await asyncio.to_thread(server.start)
            await load.more(20)
        await stack.check()
        await whole(stack, load)
        clean(load)
        assert [app.runs for app in apps] == [True, True]
