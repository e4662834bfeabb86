"""What the gateway has heard about one request, as far as somebody must be told or has been."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from doorstep_chassis.domain import Event

End = Literal["cancelled", "declined", "expired"]
Closing = Literal["assigned", "deadline", "request_ended", "operator"]


class RequestHeard(Event):
    """A worker drafted the request."""

    TOPIC: ClassVar[str] = "gateway.request-heard"

    created_by: UUID


class ClientAsked(Event):
    """The client is asked to validate, up to and including the deadline."""

    TOPIC: ClassVar[str] = "gateway.client-asked"

    client_id: UUID
    deadline: datetime


class AskingOver(Event):
    """Nothing is asked of the client any more."""

    TOPIC: ClassVar[str] = "gateway.asking-over"


class ConfirmationHeard(Event):
    """The request is confirmed; its visit begins at that instant."""

    TOPIC: ClassVar[str] = "gateway.confirmation-heard"

    client_id: UUID
    starts_at: datetime


class CallOpened(Event):
    """An open call goes out, for applications up to and including the deadline."""

    TOPIC: ClassVar[str] = "gateway.call-opened"

    deadline: datetime


class CallClosed(Event):
    """The open call takes no more applications."""

    TOPIC: ClassVar[str] = "gateway.call-closed"

    reason: Closing


class ApplicationHeard(Event):
    """A worker would do it, and waits for an answer."""

    TOPIC: ClassVar[str] = "gateway.application-heard"

    worker_id: UUID


class SelfSelected(Event):
    """The creator takes the request themselves: they need not be told."""

    TOPIC: ClassVar[str] = "gateway.self-selected"

    worker_id: UUID


class AssignmentHeard(Event):
    """The award is out."""

    TOPIC: ClassVar[str] = "gateway.assignment-heard"

    worker_id: UUID


class AssignmentLost(Event):
    """The worker gate shut again: nobody is assigned any more."""

    TOPIC: ClassVar[str] = "gateway.assignment-lost"


class RequestOver(Event):
    """The request ended: final."""

    TOPIC: ClassVar[str] = "gateway.request-over"

    how: End
    by_creator: bool = False


CorrespondenceEvent = (
    RequestHeard
    | ClientAsked
    | AskingOver
    | ConfirmationHeard
    | CallOpened
    | CallClosed
    | ApplicationHeard
    | SelfSelected
    | AssignmentHeard
    | AssignmentLost
    | RequestOver
)
