"""Rows 6 to 9 and 27: more than one of a service at once, and some of them go, come back, or wake up too late."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import psutil
import psycopg
import pytest
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.publisher import partition_of
from doorstep_chassis.store.model import Partition

from .stack import App, Load, Stack, post, until
from .topic import engine, reading

_LEADS = """pid IN (
    SELECT pid FROM pg_locks
    WHERE granted AND locktype = 'advisory' AND (classid::bigint << 32 | objid::bigint) = hashtextextended(%s, 0)
)"""

STOPS_WITHIN = 15
"""Seconds: a supervisor's usual patience before it kills."""


async def depose(stack: Stack) -> None:
    """Terminate the session that holds the writers' lock."""
    assert await stack.terminate("writer", _LEADS, f"doorstep.{stack.names['writer']}") == 1


async def leads(stack: Stack, app: App) -> None:
    """Wait until this writer holds the lock."""

    async def holds() -> bool:
        async with stack.stores["writer"].connection() as connection:
            found = await connection.execute(
                f"SELECT application_name FROM pg_stat_activity WHERE {_LEADS}", (f"doorstep.{stack.names['writer']}",)
            )
            return await found.fetchall() == [(app.name,)]

    await until(holds, f"{app.name} leads")


async def stands_by(app: App, times: int) -> None:
    """Wait until a writer has noticed for so many times that it leads no more."""

    async def noticed() -> bool:
        wake(app)
        return len(app.logged("leader.lost")) == times

    await until(noticed, f"{app.name} steps down")


async def stopped(app: App) -> None:
    """Wait until a process stands at its failpoint."""

    async def stands() -> bool:
        return stands_still(app)

    await until(stands, f"{app.name} stands still")


def stands_still(app: App) -> bool:
    return psutil.Process(app.process.pid).status() == psutil.STATUS_STOPPED


def wake(app: App) -> None:
    """Let it go on if it stands still: its failpoint stops it anew each time it comes by."""
    if stands_still(app):
        app.process.resume()


async def published(stack: Stack) -> int:
    """Wait until the writers' whole log is published and that is stored; the position."""
    store = stack.stores["writer"]

    async def all_stored() -> bool:
        return await store.relay_position() == await store.head()

    await until(all_stored, "the log is published")
    return await store.relay_position()


async def sent(stack: Stack) -> Counter[tuple[bytes | None, bytes | None]]:
    """How often each event is in the topic, by sequence and id."""
    headers = [dict(record.headers) for record in await stack.records()]
    return Counter((each["ce_sequence"], each["ce_id"]) for each in headers)


async def test_of_two_relays_one_leads_and_the_other_takes_over(stack: Stack) -> None:
    """Row 6: two relays at once, and the leader's lock session is killed."""
    # given two writers, one of which leads, and people who take turns at both doors
    one = stack.app("writer")
    await one.start()
    await leads(stack, one)
    two, _ = await stack.started("writer", "reader")
    async with Load([one, two]) as load:
        await load.more(20)
        for leader, other in ((one, two), (two, one)):
            # when the leader's lock session is killed
            await depose(stack)
            # then the other leads, and the one that led notices
            await leads(stack, other)
            await stands_by(leader, 1)
            await load.more(20)
    # and so it is when there is nothing to publish
    await depose(stack)
    await leads(stack, two)
    await stands_by(one, 2)
    # and nothing was lost or overtaken
    await stack.check()
    assert load.refused == {}

    # and each took over once: who holds the lock raises the epoch a moment later
    async def four_times() -> bool:
        return await epoch(stack) >= 4

    await until(four_times, "the last one has taken over")
    assert await epoch(stack) == 4


async def epoch(stack: Stack) -> int:
    """How often a relay has taken the lock."""
    async with stack.stores["writer"].connection() as connection:
        (row,) = await (await connection.execute("SELECT epoch FROM relay")).fetchall()
    return int(row[0])


async def test_a_relay_that_wakes_up_after_its_time_does_no_harm(stack: Stack) -> None:
    """Row 7: SIGSTOP the relay past its lock, SIGCONT."""
    # given a leader that stands still with a read in hand, not yet sent, and another that took over
    zombie, successor = stack.app("writer"), stack.app("writer")
    await zombie.start("relay.before_send=pause@10")
    await leads(stack, zombie)
    await successor.start()
    await stack.started("reader")
    async with Load([zombie, successor], timeout=1) as load:
        await stopped(zombie)
        await depose(stack)
        await leads(stack, successor)
        await load.more(20)
    position, before = await published(stack), await sent(stack)
    # when it goes on, then it notices and steps down
    wake(zombie)
    await stands_by(zombie, 1)
    # and what it still sent had been sent before, under the same ids, and the position stands where it stood
    after = await sent(stack)
    assert after.total() > before.total()
    assert set(after) == set(before)
    assert await stack.stores["writer"].relay_position() == position
    await stack.check()
    # and it is of use once more
    await successor.stop()
    await leads(stack, zombie)


