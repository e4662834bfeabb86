"""Records as they arrive and messages as they are understood. Decoding never raises: what is wrong is part of the answer."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from doorstep_chassis.store.log import LogEntry
from doorstep_chassis.store.model import Headers, Meta, Partition


class Record(NamedTuple):
    """The untouched bytes of one record, and where they stood. A topic's name is kept apart from its generation."""

    partition: Partition
    generation: int
    offset: int
    key: bytes | None
    headers: Headers
    value: bytes | None
    entry: LogEntry | None = None
    """The log entry that the record stands for, where it is one of the service's own log."""

    def digest(self) -> bytes:
        """Equal for equal key, headers and value (delivery rule 3)."""
        digest = hashlib.blake2b(digest_size=16)
        for part in (self.key, self.value, *(part for name, value in self.headers for part in (name.encode(), value))):
            digest.update(b"-" if part is None else b"%d:" % len(part))
            digest.update(part or b"")
        return digest.digest()

    @property
    def block_key(self) -> str | None:
        """Whom an unreadable record blocks: its Kafka key stands for its subject (delivery rule 4).

        A zero is escaped as well: no readable subject has one, and PostgreSQL keeps no text that does.
        """
        return None if self.key is None else self.key.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


class Message(NamedTuple):
    """A record that is understood: who says it, its place in that log, whom it concerns, and the event itself."""

    source: str
    sequence: int
    subject: str
    id: str
    correlation_id: str
    traceparent: str | None
    time: datetime | None
    event: Any
    meta: Meta | None = None
    """Where an event of the own log comes from; a public event says so itself."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Not even its place in a log can be read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Its place can be read, what it says cannot: an unknown version, a missing field."""

    source: str
    sequence: int
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A type this code has never heard of: from the future, and none of its business."""

    source: str
    sequence: int
    subject: str


Decoded = Message | Unreadable | Refused | Unknown
Decoder = Callable[[Record], Decoded]


def topic_name(base: str, generation: int) -> str:
    """A rebuilt topic is a new generation under a new name: `intake.requests.v1`, then `intake.requests.v1-g2`."""
    return base if generation <= 1 else f"{base}-g{generation}"


def topic_base(name: str) -> tuple[str, int]:
    """The base name and generation of a topic's name."""
    base, mark, number = name.rpartition("-g")
    return (base, int(number)) if mark and number.isdigit() else (name, 1)
