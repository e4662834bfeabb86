"""The seed data of intake: real postal codes, and a catalogue that can quote."""

import csv
import importlib.util
import json
from collections import Counter
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Annotated
from zoneinfo import ZoneInfo

import pytest
from doorstep_contracts.base import Cents, Code, Currency, PostalCode, PostalPrefix
from pydantic import BaseModel, ConfigDict, Field

DATA = files("request_intake") / "data"
Minutes = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Zone(Strict):
    id: Code
    label: Annotated[str, Field(min_length=1)]
    time_zone: str
    codes: list[PostalCode]
    prefixes: list[PostalPrefix]


class Durations(Strict):
    default: Minutes
    min: Minutes
    max: Minutes
    step: Minutes


class Service(Strict):
    id: Code
    label_fr: Annotated[str, Field(min_length=1)]
    label_en: Annotated[str, Field(min_length=1)]
    duration_minutes: Durations
    payment_method_required: bool


class Offer(Strict):
    id: Code
    zone: Code
    service: Code
    rate_cents: Cents
    currency: Currency


class Catalogue(Strict):
    version: Annotated[int, Field(ge=1)]
    zones: list[Zone]
    services: list[Service]
    offers: list[Offer]


@pytest.fixture(scope="module")
def table() -> list[dict[str, str]]:
    return list(csv.DictReader((DATA / "postal_codes.csv").read_text("utf-8").splitlines()))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.model_validate_json((DATA / "catalogue.json").read_text("utf-8"), strict=True)


@pytest.fixture(scope="module")
def reducer() -> ModuleType:
    path = Path(__file__).parent.parent / "tools" / "reduce_postal_codes.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def localities(table: list[dict[str, str]], postal_code: str) -> list[tuple[str, str, str]]:
    return [(r["insee"], r["locality"], r["department"]) for r in table if r["postal_code"] == postal_code]


