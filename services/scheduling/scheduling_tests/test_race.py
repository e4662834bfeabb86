"""Many who want one worker's same slot at the same instant, on real PostgreSQL: exactly one holds it."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import combinations
from pathlib import Path

import pytest
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.store.model import Partition
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.units import Units
from scheduling.domain.calendar.events import CalendarSlotTaken
from scheduling.domain.hold.events import SlotHeld, SlotRefused
from scheduling.domain.ids import RequestId, SelectionId
from scheduling.domain.slot import Slot
from scheduling.reactions import REACTIONS

from .racer import NOW as RACE_NOW
from .racer import OVER_TWO_WEEKS, hold, slot_of
from .world import NOW, SLOT, a_story, an_id, selected

RACERS = 200
HOW_MANY = 4


@pytest.fixture
async def stores(database: str) -> AsyncIterator[list[PostgresStore]]:
    """Several on one database, as so many processes would have them."""
    await asyncio.to_thread(create_tables, database)
    async with AsyncExitStack() as stack:
        opened = [PostgresStore(database) for _ in range(HOW_MANY)]
        for store in opened:
            await store.open()
            stack.push_async_callback(store.close)
        yield opened


async def outcomes(store: PostgresStore) -> tuple[list[Slot], Counter[str], int]:
    """The slots held, the refusals by reason, and how often a calendar week was written."""
    events = [entry.event for entry in await store.log_after(0, 100_000)]
    return (
        [event.slot for event in events if isinstance(event, SlotHeld)],
        Counter(event.reason for event in events if isinstance(event, SlotRefused)),
        sum(isinstance(event, CalendarSlotTaken) for event in events),
    )


async def test_two_hundred_commands_race_for_one_slot(stores: list[PostgresStore]) -> None:
    units = [Units(store, FixedClock(RACE_NOW), "scheduling") for store in stores]
    await asyncio.gather(*(hold(units[n % HOW_MANY], n, OVER_TWO_WEEKS) for n in range(RACERS)))
    assert await outcomes(stores[0]) == ([OVER_TWO_WEEKS], {"overlap": RACERS - 1}, 2)


async def test_two_hundred_commands_of_several_processes_race_for_one_slot(
    database: str, stores: list[PostgresStore]
) -> None:
    script = str(Path(__file__).with_name("racer.py"))
    each = RACERS // HOW_MANY
    racers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, script, database, str(number * each), str(each)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for number in range(HOW_MANY)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert await racer.stdout.readline() == b"ready\n"
    await asyncio.gather(*(racer.communicate(b"go\n") for racer in racers))
    assert [racer.returncode for racer in racers] == [0] * HOW_MANY
    assert await outcomes(stores[0]) == ([OVER_TWO_WEEKS], {"overlap": RACERS - 1}, 2)


async def test_slots_that_overlap_in_part_are_never_held_together(stores: list[PostgresStore]) -> None:
    units = [Units(store, FixedClock(RACE_NOW), "scheduling") for store in stores]
    await asyncio.gather(*(hold(units[n % HOW_MANY], n, slot_of(n)) for n in range(RACERS)))
    held, refused, _ = await outcomes(stores[0])
    assert held, "somebody wins"
    assert all(one.end <= other.start or other.end <= one.start for one, other in combinations(held, 2))
    assert refused == {"overlap": RACERS - len(held)}


async def test_two_hundred_launches_race_through_the_reactions_of_several_instances(
    stores: list[PostgresStore],
) -> None:
    story = a_story()  # only makes the records
    batches: list[dict[Partition, list[Record]]] = [{} for _ in stores]
    for number in range(RACERS):
        made = story.record(selected(SelectionId(an_id(2_000 + number)), request_id=RequestId(an_id(1_000 + number))))
        partition = Partition(made.partition.topic, number % (3 * HOW_MANY))
        records = batches[partition.number % HOW_MANY].setdefault(partition, [])
        records.append(Record(partition, 1, len(records), made.key, made.headers, made.value))
    engines = [Engine("scheduling.reactions", store, REACTIONS, EventDecoder(), lambda: NOW) for store in stores]
    for engine, batch in zip(engines, batches, strict=True):
        for partition in batch:
            await engine.assign(partition, 1)
    await asyncio.gather(*(engine.handle(batch) for engine, batch in zip(engines, batches, strict=True)))
    assert await outcomes(stores[0]) == ([SLOT], {"overlap": RACERS - 1}, 1)
