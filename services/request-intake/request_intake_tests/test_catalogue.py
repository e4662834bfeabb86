"""Zones, offers and durations: which zone covers a code, and what a quote says."""

from typing import Any

import pytest
from doorstep_chassis.errors import DomainError
from doorstep_contracts.base import OfferTerms
from pydantic import ValidationError
from request_intake.catalogue import (
    Catalogue,
    CatalogueRefused,
    CatalogueSeed,
    DurationNotOffered,
    PostalCodeMalformed,
    PostalCodeNotCovered,
    PostalCodeUnknown,
    Quote,
    ServiceNotOffered,
)
from request_intake.catalogue_files import load_catalogue, read_localities

LOCALITIES = {
    "20000": ["Ajaccio"], "69001": ["Lyon"], "69003": ["Lyon"], "69100": ["Villeurbanne"], "69123": ["Nulle-Part"],
    "74000": ["Annecy"], "97400": ["Saint-Denis"], "98000": ["Monaco"],
}  # fmt: skip


def zone(name: str, *, codes: tuple[str, ...] = (), prefixes: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"id": name, "label": name.title(), "time_zone": "Europe/Paris", "codes": codes, "prefixes": prefixes}


SERVICE = {
    "id": "menage",
    "label_fr": "Ménage",
    "label_en": "Cleaning",
    "duration_minutes": {"default": 120, "min": 60, "max": 180, "step": 30},
    "payment_method_required": True,
}


def catalogue(*zones: dict[str, Any], **changed: Any) -> Catalogue:
    first = zones[0]["id"]
    seed = {
        "version": 3,
        "zones": zones,
        "services": [SERVICE],
        "offers": [{"id": "o1", "zone": first, "service": "menage", "rate_cents": 2_500, "currency": "EUR"}],
        **changed,
    }
    return Catalogue(CatalogueSeed.model_validate(seed), LOCALITIES)


def refusal(act: Any) -> DomainError:
    with pytest.raises(DomainError) as caught:
        act()
    return caught.value


class TestZones:
    def test_the_code_beats_the_prefix_and_the_longer_prefix_the_shorter(self) -> None:
        zones = catalogue(
            zone("rhone", prefixes=("69",)),
            zone("villeurbanne", prefixes=("691",)),
            zone("nulle-part", codes=("69123",)),
        )
        found = [zones.zone_of(code).id for code in ("69001", "69100", "69123")]
        assert found == ["rhone", "villeurbanne", "nulle-part"]

    @pytest.mark.parametrize(
        ("zones", "says"),
        [
            ((zone("a", codes=("69001",)), zone("b", codes=("69001",))), "code 69001 belongs to zones a and b"),
            ((zone("a", prefixes=("69",)), zone("b", prefixes=("69",))), "prefix 69 belongs to zones a and b"),
            ((zone("a"), zone("a")), "zone a stands twice"),
            (({**zone("a"), "time_zone": "Europe/Lutetia"},), "zone a names an unknown time zone"),
        ],
    )
    def test_zones_that_contradict_each_other_are_refused(self, zones: tuple[dict[str, Any], ...], says: str) -> None:
        with pytest.raises(CatalogueRefused, match=f"^{says}$"):
            catalogue(*zones)

    @pytest.mark.parametrize("changed", [{"zone": "b"}, {"service": "jardinage"}])
    def test_an_offer_of_nothing_is_refused(self, changed: dict[str, str]) -> None:
        offer = {"id": "o1", "zone": "a", "service": "menage", "rate_cents": 1, "currency": "EUR"}
        with pytest.raises(CatalogueRefused, match="names an unknown"):
            catalogue(zone("a"), offers=[{**offer, **changed}])

    def test_a_default_duration_that_cannot_be_chosen_is_refused(self) -> None:
        durations = {"default": 70, "min": 60, "max": 180, "step": 30}
        with pytest.raises(ValidationError):
            catalogue(zone("a"), services=[{**SERVICE, "duration_minutes": durations}])

    @pytest.mark.parametrize("code", ["", "6900", "690011", "6900a", " 69001", "٦٩٠٠١", "69 001"])
    def test_a_postal_code_is_five_digits(self, code: str) -> None:
        assert type(refusal(lambda: catalogue(zone("a")).zone_of(code))) is PostalCodeMalformed

    def test_an_unknown_code_comes_with_near_ones_that_exist(self) -> None:
        caught = refusal(lambda: catalogue(zone("a")).zone_of("69010"))
        assert type(caught) is PostalCodeUnknown
        # a slip of the finger first (here two digits swapped), then the nearest of the department
        assert [each["postal_code"] for each in caught.details["suggestions"]] == ["69001", "69100", "69003", "69123"]

    def test_a_code_that_no_zone_covers_comes_with_near_ones_that_are_covered(self) -> None:
        lyon = catalogue(zone("lyon", codes=("69001", "69003"), prefixes=("20",)))
        caught = refusal(lambda: lyon.zone_of("69100"))
        assert type(caught) is PostalCodeNotCovered
        assert caught.details["suggestions"] == [
            {"postal_code": "69003", "locality": "Lyon"},
            {"postal_code": "69001", "locality": "Lyon"},
        ]

    def test_nothing_near_is_covered(self) -> None:
        caught = refusal(lambda: catalogue(zone("lyon", prefixes=("69",))).zone_of("98000"))
        assert (type(caught), caught.details["suggestions"]) == (PostalCodeNotCovered, [])


