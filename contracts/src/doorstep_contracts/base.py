"""What every public event and value of the contracts is made of."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

# Strict, so that a model accepts what its JSON Schema accepts and nothing else; unknown fields pass, because contracts
# only grow; inputs stay out of error texts, because they may be somebody's data.
_CONFIG = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)


def _in_utc(value: datetime) -> datetime:
    # What is in UTC already, as nearly all is, only needs the name of the zone: converting costs 10 µs.
    return value.astimezone(UTC) if value.utcoffset() else value.replace(tzinfo=UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An instant, always in UTC."""

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]*$", max_length=80)]
"""An identifier made for machines, such as a service, an offer or a reason."""

PostalCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
PostalPrefix = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}$")]
ZoneName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", max_length=64)]
"""A time zone by its IANA name."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Cents = Annotated[int, Field(ge=0)]
"""An amount of money, tax included."""

Count = Annotated[int, Field(ge=0)]
Version = Annotated[int, Field(ge=1)]

SEALED_PATTERN = r"^s1\.[A-Za-z0-9_:-]+\.[A-Za-z0-9_-]+={0,2}$"
Sealed = Annotated[str, StringConstraints(pattern=SEALED_PATTERN, max_length=16_384)]
"""Personal data under its person's own key, as `s1.<key id>.<base64url>`: unreadable once that key is erased."""

Performer = Literal["self", "other"]
"""Who will do it: the worker who creates the request, or somebody else."""


class Value(BaseModel):
    """A value has no identity of its own: equal fields make equal values."""

    model_config = _CONFIG


class Slot(Value):
    """A slot is a start and a later end, both instants, in a place's time zone."""

    start: Instant
    end: Instant
    zone: ZoneName

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a slot must end after it starts")
        return self


class OfferTerms(Value):
    """A quote keeps the hourly rate it gave and the version of the catalogue it came from."""

    offer_id: Code
    service: Code
    zone: Code
    rate_cents: Cents
    currency: Currency = "EUR"
    catalogue_version: Version
    payment_method_required: bool


class PublicEvent(BaseModel):
    """A public event is a past-tense fact of one organisation, under a type name that never changes.

    `TYPE` and `VERSION` name the shape; `KEY` names the field that is the record's key and its subject, so that all
    events of one subject keep their order.
    """

    model_config = _CONFIG

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1
    KEY: ClassVar[str]
    ce_type: ClassVar[str]
    dataschema: ClassVar[str]

    organisation_id: UUID

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "TYPE" in vars(cls):
            cls.ce_type = f"{cls.TYPE}.v{cls.VERSION}"
            cls.dataschema = f"urn:doorstep:schema:{cls.ce_type}"

    @property
    def subject(self) -> str:
        """The id of what the event is about."""
        return str(getattr(self, self.KEY))


class RequestEvent(PublicEvent):
    """An event about one request."""

    KEY: ClassVar[str] = "request_id"

    request_id: UUID