@pytest.mark.parametrize("unwelcome", [False, True], ids=["with_effects", "that_only_parked"])
async def test_a_consumer_that_wakes_up_after_its_time_commits_nothing(stack: Stack, unwelcome: bool) -> None:
    """Row 8: SIGSTOP a consumer past its session, having read records that the new owner reads too; SIGCONT."""
    writer, zombie, successor = stack.app("writer"), stack.app("reader"), stack.app("reader")
    await writer.start()
    await zombie.start("consumer.before_commit=pause@2")
    async with httpx.AsyncClient(timeout=10) as client:
        await post(client, writer, "k", 1, "request-1")
        await position(stack, "k", (1, 1))
        # given a reader that stands still right before its second commit, and another that handled the same record
        await post(client, writer, "k", 2, "request-2", unwelcome=unwelcome)
        await stopped(zombie)
        await successor.start()
        await position(stack, "k", (2, 2))
        # when the first one goes on, alone, and then a third record comes
        wake(zombie)
        await successor.stop()
        await post(client, writer, "k", 3, "request-3")
    # then its late commit was refused, and it goes on from where the other one was
    await position(stack, "k", (3, 3), by=[zombie])
    await stack.check(["faults_not_heard", "behind_parked_record"] if unwelcome else [])
    assert await stack.heard() == {"k": [1] if unwelcome else [1, 2, 3]}


async def position(stack: Stack, key: str, expected: tuple[int, int], by: Sequence[App] = ()) -> None:
    """Wait until the reader's position in the partition of a key has this version, and so this next offset."""
    place = Partition(stack.topic, partition_of(key.encode(), 4))
    found = (0, 0)

    async def moved() -> bool:
        nonlocal found
        for app in by:
            wake(app)
        snapshot = await stack.stores["reader"].snapshot(stack.consumer, place)
        found = (snapshot.version, snapshot.next_offset)
        return found >= expected

    await until(moved, f"the reader is at {expected}")
    assert found == expected


async def test_members_come_and_go_under_load(stack: Stack) -> None:
    """Row 9: a rebalance every second or two."""
    writer, _ = await stack.started("writer", "reader")
    async with Load([writer], people=12, pause=0.05) as load:
        for _ in range(2):
            # when a second and a third member come, and each goes once it has handled something
            async with visiting(stack) as second:
                await second.handles()
                async with visiting(stack) as third:
                    await third.handles()
    # then nothing is lost, and nothing done twice
    await stack.check()
    assert load.refused == {}


async def test_a_member_that_comes_while_a_commit_fails_takes_the_records_over(stack: Stack) -> None:
    """Row 9: rebalance while handling."""
    writer, reader = await stack.started("writer", "reader")
    async with Load([writer], people=12, pause=0.05) as load:
        async with AsyncExitStack() as members:
            # given a reader that waits in its commit until it may wait no longer
            async with commits_held_up(stack):
                # when another member comes meanwhile and takes over some of what the first one has read
                second = await members.enter_async_context(visiting(stack))
                await second.takes_over()
            await second.handles()
            assert len(reader.logged("consumer.waiting")) > 0
        await load.more(20)
    # then nothing is lost, and nothing done twice
    await stack.check()
    assert load.refused == {}


@asynccontextmanager
async def commits_held_up(stack: Stack) -> AsyncIterator[None]:
    """No reader can commit, and one is trying to."""
    async with await psycopg.AsyncConnection.connect(stack.urls["reader"]) as connection:

        async def one_waits() -> bool:
            found = await connection.execute(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'positions'::regclass"
            )
            return await found.fetchone() is not None

        await connection.execute("LOCK TABLE positions IN SHARE MODE")
        await until(one_waits, "a commit waits")
        yield


class Visitor:
    """One more reader in the group."""

    def __init__(self, stack: Stack) -> None:
        self._handled: list[Record] = []
        self._places = [Partition(stack.topic, number) for number in range(4)]
        self.engine = engine(stack, observe=lambda record, outcome: self._handled.append(record))

    async def takes_over(self) -> None:
        """Wait until it has a partition."""

        async def has_one() -> bool:
            return any(map(self.engine.has, self._places))

        await until(has_one, "the new member has a partition")

    async def handles(self) -> None:
        """Wait until it has done something."""

        async def has_done() -> bool:
            return bool(self._handled)

        await until(has_done, "the new member has handled something")


@asynccontextmanager
async def visiting(stack: Stack) -> AsyncIterator[Visitor]:
    """A member that comes, and goes."""
    visitor = Visitor(stack)
    async with reading(stack, visitor.engine):
        yield visitor


async def test_rolling_restarts_lose_nothing(stack: Stack) -> None:
    """Row 27: SIGTERM under load."""
    writers, readers = await stack.started("writer", "writer"), await stack.started("reader", "reader")
    async with Load(writers, people=12, pause=0.05) as load:
        for app in (*writers, *readers):
            await load.more(20)
            # when one after the other is asked to stop, then it does so in time, and the others go on
            await stops_in_time(app)
            await load.more(20)
            await app.start()
    # and no request was answered by a refusal
    await stack.check()
    assert [answer for answer in load.refused if isinstance(answer, int)] == []
    # and all of them stop at once, the one that waits for the lock too
    await asyncio.gather(*map(stops_in_time, stack.apps))


async def stops_in_time(app: App) -> None:
    """SIGTERM: it ends by itself, with 0, before a supervisor would lose patience."""
    began = time.monotonic()
    await app.stop()
    assert time.monotonic() - began < STOPS_WITHIN
