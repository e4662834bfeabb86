"""The board: one row a request, put together from what all services say in public.

Topics meet in any order, so each keeps to columns of its own, and the rows come out the same whatever came first.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.views import View, view_metadata
from doorstep_chassis.work import Work
from doorstep_contracts import directory, dispatch, intake, scheduling
from doorstep_contracts.registry import topic_of
from sqlalchemy import Boolean, Column, DateTime, Index, Integer, String, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

_METADATA = view_metadata()

REQUESTS = Table(
    "board_requests_v2",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    # intake.requests
    Column("state", String),
    Column("launched", Boolean),
    Column("created_at", DateTime(timezone=True)),
    Column("created_by", Uuid),
    Column("performer", String),
    Column("postal_code", String),
    Column("service", String),
    Column("offer_id", String),
    Column("rate_cents", Integer),
    Column("starts_at", DateTime(timezone=True)),
    Column("ends_at", DateTime(timezone=True)),
    Column("zone", String),
    Column("expires_at", DateTime(timezone=True)),
    Column("end_rule", String),
    # directory.clients
    Column("client_id", Uuid),
    Column("client_known", Boolean),
    Column("client_gate", String),
    Column("client_lacks", JSONB),
    Column("payment_lacked", Boolean),
    Column("client_valid_until", DateTime(timezone=True)),
    Column("client_deadline", DateTime(timezone=True)),
    # dispatch.assignments
    Column("worker_id", Uuid),
    Column("worker_gate", String),
    Column("worker_lacks", JSONB),
    Column("applications", Integer),
    Column("broadcast", String),
    Column("broadcast_deadline", DateTime(timezone=True)),
    # scheduling.visits
    Column("visit_id", Uuid),
    Column("visit_state", String),
    Index("board_requests_v2_newest", "organisation_id", "created_at", "request_id"),
    Index("board_requests_v2_state", "organisation_id", "state"),
    Index("board_requests_v2_worker", "organisation_id", "worker_id"),
)

ORGANISATIONS = Table(
    "board_organisations_v2",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("slug", String),
    Column("time_zone", String),
    Column("workers_may_create", Boolean),
)

WORKERS = Table(
    "board_workers_v2",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("worker_id", Uuid, primary_key=True),
    Column("active", Boolean, nullable=False),
    Column("services", JSONB, nullable=False),
)

OPEN, SHUT = "open", "shut"


def _request(work: Work, organisation_id: UUID, request_id: UUID, **values: Any) -> None:
    work.put(REQUESTS, organisation_id, request_id, **values)


# intake.requests


def on_drafted(work: Work, event: intake.RequestDrafted, message: Message) -> None:
    """A request begins as a draft."""
    _request(
        work,
        event.organisation_id,
        event.request_id,
        state="draft",
        created_at=message.time,
        created_by=event.created_by,
        performer=event.performer,
        postal_code=event.postal_code,
        service=event.offer.service,
        offer_id=event.offer.offer_id,
        rate_cents=event.offer.rate_cents,
        starts_at=event.slot.start,
        ends_at=event.slot.end,
        zone=event.slot.zone,
        expires_at=event.expires_at,
    )


def on_launched(work: Work, event: intake.RequestLaunched, message: Message) -> None:
    """It is live."""
    _request(work, event.organisation_id, event.request_id, state="launched", launched=True)


def on_confirmed(work: Work, event: intake.RequestConfirmed, message: Message) -> None:
    """Both gates stood open at one instant."""
    _request(work, event.organisation_id, event.request_id, state="confirmed")


def on_cancelled(work: Work, event: intake.RequestCancelled, message: Message) -> None:
    """Its creator or an operator ended it."""
    _request(work, event.organisation_id, event.request_id, state="cancelled", end_rule=event.by)


def on_declined(work: Work, event: intake.RequestDeclined, message: Message) -> None:
    """Its client ended it."""
    _request(work, event.organisation_id, event.request_id, state="declined")


def on_expired(work: Work, event: intake.RequestExpired, message: Message) -> None:
    """A deadline ended it."""
    _request(work, event.organisation_id, event.request_id, state="expired", end_rule=event.rule)


# directory.clients


def on_resolved(work: Work, event: directory.ClientResolved, message: Message) -> None:
    """Who the client is, is certain: a review is over."""
    row = work.row(REQUESTS, event.organisation_id, event.request_id) or {}
    in_review = row.get("client_lacks") == ["review"]
    _request(
        work,
        event.organisation_id,
        event.request_id,
        client_id=event.client_id,
        client_known=event.known,
        client_gate=None if in_review else row.get("client_gate"),
        client_lacks=None if in_review else row.get("client_lacks"),
    )


def on_review(work: Work, event: directory.ClientReviewOpened, message: Message) -> None:
    """An operator must say who the client is."""
    _request(work, event.organisation_id, event.request_id, client_gate=SHUT, client_lacks=["review"])


def on_validated(work: Work, event: directory.ClientValidated, message: Message) -> None:
    """The client gate opened."""
    _request(
        work,
        event.organisation_id,
        event.request_id,
        client_id=event.client_id,
        client_gate=OPEN,
        client_lacks=[],
        client_valid_until=event.valid_until,
        client_deadline=None,
    )


def on_asked(work: Work, event: directory.ClientValidationRequested, message: Message) -> None:
    """The client was asked for what the gate lacks."""
    _client_shut(work, event, deadline=event.deadline)


def on_client_gate_shut(work: Work, event: directory.ClientGateShut, message: Message) -> None:
    """The client gate shut."""
    _client_shut(work, event, deadline=None)


def _client_shut(
    work: Work, event: directory.ClientGateShut | directory.ClientValidationRequested, *, deadline: Any
) -> None:
    row = work.row(REQUESTS, event.organisation_id, event.request_id) or {}
    _request(
        work,
        event.organisation_id,
        event.request_id,
        client_id=event.client_id,
        client_gate=SHUT,
        client_lacks=list(event.missing),
        payment_lacked="payment_method" in event.missing or bool(row.get("payment_lacked")),
        client_valid_until=None,
        client_deadline=deadline,
    )


# dispatch.assignments


def on_broadcast_opened(work: Work, event: dispatch.BroadcastOpened, message: Message) -> None:
    """An open call went out."""
    _request(
        work,
        event.organisation_id,
        event.request_id,
        broadcast=OPEN,
        broadcast_deadline=event.deadline,
        applications=0,
        worker_gate=SHUT,
        worker_lacks=["applications"],
    )


def on_application(work: Work, event: dispatch.ApplicationReceived, message: Message) -> None:
    """A worker would do it: somebody must now be selected."""
    row = work.row(REQUESTS, event.organisation_id, event.request_id) or {}
    lacks = ["selection"] if row.get("worker_lacks") == ["applications"] else row.get("worker_lacks")
    _request(
        work,
        event.organisation_id,
        event.request_id,
        applications=(row.get("applications") or 0) + 1,
        worker_lacks=lacks,
    )


def on_broadcast_closed(work: Work, event: dispatch.BroadcastClosed, message: Message) -> None:
    """The open call takes no more applications."""
    _request(work, event.organisation_id, event.request_id, broadcast=event.reason, broadcast_deadline=None)


def on_selected(work: Work, event: dispatch.WorkerSelected, message: Message) -> None:
    """A worker is chosen, their slot not yet held."""
    _request(work, event.organisation_id, event.request_id, worker_gate=SHUT, worker_lacks=["slot"])


def on_assigned(work: Work, event: dispatch.WorkerAssigned, message: Message) -> None:
    """The worker gate opened."""
    _request(
        work,
        event.organisation_id,
        event.request_id,
        worker_id=event.worker_id,
        worker_gate=OPEN,
        worker_lacks=[],
    )


def on_worker_gate_shut(work: Work, event: dispatch.WorkerGateShut, message: Message) -> None:
    """The worker gate shut."""
    _request(
        work,
        event.organisation_id,
        event.request_id,
        worker_id=None,
        worker_gate=SHUT,
        worker_lacks=list(event.missing),
    )


# scheduling.visits


def on_visit(work: Work, event: scheduling.VisitScheduled, message: Message) -> None:
    """The visit stands in the calendar."""
    _request(work, event.organisation_id, event.request_id, visit_id=event.visit_id, visit_state="scheduled")


def on_visit_cancelled(work: Work, event: scheduling.VisitCancelled, message: Message) -> None:
    """The visit will not take place."""
    _request(work, event.organisation_id, event.request_id, visit_id=event.visit_id, visit_state="cancelled")


# intake.organisations, dispatch.workers


def on_organisation(work: Work, event: intake.OrganisationAdded, message: Message) -> None:
    """An organisation joined."""
    work.put(ORGANISATIONS, event.organisation_id, slug=event.slug, time_zone=event.time_zone)


def on_settings(work: Work, event: intake.RequestSettingsChanged, message: Message) -> None:
    """Its request settings changed."""
    work.put(ORGANISATIONS, event.organisation_id, workers_may_create=event.workers_may_create)


def on_worker(work: Work, event: dispatch.WorkerRegistered, message: Message) -> None:
    """A worker as the register has them."""
    work.put(WORKERS, event.organisation_id, event.worker_id, active=event.active, services=list(event.services))


HANDLERS: Mapping[type, Handler] = {
    intake.RequestDrafted: on_drafted,
    intake.RequestLaunched: on_launched,
    intake.RequestConfirmed: on_confirmed,
    intake.RequestCancelled: on_cancelled,
    intake.RequestDeclined: on_declined,
    intake.RequestExpired: on_expired,
    directory.ClientResolved: on_resolved,
    directory.ClientReviewOpened: on_review,
    directory.ClientValidated: on_validated,
    directory.ClientValidationRequested: on_asked,
    directory.ClientGateShut: on_client_gate_shut,
    dispatch.BroadcastOpened: on_broadcast_opened,
    dispatch.ApplicationReceived: on_application,
    dispatch.BroadcastClosed: on_broadcast_closed,
    dispatch.WorkerSelected: on_selected,
    dispatch.WorkerAssigned: on_assigned,
    dispatch.WorkerGateShut: on_worker_gate_shut,
    scheduling.VisitScheduled: on_visit,
    scheduling.VisitCancelled: on_visit_cancelled,
    intake.OrganisationAdded: on_organisation,
    intake.RequestSettingsChanged: on_settings,
    dispatch.WorkerRegistered: on_worker,
}

BOARD = View("board", 2, _METADATA, HANDLERS, tuple(sorted({topic_of(cls).name for cls in HANDLERS})))
