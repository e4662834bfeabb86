"""`python -m gateway.openapi`: the API's description as a file. `generate` writes it, `check` holds it to the code.

`check` fails when the file is not what the code says, and when what it says breaks with the last release; `release` makes
the description of today the released one.
"""

import argparse
import difflib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doorstep_chassis.clock import SystemClock
from doorstep_chassis.http import create_app
from doorstep_chassis.privacy import KeyRing
from doorstep_chassis.service import Context
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.units import Units

from gateway.api import routes
from gateway.changes.door import event_routes
from gateway.description.breaks import breaks
from gateway.description.build import describe
from gateway.settings import GatewaySettings
from gateway.upstream import Upstream

FOLDER = Path("docs/api")
GENERATE = "run `python -m gateway.openapi generate` and commit what it writes"


def text_of(description: Any) -> str:
    """The description as its file holds it: sorted, so that a diff shows what changed and nothing else."""
    return json.dumps(description, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def described() -> dict[str, Any]:
    """The description as the code says it, without anything running."""
    store, clock = PostgresStore("postgresql://127.0.0.1:1/none"), SystemClock()
    context = Context(
        settings=GatewaySettings.model_construct(),
        store=store,
        units=Units(store, clock, "gateway"),
        clock=clock,
        keys=KeyRing(bytes(32), "none"),
        hmac_key=bytes(32),
    )
    app = create_app("gateway")
    app.include_router(routes(context, Upstream({}, timeout=1)))
    app.include_router(event_routes(context))
    describe(app)
    return app.openapi()


def problems(folder: Path) -> Sequence[str]:
    """Everything that is wrong with the files of a folder, each with what to do."""
    now = text_of(described())
    committed, released = _read(folder / "openapi.json"), _read(folder / "released" / "openapi.json")
    found: list[str] = []
    if committed != now:
        lines = difflib.unified_diff(
            committed.splitlines(), now.splitlines(), "committed", "as the code says it", "", "", 3
        )
        found.append(
            "\n".join((*(line.rstrip() for line in lines), f"openapi.json is not what the code says: {GENERATE}"))
        )
    if not released:
        found.append("nothing is released: run `python -m gateway.openapi release` and commit what it writes")
    else:
        found += [f"breaks with the release: {each}" for each in breaks(json.loads(released), json.loads(now))]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when all is well, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m gateway.openapi", description=__doc__)
    parser.add_argument("what", choices=("generate", "check", "release"))
    parser.add_argument("--folder", type=Path, default=FOLDER)
    chosen = parser.parse_args(arguments)
    if chosen.what == "check":
        found = problems(chosen.folder)
        sys.stdout.write("".join(f"{each}\n" for each in found) or "The description is what the code says.\n")
        return 1 if found else 0
    file = chosen.folder / ("openapi.json" if chosen.what == "generate" else "released/openapi.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text_of(described()), encoding="utf-8")
    return 0


def _read(file: Path) -> str:
    return file.read_text("utf-8") if file.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
