"""What goes into the store and comes out of it: units of work, positions, dead letters, log entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from doorstep_chassis.domain import Event

Headers = tuple[tuple[str, bytes | None], ...]


class StoreConflict(Exception):
    """Another writer was first: re-read and decide again."""


class StreamConflict(StoreConflict):
    """A stream, or a view's row, is newer than the one the decision was made on."""


class PositionConflict(StoreConflict):
    """Another instance, or an operator, has moved this consumer's position."""


class StoreUnavailable(Exception):
    """The database is away, or its answer was lost: transient. Whether a commit happened must be read again."""


@dataclass(frozen=True, slots=True)
class Meta:
    """Where an event comes from: its organisation and stream key, the act that caused it, and when (UTC)."""

    organisation_id: UUID
    stream: str
    key: str
    time: datetime
    correlation_id: str
    causation_id: str
    traceparent: str | None = None


class NewEvent(NamedTuple):
    """An event on its way into a stream, at the version it was decided for."""

    stream_id: UUID
    version: int
    event: Event
    meta: Meta


@dataclass(frozen=True, slots=True)
class Partition:
    """One ordered source of records: a topic by its base name (without generation) and a partition."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class DeadLetterMark:
    """What reading needs to know of a dead letter: is it open, which record is it, whom does it block."""

    digest: bytes
    open: bool
    source: str | None
    sequence: int | None
    subject: str | None
    block_key: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of a consumer's knowledge of one partition, read at one instant (delivery rule 2)."""

    version: int
    next_offset: int
    generation: int
    tracking: Mapping[str, int]
    marks: Sequence[DeadLetterMark]


@dataclass(frozen=True, slots=True)
class Move:
    """A consumer's step on one partition: refused unless version and generation are still as read (rules 1 and 7)."""

    consumer: str
    partition: Partition
    generation: int
    expected_version: int
    next_offset: int
    tracking: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parked:
    """A record set aside with the reason, its untouched bytes, and T as it stood when its sequence was unreadable."""

    consumer: str
    partition: Partition
    generation: int
    offset: int
    digest: bytes
    key: bytes | None
    headers: Headers
    value: bytes | None
    source: str | None
    sequence: int | None
    subject: str | None
    block_key: str | None
    reason: str
    tracking: Mapping[str, int] | None
    parked_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A parked record as it stands in the store: `open`, or closed as `applied`, `discarded` or `duplicate`."""

    id: int
    state: str
    attempts: int
    parked: Parked


@dataclass(frozen=True, slots=True)
class Close:
    """An operator's act on one dead letter: close it, and with it its copies."""

    id: int
    state: str


@dataclass(frozen=True, slots=True)
class WrappedKeyRow:
    """A person's data key, wrapped by the key-encryption key; `None` forgets it."""

    subject_id: UUID
    wrapped: str | None
    kek_id: str = ""


class Read(NamedTuple):
    """A stream that a decision rests on without adding to it, at the version it was read at."""

    stream_id: UUID
    version: int


class RowChange(NamedTuple):
    """A view's row as it stands after a read, or `None` when it is gone; and `before`, as the store gave it."""

    table: Any
    key: tuple[Any, ...]
    values: Mapping[str, Any] | None
    before: Mapping[str, Any] | None


@dataclass(slots=True)
class Unit:
    """One unit of work: everything in it happens in one transaction, or nothing does."""

    events: list[NewEvent] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    """What must still be as it was read."""
    keys: list[WrappedKeyRow] = field(default_factory=list)
    rows: list[RowChange] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    closes: list[Close] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Nothing to write: no transaction is needed."""
        return not (self.events or self.keys or self.rows or self.moves or self.parked or self.closes)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A stream as read: its events, oldest first. Its version is their number."""

    stream_id: UUID
    version: int
    events: tuple[Event, ...]
