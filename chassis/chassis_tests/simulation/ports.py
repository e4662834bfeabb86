"""Store and broker as a simulated process meets them: at every call it may be held up, meet a fault, or die."""

import random
import types
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from doorstep_chassis.consumer.records import Record, topic_base
from doorstep_chassis.relay import Outgoing
from doorstep_chassis.store.log import Committed, LogEntry
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.model import (
    DeadLetter,
    Headers,
    Loaded,
    Partition,
    Snapshot,
    StoreConflict,
    Unit,
    WrappedKeyRow,
)
from doorstep_chassis.store.port import RowKey

from .stream import TOPIC, garbled

T = TypeVar("T")


class Crash(BaseException):
    """The process dies here."""


class BrokerAway(Exception):
    """What was sent may have arrived, or a part of it."""


@types.coroutine
def pause(what: str) -> Generator[str, None, None]:
    """Let the driver choose what happens next, to this process or to others."""
    yield what


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nobody."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("it waited")


class SimulatedStore:
    """The store in memory, seen from one process.

    `changed` hears of every commit at the instant it happens, `met` of what stood in a commit's way.
    """

    def __init__(self, inner: MemoryStore, changed: Callable[[], None], met: Callable[[str], None]) -> None:
        self.inner = inner
        self._changed = changed
        self._met = met

    async def load(self, stream_ids: Iterable[UUID]) -> dict[UUID, Loaded]:
        await pause("load")
        return await self.inner.load(stream_ids)

    async def load_keys(self, subject_ids: Iterable[UUID]) -> dict[UUID, WrappedKeyRow]:
        return await self.inner.load_keys(subject_ids)

    async def load_rows(self, keys: Iterable[RowKey]) -> dict[RowKey, Mapping[str, Any]]:
        await pause("load rows")
        return await self.inner.load_rows(keys)

    async def commit(self, unit: Unit) -> Committed:
        await pause("commit")
        try:
            committed = await self.inner.commit(unit)
        except StoreConflict as conflict:
            self._met(type(conflict).__name__)
            raise
        self._changed()
        await pause("committed")
        return committed

    async def snapshot(self, consumer: str, partition: Partition) -> Snapshot:
        await pause("snapshot")
        return await self.inner.snapshot(consumer, partition)

    async def log_after(self, position: int, limit: int) -> Sequence[LogEntry]:
        return await self.inner.log_after(position, limit)

    async def head(self) -> int:
        return await self.inner.head()

    async def open_letters(self, consumer: str, topic: str | None = None) -> Sequence[DeadLetter]:
        await pause("letters")
        return await self.inner.open_letters(consumer, topic)

    async def letters(
        self, *, consumer: str | None = None, topic: str | None = None, state: str | None = None
    ) -> Sequence[DeadLetter]:
        await pause("letters")
        return await self.inner.letters(consumer=consumer, topic=topic, state=state)

    async def take_relay(self) -> tuple[int, int]:
        await pause("take")
        taken = await self.inner.take_relay()
        self._changed()
        return taken

    async def store_relay_position(self, epoch: int, position: int) -> bool:
        await pause("store position")
        stored = await self.inner.store_relay_position(epoch, position)
        self._changed()
        return stored


@dataclass(frozen=True, slots=True)
class Genuine:
    """A note in a source's log that is published, in the words of its envelope."""

    source: str
    sequence: int
    subject: str
    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A record in a topic, and the note it speaks for: none when it is forged."""

    record: Record
    genuine: Genuine | None


class Broker:
    """Partition logs by generation and number. What retention has taken lies below `base`."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self.generation = 1
        self._logs: dict[tuple[int, int], list[Sent]] = {}
        self._base: dict[tuple[int, int], int] = {}
        self.said: dict[Genuine, Outgoing] = {}
        """Each published note as the relay says it, before it is garbled."""

    def log(self, generation: int, number: int) -> list[Sent]:
        return self._logs.setdefault((generation, number), [])

    def base(self, generation: int, number: int) -> int:
        return self._base.get((generation, number), 0)

    def trim(self, generation: int, number: int, base: int) -> None:
        self._base[generation, number] = max(base, self.base(generation, number))

    def partition_of(self, key: bytes) -> int:
        return sum(key) % self.partitions

    def append(
        self,
        generation: int,
        number: int,
        key: bytes | None,
        headers: Headers,
        value: bytes | None,
        genuine: Genuine | None,
    ) -> None:
        log = self.log(generation, number)
        log.append(Sent(Record(Partition(TOPIC, number), generation, len(log), key, headers, value), genuine))


class SimulatedPublisher:
    """Sends in order within a partition, in any order between them, and may die in between."""

    def __init__(
        self,
        broker: Broker,
        rng: random.Random,
        known: Mapping[tuple[str, int], Genuine],
        *,
        other_bytes: bool,
        mends: bool,
    ) -> None:
        self._broker = broker
        self._rng = rng
        self._known = known
        self._other_bytes = other_bytes
        self._mends = mends

    async def send(self, records: Sequence[Outgoing]) -> None:
        batches: dict[int, list[tuple[Outgoing, Genuine]]] = {}
        for record in records:
            said = dict(record.headers)
            genuine = self._known[said["ce_source"].decode(), int(said["ce_sequence"])]
            batches.setdefault(self._broker.partition_of(record.key), []).append((record, genuine))
        while batches:
            number = self._rng.choice(list(batches))
            batch = batches.pop(number)
            if len(batch) > 1 and self._rng.random() < 0.3:
                cut = self._rng.randrange(1, len(batch))
                batch, batches[number] = batch[:cut], batch[cut:]
            await pause(f"send to {number}")
            for record, genuine in batch:
                self._broker.said[genuine] = record
                generation = topic_base(record.topic)[1]
                wire = wired(record, genuine, other_bytes=self._other_bytes, mends=self._mends)
                self._broker.append(generation, number, record.key, *wire, genuine)
        await pause("acknowledged")


def wired(record: Outgoing, genuine: Genuine, *, other_bytes: bool, mends: bool) -> tuple[Headers, bytes | None]:
    """Headers and value of a note as a relay of the old or of the new code puts it on the wire."""
    value = record.value
    if other_bytes:
        value = (value or b"")[:-1] + b',"said":2}'
    if mends and genuine.kind in ("bad", "garb"):
        return tuple(record.headers), value
    return garbled(genuine.kind, tuple(record.headers), value)
