"""Rows 4 and 5: what a database may do to those who write into it, and what they make of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.units import Units

from . import notes
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
