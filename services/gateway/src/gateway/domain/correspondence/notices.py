"""Who is to be told when something about a request is news, and whether that is still so when the mail is about to go."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.domain.correspondence.events import (
    AssignmentHeard,
    CallClosed,
    CallOpened,
    ClientAsked,
    ConfirmationHeard,
    CorrespondenceEvent,
    RequestOver,
)
from gateway.domain.correspondence.state import CORRESPONDENCE, CorrespondenceState, Current
from gateway.domain.notification.events import Audience


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody is to be told something, and until when that is of use to them."""

    kind: str
    audience: Audience
    recipient_id: UUID
    until: datetime | None = None


def notices(state: CorrespondenceState, event: CorrespondenceEvent, request_id: UUID) -> tuple[Notice, ...]:
    """Whom the event concerns, who has been told what `state` says. Until the award is out, no applicant is among them."""
    if not isinstance(state, Current):
        return ()
    match event:
        case ClientAsked():
            return (Notice("client_asked", "client", event.client_id, event.deadline),)
        case ConfirmationHeard():
            return (Notice("client_confirmed", "client", event.client_id, event.starts_at),)
        case CallOpened():
            return (Notice("worker_call", "called", request_id, event.deadline),)
        case AssignmentHeard():
            won = () if event.worker_id == state.self_selected else (_to_worker("worker_won", event.worker_id),)
            return *won, *_answers(state, event)
        case CallClosed():
            return _answers(state, event)
        case RequestOver():
            return _ends(state, event)
        case _:
            return ()


def _answers(state: Current, event: CallClosed | AssignmentHeard) -> tuple[Notice, ...]:
    """The other applicants have lost, once somebody is assigned and the call is closed."""
    after = CORRESPONDENCE.evolve(state, event)
    if not isinstance(after, Current) or after.waiting or after.assigned is None:
        return ()
    return tuple(_to_worker("worker_lost", each) for each in state.waiting if each != after.assigned)


def _ends(state: Current, event: RequestOver) -> tuple[Notice, ...]:
    """Who has been told of the request is told of its end; who ended it themselves is not."""
    client = () if state.client_told is None else (Notice(f"client_{event.how}", "client", state.client_told),)
    ended_by = state.created_by if event.by_creator else None
    told = () if state.assigned is None else (state.assigned,)
    waiting = tuple(each for each in state.waiting if each != state.assigned)
    return (
        *client,
        *(_to_worker(f"worker_{event.how}", each) for each in told if each != ended_by),
        *(_to_worker("worker_call_ended", each) for each in waiting if each != ended_by),
    )


def _to_worker(kind: str, worker_id: UUID) -> Notice:
    return Notice(kind, "worker", worker_id)


def still_meant(state: CorrespondenceState, kind: str, recipient_id: UUID) -> bool:
    """Whether what a queued mail says is still so: nobody is asked for what is done, or called to what is over."""
    current = state if isinstance(state, Current) else None
    match kind:
        case "client_asked":
            return current is not None and current.asked_until is not None
        case "client_confirmed":
            return current is not None and current.confirmed
        case "worker_call":
            return current is not None and current.call_until is not None
        case "worker_won":
            return current is not None and current.assigned == recipient_id
        case _:
            return True