class TestQuotes:
    ZONES = catalogue(zone("lyon", prefixes=("69",)), zone("annecy", prefixes=("74",)))

    @pytest.mark.parametrize(("minutes", "quoted"), [(None, 120), (60, 60), (90, 90), (180, 180)])
    def test_a_quote_keeps_the_rate_and_the_version_of_the_catalogue(self, minutes: int | None, quoted: int) -> None:
        assert self.ZONES.quote("69001", "o1", minutes) == Quote(
            terms=OfferTerms(
                offer_id="o1",
                service="menage",
                zone="lyon",
                rate_cents=2_500,
                currency="EUR",
                catalogue_version=3,
                payment_method_required=True,
            ),
            minutes=quoted,
            time_zone="Europe/Paris",
        )

    @pytest.mark.parametrize("minutes", [0, -60, 30, 59, 75, 181, 210, 10**9])
    def test_a_service_takes_its_steps_from_its_minimum_to_its_maximum(self, minutes: int) -> None:
        caught = refusal(lambda: self.ZONES.quote("69001", "o1", minutes))
        assert (type(caught), caught.field) == (DurationNotOffered, "duration_minutes")
        assert dict(caught.details) == {"default": 120, "min": 60, "max": 180, "step": 30}

    @pytest.mark.parametrize(("code", "offer"), [("74000", "o1"), ("69001", "o2"), ("69001", "")])
    def test_what_is_not_offered_there(self, code: str, offer: str) -> None:
        assert type(refusal(lambda: self.ZONES.quote(code, offer, None))) is ServiceNotOffered


class TestRealFiles:
    @pytest.mark.parametrize(
        ("code", "zone_id", "time_zone"),
        [
            ("69003", "lyon", "Europe/Paris"),
            ("01700", "lyon", "Europe/Paris"),
            ("75011", "paris", "Europe/Paris"),
            ("20000", "corse", "Europe/Paris"),
            ("97400", "reunion", "Indian/Reunion"),
        ],
    )
    def test_who_covers_what(self, code: str, zone_id: str, time_zone: str) -> None:
        found = load_catalogue().zone_of(code)
        assert (found.id, found.time_zone) == (zone_id, time_zone)

    @pytest.mark.parametrize("code", ["98000", "97133", "01000", "98800"])
    def test_codes_that_exist_and_are_not_covered(self, code: str) -> None:
        assert type(refusal(lambda: load_catalogue().zone_of(code))) is PostalCodeNotCovered

    def test_places_of_a_code(self) -> None:
        assert load_catalogue().localities("01700") == ["Beynost", "Miribel", "Neyron", "Saint-Maurice-de-Beynost"]

    def test_what_a_zone_offers(self) -> None:
        real = load_catalogue()
        offers = [(offer.id, service.id) for offer, service in real.offers_in(real.zone_of("20000"))]
        assert offers == [
            ("corse:menage", "menage"),
            ("corse:jardinage", "jardinage"),
            ("corse:plomberie", "plomberie"),
        ]

    def test_the_table_of_codes(self) -> None:
        table = ["postal_code,insee,locality,department", "01000,1,Bourg,01", "01000,2,Autre,01", "20000,3,Ajaccio,2A"]
        assert read_localities(table) == {"01000": ["Bourg", "Autre"], "20000": ["Ajaccio"]}
