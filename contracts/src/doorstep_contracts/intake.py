"""What request-intake says: requests, organisations and their request settings, and the data keys of typed contacts."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from doorstep_contracts.base import (
    Code,
    Instant,
    OfferTerms,
    Performer,
    PostalCode,
    PublicEvent,
    RequestEvent,
    Sealed,
    Slot,
    Version,
    ZoneName,
)

ContactField = Literal["first_name", "last_name", "email", "phone"]


class RequestDrafted(RequestEvent):
    """A worker drafted a request, for a client they picked or one they typed (`contact`)."""

    TYPE: ClassVar[str] = "doorstep.intake.RequestDrafted"

    created_by: UUID
    performer: Performer
    postal_code: PostalCode
    offer: OfferTerms
    slot: Slot
    accept_overlap: bool
    picked_client_id: UUID | None = None
    contact: Sealed | None = None
    contact_key_id: UUID | None = None
    expires_at: Instant


class RequestLaunched(RequestEvent):
    """A worker launched a request whose client is resolved: both gates may now open.

    `validation` says who is to validate; `address` is what the worker typed, never what is on file.
    """

    TYPE: ClassVar[str] = "doorstep.intake.RequestLaunched"

    created_by: UUID
    client_id: UUID
    known: bool
    performer: Performer
    postal_code: PostalCode
    offer: OfferTerms
    slot: Slot
    accept_overlap: bool
    validation: Literal["worker", "client"]
    address_confirmed: bool
    address: Sealed | None = None
    address_key_id: UUID | None = None
    launched_at: Instant


class RequestConfirmed(RequestEvent):
    """Both gates of a request stood open at one instant."""

    TYPE: ClassVar[str] = "doorstep.intake.RequestConfirmed"

    client_id: UUID
    worker_id: UUID
    hold_id: UUID
    postal_code: PostalCode
    slot: Slot
    offer: OfferTerms
    confirmed_at: Instant


class RequestCancelled(RequestEvent):
    """Its creator or an operator ended a request."""

    TYPE: ClassVar[str] = "doorstep.intake.RequestCancelled"

    by: Literal["worker", "operator"]
    reason_code: Code | None = None


class RequestDeclined(RequestEvent):
    """The client ended a request."""

    TYPE: ClassVar[str] = "doorstep.intake.RequestDeclined"

    reason: Sealed | None = None


class RequestExpired(RequestEvent):
    """A deadline ended a request; `rule` says which."""

    TYPE: ClassVar[str] = "doorstep.intake.RequestExpired"

    rule: Literal["draft_lifetime", "slot_start", "client_deadline"]
    deadline: Instant


class OrganisationAdded(PublicEvent):
    """An organisation joined."""

    TYPE: ClassVar[str] = "doorstep.intake.OrganisationAdded"
    KEY: ClassVar[str] = "organisation_id"

    slug: Code
    time_zone: ZoneName


class RequestSettingsChanged(PublicEvent):
    """An organisation's request settings as they stand from this version on."""

    TYPE: ClassVar[str] = "doorstep.intake.RequestSettingsChanged"
    KEY: ClassVar[str] = "organisation_id"

    version: Version
    workers_may_create: bool
    required_contact_fields: tuple[ContactField, ...]
    draft_lifetime_hours: Annotated[int, Field(ge=1)]


class DataKeyIssued(PublicEvent):
    """A person's data key, wrapped by a key-encryption key; a null record under the same key erases it."""

    TYPE: ClassVar[str] = "doorstep.intake.DataKeyIssued"
    KEY: ClassVar[str] = "subject_id"

    subject_id: UUID
    wrapped: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+={0,2}$", max_length=1_024)]
    kek: Code
