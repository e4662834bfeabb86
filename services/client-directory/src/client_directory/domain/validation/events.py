"""What the client gate's stream says; its key is the request's id."""

from typing import ClassVar, Literal
from uuid import UUID

from doorstep_chassis.domain import Event
from doorstep_contracts.base import Instant, PostalCode, Sealed, ZoneName
from doorstep_contracts.directory import ClientGateLack


class LaunchSeen(Event):
    """The request was launched; `address` is what the worker typed, never what is on file."""

    TOPIC: ClassVar[str] = "directory.launch-seen"

    postal_code: PostalCode
    slot_start: Instant
    zone: ZoneName
    payment_method_required: bool
    validation: Literal["worker", "client"]
    address_confirmed: bool
    address: Sealed | None
    address_key_id: UUID | None


class ClientAsked(Event):
    """The client was asked to complete what the gate lacks, up to and including `deadline`."""

    TOPIC: ClassVar[str] = "directory.client-asked"

    client_id: UUID
    missing: tuple[ClientGateLack, ...]
    deadline: Instant


class ClientGateShut(Event):
    """The gate lacks something that the client alone cannot bring: an operator must act."""

    TOPIC: ClassVar[str] = "directory.client-gate-shut"

    client_id: UUID
    missing: tuple[ClientGateLack, ...]


class ClientValidated(Event):
    """The gate opened; what it rests on holds until `valid_until`."""

    TOPIC: ClassVar[str] = "directory.client-validated"

    client_id: UUID
    valid_until: Instant
    validated_by: Literal["worker", "client", "operator"]


class ClientDeclined(Event):
    """The client does not want the request."""

    TOPIC: ClassVar[str] = "directory.client-declined"

    client_id: UUID
    reason: Sealed | None


class ClientAnswerExpired(Event):
    """The client did not answer up to and including `deadline`: the request ends."""

    TOPIC: ClassVar[str] = "directory.client-answer-expired"

    client_id: UUID
    deadline: Instant


class RequestConfirmationSeen(Event):
    """The request was confirmed: the client has nothing more to answer."""

    TOPIC: ClassVar[str] = "directory.request-confirmation-seen"

    client_id: UUID


class RequestEndSeen(Event):
    """The request ended: nobody is asked any more."""

    TOPIC: ClassVar[str] = "directory.validation-ended"
