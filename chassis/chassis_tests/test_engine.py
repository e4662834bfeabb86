"""How an engine gets on when its units of work are refused."""

from datetime import datetime

from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.store.log import Committed
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.model import StreamConflict, Unit

from . import example
from .test_redrive import NOTES, record


class BusyStore(MemoryStore):
    """Refuses the first units: others were faster each time."""

    def __init__(self, refusals: int) -> None:
        super().__init__()
        self.refusals = refusals
        self.refused: list[int] = []

    async def commit(self, unit: Unit) -> Committed:
        if len(self.refused) < self.refusals:
            self.refused.append(len(unit.events))
            raise StreamConflict
        return await super().commit(unit)


async def heard(store: MemoryStore, *, notes: int) -> list[tuple[int, int]]:
    """Read that many notes at once; which was heard in which commit."""
    engine = Engine("example.reactions", store, example.REACTIONS, EventDecoder(example.CLASSES, frozenset()), now)
    await engine.assign(NOTES, 1)
    read = [record("k", number, number)._replace(offset=number - 1) for number in range(1, notes + 1)]
    assert await engine.handle({NOTES: read}) == {NOTES: notes}
    return [(entry.version, entry.event.number) for entry in await store.log_after(0, 100)]  # type: ignore[attr-defined]


def now() -> datetime:
    return example.NOW


async def test_two_conflicts_in_a_row_make_the_read_smaller() -> None:
    store = BusyStore(refusals=2)
    assert await heard(store, notes=3) == [(1, 1), (2, 2), (3, 3)]
    assert store.refused == [3, 3]
    assert (await store.snapshot("example.reactions", NOTES)).version == 3


async def test_one_record_is_tried_until_it_wins() -> None:
    store = BusyStore(refusals=5_000)
    assert await heard(store, notes=1) == [(1, 1)]
