"""The calls of a worker: what they were called for, where their applications stand, and nothing before the award is out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from doorstep_chassis.consumer.records import Message
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.views import View, view_metadata
from doorstep_chassis.work import Work
from psycopg.rows import dict_row
from sqlalchemy import Column, DateTime, Index, Integer, String, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from dispatch.domain.award.events import (
    ApplicantPassed,
    ApplicationReceived,
    AwardEnded,
    BroadcastClosed,
    BroadcastOpened,
    SelectionFailed,
    WorkerAssigned,
)

_METADATA = view_metadata()
CALLS = Table(
    "calls_v1",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("service", String, nullable=False),
    Column("postal_code", String, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("zone", String, nullable=False),
    Column("rate_cents", Integer, nullable=False),
    Column("currency", String, nullable=False),
    Column("deadline", DateTime(timezone=True), nullable=False),
    Column("state", String, nullable=False),  # open, closed, assigned, ended
    Column("assigned_to", Uuid),
    Column("called", JSONB, nullable=False),  # the ids of the workers called
    Column("applied", JSONB, nullable=False),  # worker id -> since when
    Column("setbacks", JSONB, nullable=False),  # worker id -> reasons, told only once the award is out
    Index("calls_v1_called", "called", postgresql_using="gin"),
)


def opened(work: Work, event: BroadcastOpened, message: Message) -> None:
    """One row a call, whatever the number of those called: closing it again costs no more."""
    work.put(
        CALLS,
        *_key(message),
        service=event.offer.service,
        postal_code=event.postal_code,
        starts_at=event.slot.start,
        ends_at=event.slot.end,
        zone=event.slot.zone,
        rate_cents=event.offer.rate_cents,
        currency=event.offer.currency,
        deadline=event.deadline,
        state="open",
        assigned_to=None,
        called=[str(verdict.worker_id) for verdict in event.verdicts if verdict.eligible],
        applied={},
        setbacks={},
    )


def applied(work: Work, event: ApplicationReceived, message: Message) -> None:
    """An application to a call; a creator who applied without one has no call to see."""
    if (row := work.row(CALLS, *_key(message))) is not None:
        at = event.applied_at.isoformat()
        work.put(CALLS, *_key(message), applied={**row["applied"], str(event.worker_id): at})


def failed(work: Work, event: SelectionFailed, message: Message) -> None:
    """Kept for the worker to be told once the award is out."""
    _set_back(work, message, event.worker_id, [event.reason])


def passed(work: Work, event: ApplicantPassed, message: Message) -> None:
    """Kept for the worker to be told once the award is out."""
    _set_back(work, message, event.worker_id, list(event.reasons))


def closed(work: Work, event: BroadcastClosed, message: Message) -> None:
    """Assignments and ends say themselves what became of the call."""
    if event.reason == "deadline":
        work.put(CALLS, *_key(message), state="closed")


def assigned(work: Work, event: WorkerAssigned, message: Message) -> None:
    """The award is out."""
    if work.row(CALLS, *_key(message)) is not None:
        work.put(CALLS, *_key(message), state="assigned", assigned_to=event.worker_id)


def ended(work: Work, event: AwardEnded, message: Message) -> None:
    """There is nothing to do any more."""
    if work.row(CALLS, *_key(message)) is not None:
        work.put(CALLS, *_key(message), state="ended")


CALLS_VIEW = View(
    "calls",
    1,
    _METADATA,
    {
        BroadcastOpened: opened,
        ApplicationReceived: applied,
        SelectionFailed: failed,
        ApplicantPassed: passed,
        BroadcastClosed: closed,
        WorkerAssigned: assigned,
        AwardEnded: ended,
    },
)


def _key(message: Message) -> tuple[UUID, UUID]:
    assert message.meta is not None
    return message.meta.organisation_id, UUID(message.meta.key)


def _set_back(work: Work, message: Message, worker_id: UUID, reasons: Sequence[str]) -> None:
    if (row := work.row(CALLS, *_key(message))) is not None:
        work.put(CALLS, *_key(message), setbacks={**row["setbacks"], str(worker_id): list(reasons)})


# Reading

_CALLS_OF = (
    "SELECT * FROM calls_v1 WHERE organisation_id = %(organisation_id)s AND called ? %(worker_id)s"
    " AND ends_at >= %(now)s AND (applied ? %(worker_id)s OR (state = 'open' AND deadline >= %(now)s))"
    " ORDER BY starts_at, request_id"
)


async def calls_of(store: PostgresStore, organisation_id: UUID, worker_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """The calls open for a worker, and those they applied to, while the slot is not over; earliest slot first."""
    async with store.connection() as connection:
        cursor = await connection.cursor(row_factory=dict_row).execute(
            _CALLS_OF, {"organisation_id": organisation_id, "worker_id": str(worker_id), "now": now}
        )
        return [seen_by(worker_id, row) for row in await cursor.fetchall()]


def seen_by(worker_id: UUID, row: Mapping[str, Any]) -> dict[str, Any]:
    """A call as one worker may see it: open, applied, and then assigned, not_chosen (with reasons) or ended."""
    state, reasons = _standing(str(worker_id), row)
    return {
        "request_id": row["request_id"],
        "service": row["service"],
        "postal_code": row["postal_code"],
        "start": row["starts_at"],
        "end": row["ends_at"],
        "zone": row["zone"],
        "rate_cents": row["rate_cents"],
        "currency": row["currency"],
        "deadline": row["deadline"],
        "state": state,
        "reasons": reasons,
    }


def _standing(worker_id: str, row: Mapping[str, Any]) -> tuple[str, list[str]]:
    if worker_id not in row["applied"]:
        return "open", []
    if row["state"] == "ended":
        return "ended", []
    if row["state"] != "assigned":
        return "applied", []
    if str(row["assigned_to"]) == worker_id:
        return "assigned", []
    return "not_chosen", row["setbacks"].get(worker_id, ["another_chosen"])
