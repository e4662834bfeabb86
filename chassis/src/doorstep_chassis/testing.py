"""given / when / then for services: their reactions and commands on the store in memory, through the real engine."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from doorstep_contracts.base import PublicEvent
from doorstep_contracts.envelope import Envelope, to_headers
from doorstep_contracts.registry import encode, topic_of

from doorstep_chassis.clock import FixedClock
from doorstep_chassis.consumer.decoding import EventDecoder, Tombstone
from doorstep_chassis.consumer.engine import Engine, Handler
from doorstep_chassis.consumer.log_feed import LOG, log_decoder, log_record
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.domain import Event, Ref, derived_id
from doorstep_chassis.relay import KeyNotice, Publication
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.model import Partition
from doorstep_chassis.units import Units
from doorstep_chassis.views import View
from doorstep_chassis.work import Work

T = TypeVar("T")


class Story:
    """One service's store, clock and reactions. Each step answers exactly the events it added, in order."""

    def __init__(
        self,
        service: str,
        now: datetime,
        *,
        reactions: Mapping[type, Handler] | None = None,
        publication: Publication | None = None,
    ) -> None:
        self.store = MemoryStore()
        self.clock = FixedClock(now)
        self.units = Units(self.store, self.clock, service)
        self._publication = publication or {}
        self._engine = Engine(f"{service}.reactions", self.store, reactions or {}, EventDecoder(), self.clock.now)
        self._sequences: dict[str, int] = {}
        self._offsets: dict[Partition, int] = {}

    async def given(self, ref: Ref[Any], *events: Event) -> None:
        """These events are in the stream already."""

        def append(work: Work) -> None:
            work.append(ref, *events)

        await self.units.run("given", append)

    async def run(self, decide: Callable[[Work], T]) -> T:
        """A command; `added` tells what it appended."""
        return await self.units.run("test", decide)

    async def receive(self, *events: PublicEvent | Tombstone) -> list[Event]:
        """Public events arrive, each with the next sequence of its topic's owner; answers what was added."""
        return await self.deliver(*[self.record(event) for event in events])

    def record(self, event: PublicEvent | Tombstone, *, cls: type[PublicEvent] | None = None) -> Record:
        """A record of the event at the end of its topic; deliver it twice to play a redelivery."""
        if isinstance(event, Tombstone):
            topic, subject, value, kind = event.topic, event.key, None, cls
        else:
            topic, subject, value, kind = topic_of(type(event)).name, event.subject, encode(event), type(event)
        source = f"/doorstep/{topic.partition('.')[0]}/test"
        sequence = self._sequences[source] = self._sequences.get(source, 0) + 1
        assert kind is not None
        envelope = Envelope(
            id=str(derived_id(source, sequence)),
            source=source,
            type=kind.ce_type,
            time=self.clock.now(),
            subject=subject,
            dataschema=kind.dataschema,
            sequence=sequence,
            correlation_id="test",
            causation_id="test",
        )
        return Record(Partition(topic, 0), 1, -1, envelope.key, tuple(to_headers(envelope)), value)

    async def deliver(self, *records: Record) -> list[Event]:
        """Records arrive, in this order, each at a fresh offset; answers what was added."""
        before = await self.store.head()
        for record in records:
            offset = self._offsets.get(record.partition, 0)
            self._offsets[record.partition] = offset + 1
            if not self._engine.has(record.partition):
                await self._engine.assign(record.partition, 1)
            placed = Record(record.partition, 1, offset, record.key, record.headers, record.value)
            await self._engine.handle({record.partition: [placed]})
        return [entry.event for entry in await self.store.log_after(before, 10_000)]

    async def added(self, since: int = 0) -> list[Event]:
        """Every event in the log after a position, idempotency answers left out."""
        entries = await self.store.log_after(since, 10_000)
        return [entry.event for entry in entries if not entry.topic.startswith("chassis.")]

    async def published(self, since: int = 0) -> Sequence[PublicEvent | KeyNotice]:
        """What the log says in public after a position, in order."""
        return [
            said
            for entry in await self.store.log_after(since, 10_000)
            if type(entry.event) in self._publication
            for said in self._publication[type(entry.event)](entry.event, entry.meta)
        ]

    async def parked(self) -> list[str]:
        """The reasons of all dead letters, oldest first."""
        return [letter.parked.reason for letter in await self.store.letters()]

    async def project(self, view: View, name: str = "test.view") -> None:
        """Run a view of the own log from where it stands to the end."""
        engine = Engine(name, self.store, view.handlers, log_decoder("/doorstep/test"), self.clock.now)
        position = await engine.assign(LOG, 1)
        entries = await self.store.log_after(max(0, position - 1), 10_000)
        if entries:
            await engine.handle({LOG: [log_record(entry) for entry in entries]})
