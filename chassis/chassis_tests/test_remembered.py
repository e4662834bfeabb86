"""What a process remembers of streams is only ever a guess: whatever rests on it, the store proves."""

from collections.abc import Callable, Iterable
from uuid import UUID

import pytest
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.records import Message, Record
from doorstep_chassis.domain import Ref
from doorstep_chassis.remembered import Remembered, Seen
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.model import Loaded, Partition
from doorstep_chassis.units import Units
from doorstep_chassis.work import Work

from .example import HEARD, NOTES, NOW, ORGANISATION, Heard, Noted, NotHeard, Numbers, PublicNoted

A = NOTES.at(ORGANISATION, "a")
PLACE = Partition("notes.v1", 0)


class CountingStore(MemoryStore):
    """Says how often streams were read."""

    reads = 0

    async def load(self, stream_ids: Iterable[UUID]) -> dict[UUID, Loaded]:
        self.reads += 1
        return await super().load(stream_ids)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


def process(store: MemoryStore) -> Units:
    """One of several that write to the same store."""
    return Units(store, FixedClock(NOW), "example", Remembered())


def add(number: int) -> Callable[[Work], Numbers]:
    return lambda work: work.append(A, Noted(key="a", number=number))


async def numbers(store: MemoryStore, ref: Ref[Numbers] = A) -> tuple[int, ...]:
    return ref.stream.fold((await store.load([ref.id]))[ref.id].events).numbers


async def test_what_a_process_wrote_it_does_not_read_again(store: CountingStore) -> None:
    units = process(store)
    for number in (1, 2, 3):
        await units.run("note", add(number))
    assert store.reads == 1
    assert await numbers(store) == (1, 2, 3)


async def test_a_command_on_an_old_memory_is_decided_again(store: CountingStore) -> None:
    # given two processes that remember the same stream
    one, two = process(store), process(store)
    await one.run("note", add(1))
    await two.run("note", add(2))
    # when the first adds to what it remembers, then to what it has learnt
    await one.run("note", add(3))
    await one.run("note", add(4))
    assert await numbers(store) == (1, 2, 3, 4)


async def test_a_refusal_never_rests_on_memory(store: CountingStore) -> None:
    one, two = process(store), process(store)
    await one.run("note", add(1))
    await two.run("note", add(2))

    def only_second(work: Work) -> None:
        if len(work.state(A).numbers) != 2:
            raise NotHeard
        work.append(A, Noted(key="a", number=3))

    # when the first, which remembers one number, decides what needs two
    await one.run("note", only_second)
    assert await numbers(store) == (1, 2, 3)
    with pytest.raises(NotHeard):
        await one.run("note", only_second)


async def test_an_answer_that_writes_nothing_never_rests_on_memory(store: CountingStore) -> None:
    one, two = process(store), process(store)
    await one.run("note", add(1))
    await two.run("note", add(2))
    assert (await one.run("look", lambda work: work.state(A))).numbers == (1, 2)


async def test_a_stream_that_was_not_new_is_read(store: CountingStore) -> None:
    await process(store).run("note", add(1))

    def as_if_new(work: Work) -> None:
        work.expect_new(A)
        work.append(A, Noted(key="a", number=2))

    # given a process that remembers nothing and expects the stream to be new
    units = process(store)
    await units.run("note", as_if_new)
    assert await numbers(store) == (1, 2)


# A consumer


def reading(store: MemoryStore, remembered: Remembered) -> Engine:
    """Hears a number only while exactly one is noted under a; nobody adds to what it looks at."""

    def hear(work: Work, event: PublicNoted, message: Message) -> None:
        heard = HEARD.at(ORGANISATION, "a")
        work.expect_new(heard)
        if len(work.state(A).numbers) != 1:
            raise NotHeard
        work.append(heard, Heard(key="a", number=event.number))

    def decode(record: Record) -> Message:
        said = PublicNoted(organisation_id=ORGANISATION, key="a", number=record.offset)
        return Message("source", record.offset + 1, "a", str(record.offset), "correlation", None, NOW, said)

    return Engine("example.reactions", store, {PublicNoted: hear}, decode, lambda: NOW, remembered=remembered)


def record(offset: int) -> Record:
    return Record(PLACE, 1, offset, b"a", (), b"%d" % offset)


async def test_nothing_is_parked_on_an_old_memory(store: CountingStore) -> None:
    # given a consumer that remembers the stream without numbers, to which another process has added one
    remembered = Remembered()
    remembered.put(A.id, 0, Numbers())
    await process(store).run("note", add(1))
    engine = reading(store, remembered)
    await engine.assign(PLACE, 1)
    # when it handles a record that is heard only with one number
    await engine.handle({PLACE: [record(0)]})
    # then it is heard, once, and nothing is set aside
    assert await numbers(store, HEARD.at(ORGANISATION, "a")) == (0,)
    assert await store.open_letters("example.reactions") == []


async def test_nothing_is_heard_on_an_old_memory(store: CountingStore) -> None:
    # given a consumer that remembers the stream with one number, to which another process has added a second
    remembered = Remembered()
    await Units(store, FixedClock(NOW), "example", remembered).run("note", add(1))
    await process(store).run("note", add(2))
    engine = reading(store, remembered)
    await engine.assign(PLACE, 1)
    # when it handles a record that is refused with two numbers
    await engine.handle({PLACE: [record(0)]})
    # then that is how it is judged
    assert await numbers(store, HEARD.at(ORGANISATION, "a")) == ()
    assert [each.parked.reason for each in await store.open_letters("example.reactions")] == ["example_not_heard"]


async def test_a_consumer_reads_a_stream_that_was_not_new(store: CountingStore) -> None:
    # given a consumer begun anew, which remembers nothing of what it has heard
    await process(store).run("note", add(1))
    for offset in range(3):
        engine = reading(store, Remembered())
        await engine.assign(PLACE, 1)
        await engine.handle({PLACE: [record(offset)]})
    assert await numbers(store, HEARD.at(ORGANISATION, "a")) == (0, 1, 2)


# The memory itself


def test_it_keeps_what_was_used_last() -> None:
    remembered = Remembered(size=2)
    one, two, three = (NOTES.at(ORGANISATION, key).id for key in "abc")
    remembered.put(one, 1, "one")
    remembered.put(two, 1, "two")
    remembered.get(one)
    remembered.put(three, 1, "three")
    assert [remembered.get(each) for each in (one, two, three)] == [Seen(1, "one"), None, Seen(1, "three")]


def test_a_late_answer_does_not_make_it_older() -> None:
    remembered = Remembered()
    remembered.put(A.id, 3, "three")
    remembered.put(A.id, 2, "two")
    assert remembered.get(A.id) == Seen(3, "three")
    remembered.forget([A.id])
    assert remembered.get(A.id) is None
