"""Rows 4 to 7: what the log holds reaches the topic, whoever writes slowly, gives up, or believes it still leads."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import psutil
import psycopg
from doorstep_chassis.store.mapper import encode
from doorstep_chassis.store.model import Meta, NewEvent

from . import notes
from .stack import HOLDS_LOCK, App, Load, Stack, until


def row(key: str, number: int) -> tuple[object, ...]:
    """A note as a row of the log: the first in its stream."""
    ref = notes.NOTES.at(notes.ORGANISATION, key)
    meta = Meta(
        organisation_id=notes.ORGANISATION,
        stream=ref.stream.name,
        key=key,
        time=datetime(2026, 3, 2, 9, tzinfo=UTC),
        correlation_id="c",
        causation_id="c",
    )
    return ref.id, 1, *encode(NewEvent(ref.id, 1, notes.Noted(key=key, number=number), meta))


_INSERT = "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (%s, %s, %s, %s)"


async def test_a_slow_transaction_with_a_lower_position_is_not_skipped(stack: Stack) -> None:
    """Row 4: a long transaction holds a lower id while higher ones want to commit."""
    writer, _ = await stack.started("writer", "reader")
    async with await psycopg.AsyncConnection.connect(stack.urls["writer"]) as slow:
        # given an appended note whose transaction stays open
        await slow.execute(_INSERT, row("slow", 0))
        async with Load([writer]) as load:

            async def others_wait() -> bool:
                cursor = await slow.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IS NOT NULL")
                return (await cursor.fetchone()) == (1,)

            await until(others_wait, "other writers wait")
            assert load.noted.total() == 0
            # when it commits, after others wanted to
            await slow.commit()
            await load.more(20)
    # then it stands first in the log, and no reader has passed over it
    await stack.check()
    noted = await stack.noted()
    assert next(iter(noted)) == "slow"
    assert noted["slow"] == [0]


async def test_positions_that_were_given_up_hold_nobody_up(stack: Stack) -> None:
    """Row 5: rolled-back ids leave gaps."""
    writer, _ = await stack.started("writer", "reader")
    async with Load([writer]) as load:
        await load.more(5)
        # when a hundred appends are rolled back, among others that are not
        async with await psycopg.AsyncConnection.connect(stack.urls["writer"]) as giving_up:
            for number in range(100):
                await giving_up.execute(_INSERT, row("given-up", number))
                await giving_up.rollback()
        await load.more(5)
    # then the log has gaps, and all that is in it arrives
    await stack.check()
    log = await stack.log("writer")
    assert log[-1].position - len(log) >= 100
    assert await stack.stores["writer"].relay_position() == log[-1].position


async def leader(stack: Stack, writers: list[App]) -> App | None:
    """The process that holds the relay's lock."""
    async with await psycopg.AsyncConnection.connect(stack.urls["writer"]) as connection:
        cursor = await connection.execute(f"SELECT client_port FROM pg_stat_activity WHERE {HOLDS_LOCK}")
        ports = {port for (port,) in await cursor.fetchall()}
    assert len(ports) <= 1
    for writer in writers:
        if writer.runs:
            process = psutil.Process(writer.process.pid)
            if ports & {at.laddr.port for at in process.net_connections("tcp") if at.status == "ESTABLISHED"}:
                return writer
    return None


async def led(stack: Stack, writers: list[App]) -> App:
    """Wait until one of them leads."""
    found: list[App] = []

    async def one() -> bool:
        found[:] = filter(None, [await leader(stack, writers)])
        return bool(found)

    await until(one, "one of the writers leads")
    return found[0]


async def test_a_leader_that_loses_its_lock_is_followed_by_another(stack: Stack) -> None:
    """Row 6: two relays at once; kill the leader's lock session, and the leader."""
    one, other, _ = await stack.started("writer", "writer", "reader")
    async with Load([one, other]) as load:
        await load.more(10)
        # when the lock's session is cut again and again, then the lock is taken again
        for _ in range(3):
            await led(stack, [one, other])
            assert await stack.terminate("writer", HOLDS_LOCK) == 1
            await led(stack, [one, other])
            await load.more(10)
        # and when the leader dies, then the other one leads
        dying = await led(stack, [one, other])
        dying.kill()
        assert await led(stack, [one, other]) is not dying
        await load.more(10)
    await stack.check()


@asynccontextmanager
async def watched_position(stack: Stack) -> AsyncIterator[list[int]]:
    """The relay's position as it moves."""
    seen: list[int] = []

    async def watch() -> None:
        while True:
            seen.append(await stack.stores["writer"].relay_position())
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    try:
        yield seen
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def test_a_relay_that_wakes_up_without_its_lock_sends_only_what_was_sent(stack: Stack) -> None:
    """Row 7: SIGSTOP the relay past its lock, SIGCONT."""
    zombie, other, reader = stack.app("writer"), stack.app("writer"), stack.app("reader")
    await zombie.start("relay.before_send=pause@5")
    await asyncio.gather(other.start(), reader.start())
    async with watched_position(stack) as positions, Load([other]) as load:
        # given a relay that stopped with records in hand, and another one that took its lock and sent them
        stopped = psutil.Process(zombie.process.pid)

        async def stands_still() -> bool:
            return stopped.status() == psutil.STATUS_STOPPED

        await until(stands_still, "the relay stands still")
        assert await stack.terminate("writer", HOLDS_LOCK) == 1
        assert await led(stack, [other]) is other
        await load.more(50)
        # when it wakes up
        zombie.process.resume()
        await zombie.says("leader.lost")
        await load.more(20)
    # then what it sent were duplicates, and the position never moved back
    await stack.check()
    sequences = [dict(record.headers)["ce_sequence"] for record in await stack.records()]
    assert len(sequences) > len(set(sequences))
    assert positions == sorted(positions)
