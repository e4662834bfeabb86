"""What client-directory says: who the client of a request is, the client gate, and the data keys of clients."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from doorstep_contracts.base import Code, Instant, PublicEvent, RequestEvent, Sealed

ClientGateLack = Literal["validation", "address", "payment_method", "contact", "review", "address_outside_zone"]
"""What a client gate may lack."""


class ClientResolved(RequestEvent):
    """The client of a request is certain; `known` as DOMAIN.md means it, not merely on file."""

    TYPE: ClassVar[str] = "doorstep.directory.ClientResolved"

    client_id: UUID
    known: bool


class ClientReviewOpened(RequestEvent):
    """The typed details leave a doubt, so an operator must say who the client is."""

    TYPE: ClassVar[str] = "doorstep.directory.ClientReviewOpened"

    reasons: tuple[Code, ...]


class ClientValidated(RequestEvent):
    """The client gate opened; it holds until `valid_until`, unless it is shut before."""

    TYPE: ClassVar[str] = "doorstep.directory.ClientValidated"

    client_id: UUID
    valid_until: Instant
    validated_by: Literal["worker", "client", "operator"]


class ClientValidationRequested(RequestEvent):
    """The client was asked to complete what the gate lacks, up to and including `deadline`."""

    TYPE: ClassVar[str] = "doorstep.directory.ClientValidationRequested"

    client_id: UUID
    missing: tuple[ClientGateLack, ...]
    deadline: Instant


class ClientGateShut(RequestEvent):
    """The client gate does not stand open, or no longer; `missing` says what it lacks."""

    TYPE: ClassVar[str] = "doorstep.directory.ClientGateShut"

    client_id: UUID
    missing: tuple[ClientGateLack, ...]


class ClientDeclined(RequestEvent):
    """The client does not want the request."""

    TYPE: ClassVar[str] = "doorstep.directory.ClientDeclined"

    client_id: UUID
    reason: Sealed | None = None


class ClientAnswerExpired(RequestEvent):
    """The client was asked and let the deadline pass, so the request ends."""

    TYPE: ClassVar[str] = "doorstep.directory.ClientAnswerExpired"

    client_id: UUID
    deadline: Instant


class DataKeyIssued(PublicEvent):
    """A client's data key, wrapped by a key-encryption key; a null record under the same key erases it."""

    TYPE: ClassVar[str] = "doorstep.directory.DataKeyIssued"
    KEY: ClassVar[str] = "subject_id"

    subject_id: UUID
    wrapped: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+={0,2}$", max_length=1_024)]
    kek: Code
