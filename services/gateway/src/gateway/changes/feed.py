"""The log of changes as all streams of this process follow it: one reader, the last changes in memory, no gap."""

import asyncio
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import structlog
from doorstep_chassis.backoff import pause_after
from doorstep_chassis.store.log import LogEntry
from doorstep_chassis.store.mapper import UnknownEvent
from doorstep_chassis.store.model import StoreUnavailable
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.tail import LogTail
from psycopg.rows import tuple_row
from pydantic import ValidationError
from sqlalchemy import Boolean, Column, String, Table

from gateway.changes.events import Changed
from gateway.tables import PORTAL

EPOCH = Table(
    "change_log",
    PORTAL,
    Column("singleton", Boolean, primary_key=True),
    Column("epoch", String, nullable=False),
)
"""The name of this log, made once: in another database the same position is another place."""

KEPT = 1_000
"""Changes in memory at least; who is further behind reads the log."""
BATCH = 500

log = structlog.get_logger()

_ID = re.compile(r"([0-9a-f]{12})-(0|[1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Told:
    """A change at its place in the log; `changed` is None where this code is too old to understand what stands there."""

    position: int
    organisation_id: UUID | None
    changed: Changed | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Start:
    """Where a stream begins; `reset` says why that is not where the caller stood."""

    position: int
    reset: str | None = None


class Feed:
    """`after(position)` gives the changes behind a position, waiting for the log to go on."""

    def __init__(self, store: PostgresStore, tail: LogTail) -> None:
        self._store = store
        self._tail = tail
        self._kept: list[Told] = []
        self._kept_after = 0
        """Every change behind this position is in memory."""
        self._moved = asyncio.Event()
        self.epoch = ""
        self.head = 0

    async def open(self) -> None:
        """Learn the log's name and where it ends. Its table must be there."""
        async with self._store.connection() as connection:
            cursor = connection.cursor(row_factory=tuple_row)
            await cursor.execute("INSERT INTO change_log VALUES (true, %s) ON CONFLICT DO NOTHING", (uuid4().hex[:12],))
            await cursor.execute("SELECT epoch FROM change_log")
            row = await cursor.fetchone()
        assert row is not None
        self.epoch = row[0]
        self.head = self._kept_after = await self._store.head()

    async def run(self) -> None:
        """Follow the log, for ever."""
        tries = 0
        while True:
            try:
                entries = await self._tail.after(self.head, BATCH)
            except (StoreUnavailable, psycopg.Error) as problem:
                tries += 1
                log.warning("changes.waiting", exc_info=problem)
                await asyncio.sleep(pause_after(tries))
                continue
            tries = 0
            self._take(entries)

    def _take(self, entries: Sequence[LogEntry]) -> None:
        self._kept.extend(_told(entries))
        if len(self._kept) > 2 * KEPT:
            self._kept_after = self._kept[-KEPT - 1].position
            del self._kept[:-KEPT]
        self.head = entries[-1].position
        self._moved.set()
        self._moved = asyncio.Event()

    async def after(self, position: int) -> tuple[int, Sequence[Told]]:
        """The changes behind a position, some at a time, and the position that they reach up to.

        Errors: StoreUnavailable.
        """
        while position >= self.head:
            await self._moved.wait()
        if position >= self._kept_after:
            return self.head, self._kept[bisect_right(self._kept, position, key=lambda each: each.position) :]
        entries = await self._store.log_after(position, BATCH)
        return (entries[-1].position, _told(entries)) if entries else (self.head, ())

    # Where a stream begins

    def id_at(self, position: int) -> str:
        """The position as callers know it."""
        return f"{self.epoch}-{position}"

    async def start_after(self, event_id: str | None, *, furthest: int) -> Start:
        """Where a caller stood, or the end of the log with the reason: none of ours, not yet reached, too far behind.

        Errors: StoreUnavailable.
        """
        if event_id is None:
            return Start(self.head)
        found = _ID.fullmatch(event_id)
        if found is None or found[1] != self.epoch:
            return Start(self.head, "other_epoch")
        position = int(found[2])
        if position > self.head and position > await self._store.head():  # another process may be a moment ahead
            return Start(self.head, "beyond_head")
        if self.head - position > furthest:
            return Start(self.head, "too_far_behind")
        return Start(position)

    async def position_before(self, instant: datetime) -> int:
        """A position of which everything told since the instant lies behind: among the last entries, or the end."""
        since = max(0, self.head - BATCH)
        entries = await self._store.log_after(since, BATCH)
        young = [told.position for told in _told(entries) if told.at is not None and told.at >= instant]
        return young[0] - 1 if young else self.head


def _told(entries: Sequence[LogEntry]) -> list[Told]:
    return [_understood(entry) for entry in entries if entry.topic.startswith(f"{Changed.TOPIC}/")]


def _understood(entry: LogEntry) -> Told:
    try:
        event, meta = entry.decoded
    except (UnknownEvent, ValidationError) as problem:
        log.error("changes.not_understood", position=entry.position, exc_info=problem)
        return Told(entry.position, None, None, None)
    assert isinstance(event, Changed)
    return Told(entry.position, meta.organisation_id, event, meta.time)


LOOK_BACK = timedelta(seconds=10)
"""A page may show lists as they were a moment ago, and its stream begins only once it has been drawn."""
