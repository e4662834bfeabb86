"""Reads the catalogue and the postal codes from the files of this package; `data/SOURCE.md` says where they come from."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from request_intake.catalogue import Catalogue, CatalogueSeed

_DATA = files("request_intake") / "data"


@cache
def load_catalogue() -> Catalogue:
    """The catalogue of this package; one that contradicts itself is refused (CatalogueRefused, ValidationError)."""
    seed = CatalogueSeed.model_validate_json((_DATA / "catalogue.json").read_bytes())
    return Catalogue(seed, read_localities((_DATA / "postal_codes.csv").read_text("utf-8").splitlines()))


def read_localities(lines: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Localities by postal code, from a table with the columns `postal_code` and `locality`."""
    localities: dict[str, list[str]] = {}
    for row in csv.DictReader(lines):
        localities.setdefault(row["postal_code"], []).append(row["locality"])
    return localities
