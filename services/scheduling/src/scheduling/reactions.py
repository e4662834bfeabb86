"""What scheduling does on each event of another service. Each is judged by the instant of the act it tells of."""

from collections.abc import Mapping
from datetime import datetime

from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.work import Work
from doorstep_contracts import dispatch, intake

from scheduling import commands
from scheduling.domain.hold.decide import Selection
from scheduling.domain.hold.events import RequestConfirmed
from scheduling.domain.ids import ClientId, HoldId, RequestId, SelectionId, WorkerId
from scheduling.domain.slot import Slot
from scheduling.domain.visit.events import Hourly


def on_worker_selected(work: Work, event: dispatch.WorkerSelected, message: Message) -> None:
    """The selected worker's slot is held or refused."""
    selection = Selection(
        selection_id=SelectionId(event.selection_id),
        worker_id=WorkerId(event.worker_id),
        slot=Slot(start=event.slot.start, end=event.slot.end, zone=event.slot.zone),
        accept_overlap=event.accept_overlap,
    )
    commands.select_worker(work, event.organisation_id, RequestId(event.request_id), selection, at=_act(work, message))


def on_request_confirmed(work: Work, event: intake.RequestConfirmed, message: Message) -> None:
    """The held slot becomes a visit, on the terms the request was quoted."""
    offer = event.offer
    confirmation = RequestConfirmed(
        hold_id=HoldId(event.hold_id),
        client_id=ClientId(event.client_id),
        service=offer.service,
        postal_code=event.postal_code,
        terms=Hourly(
            rate_cents=offer.rate_cents,
            currency=offer.currency,
            offer_id=offer.offer_id,
            catalogue_version=offer.catalogue_version,
        ),
    )
    commands.confirm_request(
        work, event.organisation_id, RequestId(event.request_id), confirmation, at=_act(work, message)
    )


def on_request_cancelled(work: Work, event: intake.RequestCancelled, message: Message) -> None:
    """A cancelled request frees its slot."""
    commands.end_request(
        work,
        event.organisation_id,
        RequestId(event.request_id),
        by=event.by,
        reason_code=event.reason_code,
        at=_act(work, message),
    )


def on_request_declined(work: Work, event: intake.RequestDeclined, message: Message) -> None:
    """A declined request frees its slot."""
    commands.end_request(
        work,
        event.organisation_id,
        RequestId(event.request_id),
        by="client",
        reason_code=None,
        at=_act(work, message),
    )


def on_request_expired(work: Work, event: intake.RequestExpired, message: Message) -> None:
    """An expired request frees its slot."""
    commands.end_request(
        work,
        event.organisation_id,
        RequestId(event.request_id),
        by="deadline",
        reason_code=event.rule,
        at=_act(work, message),
    )


def _act(work: Work, message: Message) -> datetime:
    return message.time or work.now


REACTIONS: Mapping[type, Handler] = {
    dispatch.WorkerSelected: on_worker_selected,
    intake.RequestConfirmed: on_request_confirmed,
    intake.RequestCancelled: on_request_cancelled,
    intake.RequestDeclined: on_request_declined,
    intake.RequestExpired: on_request_expired,
}
