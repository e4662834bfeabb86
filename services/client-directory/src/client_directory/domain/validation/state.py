"""The client gate as it stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID

from doorstep_chassis.domain import Stream
from doorstep_contracts.directory import ClientGateLack

from client_directory.domain.validation.events import (
    ClientAnswerExpired,
    ClientAsked,
    ClientDeclined,
    ClientGateShut,
    ClientValidated,
    LaunchSeen,
    RequestConfirmationSeen,
    RequestEndSeen,
)


@dataclass(frozen=True, slots=True)
class Unlaunched:
    """The request has not been launched."""


@dataclass(frozen=True, slots=True)
class Launched:
    """The request is live; the gate waits for its client, or for the key of what the worker typed."""

    launch: LaunchSeen


@dataclass(frozen=True, slots=True)
class Asked:
    """The client has been asked."""

    launch: LaunchSeen
    client_id: UUID
    missing: tuple[ClientGateLack, ...]
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Shut:
    """An operator must act."""

    launch: LaunchSeen
    client_id: UUID
    missing: tuple[ClientGateLack, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """Validated, and good until an instant."""

    launch: LaunchSeen
    client_id: UUID
    valid_until: datetime
    validated_by: Literal["worker", "client", "operator"]


@dataclass(frozen=True, slots=True)
class Declined:
    """The client does not want it."""

    client_id: UUID


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The client let the deadline pass."""

    client_id: UUID
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The visit stands in the calendar."""

    client_id: UUID


@dataclass(frozen=True, slots=True)
class Ended:
    """The request is over; whom it had asked, if anybody."""

    client_id: UUID | None


ValidationState = Unlaunched | Launched | Asked | Shut | Open | Declined | Unanswered | Confirmed | Ended
ValidationEvent = (
    LaunchSeen
    | ClientAsked
    | ClientGateShut
    | ClientValidated
    | ClientDeclined
    | ClientAnswerExpired
    | RequestConfirmationSeen
    | RequestEndSeen
)


def evolve(state: ValidationState, event: ValidationEvent) -> ValidationState:
    """The gate after the event."""
    if isinstance(event, LaunchSeen):
        return Launched(event)
    if isinstance(event, RequestEndSeen):
        return Ended(None if isinstance(state, (Unlaunched, Launched)) else state.client_id)
    if isinstance(event, RequestConfirmationSeen):
        return Confirmed(event.client_id)
    if isinstance(event, ClientDeclined):
        return Declined(event.client_id)
    if isinstance(event, ClientAnswerExpired):
        return Unanswered(event.client_id, event.deadline)
    if isinstance(state, (Unlaunched, Declined, Unanswered, Confirmed, Ended)):
        return state
    match event:
        case ClientAsked():
            return Asked(state.launch, event.client_id, event.missing, event.deadline)
        case ClientGateShut():
            return Shut(state.launch, event.client_id, event.missing)
        case ClientValidated():
            return Open(state.launch, event.client_id, event.valid_until, event.validated_by)
        case _:
            assert_never(event)


VALIDATION: Stream[ValidationState] = Stream("directory.validation", Unlaunched(), evolve)
