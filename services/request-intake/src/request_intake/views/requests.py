"""The list of requests: one row a request, newest first, with what each gate still lacks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.views import View, view_metadata
from doorstep_chassis.work import Work
from psycopg.rows import dict_row
from sqlalchemy import Boolean, Column, DateTime, Index, Integer, String, Table, Uuid, select, tuple_
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

from request_intake.domain.request.events import (
    ClientGateOpened,
    ClientGateShut,
    ClientResolved,
    ClientReviewOpened,
    LaunchRequested,
    RequestCancelled,
    RequestConfirmed,
    RequestDeclined,
    RequestDrafted,
    RequestExpired,
    RequestLaunched,
    WorkerGateOpened,
    WorkerGateShut,
)
from request_intake.domain.request.state import ClientShut, WorkerShut

_METADATA = view_metadata()
REQUESTS = Table(
    "requests_v1",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("drafted_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Uuid, nullable=False),
    Column("state", String, nullable=False),
    Column("case_number", Integer),
    Column("performer", String, nullable=False),
    Column("postal_code", String, nullable=False),
    Column("offer_id", String, nullable=False),
    Column("service", String, nullable=False),
    Column("slot_start", DateTime(timezone=True), nullable=False),
    Column("slot_end", DateTime(timezone=True), nullable=False),
    Column("zone", String, nullable=False),
    Column("typed", Boolean, nullable=False),
    Column("in_review", Boolean, nullable=False),
    Column("client_missing", JSONB),
    Column("client_valid_until", DateTime(timezone=True)),
    Column("validated_by", String),
    Column("answer_due", DateTime(timezone=True)),
    Column("worker_missing", JSONB),
    Column("worker_id", Uuid),
    Column("hold_id", Uuid),
    Index("requests_v1_newest", "organisation_id", "drafted_at", "request_id"),
    Index("requests_v1_own", "organisation_id", "created_by", "drafted_at", "request_id"),
)

_ONCE_LAUNCHED = (
    "case_number",
    "client_missing",
    "client_valid_until",
    "validated_by",
    "answer_due",
    "worker_missing",
    "worker_id",
    "hold_id",
)


def _key(message: Message) -> tuple[UUID, UUID]:
    assert message.meta is not None
    return message.meta.organisation_id, UUID(message.meta.key)


def _drafted(work: Work, event: RequestDrafted, message: Message) -> None:
    work.put(
        REQUESTS,
        *_key(message),
        drafted_at=message.time,
        created_by=event.created_by,
        state="draft",
        performer=event.performer,
        postal_code=event.postal_code,
        offer_id=event.offer.offer_id,
        service=event.offer.service,
        slot_start=event.slot.start,
        slot_end=event.slot.end,
        zone=event.slot.zone,
        typed=event.contact is not None,
        in_review=False,
        **dict.fromkeys(_ONCE_LAUNCHED),
    )


def _review_opened(work: Work, event: ClientReviewOpened, message: Message) -> None:
    work.put(REQUESTS, *_key(message), in_review=True)


def _resolved(work: Work, event: ClientResolved, message: Message) -> None:
    work.put(REQUESTS, *_key(message), in_review=False)


def _launch_requested(work: Work, event: LaunchRequested, message: Message) -> None:
    work.put(REQUESTS, *_key(message), state="launching")


def _launched(work: Work, event: RequestLaunched, message: Message) -> None:
    work.put(
        REQUESTS,
        *_key(message),
        state="launched",
        case_number=1 if event.performer == "self" and event.known else 3,
        client_missing=list(ClientShut().missing),
        worker_missing=list(WorkerShut().missing),
    )


def _client_gate_opened(work: Work, event: ClientGateOpened, message: Message) -> None:
    work.put(
        REQUESTS,
        *_key(message),
        client_missing=None,
        client_valid_until=event.valid_until,
        validated_by=event.validated_by,
        answer_due=None,
    )


def _client_gate_shut(work: Work, event: ClientGateShut, message: Message) -> None:
    key = _key(message)
    row = work.row(REQUESTS, *key)
    becomes_case_2 = row is not None and row["case_number"] == 1 and "payment_method" in event.missing
    work.put(
        REQUESTS,
        *key,
        client_missing=list(event.missing),
        client_valid_until=None,
        validated_by=None,
        answer_due=event.answer_due,
        **({"case_number": 2} if becomes_case_2 else {}),
    )


def _worker_gate_opened(work: Work, event: WorkerGateOpened, message: Message) -> None:
    work.put(REQUESTS, *_key(message), worker_missing=None, worker_id=event.worker_id, hold_id=event.hold_id)


def _worker_gate_shut(work: Work, event: WorkerGateShut, message: Message) -> None:
    work.put(REQUESTS, *_key(message), worker_missing=list(event.missing), worker_id=None, hold_id=None)


def _confirmed(work: Work, event: RequestConfirmed, message: Message) -> None:
    work.put(REQUESTS, *_key(message), state="confirmed")


def _cancelled(work: Work, event: RequestCancelled, message: Message) -> None:
    work.put(REQUESTS, *_key(message), state="cancelled")


def _declined(work: Work, event: RequestDeclined, message: Message) -> None:
    work.put(REQUESTS, *_key(message), state="declined")


def _expired(work: Work, event: RequestExpired, message: Message) -> None:
    work.put(REQUESTS, *_key(message), state="expired")


HANDLERS: Mapping[type, Handler] = {
    RequestDrafted: _drafted,
    ClientReviewOpened: _review_opened,
    ClientResolved: _resolved,
    LaunchRequested: _launch_requested,
    RequestLaunched: _launched,
    ClientGateOpened: _client_gate_opened,
    ClientGateShut: _client_gate_shut,
    WorkerGateOpened: _worker_gate_opened,
    WorkerGateShut: _worker_gate_shut,
    RequestConfirmed: _confirmed,
    RequestCancelled: _cancelled,
    RequestDeclined: _declined,
    RequestExpired: _expired,
}

REQUESTS_VIEW = View("requests", 1, _METADATA, HANDLERS)

_DIALECT = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]


async def list_requests(
    store: PostgresStore,
    organisation_id: UUID,
    *,
    created_by: UUID | None,
    states: Sequence[str],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Mapping[str, Any]]:
    """Rows of an organisation, newest first: of one worker, in these states, drafted before a point, where given."""
    columns = REQUESTS.columns
    query = select(REQUESTS).where(columns.organisation_id == organisation_id)
    if created_by is not None:
        query = query.where(columns.created_by == created_by)
    if states:
        query = query.where(columns.state.in_(states))
    if before is not None:
        query = query.where(tuple_(columns.drafted_at, columns.request_id) < tuple_(*before))
    query = query.order_by(columns.drafted_at.desc(), columns.request_id.desc()).limit(limit)
    compiled = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    async with store.connection() as connection:
        cursor = await connection.cursor(row_factory=dict_row).execute(str(compiled).encode(), compiled.params)
        return await cursor.fetchall()
