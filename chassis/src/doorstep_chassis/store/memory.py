"""The store in memory: the same answers as PostgreSQL's, for the simulation and for unit tests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from doorstep_chassis.store.log import Committed, LogEntry
from doorstep_chassis.store.mapper import decode_event, encode
from doorstep_chassis.store.model import (
    DeadLetter,
    DeadLetterMark,
    Loaded,
    Partition,
    PositionConflict,
    Snapshot,
    StreamConflict,
    Unit,
    WrappedKeyRow,
)
from doorstep_chassis.store.port import RowKey


class MemoryStore:
    """A `Store` that keeps the stored bytes, so that what is read has been through the mapper."""

    def __init__(self) -> None:
        self._log: list[tuple[UUID, int, str, bytes]] = []
        self._streams: dict[UUID, list[int]] = {}
        self._positions: dict[tuple[str, Partition], tuple[int, int, int]] = {}
        self._tracking: dict[tuple[str, Partition], dict[str, int]] = {}
        self._letters: list[DeadLetter] = []
        self._keys: dict[UUID, WrappedKeyRow] = {}
        self._rows: dict[RowKey, Mapping[str, Any]] = {}
        self._relay = (0, 0)

    async def load(self, stream_ids: Iterable[UUID]) -> dict[UUID, Loaded]:
        """Streams by id."""
        loaded = {}
        for stream_id in stream_ids:
            stored = [self._log[position - 1] for position in self._streams.get(stream_id, [])]
            events = tuple(decode_event(topic, state) for _, _, topic, state in stored)
            loaded[stream_id] = Loaded(stream_id, len(events), events)
        return loaded

    async def load_keys(self, subject_ids: Iterable[UUID]) -> dict[UUID, WrappedKeyRow]:
        """Keys by person."""
        return {each: self._keys[each] for each in subject_ids if each in self._keys}

    async def load_rows(self, keys: Iterable[RowKey]) -> dict[RowKey, Mapping[str, Any]]:
        """Rows by table and key."""
        return {each: self._rows[each] for each in keys if each in self._rows}

    async def commit(self, unit: Unit) -> Committed:
        """All checks first, then all changes."""
        self._check(unit)
        for move in unit.moves:
            at = (move.consumer, move.partition)
            _, offset, _ = self._positions.get(at, (0, 0, move.generation))
            self._positions[at] = (move.expected_version + 1, max(offset, move.next_offset), move.generation)
            tracking = self._tracking.setdefault(at, {})
            for source, sequence in move.tracking.items():
                tracking[source] = max(tracking.get(source, 0), sequence)
        for parked in unit.parked:
            place = (parked.consumer, parked.partition, parked.generation, parked.offset)
            if place not in {
                (each.parked.consumer, each.parked.partition, each.parked.generation, each.parked.offset)
                for each in self._letters
            }:
                self._letters.append(DeadLetter(len(self._letters) + 1, "open", 0, parked))
        for close in unit.closes:
            letter = self._letters[close.id - 1]
            self._letters[close.id - 1] = replace(letter, state=close.state, attempts=letter.attempts + 1)
        for key in unit.keys:
            self._keys.pop(key.subject_id, None)
            if key.wrapped is not None:
                self._keys[key.subject_id] = key
        for row in unit.rows:
            self._rows.pop((row.table, row.key), None)
            if row.values is not None:
                self._rows[row.table, row.key] = row.values
        previous = len(self._log)
        entries = []
        for new in unit.events:
            topic, state = encode(new)
            self._log.append((new.stream_id, new.version, topic, state))
            self._streams.setdefault(new.stream_id, []).append(len(self._log))
            entries.append(LogEntry(len(self._log), new.stream_id, new.version, topic, state, (new.event, new.meta)))
        return Committed(previous, tuple(entries))

    def _check(self, unit: Unit) -> None:
        for move in unit.moves:
            version, _, generation = self._positions.get((move.consumer, move.partition), (0, 0, move.generation))
            if (version, generation) != (move.expected_version, move.generation):
                raise PositionConflict
        for close in unit.closes:
            if self._letters[close.id - 1].state != "open":
                raise PositionConflict
        for row in unit.rows:
            if self._rows.get((row.table, row.key)) is not row.before:
                raise StreamConflict
        versions: dict[UUID, int] = {}
        for new in unit.events:
            held = versions.get(new.stream_id, len(self._streams.get(new.stream_id, [])))
            if new.version != held + 1:
                raise StreamConflict
            versions[new.stream_id] = new.version
        for read in unit.reads:
            if len(self._streams.get(read.stream_id, [])) > read.version:
                raise StreamConflict

    async def snapshot(self, consumer: str, partition: Partition) -> Snapshot:
        """One instant by nature."""
        at = (consumer, partition)
        version, next_offset, generation = self._positions.get(at, (0, 0, 0))
        marks = [
            DeadLetterMark(
                each.parked.digest,
                each.state == "open",
                each.parked.source,
                each.parked.sequence,
                each.parked.subject,
                each.parked.block_key,
            )
            for each in self._letters
            if (each.parked.consumer, each.parked.partition) == at
        ]
        return Snapshot(version, next_offset, generation, dict(self._tracking.get(at, {})), marks)

    async def log_after(self, position: int, limit: int) -> Sequence[LogEntry]:
        """The log in order."""
        return [
            LogEntry(number, *stored)
            for number, stored in enumerate(self._log[position : position + limit], position + 1)
        ]

    async def head(self) -> int:
        """The number of events."""
        return len(self._log)

    async def open_letters(self, consumer: str, topic: str | None = None) -> Sequence[DeadLetter]:
        """Open dead letters, oldest first."""
        return await self.letters(consumer=consumer, topic=topic, state="open")

    async def letters(
        self, *, consumer: str | None = None, topic: str | None = None, state: str | None = None
    ) -> Sequence[DeadLetter]:
        """Dead letters by what is named, oldest first."""
        return [
            each
            for each in self._letters
            if consumer in (None, each.parked.consumer)
            and topic in (None, each.parked.partition.topic)
            and state in (None, each.state)
        ]

    async def take_relay(self) -> tuple[int, int]:
        """Raise the epoch."""
        epoch, position = self._relay
        self._relay = (epoch + 1, position)
        return self._relay

    async def store_relay_position(self, epoch: int, position: int) -> bool:
        """Only under the newest epoch, only forward."""
        if epoch != self._relay[0]:
            return False
        self._relay = (epoch, max(self._relay[1], position))
        return True
