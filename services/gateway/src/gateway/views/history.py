"""The history of a request: every public event about it in one table, with the few facts that words for it need.

Nothing personal: only ids, codes and instants are taken over, each fact by name.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.views import View, view_metadata
from doorstep_chassis.work import Work
from doorstep_contracts import directory, dispatch, intake, scheduling
from doorstep_contracts.base import PublicEvent
from doorstep_contracts.registry import topic_of
from psycopg.rows import dict_row
from sqlalchemy import BigInteger, Column, DateTime, Index, String, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

_METADATA = view_metadata()

EVENTS = Table(
    "history_events_v1",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("event_id", String, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("topic", String, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("type", String, nullable=False),
    Column("time", DateTime(timezone=True)),
    Column("facts", JSONB, nullable=False),
    Index("history_events_v1_request", "organisation_id", "request_id"),
)

FACTS: Mapping[type[PublicEvent], tuple[str, ...]] = {
    intake.RequestDrafted: ("created_by", "performer"),
    intake.RequestLaunched: ("created_by", "validation"),
    intake.RequestConfirmed: ("worker_id",),
    intake.RequestCancelled: ("by", "reason_code"),
    intake.RequestDeclined: (),
    intake.RequestExpired: ("rule",),
    directory.ClientResolved: ("known",),
    directory.ClientReviewOpened: ("reasons",),
    directory.ClientValidated: ("validated_by", "valid_until"),
    directory.ClientValidationRequested: ("missing", "deadline"),
    directory.ClientGateShut: ("missing",),
    directory.ClientDeclined: (),
    directory.ClientAnswerExpired: (),
    dispatch.BroadcastOpened: ("eligible", "deadline"),
    dispatch.ApplicationReceived: ("worker_id",),
    dispatch.BroadcastClosed: ("reason",),
    dispatch.WorkerSelected: ("worker_id", "by"),
    dispatch.WorkerAssigned: ("worker_id",),
    dispatch.WorkerGateShut: ("missing",),
    scheduling.SlotHeld: ("worker_id",),
    scheduling.SlotRefused: ("worker_id", "reason"),
    scheduling.SlotReleased: ("worker_id", "reason"),
    scheduling.VisitScheduled: ("worker_id",),
    scheduling.VisitCancelled: ("by", "reason_code"),
}
"""What is kept of each event."""


def on_event(work: Work, event: Any, message: Message) -> None:
    """One row an event, whatever came before."""
    kind = type(event)
    work.put(
        EVENTS,
        event.organisation_id,
        message.id,
        request_id=event.request_id,
        topic=topic_of(kind).name,
        sequence=message.sequence,
        type=kind.TYPE,
        time=message.time,
        facts=event.model_dump(mode="json", include=set(FACTS[kind])),
    )


HANDLERS: Mapping[type, Handler] = dict.fromkeys(FACTS, on_event)

HISTORY = View("history", 1, _METADATA, HANDLERS, tuple(sorted({topic_of(cls).name for cls in HANDLERS})))


async def history_of(store: PostgresStore, organisation_id: UUID, request_id: UUID) -> Sequence[Mapping[str, Any]]:
    """The events of a request in the order of their times; those of one service in the order it said them."""
    async with store.connection() as connection:
        found = await connection.cursor(row_factory=dict_row).execute(
            "SELECT * FROM history_events_v1 WHERE organisation_id = %s AND request_id = %s"
            " ORDER BY time, topic, sequence, event_id",
            (organisation_id, request_id),
        )
        return await found.fetchall()
