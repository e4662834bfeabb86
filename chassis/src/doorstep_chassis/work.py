"""The working set of a unit of work: streams, keys and rows it has read, and what it adds to them. Pure by itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

from doorstep_chassis.domain import Event, Ref, Stream, derived_id
from doorstep_chassis.remembered import Remembered
from doorstep_chassis.store.model import Meta, Move, NewEvent, Read, RowChange, StoreConflict, Unit, WrappedKeyRow
from doorstep_chassis.store.port import RowKey, Store
from doorstep_chassis.store.rows import RowTable

S = TypeVar("S")


class NotLoaded(Exception):
    """The decision asked for something that has not been read yet: read it and decide again."""

    def __init__(
        self, *, streams: Sequence[Ref[Any]] = (), keys: Sequence[UUID] = (), row: RowKey | None = None
    ) -> None:
        self.streams, self.keys, self.row = streams, keys, row


class Cause(NamedTuple):
    """Why a unit of work runs: the act or event it answers, whom it answers for, and the instant it judges by (UTC)."""

    id: str
    correlation_id: str
    now: datetime
    owner: str
    """The consumer or use case; part of every derived id, so that two consumers of one event never make the same id."""
    traceparent: str | None = None


@dataclass(slots=True)
class _Held:
    version: int
    state: Any
    read: int
    """The version without what this unit adds."""


@dataclass(slots=True)
class _Cell:
    at: RowKey
    before: Mapping[str, Any] | None
    values: Mapping[str, Any] | None
    changed: bool = False


class Work:
    """What one read, or one command, works on.

    `work.state(ref)` is the stream's state with what this unit has already added; `work.append(ref, *events)` adds.
    What has not been read raises `NotLoaded`; the runner reads it and starts the decision again, which is why decisions
    must be pure. A stream that the process remembers counts as read: should it have moved on, the store refuses the unit.
    """

    def __init__(self, remembered: Remembered | None = None) -> None:
        self._remembered = remembered
        self.recalled = False
        """Whether anything was taken from memory: then a decision that writes nothing has not been proved by the store."""
        self._streams: dict[UUID, _Held] = {}
        self._keys: dict[UUID, WrappedKeyRow | None] = {}
        self._rows: dict[RowKey, _Cell] = {}
        self._changed: list[_Cell] = []
        self._events: list[NewEvent] = []
        self._new_keys: list[WrappedKeyRow] = []
        self._ids = 0
        self._meta: tuple[Any, Meta] | None = None
        self._undo: list[Callable[[], None]] = []
        self._at = (0, 0)
        self._why: Callable[[], Cause] | None = None
        self._cause: Cause | None = None

    @property
    def cause(self) -> Cause:
        """Why this work is done."""
        if self._cause is None:
            assert self._why is not None
            self._cause = self._why()
        return self._cause

    @property
    def now(self) -> datetime:
        """The instant this act is judged by."""
        return self.cause.now

    def new_id(self, label: str = "") -> UUID:
        """An id that a redelivery of the same cause makes again."""
        self._ids += 1
        return derived_id(self.cause.owner, self.cause.id, label, self._ids)

    def expect(self, *refs: Ref[Any], keys: Sequence[UUID] = ()) -> None:
        """What the decision will surely ask for, read in one go instead of one after the other."""
        streams = tuple(ref for ref in refs if self._held(ref.id) is None)
        unread = tuple(key for key in keys if key not in self._keys)
        if streams or unread:
            raise NotLoaded(streams=streams, keys=unread)

    # Streams

    def state(self, ref: Ref[S]) -> S:
        """The stream's state."""
        held = self._held(ref.id)
        if held is None:
            raise NotLoaded(streams=(ref,))
        return cast(S, held.state)

    def _held(self, stream_id: UUID) -> _Held | None:
        held = self._streams.get(stream_id)
        if held is None and self._remembered is not None and (seen := self._remembered.get(stream_id)) is not None:
            held = self._streams[stream_id] = _Held(seen.version, seen.state, seen.version)
            self.recalled = True
        return held

    def expect_new(self, ref: Ref[Any]) -> None:
        """The stream is most likely new: it is taken for empty unless the store has refused this unit before."""
        if self._remembered is not None and self._held(ref.id) is None:
            self._streams[ref.id] = _Held(0, ref.stream.initial, 0)
            self.recalled = True

    def version(self, ref: Ref[Any]) -> int:
        """The number of events in the stream, this unit's among them."""
        self.state(ref)
        return self._streams[ref.id].version

    def append(self, ref: Ref[S], *events: Event) -> S:
        """Add events to the stream and fold them in."""
        state: Any = self.state(ref)
        held = self._streams[ref.id]
        before = (held.version, held.state)
        meta = self._meta_of(ref)
        for event in events:
            held.version += 1
            held.state = state = ref.stream.evolve(state, event)
            self._events.append(NewEvent(ref.id, held.version, event, meta))
        if events:
            self._undo.append(lambda: self._restore(held, before))
        return cast(S, state)

    @staticmethod
    def _restore(held: _Held, before: tuple[int, Any]) -> None:
        held.version, held.state = before

    def _meta_of(self, ref: Ref[Any]) -> Meta:
        owner = (self.cause, ref.id)
        if self._meta is None or self._meta[0] != owner:
            self._meta = (
                owner,
                Meta(
                    organisation_id=ref.organisation_id,
                    stream=ref.stream.name,
                    key=ref.key,
                    time=self.cause.now,
                    correlation_id=self.cause.correlation_id,
                    causation_id=self.cause.id,
                    traceparent=self.cause.traceparent,
                ),
            )
        return self._meta[1]

    # Data keys

    def key(self, subject_id: UUID) -> WrappedKeyRow | None:
        """A person's wrapped data key; None when there is none (yet, or any more)."""
        if subject_id not in self._keys:
            raise NotLoaded(keys=(subject_id,))
        return self._keys[subject_id]

    def put_key(self, row: WrappedKeyRow) -> None:
        """Keep a wrapped key, in the same transaction as the events that need it; `wrapped=None` forgets it."""
        before = self._keys.get(row.subject_id)
        known = row.subject_id in self._keys
        self._new_keys.append(row)
        self._keys[row.subject_id] = row if row.wrapped is not None else None
        subject = row.subject_id
        self._undo.append(lambda: self._keys.__setitem__(subject, before) if known else self._forget_key(subject))

    def _forget_key(self, subject: UUID) -> None:
        self._keys.pop(subject, None)

    # View rows

    def row(self, table: Any, *key: Any) -> Mapping[str, Any] | None:
        """A view's row, or None when it is not there."""
        return self._cell((table, key)).values

    def put(self, table: Any, *key: Any, **values: Any) -> None:
        """Write a view's row: the named values over those it has."""
        cell = self._cell((table, key))
        row = dict(zip(RowTable.of(table).key, key, strict=True)) if cell.values is None else dict(cell.values)
        row.update(values)
        self._set(cell, row)

    def delete(self, table: Any, *key: Any) -> None:
        """Take a view's row away; one that is not there stays away."""
        cell = self._cell((table, key))
        if cell.values is not None:
            self._set(cell, None)

    def _cell(self, at: RowKey) -> _Cell:
        cell = self._rows.get(at)
        if cell is None:
            raise NotLoaded(row=at)
        return cell

    def _set(self, cell: _Cell, values: Mapping[str, Any] | None) -> None:
        before, was_changed = cell.values, cell.changed
        cell.values, cell.changed = values, True
        if not was_changed:
            self._changed.append(cell)

        def undo() -> None:
            cell.values, cell.changed = before, was_changed
            if not was_changed:
                self._changed.pop()

        self._undo.append(undo)

    # The runner's side

    def begin(self, why: Callable[[], Cause]) -> None:
        """Start a record or command: what it adds from here can be taken back. Its cause is made when asked for."""
        self._why, self._cause = why, None
        self._ids = 0
        self._undo = []
        self._at = (len(self._events), len(self._new_keys))

    def rollback(self) -> None:
        """Take back what has been added since `begin`."""
        if not self._undo:
            return
        for undo in reversed(self._undo):
            undo()
        self._undo = []
        events, keys = self._at
        del self._events[events:]
        del self._new_keys[keys:]
        self._ids = 0

    @property
    def changed(self) -> bool:
        """Whether anything has been added since `begin`."""
        return bool(self._undo)

    async def load(self, store: Store, missing: Iterable[NotLoaded]) -> None:
        """Read what decisions asked for: one query a kind."""
        streams: dict[UUID, Stream[Any]] = {}
        keys: set[UUID] = set()
        rows: set[RowKey] = set()
        for each in missing:
            streams.update({ref.id: ref.stream for ref in each.streams})
            keys.update(each.keys)
            if each.row is not None:
                rows.add(each.row)
        loaded = await store.load(streams) if streams else {}
        found = await store.load_keys(keys) if keys else {}
        held = await store.load_rows(rows) if rows else {}
        for stream_id, read in loaded.items():
            self._streams[stream_id] = _Held(read.version, streams[stream_id].fold(read.events), read.version)
        self._keys.update({each: found.get(each) for each in keys})
        for at in rows:
            row = held.get(at)
            self._rows[at] = _Cell(at, row, row)

    def unit(self, moves: Iterable[Move] = ()) -> Unit:
        """Everything added, as one unit of work."""
        return Unit(
            events=list(self._events),
            reads=[Read(each, held.read) for each, held in self._streams.items() if held.version == held.read],
            keys=list(self._new_keys),
            rows=[RowChange(*cell.at, cell.values, cell.before) for cell in self._changed],
            moves=list(moves),
        )

    async def commit(self, store: Store, unit: Unit) -> None:
        """Write the unit; then its streams are remembered as they stand here, or forgotten: one of them has moved on.

        Errors: those of the store.
        """
        try:
            await store.commit(unit)
        except StoreConflict:
            if self._remembered is not None:
                self._remembered.forget(self._streams)
            raise
        if self._remembered is not None:
            for stream_id, held in self._streams.items():
                self._remembered.put(stream_id, held.version, held.state)


async def attempt(work: Work, store: Store, cause: Cause, decide: Callable[[Work], S]) -> S:
    """Run a pure decision, reading what it asks for, until it has all it needs."""
    while True:
        work.begin(lambda: cause)
        try:
            return decide(work)
        except NotLoaded as missing:
            work.rollback()
            await work.load(store, [missing])
        except BaseException:
            work.rollback()
            raise
