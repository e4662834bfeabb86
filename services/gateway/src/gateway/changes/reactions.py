"""Each public event that somebody may want to hear of becomes one change in the gateway's log.

Topics meet in any order. A change that comes before it is known whose request it is reaches the operators alone; what
brings that knowledge is a change itself, and whoever hears it looks at all there is.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.domain import derived_id
from doorstep_chassis.work import Work
from doorstep_contracts import directory, dispatch, intake, scheduling
from doorstep_contracts.base import PublicEvent, RequestEvent
from doorstep_contracts.registry import encode, topic_of

from gateway.changes.decide import (
    Concerned,
    Heard,
    decide_application,
    decide_change,
    decide_request_change,
    decide_worker_gate_shut,
)
from gateway.changes.events import Kind
from gateway.changes.state import TOLD


def _heard(event: PublicEvent) -> Heard:
    return Heard(topic_of(type(event)).name, derived_id(event.ce_type, encode(event)))


def _request(
    work: Work,
    event: RequestEvent | scheduling.ChainEvent,
    kind: Kind,
    concerned: Collection[Concerned],
    *,
    workers: tuple[UUID, ...] = (),
    calls: bool = False,
    **learned: Any,
) -> None:
    ref = TOLD.at(event.organisation_id, event.request_id)
    state, heard = work.state(ref), _heard(event)
    changed = decide_request_change(
        state, heard, kind, event.request_id, concerned, workers=workers, calls=calls, **learned
    )
    work.append(ref, *changed)


# intake.requests: the request itself


def on_drafted(work: Work, event: intake.RequestDrafted, message: Message) -> None:
    """A draft is its creator's."""
    _request(work, event, "request", ["creator"], creator=event.created_by)


def on_launched(work: Work, event: intake.RequestLaunched, message: Message) -> None:
    """It is live, and who its client is, is certain."""
    _request(work, event, "request", ["creator"], creator=event.created_by, client=event.client_id)


def on_confirmed(work: Work, event: intake.RequestConfirmed, message: Message) -> None:
    """Both gates stood open at one instant."""
    _request(work, event, "request", ["creator", "client"], workers=(event.worker_id,), client=event.client_id)


def on_ended(work: Work, event: RequestEvent, message: Message) -> None:
    """Its creator, an operator, its client or a deadline ended it."""
    _request(work, event, "request", ["creator", "worker", "client"])


# directory.clients: the client gate


def on_resolved(work: Work, event: directory.ClientResolved, message: Message) -> None:
    """Who the client is, is certain. The creator must not learn when: it would tell whether the client was known."""
    _request(work, event, "client", [], client=event.client_id)


def on_review(work: Work, event: directory.ClientReviewOpened, message: Message) -> None:
    """A doubt is for operators alone."""
    _request(work, event, "client", [])


def on_client_gate(
    work: Work,
    event: directory.ClientValidated
    | directory.ClientValidationRequested
    | directory.ClientGateShut
    | directory.ClientDeclined,
    message: Message,
) -> None:
    """The client gate opened or shut, or the client was asked, or would rather not."""
    _request(work, event, "client", ["creator", "client"], client=event.client_id)


# dispatch.assignments: the worker gate


def on_call(work: Work, event: dispatch.BroadcastOpened | dispatch.BroadcastClosed, message: Message) -> None:
    """Open calls are others than before: every worker looks at their own."""
    _request(work, event, "worker", [], calls=True)


def on_application(work: Work, event: dispatch.ApplicationReceived, message: Message) -> None:
    """A worker would do it."""
    ref = TOLD.at(event.organisation_id, event.request_id)
    work.append(ref, *decide_application(work.state(ref), _heard(event), event.request_id, event.worker_id))


def on_selected(work: Work, event: dispatch.WorkerSelected, message: Message) -> None:
    """A choice is for operators alone until the slot is held: until then nothing betrays it."""
    _request(work, event, "worker", [])


def on_assigned(work: Work, event: dispatch.WorkerAssigned, message: Message) -> None:
    """The award is out: whoever applied hears of it too."""
    _request(work, event, "worker", ["creator", "worker", "applicants"], worker=event.worker_id, lacks=())


def on_worker_gate_shut(work: Work, event: dispatch.WorkerGateShut, message: Message) -> None:
    """The worker gate shut, or lacks something else."""
    ref = TOLD.at(event.organisation_id, event.request_id)
    work.append(ref, *decide_worker_gate_shut(work.state(ref), _heard(event), event.request_id, event.missing))


# scheduling.visits: calendars


def on_hold(work: Work, event: scheduling.SlotHeld | scheduling.SlotReleased, message: Message) -> None:
    """A hold is for operators alone: the award that it stands for may not be out."""
    _request(work, event, "calendar", [])


def on_visit(work: Work, event: scheduling.VisitScheduled | scheduling.VisitCancelled, message: Message) -> None:
    """A visit stands in the calendar of its worker, or no longer does."""
    _request(work, event, "calendar", ["creator", "client"], workers=(event.worker_id,), client=event.client_id)


# intake.organisations, dispatch.workers


def on_settings(work: Work, event: intake.RequestSettingsChanged, message: Message) -> None:
    """Whether workers may create requests is on every screen of theirs."""
    ref = TOLD.at(event.organisation_id, "settings")
    work.append(ref, *decide_change(work.state(ref), _heard(event), "settings", everyone=True))


def on_worker(work: Work, event: dispatch.WorkerRegistered, message: Message) -> None:
    """The register says something else of a worker."""
    ref = TOLD.at(event.organisation_id, f"worker:{event.worker_id}")
    work.append(ref, *decide_change(work.state(ref), _heard(event), "workers", workers=(event.worker_id,)))


CHANGES: Mapping[type, Handler] = {
    intake.RequestDrafted: on_drafted,
    intake.RequestLaunched: on_launched,
    intake.RequestConfirmed: on_confirmed,
    intake.RequestCancelled: on_ended,
    intake.RequestDeclined: on_ended,
    intake.RequestExpired: on_ended,
    directory.ClientResolved: on_resolved,
    directory.ClientReviewOpened: on_review,
    directory.ClientValidated: on_client_gate,
    directory.ClientValidationRequested: on_client_gate,
    directory.ClientGateShut: on_client_gate,
    directory.ClientDeclined: on_client_gate,
    dispatch.BroadcastOpened: on_call,
    dispatch.ApplicationReceived: on_application,
    dispatch.BroadcastClosed: on_call,
    dispatch.WorkerSelected: on_selected,
    dispatch.WorkerAssigned: on_assigned,
    dispatch.WorkerGateShut: on_worker_gate_shut,
    scheduling.SlotHeld: on_hold,
    scheduling.SlotReleased: on_hold,
    scheduling.VisitScheduled: on_visit,
    scheduling.VisitCancelled: on_visit,
    intake.RequestSettingsChanged: on_settings,
    dispatch.WorkerRegistered: on_worker,
}


def together(*tables: Mapping[type, Handler]) -> Mapping[type, Handler]:
    """One table of several: an event that more than one knows is handled by each, in their order, in one unit."""
    classes = dict.fromkeys(cls for table in tables for cls in table)
    return {cls: _each([table[cls] for table in tables if cls in table]) for cls in classes}


def _each(handlers: list[Handler]) -> Handler:
    if len(handlers) == 1:
        return handlers[0]

    def handle(work: Work, event: PublicEvent, message: Message) -> None:
        for handler in handlers:
            handler(work, event, message)

    return handle