def duplicates(values: list[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]


class TestPostalCodes:
    def test_how_many_there_are(self, table: list[dict[str, str]]) -> None:
        assert (len(table), len({row["postal_code"] for row in table})) == (35_494, 6_311)

    def test_each_is_five_digits_with_its_leading_zero(self, table: list[dict[str, str]]) -> None:
        assert [r for r in table if not (len(r["postal_code"]) == 5 and r["postal_code"].isdecimal())] == []
        assert table[0]["postal_code"] == "01000"

    def test_no_row_is_incomplete(self, table: list[dict[str, str]]) -> None:
        assert [row for row in table if not all(row.values()) or len(row) != 4] == []

    def test_rows_are_sorted_and_unlike(self, table: list[dict[str, str]]) -> None:
        keys = [(row["postal_code"], row["insee"]) for row in table]
        assert [pair for pair in pairwise(keys) if pair[0] >= pair[1]] == []

    @pytest.mark.parametrize(
        ("postal_code", "expected"),
        [
            ("01700", [
                ("01043", "Beynost", "01"), ("01249", "Miribel", "01"), ("01275", "Neyron", "01"),
                ("01376", "Saint-Maurice-de-Beynost", "01"),
            ]),
            ("20000", [("2A004", "Ajaccio", "2A")]),
            ("69003", [("69123", "Lyon", "69")]),
            ("75116", [("75056", "Paris", "75")]),
            ("97133", [("97701", "Saint-Barthélemy", "977")]),
            ("97400", [("97411", "Saint-Denis", "974")]),
            ("98000", [("99138", "Monaco", "99")]),
            ("98800", [("98818", "Nouméa", "988")]),
            ("00000", []),
        ],
    )  # fmt: skip
    def test_where_a_code_leads(
        self, table: list[dict[str, str]], postal_code: str, expected: list[tuple[str, str, str]]
    ) -> None:
        assert localities(table, postal_code) == expected

    def test_how_the_table_is_made(self, reducer: ModuleType, tmp_path: Path) -> None:
        # given a commune with two codes, one that was merged into it, one of its districts, one that has no code
        communes = [
            {"code": "2", "nom": "Deux", "type": "commune-actuelle", "departement": "99", "codesPostaux": ["20", "03"]},
            {"code": "1", "nom": "Un", "type": "commune-deleguee", "departement": "99"},
            {"code": "4", "nom": "Deux 1er", "type": "arrondissement-municipal", "codesPostaux": ["20"]},
            {"code": "3", "nom": "Trois", "type": "commune-actuelle", "departement": "99"},
        ]
        source, target = tmp_path / "communes.json", tmp_path / "table.csv"
        source.write_text(json.dumps(communes), "utf-8")
        # when the table is made
        reducer.main(source, target)
        # then it has the codes of the first, sorted, and Monaco
        assert target.read_bytes().decode() == (
            "postal_code,insee,locality,department\n03,2,Deux,99\n20,2,Deux,99\n98000,99138,Monaco,99\n"
        )


class TestCatalogue:
    def test_its_zones_and_their_time_zones(self, catalogue: Catalogue) -> None:
        assert [(zone.id, ZoneInfo(zone.time_zone).key) for zone in catalogue.zones] == [
            ("lyon", "Europe/Paris"),
            ("paris", "Europe/Paris"),
            ("corse", "Europe/Paris"),
            ("reunion", "Indian/Reunion"),
        ]

    def test_no_two_zones_name_the_same_code_or_prefix(self, catalogue: Catalogue) -> None:
        assert duplicates([code for zone in catalogue.zones for code in zone.codes]) == []
        assert duplicates([prefix for zone in catalogue.zones for prefix in zone.prefixes]) == []

    def test_every_code_and_prefix_of_a_zone_exists(self, catalogue: Catalogue, table: list[dict[str, str]]) -> None:
        existing = {row["postal_code"] for row in table}
        named = [name for zone in catalogue.zones for name in (*zone.codes, *zone.prefixes)]
        assert [name for name in named if not any(code.startswith(name) for code in existing)] == []

    def test_its_services(self, catalogue: Catalogue) -> None:
        assert [(service.id, service.payment_method_required) for service in catalogue.services] == [
            ("menage", True),
            ("bricolage", False),
            ("jardinage", False),
            ("plomberie", True),
            ("electricite", True),
            ("garde", True),
        ]

    def test_a_default_duration_can_be_reached_in_steps(self, catalogue: Catalogue) -> None:
        for service in catalogue.services:
            durations = service.duration_minutes
            reachable = range(durations.min, durations.max + 1, durations.step)
            assert (durations.default in reachable, durations.max in reachable) == (True, True), service.id

    def test_an_offer_is_a_service_in_a_zone(self, catalogue: Catalogue) -> None:
        zones, services = {zone.id for zone in catalogue.zones}, {service.id for service in catalogue.services}
        assert [offer.id for offer in catalogue.offers if offer.id != f"{offer.zone}:{offer.service}"] == []
        assert [o.id for o in catalogue.offers if o.zone not in zones or o.service not in services] == []
        assert duplicates([offer.id for offer in catalogue.offers]) == []

    def test_what_each_zone_offers(self, catalogue: Catalogue) -> None:
        offered = {z.id: [o.service for o in catalogue.offers if o.zone == z.id] for z in catalogue.zones}
        assert offered == {
            "lyon": ["menage", "bricolage", "jardinage", "plomberie", "electricite", "garde"],
            "paris": ["menage", "bricolage", "plomberie", "electricite", "garde"],
            "corse": ["menage", "jardinage", "plomberie"],
            "reunion": ["menage", "bricolage", "jardinage", "garde"],
        }

    def test_rates_are_hourly_and_in_euros(self, catalogue: Catalogue) -> None:
        assert [offer.id for offer in catalogue.offers if not 2_000 <= offer.rate_cents <= 10_000] == []
        assert {offer.currency for offer in catalogue.offers} == {"EUR"}
