"""Who has been told what about a request, and who waits for an answer. Topics meet in any order."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from doorstep_chassis.domain import Stream

from gateway.domain.correspondence.events import (
    ApplicationHeard,
    AskingOver,
    AssignmentHeard,
    AssignmentLost,
    CallClosed,
    CallOpened,
    ClientAsked,
    ConfirmationHeard,
    CorrespondenceEvent,
    RequestHeard,
    RequestOver,
    SelfSelected,
)


@dataclass(frozen=True, slots=True)
class Current:
    """The request has not ended.

    `client_told`: the client who has been written to. `asked_until`: the deadline while the client is asked. `waiting`:
    the applicants without an answer, first come first.
    """

    created_by: UUID | None = None
    client_told: UUID | None = None
    asked_until: datetime | None = None
    confirmed: bool = False
    call_until: datetime | None = None
    waiting: tuple[UUID, ...] = ()
    self_selected: UUID | None = None
    assigned: UUID | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """The request ended; whoever had to be told has been."""


CorrespondenceState = Current | Over


def evolve(state: CorrespondenceState, event: CorrespondenceEvent) -> CorrespondenceState:
    """The state after one more event."""
    if isinstance(state, Over):
        return state
    match event:
        case RequestHeard():
            return replace(state, created_by=event.created_by)
        case ClientAsked():
            return replace(state, client_told=event.client_id, asked_until=event.deadline)
        case AskingOver():
            return replace(state, asked_until=None)
        case ConfirmationHeard():
            return replace(state, client_told=event.client_id, asked_until=None, confirmed=True)
        case CallOpened():
            return replace(state, call_until=event.deadline)
        case CallClosed():
            return answered(replace(state, call_until=None))
        case ApplicationHeard():
            return replace(state, waiting=(*state.waiting, event.worker_id))
        case SelfSelected():
            return replace(state, self_selected=event.worker_id)
        case AssignmentHeard():
            return answered(replace(state, assigned=event.worker_id))
        case AssignmentLost():
            return replace(state, assigned=None, confirmed=False)
        case RequestOver():
            return Over()
        case _:
            assert_never(event)


def answered(state: Current) -> Current:
    """With somebody assigned and no call open, nobody waits any more."""
    return replace(state, waiting=()) if state.assigned is not None and state.call_until is None else state


CORRESPONDENCE: Stream[CorrespondenceState] = Stream("gateway.correspondence", Current(), evolve)
"""By the request's id."""
