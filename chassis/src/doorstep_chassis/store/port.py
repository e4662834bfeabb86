"""What the chassis asks of a store. Two answer: PostgreSQL, and the one in memory that the simulation runs on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from doorstep_chassis.store.log import Committed, LogEntry
from doorstep_chassis.store.model import DeadLetter, Loaded, Partition, Snapshot, Unit, WrappedKeyRow

RowKey = tuple[Any, tuple[Any, ...]]
"""A view's row: its table and its primary key."""


class Store(Protocol):
    """Streams, log, positions, dead letters and keys of one service, with one way to write: a unit of work."""

    async def load(self, stream_ids: Iterable[UUID]) -> dict[UUID, Loaded]:
        """These streams, all in one read; a stream without events has version 0."""
        ...

    async def load_keys(self, subject_ids: Iterable[UUID]) -> dict[UUID, WrappedKeyRow]:
        """The wrapped data keys that are there; an erased person's is not."""
        ...

    async def load_rows(self, keys: Iterable[RowKey]) -> dict[RowKey, Mapping[str, Any]]:
        """The view rows that are there."""
        ...

    async def commit(self, unit: Unit) -> Committed:
        """Write the unit whole or not at all.

        Errors: StreamConflict, PositionConflict: nothing was written; StoreUnavailable: re-read to learn whether it was.
        """
        ...

    async def snapshot(self, consumer: str, partition: Partition) -> Snapshot:
        """Version, next offset, tracking and dead letters of one partition, as of one instant."""
        ...

    async def log_after(self, position: int, limit: int) -> Sequence[LogEntry]:
        """Committed events after a position, in the order of the log."""
        ...

    async def head(self) -> int:
        """The position of the last committed event, 0 when there is none."""
        ...

    async def open_letters(self, consumer: str, topic: str | None = None) -> Sequence[DeadLetter]:
        """A consumer's open dead letters, oldest first."""
        ...

    async def letters(
        self, *, consumer: str | None = None, topic: str | None = None, state: str | None = None
    ) -> Sequence[DeadLetter]:
        """Dead letters by what is named, oldest first."""
        ...

    async def take_relay(self) -> tuple[int, int]:
        """Raise the relay's epoch (rule 6): the new epoch, and the position to go on from."""
        ...

    async def store_relay_position(self, epoch: int, position: int) -> bool:
        """Move the relay's position forward, unless a newer epoch has been taken: then False."""
        ...
