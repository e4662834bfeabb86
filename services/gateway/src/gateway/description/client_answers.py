"""What the services answer about clients, as the door passes it on: only described here, for nothing is changed on its way.

A member that is `sometimes` there is left out at other times, never null.
"""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from gateway.description.values import ClientLack, sometimes


class AddressOnFile(BaseModel):
    """Where the visit takes place."""

    line1: str
    line2: str | None
    postal_code: str
    locality: str


class ContactOnFile(BaseModel):
    """A person as typed; null where nothing was given, or where it is erased."""

    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None


class CardOnFile(BaseModel):
    """A payment card: its last four digits and its month, never its token."""

    method_id: UUID
    kind: Literal["card"]
    expiry_month: str
    last4: str | None


class MandateOnFile(BaseModel):
    """A SEPA mandate by its reference."""

    method_id: UUID
    kind: Literal["sepa"]
    signed_on: date
    last_collection_due: date | None
    one_off: bool
    reference: str | None


class ClientAdded(BaseModel):
    """The client's file that was made."""

    client_id: UUID
    known: bool


class ClientCard(BaseModel):
    """A line of the list of clients; the names are null once they are erased."""

    client_id: UUID
    first_name: str | None
    last_name: str | None
    postal_code: str | None
    known: bool = sometimes("For operators: whether the client is known, not only typed")


class Clients(BaseModel):
    """A page of clients; `next_cursor` gives the next one, null on the last."""

    clients: list[ClientCard]
    next_cursor: str | None


class ClientForWorker(BaseModel):
    """What a worker who has served the client sees: name and address, to confirm it."""

    client_id: UUID
    first_name: str | None
    last_name: str | None
    postal_code: str | None
    address: AddressOnFile | None


class ClientDetails(ContactOnFile):
    """A client's own details."""

    postal_code: str | None
    address: AddressOnFile | None
    payment_methods: list[CardOnFile | MandateOnFile]


class ClientFile(ClientDetails):
    """The whole file, for operators."""

    client_id: UUID
    known: bool


class PaymentMethodAdded(BaseModel):
    """The way to pay that was added."""

    client_id: UUID
    method_id: UUID


class Candidate(ContactOnFile):
    """A client on file whom it may be."""

    client_id: UUID
    known: bool
    postal_code: str | None


class Review(BaseModel):
    """A doubt: what was typed (null where a client was picked, or once it is erased), and whom it may be."""

    request_id: UUID
    reasons: list[str]
    postal_code: str
    opened_at: datetime
    contact: ContactOnFile | None
    candidates: list[Candidate]


class Reviews(BaseModel):
    """A page of reviews, the oldest first; `next_cursor` gives the next one, null on the last."""

    reviews: list[Review]
    next_cursor: str | None


class ReviewDecided(BaseModel):
    """Who the client is."""

    request_id: UUID
    client_id: UUID


ValidationState = Literal["asked", "shut", "validated", "declined", "confirmed", "unanswered", "ended"]


class ValidationEnded(BaseModel):
    """Nothing is asked any more."""

    request_id: UUID
    state: Literal["declined", "confirmed", "unanswered", "ended"]


class Validation(BaseModel):
    """What is asked about a request, with the client's own details."""

    request_id: UUID
    state: Literal["asked", "shut", "validated"]
    client_id: UUID
    postal_code: str
    slot_start: datetime
    zone: str
    payment_method_required: bool
    missing: list[ClientLack]
    deadline: datetime | None
    valid_until: datetime | None
    client: ClientDetails = sometimes("The client's own details, while they are on file")
    proposed_address: AddressOnFile | None


class ValidationAnswered(BaseModel):
    """How the client gate stands after the answer."""

    request_id: UUID
    state: ValidationState
    missing: list[ClientLack]
    valid_until: datetime | None
