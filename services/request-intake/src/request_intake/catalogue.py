"""The catalogue: which zone covers a postal code, and what is offered there for how long and at what rate. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Self, TypeVar

from doorstep_chassis.errors import Invalid
from doorstep_contracts.base import Cents, Code, Currency, OfferTerms, PostalCode, PostalPrefix, Version, ZoneName
from pydantic import BaseModel, ConfigDict, Field, model_validator

from request_intake.slots import is_time_zone

SUGGESTIONS = 5


class PostalCodeMalformed(Invalid):
    """A postal code is five digits, leading zeros among them."""

    code = "postal_code_malformed"


class PostalCodeUnknown(Invalid):
    """No place has this postal code; `suggestions` names near ones that exist."""

    code = "postal_code_unknown"


class PostalCodeNotCovered(Invalid):
    """No zone covers this postal code; `suggestions` names near ones that are covered."""

    code = "postal_code_not_covered"


class ServiceNotOffered(Invalid):
    """The zone of this postal code has no such offer."""

    code = "service_not_offered"


class DurationNotOffered(Invalid):
    """A service takes from its minimum to its maximum, in its steps."""

    code = "duration_not_offered"


class CatalogueRefused(ValueError):
    """The catalogue contradicts itself: no service may start on it."""


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Minutes = Annotated[int, Field(ge=1, le=24 * 60)]


class Durations(_Declared):
    """How long a service takes, in minutes."""

    default: Minutes
    min: Minutes
    max: Minutes
    step: Minutes

    @model_validator(mode="after")
    def _default_can_be_reached(self) -> Self:
        if not self.allows(self.default):
            raise ValueError("the default duration is not one of those offered")
        return self

    def allows(self, minutes: int) -> bool:
        """Whether the service can take this long."""
        return self.min <= minutes <= self.max and (minutes - self.min) % self.step == 0


class Zone(_Declared):
    """A set of postal codes and prefixes with one time zone."""

    id: Code
    label: str
    time_zone: ZoneName
    codes: tuple[PostalCode, ...]
    prefixes: tuple[PostalPrefix, ...]


class Service(_Declared):
    """What can be done for a client."""

    id: Code
    label_fr: str
    label_en: str
    duration_minutes: Durations
    payment_method_required: bool


class Offer(_Declared):
    """A service in a zone at a rate an hour."""

    id: Code
    zone: Code
    service: Code
    rate_cents: Cents
    currency: Currency


class CatalogueSeed(_Declared):
    """The catalogue as its file says it."""

    version: Version
    zones: tuple[Zone, ...]
    services: tuple[Service, ...]
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a postal code and an offer come to: the terms, how long it takes, and in which time zone."""

    terms: OfferTerms
    minutes: int
    time_zone: str


