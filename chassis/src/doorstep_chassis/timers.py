"""Deadlines as instants: a view of what is due when, and a loop that lets the owner decide once it is."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Column, DateTime, String, Table, Uuid

from doorstep_chassis.clock import Clock, sleep_until
from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.domain import Event
from doorstep_chassis.errors import DomainError
from doorstep_chassis.store.model import Meta, StoreUnavailable
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.units import Units
from doorstep_chassis.views import View, view_metadata
from doorstep_chassis.work import Work

log = structlog.get_logger()

_METADATA = view_metadata()
TIMERS = Table(
    "timers_v1",
    _METADATA,
    Column("kind", String, primary_key=True),
    Column("organisation_id", Uuid, primary_key=True),
    Column("key", String, primary_key=True),
    Column("due", DateTime(timezone=True), nullable=False, index=True),
)

OnDue = Callable[[Work, UUID, str], None]
"""What the owner decides once a deadline has passed. It may find nothing to do: then nothing is written."""


@dataclass(frozen=True, slots=True)
class Timer:
    """Set the deadline of this kind for the event's stream key; `due=None` takes it away."""

    kind: str
    due: datetime | None


Schedule = Mapping[type[Event], Callable[[Any, Meta], Sequence[Timer]]]
"""Which events set or take away which deadlines."""


def timer_view(schedule: Schedule) -> View:
    """The view of pending deadlines."""

    def handler(timers_of: Callable[[Any, Meta], Sequence[Timer]]) -> Handler:
        def handle(work: Work, event: Any, message: Message) -> None:
            meta = message.meta
            assert meta is not None
            for timer in timers_of(event, meta):
                if timer.due is None:
                    work.delete(TIMERS, timer.kind, meta.organisation_id, meta.key)
                else:
                    work.put(TIMERS, timer.kind, meta.organisation_id, meta.key, due=timer.due)

        return handle

    return View("timers", 1, _METADATA, {event: handler(timers_of) for event, timers_of in schedule.items()})


class TimerLoop:
    """Runs what is due, by the one clock. Deciding twice is harmless: an owner judges by its stream, not by the timer."""

    def __init__(self, store: PostgresStore, units: Units, clock: Clock, on_due: Mapping[str, OnDue]) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._on_due = on_due
        self._fired: set[tuple[str, UUID, str, datetime]] = set()
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """The view has moved: look again."""
        self._changed.set()

    async def run(self) -> None:
        """For ever: run what is due, then wait for the next deadline or a change."""
        while True:
            self._changed.clear()
            try:
                next_due = await self._run_due()
            except StoreUnavailable:
                await asyncio.sleep(1)
                continue
            if next_due is None:
                await self._changed.wait()
            else:
                await sleep_until(self._clock, next_due, wake=self._changed)

    async def _run_due(self) -> datetime | None:
        """Run everything due; the next deadline to come, if there is one."""
        now = self._clock.now()
        async with self._store.connection() as connection:
            cursor = await connection.execute(
                "(SELECT kind, organisation_id, key, due FROM timers_v1 WHERE due < %(now)s ORDER BY due LIMIT 1000)"
                " UNION ALL"
                " (SELECT kind, organisation_id, key, due FROM timers_v1 WHERE due >= %(now)s ORDER BY due LIMIT 1)",
                {"now": now},
            )
            rows: list[tuple[str, UUID, str, datetime]] = [tuple(row) for row in await cursor.fetchall()]
        due = [row for row in rows if row[3] < now]
        self._fired &= set(due)
        for row in due:
            if row not in self._fired:
                await self._fire(*row)
                self._fired.add(row)
        return next((row[3] for row in rows if row[3] >= now), None)

    async def _fire(self, kind: str, organisation_id: UUID, key: str, due: datetime) -> None:
        try:
            await self._units.run(f"timer.{kind}", lambda work: self._on_due[kind](work, organisation_id, key))
        except DomainError as refusal:
            log.warning("timer.refused", kind=kind, code=refusal.code)
