"""What a client's file says; its key is the client's id. Personal data stands in sealed fields alone."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from doorstep_chassis.domain import Event
from doorstep_contracts.base import PostalCode, Sealed
from pydantic import StringConstraints

from client_directory.domain.client.payment import Terms

KeyedHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""An identifier as it is matched: under a key, so that nobody else can try values."""


class ClientCreated(Event):
    """A client's file was made, by an operator or for a draft; their data key was issued with it."""

    TOPIC: ClassVar[str] = "directory.client-created"

    made_by: Literal["operator", "draft"]
    details: Sealed
    email: KeyedHash | None
    phone: KeyedHash | None
    postal_code: PostalCode | None


class AddressSet(Event):
    """The client's address is this one from now on."""

    TOPIC: ClassVar[str] = "directory.address-set"

    address: Sealed
    postal_code: PostalCode


class PaymentMethodAdded(Event):
    """The client can pay by this, too; what would identify an account is a token, sealed."""

    TOPIC: ClassVar[str] = "directory.payment-method-added"

    method_id: UUID
    terms: Terms
    details: Sealed


class ClientConfirmedKnown(Event):
    """The client validated something: the file is no longer only what drafts have made of it."""

    TOPIC: ClassVar[str] = "directory.client-confirmed-known"

    by: Literal["client", "operator"]
