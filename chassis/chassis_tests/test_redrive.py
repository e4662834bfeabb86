"""What an operator may do with dead letters, and what happens when somebody else does something meanwhile."""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine, Handler, Transient
from doorstep_chassis.consumer.records import Decoded, Decoder, Message, Record
from doorstep_chassis.consumer.redrive import NotOldest, Redriver, StillRefused
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.model import DeadLetter, Partition, PositionConflict, Snapshot
from doorstep_chassis.work import Work
from doorstep_contracts.envelope import Envelope, to_headers
from doorstep_contracts.registry import encode

from . import example

CONSUMER = "example.reactions"
NOTES = Partition("notes.v1", 0)
YESTERDAYS = EventDecoder(example.CLASSES, frozenset())
TODAYS_ENVELOPE = ("ce_specversion", b"1.1")


def todays(record: Record) -> Decoded:
    """Reads what yesterday's code reads, and envelopes that it cannot."""
    headers = [("ce_specversion", b"1.0") if each == TODAYS_ENVELOPE else each for each in record.headers]
    return YESTERDAYS(record._replace(headers=tuple(headers)))


class WatchedStore(MemoryStore):
    """Lets something happen just before the nth look at the positions or the dead letters is answered."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.at = 0
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def _called(self) -> None:
        self.calls += 1
        if self.meanwhile is not None and self.calls == self.at:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()

    async def snapshot(self, consumer: str, partition: Partition) -> Snapshot:
        await self._called()
        return await super().snapshot(consumer, partition)

    async def open_letters(self, consumer: str, topic: str | None = None) -> Sequence[DeadLetter]:
        await self._called()
        return await super().open_letters(consumer, topic)


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


def unreadable(record: Record) -> Record:
    """The same in an envelope that only today's code can read."""
    headers = [TODAYS_ENVELOPE if each[0] == "ce_specversion" else each for each in record.headers]
    return record._replace(headers=tuple(headers))


@dataclass
class Reader:
    """A consumer of yesterday's code and its dead letters; `deploys` gives the operator code of today."""

    store: WatchedStore = field(default_factory=WatchedStore)
    handlers: dict[type, Handler] = field(default_factory=lambda: dict(example.REACTIONS))
    decode: Decoder = YESTERDAYS
    next_offset: int = 0

    async def reads(self, *records: Record) -> None:
        """A fresh instance reads these records at the next offsets."""
        engine = Engine(CONSUMER, self.store, example.REACTIONS, YESTERDAYS, lambda: example.NOW)
        await engine.assign(NOTES, 1)
        placed = [each._replace(offset=self.next_offset + index) for index, each in enumerate(records)]
        self.next_offset += len(records)
        await engine.handle({NOTES: placed})

    def deploys(self, handler: Handler) -> None:
        self.handlers = {example.PublicNoted: handler}
        self.decode = todays

    @property
    def operator(self) -> Redriver:
        return Redriver(CONSUMER, self.store, self.handlers, self.decode, lambda: example.NOW)

    async def heard(self) -> list[int]:
        entries = await self.store.log_after(0, 100)
        return [entry.event.number for entry in entries if isinstance(entry.event, example.Heard)]

    async def states(self) -> list[str]:
        return [letter.state for letter in await self.store.letters()]


def hear_all(work: Work, event: example.PublicNoted, message: Message) -> None:
    work.append(example.HEARD.at(example.ORGANISATION, event.key), example.Heard(key=event.key, number=event.number))


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


@pytest.mark.parametrize("call", [1, 2, 3])
async def test_a_copy_that_arrives_during_a_redrive_has_no_effect_of_its_own(reader: Reader, call: int) -> None:
    # Given a letter that today's code would take
    await reader.reads(record("k", 1, 1, refuse=True))
    reader.deploys(hear_all)
    # When another copy of it is parked while it is redriven
    reader.store.calls, reader.store.at = 0, call
    reader.store.meanwhile = lambda: reader.reads(record("k", 1, 1))
    with contextlib.suppress(PositionConflict):
        await reader.operator.redrive(1)
    # Then everything can be redriven, and it is heard once
    while opened := await reader.store.open_letters(CONSUMER):
        await reader.operator.redrive(opened[0].id)
    assert (await reader.heard(), await reader.states()) == ([1], ["applied", "duplicate"])


async def test_a_handler_that_fails_leaves_the_letter_open_with_one_more_attempt(reader: Reader) -> None:
    # Given a letter, and code with a fault that tells what it was given
    await reader.reads(record("k", 1, 1, refuse=True))

    def faulty(work: Work, event: example.PublicNoted, message: Message) -> None:
        raise LookupError(event.key)

    reader.deploys(faulty)
    # When it is redriven
    with pytest.raises(StillRefused) as refused:
        await reader.operator.redrive(1)
    # Then the kind of the failure is told, and nothing of the record
    assert refused.value.detail == "failed_LookupError"
    assert [(each.state, each.attempts) for each in await reader.store.letters()] == [("open", 1)]


async def test_a_redrive_waits_while_its_surroundings_are_away(reader: Reader) -> None:
    # Given a letter, and a handler whose surroundings are away
    await reader.reads(record("k", 1, 1, refuse=True))

    def away(work: Work, event: example.PublicNoted, message: Message) -> None:
        raise Transient

    reader.deploys(away)
    # When it is redriven
    with pytest.raises(Transient):
        await reader.operator.redrive(1)
    # Then nothing is said against the record
    assert [(each.state, each.attempts) for each in await reader.store.letters()] == [("open", 0)]


async def test_two_unreadable_copies_of_one_record_have_one_effect(reader: Reader) -> None:
    # Given note 1 twice in different bytes, none of which could be read
    await reader.reads(unreadable(record("k", 1, 1)), unreadable(record("k", 1, 1, refuse=True)))
    # When today's code, which reads both, redrives the first
    reader.deploys(hear_all)
    assert await reader.operator.redrive(1) == "applied"
    # Then the other is closed with it
    assert (await reader.heard(), await reader.states()) == ([1], ["applied", "duplicate"])


async def test_an_unreadable_copy_is_known_again_once_it_can_be_read(reader: Reader) -> None:
    # Given note 1, refused, and a copy of it that cannot be read
    await reader.reads(record("k", 1, 1, refuse=True), unreadable(record("k", 1, 1)))
    # When code that cannot read the copy redrives the first, and code that can redrives the copy
    reader.deploys(hear_all)
    reader.decode = YESTERDAYS
    assert await reader.operator.redrive(1) == "applied"
    reader.decode = todays
    # Then it turns out to have had its effect
    assert await reader.operator.redrive(2) == "duplicate"
    assert await reader.heard() == [1]


async def test_an_unreadable_copy_of_a_discarded_record_has_its_effect(reader: Reader) -> None:
    # Given a forged copy of note 1 and the true one, which cannot be read
    await reader.reads(record("k", 1, 99, refuse=True), unreadable(record("k", 1, 1)))
    # When the forged one is discarded
    await reader.operator.discard(1)
    # Then the true one is still to be had
    reader.deploys(hear_all)
    assert await reader.operator.redrive(2) == "applied"
    assert await reader.heard() == [1]
