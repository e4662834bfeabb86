"""What is news about a request. What has been heard already, or comes after the end, yields no event."""

from datetime import datetime
from uuid import UUID

from gateway.domain.correspondence.events import (
    ApplicationHeard,
    AskingOver,
    AssignmentHeard,
    AssignmentLost,
    CallClosed,
    CallOpened,
    ClientAsked,
    Closing,
    ConfirmationHeard,
    End,
    RequestHeard,
    RequestOver,
    SelfSelected,
)
from gateway.domain.correspondence.state import CorrespondenceState, Over


def decide_heard(state: CorrespondenceState, created_by: UUID) -> tuple[RequestHeard, ...]:
    """A request began."""
    if isinstance(state, Over) or state.created_by is not None:
        return ()
    return (RequestHeard(created_by=created_by),)


def decide_asked(state: CorrespondenceState, client_id: UUID, deadline: datetime) -> tuple[ClientAsked, ...]:
    """The client is asked once: what they complete in part asks nothing new of them unless the deadline is a later one."""
    if isinstance(state, Over) or (state.asked_until is not None and state.asked_until >= deadline):
        return ()
    return (ClientAsked(client_id=client_id, deadline=deadline),)


def decide_asking_over(state: CorrespondenceState) -> tuple[AskingOver, ...]:
    """The client has answered, or only an operator can go on."""
    return () if isinstance(state, Over) or state.asked_until is None else (AskingOver(),)


def decide_confirmed(state: CorrespondenceState, client_id: UUID, starts_at: datetime) -> tuple[ConfirmationHeard, ...]:
    """Both gates stood open."""
    if isinstance(state, Over) or state.confirmed:
        return ()
    return (ConfirmationHeard(client_id=client_id, starts_at=starts_at),)


def decide_call_opened(state: CorrespondenceState, deadline: datetime) -> tuple[CallOpened, ...]:
    """Workers are called."""
    return () if isinstance(state, Over) or state.call_until == deadline else (CallOpened(deadline=deadline),)


def decide_call_closed(state: CorrespondenceState, reason: Closing) -> tuple[CallClosed, ...]:
    """Nobody can apply any more."""
    return () if isinstance(state, Over) or state.call_until is None else (CallClosed(reason=reason),)


def decide_applied(state: CorrespondenceState, worker_id: UUID) -> tuple[ApplicationHeard, ...]:
    """A worker waits for an answer."""
    if isinstance(state, Over) or worker_id == state.assigned or worker_id in state.waiting:
        return ()
    return (ApplicationHeard(worker_id=worker_id),)


def decide_self_selected(state: CorrespondenceState, worker_id: UUID) -> tuple[SelfSelected, ...]:
    """The creator does it themselves."""
    return () if isinstance(state, Over) or state.self_selected == worker_id else (SelfSelected(worker_id=worker_id),)


def decide_assigned(state: CorrespondenceState, worker_id: UUID) -> tuple[AssignmentHeard, ...]:
    """The award is out."""
    return () if isinstance(state, Over) or state.assigned == worker_id else (AssignmentHeard(worker_id=worker_id),)


def decide_unassigned(state: CorrespondenceState) -> tuple[AssignmentLost, ...]:
    """The worker gate shut."""
    return () if isinstance(state, Over) or state.assigned is None else (AssignmentLost(),)


def decide_over(state: CorrespondenceState, how: End, *, by_creator: bool = False) -> tuple[RequestOver, ...]:
    """The request ended."""
    return () if isinstance(state, Over) else (RequestOver(how=how, by_creator=by_creator),)
