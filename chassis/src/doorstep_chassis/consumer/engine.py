"""The delivery rules: a read of records becomes one unit of work, exactly once in effect. No Kafka in here."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from doorstep_chassis import failpoints, metrics
from doorstep_chassis.consumer.records import Decoded, Decoder, Message, Record, Refused, Unknown, Unreadable
from doorstep_chassis.remembered import Remembered
from doorstep_chassis.store.model import (
    Move,
    Parked,
    Partition,
    PositionConflict,
    Snapshot,
    StoreUnavailable,
    StreamConflict,
    Unit,
)
from doorstep_chassis.store.port import Store
from doorstep_chassis.telemetry import current_traceparent, span_from, traces
from doorstep_chassis.work import Cause, NotLoaded, Work

Handler = Callable[[Work, Any, Message], None]
"""What a consumer does on one event: pure, on the working set."""

Batches = Mapping[Partition, Sequence[Record]]

BEHIND = "behind_parked_record"
COPY = "copy_of_parked_record"


class WrongGeneration(Exception):
    """The position belongs to another generation of the topic: nothing of this one may be taken (rule 7)."""


class TooMuchPoison(Exception):
    """So large a share of what arrives cannot be handled that the fault is ours: stop, do not drain the topic."""


class Transient(Exception):
    """Raised by a handler whose surroundings are away: the record waits, it is not parked."""


@dataclass(frozen=True, slots=True)
class PoisonLimit:
    """Stop once `share` of the last `window` handled records had to be parked for their own sake, `least` at any rate."""

    share: float = 0.5
    window: int = 200
    least: int = 20


@dataclass(slots=True)
class _Place:
    """What is known of one partition, as of its version; copied for a read and put back once that is committed."""

    version: int
    next_offset: int
    generation: int
    tracking: dict[str, int]
    digests: set[bytes]
    open_idents: set[tuple[str, int, str]]
    blocked: set[str]
    stored_offset: int

    @classmethod
    def of(cls, snapshot: Snapshot) -> "_Place":
        opened = [mark for mark in snapshot.marks if mark.open]
        return cls(
            snapshot.version,
            snapshot.next_offset,
            snapshot.generation,
            dict(snapshot.tracking),
            {mark.digest for mark in snapshot.marks},
            {
                (mark.source, mark.sequence, mark.subject)
                for mark in opened
                if mark.source is not None and mark.sequence is not None and mark.subject is not None
            },
            {blocked for mark in opened if (blocked := mark.subject or mark.block_key) is not None},
            snapshot.next_offset,
        )

    def moved(self) -> None:
        """The store has it as it stands here."""
        self.version += 1
        self.stored_offset = self.next_offset

    def copy(self) -> "_Place":
        return _Place(
            self.version,
            self.next_offset,
            self.generation,
            dict(self.tracking),
            set(self.digests),
            set(self.open_idents),
            set(self.blocked),
            self.stored_offset,
        )


@dataclass(slots=True)
class _Read:
    """The outcome of deciding over one read, not yet committed."""

    places: dict[Partition, _Place]
    now: datetime
    """All records of a read are judged by one instant."""
    parked: list[Parked] = field(default_factory=list)
    handled: list[tuple[Record, str]] = field(default_factory=list)
    touched: dict[Partition, dict[str, int]] = field(default_factory=dict)


class Engine:
    """One consumer: the reactions of a service, or one view. Keeps its own positions, tracking and dead letters."""

    def __init__(
        self,
        name: str,
        store: Store,
        handlers: Mapping[type, Handler],
        decode: Decoder,
        now: Callable[[], datetime],
        *,
        remembered: Remembered | None = None,
        poison: PoisonLimit | None = None,
        observe: Callable[[Record, str], None] = lambda record, outcome: None,
    ) -> None:
        self.name = name
        self.store = store
        self._handlers = handlers
        self._decode = decode
        self._now = now
        self._observe = observe
        self._remembered = remembered
        self._poison = poison or PoisonLimit()
        self._window: deque[bool] = deque(maxlen=self._poison.window)
        self._places: dict[Partition, _Place] = {}
        self._stale: set[Partition] = set()

    async def assign(self, partition: Partition, generation: int) -> int:
        """Take a partition over: read what is known of it; reading resumes at the returned offset, not at Kafka's."""
        place = _Place.of(await self.store.snapshot(self.name, partition))
        if place.version and place.generation != generation:
            raise WrongGeneration(f"{partition.topic}: position of generation {place.generation}, read {generation}")
        place.generation = generation
        self._places[partition] = place
        self._stale.discard(partition)
        return place.next_offset

    def revoke(self, partition: Partition) -> None:
        """Forget a partition; whoever has it now goes by the database."""
        self._places.pop(partition, None)
        self._stale.discard(partition)

    def has(self, partition: Partition) -> bool:
        """Whether this partition has been taken over."""
        return partition in self._places

    def position(self, partition: Partition) -> int:
        """The next offset this instance will handle."""
        return self._places[partition].next_offset

    async def handle(self, batches: Batches) -> dict[Partition, int]:
        """Handle one read; where each partition is to be read on from.

        A returned offset below the end of what was given means: seek there, somebody else moved the position.
        Errors: StoreUnavailable, Transient: nothing is lost, give the same records again later.
        """
        for partition in [each for each in batches if each in self._stale]:
            await self.assign(partition, self._places[partition].generation)
        try:
            await self._settle(batches)
        except PositionConflict:
            metrics.conflicted(self.name, retried=False)
            for partition in batches:
                await self.assign(partition, self._places[partition].generation)
        except StoreUnavailable:
            self._stale.update(batches)
            raise
        self._stop_on_poison()
        return {partition: self._places[partition].next_offset for partition in batches}

    async def save(self) -> None:
        """Store the positions that skipping alone has moved: no effect depends on it, but who looks at lag does.

        Errors: StoreUnavailable: it is not stored; nothing is lost.
        """
        ahead = {
            partition: place
            for partition, place in self._places.items()
            if place.next_offset > place.stored_offset and partition not in self._stale
        }
        if not ahead:
            return
        unit = Unit(
            moves=[
                Move(self.name, partition, place.generation, place.version, place.next_offset)
                for partition, place in ahead.items()
            ]
        )
        try:
            await self.store.commit(unit)
        except PositionConflict:
            self._stale.update(ahead)
        except StoreUnavailable:
            self._stale.update(ahead)
            raise
        else:
            for place in ahead.values():
                place.moved()

    async def _settle(self, batches: Batches) -> None:
        """On a stream conflict decide again; twice in a row: partition by partition, then record by record.

        One record alone is tried until it wins: each time it does not, somebody else has got on.
        """
        one = sum(map(len, batches.values())) == 1
        conflicts = 0
        while one or conflicts < 2:
            try:
                return await self._unit(batches, self._remembered if conflicts == 0 else None)
            except StreamConflict:
                metrics.conflicted(self.name, retried=True)
                conflicts += 1
        for smaller in _split(batches):
            await self._settle(smaller)
        return None

    async def _unit(self, batches: Batches, remembered: Remembered | None) -> None:
        read = _Read({partition: self._places[partition].copy() for partition in batches}, self._now())
        work = Work(remembered)
        pending = [(record, self._decode(record)) for records in batches.values() for record in records]
        for index, (record, decoded) in enumerate(pending):
            place = read.places[record.partition]
            if record.offset < place.next_offset:
                continue
            place.next_offset = record.offset + 1
            while (missing := self._decide(read, place, work, record, decoded)) is not None:
                await work.load(self.store, [missing, *self._ahead(read, work, pending[index + 1 :])])
        unit = work.unit(
            Move(self.name, partition, place.generation, place.version, place.next_offset, read.touched[partition])
            for partition, place in read.places.items()
            if partition in read.touched
        )
        unit.parked = read.parked
        if unit.moves:
            failpoints.hit("consumer.before_commit")
            await work.commit(self.store, unit)
            failpoints.hit("consumer.committed")
            for partition in read.touched:
                read.places[partition].moved()
        self._places.update(read.places)
        for record, outcome in read.handled:
            self._observe(record, outcome)
            if outcome not in ("skipped", "ignored", BEHIND, COPY):
                self._window.append(outcome.startswith("!"))

    def _decide(self, read: _Read, place: _Place, work: Work, record: Record, decoded: Decoded) -> NotLoaded | None:
        """One record: skip, accept or park, in the order of delivery rules 1, 3 and 4; or what must be read first."""
        if place.digests and record.digest() in place.digests:
            read.handled.append((record, "skipped"))
        elif isinstance(decoded, Unreadable):
            self._park(read, place, record, decoded, "!" + decoded.reason)
        elif decoded.sequence <= place.tracking.get(decoded.source, 0):
            if (decoded.source, decoded.sequence, decoded.subject) in place.open_idents:
                self._park(read, place, record, decoded, COPY)
            else:
                read.handled.append((record, "skipped"))
        elif isinstance(decoded, Message) and type(decoded.event) not in self._handlers:
            read.handled.append((record, "ignored"))
        elif decoded.subject in place.blocked:
            self._park(read, place, record, decoded, BEHIND)
        elif isinstance(decoded, Refused):
            self._park(read, place, record, decoded, "!" + decoded.reason)
        elif isinstance(decoded, Unknown):
            self._accept(read, place, record, decoded, "unknown_type")
        else:
            try:
                self._react(read, work, decoded)
            except NotLoaded as missing:
                return missing
            except (Transient, StoreUnavailable):
                raise
            except Exception as problem:
                self._park(read, place, record, decoded, f"!{reason_of(problem)}")
            else:
                self._accept(read, place, record, decoded, "applied")
        return None

    def _react(self, read: _Read, work: Work, message: Message) -> None:
        """Run the handler; what it added is taken back when it raises."""
        handler = self._handlers[type(message.event)]
        if traces():
            with span_from(message.traceparent, self.name, attributes={"event": type(message.event).__name__}):
                traced = message._replace(traceparent=current_traceparent())
                self._run(work, handler, traced, read.now)
        else:
            self._run(work, handler, message, read.now)

    def _run(self, work: Work, handler: Handler, message: Message, now: datetime) -> None:
        work.begin(lambda: cause_of(self.name, message, now))
        try:
            handler(work, message.event, message)
        except BaseException:
            work.rollback()
            raise

    def _ahead(self, read: _Read, work: Work, rest: Sequence[tuple[Record, Decoded]]) -> list[NotLoaded]:
        """What the records behind will ask for, so that one query reads it for all of them. Their effects are dropped.

        One record a subject is asked: the others mostly need the same, and what they need besides is read in their turn.
        """
        missing = []
        asked: set[str] = set()
        for _, decoded in rest:
            if (
                not isinstance(decoded, Message)
                or decoded.subject in asked
                or type(decoded.event) not in self._handlers
            ):
                continue
            asked.add(decoded.subject)
            try:
                self._react(read, work, decoded)
            except NotLoaded as more:
                missing.append(more)
            except Exception:  # noqa: S110 - judged when its turn comes
                pass
            else:
                work.rollback()
        return missing

    def _accept(self, read: _Read, place: _Place, record: Record, decoded: Message | Unknown, outcome: str) -> None:
        place.tracking[decoded.source] = decoded.sequence
        read.touched.setdefault(record.partition, {})[decoded.source] = decoded.sequence
        read.handled.append((record, outcome))

    def _park(self, read: _Read, place: _Place, record: Record, decoded: Decoded, reason: str) -> None:
        """Set aside; T stays where it is: a sequence is believed only from a record that was accepted whole (rule 1)."""
        source, sequence, subject = (
            (None, None, None)
            if isinstance(decoded, Unreadable)
            else (decoded.source, decoded.sequence, decoded.subject)
        )
        digest = record.digest()
        blocks = subject or record.block_key
        read.parked.append(
            Parked(
                consumer=self.name,
                partition=record.partition,
                generation=record.generation,
                offset=record.offset,
                digest=digest,
                key=record.key,
                headers=record.headers,
                value=record.value,
                source=source,
                sequence=sequence,
                subject=subject,
                block_key=record.block_key,
                reason=reason.lstrip("!"),
                tracking=dict(place.tracking) if source is None else None,
                parked_at=read.now,
            )
        )
        place.digests.add(digest)
        if source is not None and sequence is not None and subject is not None:
            place.open_idents.add((source, sequence, subject))
        if blocks is not None:
            place.blocked.add(blocks)
        read.touched.setdefault(record.partition, {})
        read.handled.append((record, reason))

    def _stop_on_poison(self) -> None:
        poisoned = sum(self._window)
        if poisoned >= self._poison.least and poisoned >= self._poison.share * len(self._window):
            raise TooMuchPoison(f"{self.name}: {poisoned} of the last {len(self._window)} records had to be parked")


def _split(batches: Batches) -> list[Batches]:
    """The next smaller reads."""
    if len(batches) > 1:
        return [{partition: records} for partition, records in batches.items()]
    ((partition, records),) = batches.items()
    return [{partition: [record]} for record in records]


def reason_of(problem: Exception) -> str:
    """Why a record cannot be handled: a refusal's code, else the kind of failure; never its text, which may hold anything."""
    return getattr(problem, "code", None) or f"failed_{type(problem).__name__}"


def cause_of(consumer: str, message: Message, now: datetime) -> Cause:
    """The cause under which a consumer handles a message: ids made under it are the consumer's own, and the same again."""
    return Cause(
        id=message.id,
        correlation_id=message.correlation_id,
        now=now,
        owner=consumer,
        traceparent=message.traceparent,
    )
