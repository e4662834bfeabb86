"""What a request does on each event of the directory and of dispatch: one function an event, listed in one table."""

from collections.abc import Mapping

from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.domain import Ref
from doorstep_chassis.work import Work
from doorstep_contracts import directory, dispatch
from doorstep_contracts.base import RequestEvent

from request_intake.domain.request.decide import (
    decide_application_received,
    decide_broadcast_ended,
    decide_broadcast_opened,
    decide_client_answer_expired,
    decide_client_declined,
    decide_client_gate_shut,
    decide_client_resolved,
    decide_client_validated,
    decide_review_opened,
    decide_worker_assigned,
    decide_worker_gate_shut,
)
from request_intake.domain.request.state import REQUEST, RequestState

# Who the client is


def on_client_resolved(work: Work, event: directory.ClientResolved, message: Message) -> None:
    """The client is certain: a request that waits for it is launched."""
    ref = _request(event)
    work.append(
        ref,
        *decide_client_resolved(work.state(ref), client_id=event.client_id, known=event.known, now=work.now),
    )


def on_client_review_opened(work: Work, event: directory.ClientReviewOpened, message: Message) -> None:
    """A doubt waits for an operator; its request stays a draft, or launching."""
    ref = _request(event)
    work.append(ref, *decide_review_opened(work.state(ref), reasons=event.reasons, now=work.now))


# The client gate


def on_client_validated(work: Work, event: directory.ClientValidated, message: Message) -> None:
    """The client gate opens; with the worker gate it confirms."""
    ref = _request(event)
    events = decide_client_validated(
        work.state(ref), valid_until=event.valid_until, validated_by=event.validated_by, now=work.now
    )
    work.append(ref, *events)


def on_client_validation_requested(work: Work, event: directory.ClientValidationRequested, message: Message) -> None:
    """The client was asked for what the gate lacks."""
    ref = _request(event)
    events = decide_client_gate_shut(work.state(ref), missing=event.missing, answer_due=event.deadline, now=work.now)
    work.append(ref, *events)


def on_client_gate_shut(work: Work, event: directory.ClientGateShut, message: Message) -> None:
    """The client gate shuts."""
    ref = _request(event)
    work.append(ref, *decide_client_gate_shut(work.state(ref), missing=event.missing, now=work.now))


def on_client_declined(work: Work, event: directory.ClientDeclined, message: Message) -> None:
    """The client ends the request."""
    ref = _request(event)
    work.append(ref, *decide_client_declined(work.state(ref), reason=event.reason, now=work.now))


def on_client_answer_expired(work: Work, event: directory.ClientAnswerExpired, message: Message) -> None:
    """The client let the deadline pass, as the directory judged it: the request ends."""
    ref = _request(event)
    work.append(ref, *decide_client_answer_expired(work.state(ref), deadline=event.deadline, now=work.now))


# The worker gate


def on_worker_assigned(work: Work, event: dispatch.WorkerAssigned, message: Message) -> None:
    """The worker gate opens; with the client gate it confirms."""
    ref = _request(event)
    events = decide_worker_assigned(work.state(ref), worker_id=event.worker_id, hold_id=event.hold_id, now=work.now)
    work.append(ref, *events)


def on_worker_gate_shut(work: Work, event: dispatch.WorkerGateShut, message: Message) -> None:
    """The worker gate shuts, or lacks something else."""
    ref = _request(event)
    work.append(ref, *decide_worker_gate_shut(work.state(ref), missing=event.missing, now=work.now))


def on_broadcast_opened(work: Work, event: dispatch.BroadcastOpened, message: Message) -> None:
    """A broadcast waits for applications."""
    ref = _request(event)
    work.append(ref, *decide_broadcast_opened(work.state(ref), now=work.now))


def on_application_received(work: Work, event: dispatch.ApplicationReceived, message: Message) -> None:
    """With an applicant, the worker gate waits for a selection."""
    ref = _request(event)
    work.append(ref, *decide_application_received(work.state(ref), now=work.now))


def on_broadcast_closed(work: Work, event: dispatch.BroadcastClosed, message: Message) -> None:
    """A broadcast that has run out, or that an operator closed, may leave the request to an operator."""
    if event.reason in ("deadline", "operator"):
        ref = _request(event)
        work.append(ref, *decide_broadcast_ended(work.state(ref), now=work.now))


def _request(event: RequestEvent) -> Ref[RequestState]:
    return REQUEST.at(event.organisation_id, event.request_id)


REACTIONS: Mapping[type, Handler] = {
    directory.ClientResolved: on_client_resolved,
    directory.ClientReviewOpened: on_client_review_opened,
    directory.ClientValidated: on_client_validated,
    directory.ClientValidationRequested: on_client_validation_requested,
    directory.ClientGateShut: on_client_gate_shut,
    directory.ClientDeclined: on_client_declined,
    directory.ClientAnswerExpired: on_client_answer_expired,
    dispatch.WorkerAssigned: on_worker_assigned,
    dispatch.WorkerGateShut: on_worker_gate_shut,
    dispatch.BroadcastOpened: on_broadcast_opened,
    dispatch.ApplicationReceived: on_application_received,
    dispatch.BroadcastClosed: on_broadcast_closed,
}
