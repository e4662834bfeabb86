"""Which worker has served which client: the visits, as scheduling tells them."""

from doorstep_chassis.consumer.records import Message
from doorstep_chassis.views import View, view_metadata
from doorstep_chassis.work import Work
from doorstep_contracts.scheduling import VisitCancelled, VisitScheduled
from sqlalchemy import Boolean, Column, DateTime, Index, Table, Uuid

TOPIC = "scheduling.visits.v1"

_METADATA = view_metadata()
SERVED = Table(
    "served_v1",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("visit_id", Uuid, primary_key=True),
    Column("worker_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("ends_at", DateTime(timezone=True)),
    Column("cancelled", Boolean, nullable=False),
    Index("served_v1_worker", "organisation_id", "worker_id", "client_id"),
)


def _on_scheduled(work: Work, event: VisitScheduled, message: Message) -> None:
    before = work.row(SERVED, event.organisation_id, event.visit_id)
    work.put(
        SERVED,
        event.organisation_id,
        event.visit_id,
        worker_id=event.worker_id,
        client_id=event.client_id,
        ends_at=event.slot.end,
        cancelled=before is not None and before["cancelled"],
    )


def _on_cancelled(work: Work, event: VisitCancelled, message: Message) -> None:
    work.put(
        SERVED,
        event.organisation_id,
        event.visit_id,
        worker_id=event.worker_id,
        client_id=event.client_id,
        cancelled=True,
    )


SERVED_VIEW = View(
    "served", 1, _METADATA, {VisitScheduled: _on_scheduled, VisitCancelled: _on_cancelled}, topics=(TOPIC,)
)
