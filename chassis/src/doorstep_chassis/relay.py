"""From the log to the topics: in log order, at least once, never skipping (delivery rule 6)."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from doorstep_contracts.base import PublicEvent
from doorstep_contracts.envelope import Envelope, to_headers
from doorstep_contracts.registry import encode, topic_of

from doorstep_chassis import failpoints, metrics
from doorstep_chassis.consumer.records import topic_name
from doorstep_chassis.domain import Event, derived_id
from doorstep_chassis.store.log import LogEntry
from doorstep_chassis.store.model import Meta
from doorstep_chassis.store.port import Store


class DataKeyEvent(Protocol):
    """The class of a public event that carries a person's wrapped key."""

    def __call__(self, *, organisation_id: UUID, subject_id: UUID, wrapped: str, kek: str) -> PublicEvent: ...


@dataclass(frozen=True, slots=True)
class KeyNotice:
    """Publish a person's wrapped key as it stands now: a tombstone once it is erased, also when republished later."""

    event: Any
    organisation_id: UUID
    subject_id: UUID


Publish = Callable[[Any, Meta], Sequence[PublicEvent | KeyNotice]]
Publication = Mapping[type[Event], Publish]
"""What each stored event says in public: at most one event a topic. What is not named stays private."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record on its way."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Publisher(Protocol):
    """Where records go."""

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Send in order and return once all are acknowledged. An error says nothing about which of them arrived."""
        ...


STORE_SECONDS = 0.1
"""How much a relay that is killed may send once more."""


class RelayDeposed(Exception):
    """A newer relay has raised the epoch: this one stops."""


class Relay:
    """Publishes one service's log. `take` on getting the lock, then `publish` what follows `cursor`."""

    def __init__(
        self,
        source: str,
        store: Store,
        publisher: Publisher,
        publication: Publication,
        *,
        topics: Callable[[type[PublicEvent]], str] = lambda cls: topic_of(cls).name,
        generations: Mapping[str, int] | None = None,
        observe: Callable[[int, int], None] = lambda position, sent: None,
    ) -> None:
        self.source = source
        self.cursor = 0
        self._store = store
        self._publisher = publisher
        self._publication = publication
        self._topics = topics
        self._generations = generations or {}
        self._observe = observe
        self._epoch = 0
        self._stored = 0
        self._storing: asyncio.Task[None] | None = None

    async def take(self) -> None:
        """Raise the epoch and go on from the stored position."""
        self._epoch, self.cursor = await self._store.take_relay()
        self._stored = self.cursor

    async def publish(self, entries: Sequence[LogEntry]) -> None:
        """Send what these entries say in public and move the cursor behind them; the position is not stored yet."""
        records = [record for entry in entries for record in await self._records(entry)]
        failpoints.hit("relay.before_send")
        if records:
            await self._publisher.send(records)
            for topic, sent in Counter(record.topic for record in records).items():
                metrics.published(topic, sent)
        failpoints.hit("relay.sent")
        self.cursor = entries[-1].position
        self._observe(self.cursor, len(records))

    async def store_position(self) -> None:
        """Store how far all is acknowledged.

        Errors: RelayDeposed when another relay has taken the lock since.
        """
        position = self.cursor
        if position > self._stored:
            if not await self._store.store_relay_position(self._epoch, position):
                raise RelayDeposed(self.source)
            self._stored = position

    async def run(self, after: Callable[[int, int], Any], *, batch: int) -> None:
        """Publish for ever. The position is stored a little later, beside other sends: it only spares repetition."""
        await self.take()
        while True:
            await self.publish(await after(self.cursor, batch))
            if self._storing is None or self._storing.done():
                if self._storing is not None:
                    self._storing.result()
                self._storing = asyncio.create_task(self._store_all())

    async def _store_all(self) -> None:
        while self._stored < self.cursor:
            await asyncio.sleep(STORE_SECONDS)
            await self.store_position()

    async def settle(self) -> None:
        """Store the position, before stopping."""
        if self._storing is not None:
            self._storing.cancel()
            await asyncio.wait([self._storing])
        await self.store_position()

    async def _records(self, entry: LogEntry) -> list[Outgoing]:
        publish = self._publication.get(type(entry.event))
        if publish is None:
            return []
        return [await self._record(entry, said) for said in publish(entry.event, entry.meta)]

    async def _record(self, entry: LogEntry, said: PublicEvent | KeyNotice) -> Outgoing:
        value: bytes | None
        if isinstance(said, KeyNotice):
            cls, subject = said.event, str(said.subject_id)
            key = (await self._store.load_keys([said.subject_id])).get(said.subject_id)
            value = None
            if key is not None:
                value = encode(
                    cls(
                        organisation_id=said.organisation_id,
                        subject_id=said.subject_id,
                        wrapped=key.wrapped,
                        kek=key.kek_id,
                    )
                )
        else:
            cls, subject, value = type(said), said.subject, encode(said)
        topic = self._topics(cls)
        envelope = Envelope(
            id=str(derived_id(self.source, entry.position, topic)),
            source=self.source,
            type=cls.ce_type,
            time=entry.meta.time,
            subject=subject,
            dataschema=cls.dataschema,
            sequence=entry.position,
            correlation_id=entry.meta.correlation_id,
            causation_id=entry.meta.causation_id,
            traceparent=entry.meta.traceparent,
        )
        return Outgoing(topic_name(topic, self._generations.get(topic, 1)), envelope.key, value, to_headers(envelope))
