"""Row 11: the broker is away; services wait, lose nothing, and go on by themselves."""

import asyncio
import time

from doorstep_local.postgres import Postgres
from doorstep_local.pytest_plugin import KafkaMaker

from .conftest import StackMaker
from .stack import HOLDS_LOCK, Load


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
