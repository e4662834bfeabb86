"""Entries of a service's log: the stored bytes, understood when somebody asks."""

from dataclasses import dataclass
from uuid import UUID

from doorstep_chassis.domain import Event
from doorstep_chassis.store.mapper import decode
from doorstep_chassis.store.model import Meta


class LogEntry:
    """One committed event with its position in the log. Decoded once, and not at all where its writer hands it over."""

    __slots__ = ("_decoded", "position", "state", "stream_id", "topic", "version")

    def __init__(
        self,
        position: int,
        stream_id: UUID,
        version: int,
        topic: str,
        state: bytes,
        decoded: tuple[Event, Meta] | None = None,
    ) -> None:
        self.position = position
        self.stream_id = stream_id
        self.version = version
        self.topic = topic
        self.state = state
        self._decoded = decoded

    @property
    def decoded(self) -> tuple[Event, Meta]:
        """The event and where it comes from. Errors: UnknownEvent, pydantic's ValidationError."""
        if self._decoded is None:
            self._decoded = decode(self.topic, self.state)
        return self._decoded

    @property
    def event(self) -> Event:
        """The event."""
        return self.decoded[0]

    @property
    def meta(self) -> Meta:
        """Where it comes from."""
        return self.decoded[1]


@dataclass(frozen=True, slots=True)
class Committed:
    """The log's head before the commit, and the entries that the commit added."""

    previous_head: int
    entries: tuple[LogEntry, ...]
