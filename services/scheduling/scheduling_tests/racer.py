"""A process of its own that selects one worker for many requests at once: `python racer.py <database> <number> <count>`.

It says `ready`, waits for a line, and races.
"""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from doorstep_chassis.clock import FixedClock
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.units import Units
from doorstep_chassis.work import Work
from scheduling.commands import select_worker
from scheduling.domain.hold.decide import Selection
from scheduling.domain.ids import RequestId, SelectionId, WorkerId
from scheduling.domain.slot import Slot

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
ORGANISATION = UUID(int=1)
WORKER = WorkerId(UUID(int=2))
OVER_TWO_WEEKS = Slot(
    start=datetime(2026, 6, 7, 23, tzinfo=UTC), end=datetime(2026, 6, 8, 1, tzinfo=UTC), zone="Europe/Paris"
)


def slot_of(number: int) -> Slot:
    """Two hours over the edge of two weeks, or one of them on either side of it: the first overlaps both others."""
    hour = timedelta(hours=1)
    start, end = OVER_TWO_WEEKS.start, OVER_TWO_WEEKS.end
    match number % 3:
        case 1:
            end -= hour
        case 2:
            start += hour
    return Slot(start=start, end=end, zone=OVER_TWO_WEEKS.zone)


async def hold(units: Units, number: int, slot: Slot) -> None:
    """Select the worker for the request of this number."""
    selection = Selection(
        selection_id=SelectionId(UUID(int=2_000 + number)), worker_id=WORKER, slot=slot, accept_overlap=False
    )

    def decide(work: Work) -> None:
        select_worker(work, ORGANISATION, RequestId(UUID(int=1_000 + number)), selection, at=NOW)

    await units.run("race", decide)


async def race(url: str, numbers: Sequence[int]) -> None:
    store = PostgresStore(url)
    await store.open()
    units = Units(store, FixedClock(NOW), "scheduling")
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.gather(*(hold(units, number, OVER_TWO_WEEKS) for number in numbers))
    await store.close()


if __name__ == "__main__":
    first, count = int(sys.argv[2]), int(sys.argv[3])
    asyncio.run(race(sys.argv[1], range(first, first + count)))
