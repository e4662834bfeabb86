"""Reduces `data/communes.json` of @etalab/decoupage-administratif to the table of postal codes that intake reads.

`python reduce_postal_codes.py communes.json postal_codes.csv`; see SOURCE.md beside the table.
"""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

COLUMNS = ("postal_code", "insee", "locality", "department")

# Not a French commune, so not in the file, but a code of the French plan; 99 is what INSEE calls abroad.
MONACO = ("98000", "99138", "Monaco", "99")


def rows(communes: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, str, str]]:
    """One row for every postal code of every commune that exists today, and Monaco.

    Merged communes and the districts of Paris, Lyon and Marseille are left out: the commune they belong to has their
    codes, and an address bears its name.
    """
    yield MONACO
    for commune in communes:
        if commune["type"] == "commune-actuelle":
            for postal_code in commune.get("codesPostaux", ()):
                yield postal_code, commune["code"], commune["nom"], commune["departement"]


def main(source: Path, target: Path) -> None:
    """Writes the table, sorted, so that the next version of the source shows as a short difference."""
    table = sorted(rows(json.loads(source.read_text("utf-8"))))
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(table)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
