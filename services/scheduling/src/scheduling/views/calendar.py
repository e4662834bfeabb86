"""Workers' calendars, to be read by day or week: every slot held and every visit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from doorstep_chassis.consumer.records import Message
from doorstep_chassis.store.model import Meta
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.views import View, view_metadata
from doorstep_chassis.work import Work
from sqlalchemy import Boolean, Column, DateTime, Index, String, Table, Uuid, select

from scheduling.domain.hold.events import SlotHeld, SlotReleased
from scheduling.domain.ids import WorkerId
from scheduling.domain.slot import LONGEST
from scheduling.domain.visit.events import VisitCancelled, VisitScheduled
from scheduling.views.reading import rows

_METADATA = view_metadata()
CALENDAR_ENTRIES = Table(
    "calendar_entries_v1",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("hold_id", Uuid, primary_key=True),
    Column("worker_id", Uuid, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("zone", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("visit_id", Uuid),
    Column("overlap_accepted", Boolean, nullable=False),
    Index("calendar_entries_v1_by_worker", "organisation_id", "worker_id", "starts_at"),
)


def on_slot_held(work: Work, event: SlotHeld, message: Message) -> None:
    meta = _meta(message)
    work.put(
        CALENDAR_ENTRIES,
        meta.organisation_id,
        event.hold_id,
        worker_id=event.worker_id,
        starts_at=event.slot.start,
        ends_at=event.slot.end,
        zone=event.slot.zone,
        kind="hold",
        request_id=UUID(meta.key),
        visit_id=None,
        overlap_accepted=event.overlap_accepted,
    )


def on_slot_released(work: Work, event: SlotReleased, message: Message) -> None:
    work.delete(CALENDAR_ENTRIES, _meta(message).organisation_id, event.hold_id)


def on_visit_scheduled(work: Work, event: VisitScheduled, message: Message) -> None:
    work.put(
        CALENDAR_ENTRIES,
        _meta(message).organisation_id,
        event.hold_id,
        worker_id=event.worker_id,
        starts_at=event.slot.start,
        ends_at=event.slot.end,
        zone=event.slot.zone,
        kind="visit",
        request_id=event.request_id,
        visit_id=event.visit_id,
        overlap_accepted=event.overlap_accepted,
    )


def on_visit_cancelled(work: Work, event: VisitCancelled, message: Message) -> None:
    work.delete(CALENDAR_ENTRIES, _meta(message).organisation_id, event.hold_id)


def _meta(message: Message) -> Meta:
    assert message.meta is not None
    return message.meta


CALENDAR_VIEW = View(
    "calendar",
    1,
    _METADATA,
    {
        SlotHeld: on_slot_held,
        SlotReleased: on_slot_released,
        VisitScheduled: on_visit_scheduled,
        VisitCancelled: on_visit_cancelled,
    },
)


async def entries_between(
    store: PostgresStore, organisation_id: UUID, worker_id: WorkerId, start: datetime, end: datetime
) -> Sequence[Mapping[str, Any]]:
    """What stands in the worker's calendar between two instants, the earliest first."""
    entry = CALENDAR_ENTRIES.c
    query = (
        select(CALENDAR_ENTRIES)
        .where(entry.organisation_id == organisation_id, entry.worker_id == worker_id)
        # No slot is longer: the lower bound lets the index begin close by.
        .where(entry.starts_at > start - LONGEST, entry.starts_at < end, entry.ends_at > start)
        .order_by(entry.starts_at, entry.hold_id)
    )
    return await rows(store, query)
