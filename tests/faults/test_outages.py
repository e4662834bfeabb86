"""Rows 11, 14 and 19: the broker or the database is away; services wait, lose nothing, and go on by themselves."""

import asyncio
import time

import pytest
from doorstep_local.kafka import Kafka
from doorstep_local.postgres import Postgres
from doorstep_local.pytest_plugin import KafkaMaker, PostgresMaker

from .conftest import StackMaker
from .stack import HOLDS_LOCK, SECONDS, Load, Stack


async def test_a_broker_killed_and_started_again_is_found_again(
    make_kafka: KafkaMaker, postgres: Postgres, make_stack: StackMaker
) -> None:
    """Row 11: broker kill -9, restart, all brokers away."""
    kafka = make_kafka()
    async with make_stack(kafka, postgres) as stack:
        writer, reader = await stack.started("writer", "reader")
        async with Load([writer]) as load:
            await load.more(20)
            # when the only broker dies under load
            await asyncio.to_thread(kafka.kill)
            # then the writer still takes notes, nobody dies
            await load.more(50)
            assert await stack.terminate("writer", HOLDS_LOCK) == 1
            await writer.says("leader.lost")
            await load.more(50)
            # and what it does on its own log goes on, under a new leader that finds no broker
            await stack.counted(writer)
            await asyncio.to_thread(kafka.restart)
            await load.more(20)
        # and once it is back the same processes go on
        await stack.check()
        assert load.refused == {}
        assert [app.runs for app in (writer, reader)] == [True, True]


async def test_services_stop_on_time_while_the_broker_is_away(
    make_kafka: KafkaMaker, postgres: Postgres, make_stack: StackMaker
) -> None:
    """Rows 11 and 27: SIGTERM without a broker."""
    kafka = make_kafka()
    async with make_stack(kafka, postgres) as stack:
        writer, reader = await stack.started("writer", "reader")
        async with Load([writer]) as load:
            await load.more(10)
            await asyncio.to_thread(kafka.kill)
            await load.more(10)
        began = time.monotonic()
        await asyncio.gather(writer.stop(), reader.stop())
        assert time.monotonic() - began < 20
        # and nothing is lost by it
        await asyncio.to_thread(kafka.restart)
        await asyncio.gather(writer.start(), reader.start())
        await stack.check()


@pytest.mark.parametrize("seconds", [20, pytest.param(600, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
async def test_a_database_that_is_away_is_waited_for(
    kafka: Kafka, make_postgres: PostgresMaker, make_stack: StackMaker, seconds: float
) -> None:
    """Row 19: nothing parked, back-off, resumes."""
    postgres = make_postgres()
    async with make_stack(kafka, postgres) as stack:
        writer, reader = await stack.started("writer", "reader")
        async with Load([writer], patience=seconds + SECONDS) as load:
            await load.more(50)
            # when the database goes under load, and comes back
            await asyncio.to_thread(postgres.stop)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(postgres.start)
            # then the same processes go on
            await load.more(50)
        await stack.check()
        assert set(load.refused) == {503}
        assert [app.runs for app in (writer, reader)] == [True, True]


async def test_sessions_that_are_cut_again_and_again_leave_no_half_effect(stack: Stack) -> None:
    """Row 14: `pg_terminate_backend` on everything, again and again."""
    writer, reader = await stack.started("writer", "reader")
    async with Load([writer]) as load:
        # when every session of both databases is cut, again and again
        cut = 0
        for _ in range(15):
            await load.more(8)
            cut += await stack.terminate("writer") + await stack.terminate("reader")
        await load.more(20)
    # then a request is done or cleanly refused, and its effect is whole
    assert cut >= 60
    assert set(load.refused) <= {503}
    await stack.check()
    assert [app.runs for app in (writer, reader)] == [True, True]
