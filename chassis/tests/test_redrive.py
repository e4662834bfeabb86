"""What an operator may do with dead letters."""

from dataclasses import dataclass, field

import pytest
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.consumer.redrive import NotOldest, Redriver
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.model import Partition
from doorstep_contracts.envelope import Envelope, to_headers
from doorstep_contracts.registry import encode

from . import example

CONSUMER = "example.reactions"
NOTES = Partition("notes.v1", 0)


def record(key: str, sequence: int, number: int, *, refuse: bool = False) -> Record:
    """A note as the writer's relay sends it; its offset is given when it is read."""
    event = example.PublicNoted(organisation_id=example.ORGANISATION, key=key, number=number, refuse=refuse)
    envelope = Envelope(
        id=f"writer-{sequence}",
        source="/doorstep/writer/main",
        type=example.PublicNoted.ce_type,
        time=example.NOW,
        subject=key,
        dataschema=example.PublicNoted.dataschema,
        sequence=sequence,
        correlation_id="c",
        causation_id="c",
    )
    return Record(NOTES, 1, 0, envelope.key, tuple(to_headers(envelope)), encode(event))


@dataclass
class Reader:
    """A consumer and its dead letters."""

    store: MemoryStore = field(default_factory=MemoryStore)
    next_offset: int = 0

    async def reads(self, *records: Record) -> None:
        """A fresh instance reads these records at the next offsets."""
        decode = EventDecoder(example.CLASSES, frozenset())
        engine = Engine(CONSUMER, self.store, example.REACTIONS, decode, lambda: example.NOW)
        await engine.assign(NOTES, 1)
        placed = [each._replace(offset=self.next_offset + index) for index, each in enumerate(records)]
        self.next_offset += len(records)
        await engine.handle({NOTES: placed})

    @property
    def operator(self) -> Redriver:
        decode = EventDecoder(example.CLASSES, frozenset())
        return Redriver(CONSUMER, self.store, example.REACTIONS, decode, lambda: example.NOW)

    async def heard(self) -> list[int]:
        entries = await self.store.log_after(0, 100)
        return [entry.event.number for entry in entries if isinstance(entry.event, example.Heard)]

    async def states(self) -> list[str]:
        return [letter.state for letter in await self.store.letters()]


@pytest.fixture
def reader() -> Reader:
    return Reader()


async def test_a_copy_of_the_oldest_letter_does_not_overtake_what_lies_between(reader: Reader) -> None:
    # Given a forged copy of note 3, then the true notes 2 and 3 of the same key behind it
    await reader.reads(record("k", 3, 99, refuse=True), record("k", 2, 2), record("k", 3, 3))
    # When the true note 3 is redriven first
    with pytest.raises(NotOldest):
        await reader.operator.redrive(3)
    # Then nothing of it is heard before note 2
    assert (await reader.heard(), await reader.states()) == ([], ["open", "open", "open"])
    await reader.operator.discard(1)
    await reader.operator.redrive(2)
    await reader.operator.redrive(3)
    assert await reader.heard() == [2, 3]
