"""Rows 8, 9 and 27: readers come, go, and wake up to find that others have taken their place."""

import asyncio
import time

import httpx
import psutil
import pytest

from .stack import App, Load, Stack, until
from .topic import Producer, headers, noted, reading


async def stands_still(app: App) -> None:
    """Wait until it has stopped at a failpoint."""
    process = psutil.Process(app.process.pid)

    async def still() -> bool:
        return process.status() == psutil.STATUS_STOPPED

    await until(still, f"{app.name} stands still")


async def measure(app: App, name: str) -> float:
    """The sum of one of its metrics, over all labels."""
    async with httpx.AsyncClient(timeout=5) as client:
        lines = (await client.get(f"{app.url}/metrics")).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((name + "{", name + " ")))


async def test_a_reader_that_wakes_up_after_its_session_does_nothing_twice(stack: Stack) -> None:
    """Row 8: SIGSTOP a consumer past its session, having read records that the new owner reads too."""
    writer, zombie, other = stack.app("writer"), stack.app("reader"), stack.app("reader")
    await asyncio.gather(writer.start(), zombie.start("consumer.before_commit=pause@3"))
    async with Load([writer]) as load:
        # given a reader that stopped with decided records in hand
        await stands_still(zombie)
        before = sum(map(len, (await stack.heard()).values()))
        # when its session has run out, and another one does those records
        await other.start()

        async def taken_over() -> bool:
            return sum(map(len, (await stack.heard()).values())) > before

        await until(taken_over, "the other reader goes on")
        # and it wakes up
        zombie.process.resume()

        async def refused() -> bool:
            return await measure(zombie, "doorstep_unit_conflicts_total") >= 1

        # then its commit is refused
        await until(refused, "the late commit is refused")
        await load.more(20)
    await stack.check()


async def test_a_reader_that_wakes_up_parks_nothing_twice(stack: Stack, producer: Producer) -> None:
    """Row 8: the same, having only parked."""
    zombie, other = stack.app("reader"), stack.app("reader")
    await zombie.start("consumer.before_commit=pause@1")
    for number in range(3):
        await producer.send(headers("k", number + 1), b"k", b"not json")
    await stands_still(zombie)
    await other.start()

    async def parked() -> bool:
        return len(await stack.parked()) == 3

    await until(parked, "the other reader parks them")
    zombie.process.resume()

    async def refused() -> bool:
        return await measure(zombie, "doorstep_unit_conflicts_total") >= 1

    await until(refused, "the late commit is refused")
    await producer.send(headers("other", 4), b"other", noted("other", 1))

    async def heard() -> bool:
        return await stack.heard() == {"other": [1]}

    await until(heard, "the partition goes on")
    assert await stack.parked() == ["invalid_json", "behind_parked_record", "behind_parked_record"]


async def test_readers_that_come_and_go_lose_nothing(stack: Stack) -> None:
    """Row 9: rebalance while handling, every 2 s under load."""
    writer, reader = await stack.started("writer", "reader")
    async with Load([writer]) as load:
        for _ in range(4):
            async with reading(stack) as member:

                async def shares(member: object = member) -> bool:
                    return len(member._consumer.assignment()) == 2  # type: ignore[attr-defined]

                await until(shares, "the new member has its share")
                await load.more(40)
            await load.more(20)
    await stack.check()
    assert reader.runs


async def test_services_restarted_one_after_the_other_under_load_do_nothing_twice(stack: Stack) -> None:
    """Row 27: SIGTERM under load, rolling restarts."""
    writers = [stack.app("writer"), stack.app("writer")]
    readers = [stack.app("reader", instance="one"), stack.app("reader")]
    await asyncio.gather(*(app.start() for app in [*writers, *readers]))
    async with Load(writers) as load:
        for app in [*readers, *writers]:
            await load.more(20)
            # when a service is told to stop under load, then it drains and ends by itself, on time
            began = time.monotonic()
            await app.stop()
            assert time.monotonic() - began < 15
            await app.start()
        await load.more(20)
    await stack.check()
    # and nobody who asked was told anything but that the door is closed
    assert {str(name) for name in load.refused} <= {"ConnectError", "ReadError", "RemoteProtocolError"}


@pytest.mark.parametrize("role", ["writer", "reader"])
async def test_a_service_with_nothing_to_do_does_nothing(stack: Stack, role: str) -> None:
    (app,) = await stack.started(role)
    process = psutil.Process(app.process.pid)
    await asyncio.sleep(1)
    before = process.cpu_times()
    await asyncio.sleep(4)
    after = process.cpu_times()
    assert (after.user - before.user + after.system - before.system) / 4 < 0.02
