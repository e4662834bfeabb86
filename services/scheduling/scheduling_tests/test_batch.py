"""What arrives together is loaded together and committed together."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.store.log import Committed
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.model import Loaded, Unit
from scheduling.domain.ids import RequestId, SelectionId
from scheduling.domain.slot import Slot
from scheduling.reactions import REACTIONS

from .world import NOW, SLOT, a_story, an_id, selected


class CountingStore(MemoryStore):
    """Notes how many streams each read asked for, and how many events each commit brought."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[int] = []
        self.commits: list[int] = []

    async def load(self, stream_ids: Iterable[UUID]) -> dict[UUID, Loaded]:
        ids = list(stream_ids)
        self.loads.append(len(ids))
        return await super().load(ids)

    async def commit(self, unit: Unit) -> Committed:
        self.commits.append(len(unit.events))
        return await super().commit(unit)


async def test_two_hundred_selections_in_one_week_are_one_read_and_one_commit() -> None:
    story, store = a_story(), CountingStore()
    records = []
    for number in range(200):
        at = Slot(
            start=SLOT.start + timedelta(minutes=20 * number),
            end=SLOT.start + timedelta(minutes=20 * number + 30),
            zone=SLOT.zone,
        )
        event = selected(SelectionId(an_id(2_000 + number)), request_id=RequestId(an_id(1_000 + number)), at=at)
        made = story.record(event)
        records.append(Record(made.partition, 1, number, made.key, made.headers, made.value))
    engine = Engine("scheduling.reactions", store, REACTIONS, EventDecoder(), lambda: NOW)
    await engine.assign(records[0].partition, 1)
    await engine.handle({records[0].partition: records})
    # Every other slot overlaps the one before it: 100 are held, each with its mark in the calendar, and 100 refused.
    assert (store.loads, store.commits) == ([201], [300])
