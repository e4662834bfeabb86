"""The bodies of the public door: their shapes only. What they mean is judged by the service that owns it."""

from typing import Annotated, Literal
from uuid import UUID

from doorstep_chassis.http import Body
from pydantic import Field, StrictBool, StrictInt

Text = Annotated[str, Field(max_length=2_000)]
CodeText = Annotated[str, Field(max_length=200)]


# request-intake


class NewOrganisation(Body):
    """An organisation that joins."""

    organisation_id: UUID
    slug: CodeText
    time_zone: CodeText
    workers_may_create: StrictBool = False


class RequestSettings(Body):
    """How an organisation takes requests."""

    workers_may_create: StrictBool
    required_contact_fields: list[Literal["first_name", "last_name", "email", "phone"]]
    draft_lifetime_hours: StrictInt


class Contact(Body):
    """A client as a worker types them."""

    first_name: Text | None = None
    last_name: Text | None = None
    email: Text | None = None
    phone: Text | None = None


class PickedClient(Body):
    """A client of the worker's own list."""

    picked: UUID


class TypedClient(Body):
    """Somebody the worker never worked for."""

    typed: Contact


class Draft(Body):
    """« Nouvelle demande ». `start` is ISO 8601, local to the zone of the postal code, with or without an offset."""

    performer: Literal["self", "other"]
    postal_code: CodeText
    offer_id: CodeText
    start: CodeText
    duration_minutes: StrictInt | None = None
    accept_overlap: StrictBool = False
    client: PickedClient | TypedClient


class Address(Body):
    """Where the visit takes place."""

    line1: Text
    line2: Text | None = None
    postal_code: CodeText
    locality: Text


class Launch(Body):
    """« Lancer la demande »: the worker confirms or types the address, or leaves the rest to the client."""

    validation: Literal["worker", "client"]
    address_confirmed: StrictBool = False
    address: Address | None = None


class Cancel(Body):
    """Why a request ends, as a code."""

    reason_code: CodeText | None = None


# client-directory


class Card(Body):
    """A payment card as its provider names it: its token and last four digits, never its number."""

    kind: Literal["card"]
    token: Text
    last4: CodeText
    expiry_month: CodeText


class Mandate(Body):
    """A SEPA mandate by its reference, never an IBAN."""

    kind: Literal["sepa"]
    reference: Text
    signed_on: CodeText
    last_collection_due: CodeText | None = None
    one_off: StrictBool = False


PaymentMethod = Annotated[Card | Mandate, Field(discriminator="kind")]


class NewClient(Body):
    """A client as an operator puts them on file: known from then on."""

    first_name: Text
    last_name: Text
    email: Text | None = None
    phone: Text | None = None
    address: Address | None = None
    payment_method: PaymentMethod | None = None
    share_identifiers: StrictBool = False


class ReviewLink(Body):
    """The doubt was none: it is this client."""

    link: UUID


class ReviewNew(Body):
    """It is somebody new."""

    new: Literal[True]


class ValidationAct(Body):
    """What a client, or an operator for them, says to a request."""

    action: Literal["validate", "decline"]
    address: Address | None = None
    payment_method: PaymentMethod | None = None
    reason: Text | None = None


# dispatch


class Worker(Body):
    """A worker as the register has them."""

    worker_id: UUID
    services: tuple[CodeText, ...]
    postal_codes: tuple[CodeText, ...] = ()
    postal_prefixes: tuple[CodeText, ...] = ()
    active: StrictBool = True
    organisation_id: UUID | None = None


class Policy(Body):
    """How an organisation finds workers."""

    broadcast: StrictBool
    award: Literal["operator_picks", "first_come", "best_ranked"] = "operator_picks"
    application_deadline_hours: StrictInt = 24


class Selection(Body):
    """The worker whom an operator picks or assigns."""

    worker_id: UUID