class Catalogue:
    """Looks up postal codes, zones and offers; refused whole when it contradicts itself (CatalogueRefused)."""

    def __init__(self, seed: CatalogueSeed, localities: Mapping[str, Sequence[str]]) -> None:
        self.version = seed.version
        self._localities = localities
        self._zones = _by_id("zone", seed.zones)
        self._services = _by_id("service", seed.services)
        self._offers = _by_id("offer", seed.offers)
        self._by_code = _owners("code", ((zone, code) for zone in seed.zones for code in zone.codes))
        self._by_prefix = _owners("prefix", ((zone, prefix) for zone in seed.zones for prefix in zone.prefixes))
        for zone in seed.zones:
            _require(is_time_zone(zone.time_zone), f"zone {zone.id} names an unknown time zone")
        for offer in seed.offers:
            _require(offer.zone in self._zones, f"offer {offer.id} names an unknown zone")
            _require(offer.service in self._services, f"offer {offer.id} names an unknown service")

    def localities(self, postal_code: str, field: str = "postal_code") -> Sequence[str]:
        """The places that have a postal code; a refusal names the field.

        Errors: PostalCodeMalformed, PostalCodeUnknown.
        """
        if not (len(postal_code) == 5 and postal_code.isascii() and postal_code.isdigit()):
            raise PostalCodeMalformed(field=field)
        places = self._localities.get(postal_code)
        if places is None:
            raise PostalCodeUnknown(
                field=field, details={"suggestions": self._shown(self._near(postal_code, self._existing))}
            )
        return places

    def zone_of(self, postal_code: str) -> Zone:
        """The zone that covers a postal code: the code beats the prefix, the longer prefix the shorter.

        Errors: PostalCodeMalformed, PostalCodeUnknown, PostalCodeNotCovered.
        """
        self.localities(postal_code)
        zone = self._covering(postal_code)
        if zone is None:
            raise PostalCodeNotCovered(
                field="postal_code", details={"suggestions": self._shown(self._near(postal_code, self._covered))}
            )
        return zone

    def offers_in(self, zone: Zone) -> Iterator[tuple[Offer, Service]]:
        """What is offered in a zone, in the order of the catalogue."""
        return ((offer, self._services[offer.service]) for offer in self._offers.values() if offer.zone == zone.id)

    def quote(self, postal_code: str, offer_id: str, minutes: int | None) -> Quote:
        """The terms of an offer at a postal code, for so many minutes (None: the service's default).

        Errors: PostalCodeMalformed, PostalCodeUnknown, PostalCodeNotCovered, ServiceNotOffered, DurationNotOffered.
        """
        zone = self.zone_of(postal_code)
        offer = self._offers.get(offer_id)
        if offer is None or offer.zone != zone.id:
            raise ServiceNotOffered(field="offer_id")
        service = self._services[offer.service]
        durations = service.duration_minutes
        minutes = durations.default if minutes is None else minutes
        if not durations.allows(minutes):
            raise DurationNotOffered(field="duration_minutes", details=durations.model_dump())
        terms = OfferTerms(
            offer_id=offer.id,
            service=service.id,
            zone=zone.id,
            rate_cents=offer.rate_cents,
            currency=offer.currency,
            catalogue_version=self.version,
            payment_method_required=service.payment_method_required,
        )
        return Quote(terms=terms, minutes=minutes, time_zone=zone.time_zone)

    def _covering(self, postal_code: str) -> Zone | None:
        if zone := self._by_code.get(postal_code):
            return zone
        prefixes = (self._by_prefix.get(postal_code[:length]) for length in range(5, 0, -1))
        return next((zone for zone in prefixes if zone is not None), None)

    @cached_property
    def _existing(self) -> Sequence[str]:
        return sorted(self._localities)

    @cached_property
    def _covered(self) -> Sequence[str]:
        return [code for code in self._existing if self._covering(code)]

    @staticmethod
    def _near(postal_code: str, codes: Sequence[str]) -> list[str]:
        """Codes a slip of the finger away, then those of the same department, by their distance as numbers."""
        number, department = int(postal_code), _department(postal_code)

        def distance(code: str) -> tuple[bool, int]:
            return not _one_slip(postal_code, code), abs(int(code) - number)

        near = (code for code in codes if _one_slip(postal_code, code) or _department(code) == department)
        return sorted(near, key=distance)[:SUGGESTIONS]

    def _shown(self, codes: Iterable[str]) -> list[dict[str, str]]:
        return [{"postal_code": code, "locality": self._localities[code][0]} for code in codes]


def _department(postal_code: str) -> str:
    return postal_code[:3] if postal_code.startswith(("97", "98")) else postal_code[:2]


def _one_slip(typed: str, code: str) -> bool:
    """One digit wrong, or two neighbours swapped."""
    wrong = [place for place in range(5) if typed[place] != code[place]]
    match wrong:
        case [_]:
            return True
        case [left, right]:
            return right == left + 1 and typed[left] == code[right] and typed[right] == code[left]
        case _:
            return False


Named = TypeVar("Named", Zone, Service, Offer)


def _by_id(kind: str, declared: Sequence[Named]) -> Mapping[str, Named]:
    found: dict[str, Named] = {}
    for each in declared:
        _require(each.id not in found, f"{kind} {each.id} stands twice")
        found[each.id] = each
    return MappingProxyType(found)


def _owners(kind: str, claims: Iterable[tuple[Zone, str]]) -> Mapping[str, Zone]:
    owners: dict[str, Zone] = {}
    for zone, claim in claims:
        other = owners.setdefault(claim, zone)
        _require(other is zone, f"{kind} {claim} belongs to zones {other.id} and {zone.id}")
    return MappingProxyType(owners)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise CatalogueRefused(otherwise)
