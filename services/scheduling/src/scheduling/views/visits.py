"""Visits by their request: a chain as its operator sees it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from doorstep_chassis.consumer.records import Message
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.views import View, view_metadata
from doorstep_chassis.work import Work
from sqlalchemy import BigInteger, Column, DateTime, Index, String, Table, Uuid, select

from scheduling.domain.ids import RequestId
from scheduling.domain.visit.events import VisitCancelled, VisitScheduled
from scheduling.views.reading import rows

_METADATA = view_metadata()
VISITS = Table(
    "visits_v1",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("visit_id", Uuid, primary_key=True),
    Column("chain_id", Uuid, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("worker_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("status", String, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("zone", String, nullable=False),
    Column("service", String, nullable=False),
    Column("postal_code", String, nullable=False),
    Column("rate_cents", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("offer_id", String, nullable=False),
    Column("catalogue_version", BigInteger, nullable=False),
    Index("visits_v1_by_request", "organisation_id", "request_id"),
)


def on_visit_scheduled(work: Work, event: VisitScheduled, message: Message) -> None:
    assert message.meta is not None
    work.put(
        VISITS,
        message.meta.organisation_id,
        event.visit_id,
        chain_id=event.chain_id,
        request_id=event.request_id,
        worker_id=event.worker_id,
        client_id=event.client_id,
        status="scheduled",
        starts_at=event.slot.start,
        ends_at=event.slot.end,
        zone=event.slot.zone,
        service=event.service,
        postal_code=event.postal_code,
        rate_cents=event.terms.rate_cents,
        currency=event.terms.currency,
        offer_id=event.terms.offer_id,
        catalogue_version=event.terms.catalogue_version,
    )


def on_visit_cancelled(work: Work, event: VisitCancelled, message: Message) -> None:
    assert message.meta is not None
    work.put(VISITS, message.meta.organisation_id, event.visit_id, status="cancelled")


VISITS_VIEW = View("visits", 1, _METADATA, {VisitScheduled: on_visit_scheduled, VisitCancelled: on_visit_cancelled})


async def visits_of(store: PostgresStore, organisation_id: UUID, request_id: RequestId) -> Sequence[Mapping[str, Any]]:
    """The visits of a request, the earliest first, cancelled ones among them."""
    visit = VISITS.c
    query = (
        select(VISITS)
        .where(visit.organisation_id == organisation_id, visit.request_id == request_id)
        .order_by(visit.starts_at, visit.visit_id)
    )
    return await rows(store, query)
