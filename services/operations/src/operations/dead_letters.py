"""`doorstep dead-letters`: records that could not be handled, in the order in which they may be mended."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

from operations.console import AsJson, DryRun, Exit, Refused, emit, show, usage
from operations.system import System

app = typer.Typer(no_args_is_help=True, help="Dead letters: records set aside with their reason, until somebody acts.")

COLUMNS = ("letter", "consumer", "topic", "partition", "offset", "event_type", "subject", "reason", "attempts", "state")
DONE = ("letter", "state", "refusal")

Letters = Annotated[list[str] | None, typer.Argument(metavar="SERVICE/ID...", help="as `list` names them")]
AllOpen = Annotated[bool, typer.Option("--all", help="every open letter, the oldest first")]


@app.command("list")
def list_letters(
    service: Annotated[str | None, typer.Option(help="of this service alone")] = None,
    consumer: Annotated[str | None, typer.Option(help="of this consumer alone")] = None,
    topic: Annotated[str | None, typer.Option(help="from this topic alone")] = None,
    state: Annotated[str, typer.Option(help="open, applied, discarded, duplicate or all")] = "open",
    as_json: AsJson = False,
) -> None:
    """List dead letters; exit code 1 when some are open."""
    if state not in {"open", "applied", "discarded", "duplicate", "all"}:
        raise usage("a state is open, applied, discarded, duplicate or all")
    system = System()
    rows = _find(system, _services(system, service), consumer, topic, None if state == "all" else state)
    show(rows, COLUMNS, as_json=as_json, empty="no dead letters")
    raise typer.Exit(Exit.PROBLEMS if any(row["state"] == "open" for row in rows) else Exit.OK)


@app.command("show")
def show_letter(letter: Annotated[str, typer.Argument(metavar="SERVICE/ID")], as_json: AsJson = False) -> None:
    """Show one dead letter: where it stands and why, never what is in it."""
    system = System()
    service, number = _split(system, letter)
    row = _named(system.get(service, f"/operations/dead-letters/{number}"))
    if as_json:
        emit(row)
        return
    show([{"what": name, "value": value} for name, value in row.items()], ("what", "value"), as_json=False, empty="")


@app.command()
def redrive(letters: Letters = None, every: AllOpen = False, as_json: AsJson = False, dry_run: DryRun = False) -> None:
    """Handle dead letters again, the oldest of a subject first; exit code 1 when one is still refused."""
    _act("redrive", letters, every=every, as_json=as_json, dry_run=dry_run)


@app.command()
def discard(letters: Letters = None, every: AllOpen = False, as_json: AsJson = False, dry_run: DryRun = False) -> None:
    """Close dead letters without effect. What is discarded never comes back."""
    _act("discard", letters, every=every, as_json=as_json, dry_run=dry_run)


def _act(
    what: Literal["redrive", "discard"], letters: Sequence[str] | None, *, every: bool, as_json: bool, dry_run: bool
) -> None:
    if bool(letters) == every:
        raise usage("name letters, or --all")
    system = System()
    chosen = [_split(system, each) for each in letters or ()]
    if every:
        chosen = [_split(system, row["letter"]) for row in _find(system, system.services, None, None, "open")]
    if dry_run:
        verb = "redriven" if what == "redrive" else "discarded"
        done = [{"letter": f"{service}/{number}", "state": f"would be {verb}"} for service, number in chosen]
    else:
        done = [_settle(system, service, number, what) for service, number in chosen]
    show(done, DONE, as_json=as_json, empty="no dead letters")
    raise typer.Exit(Exit.PROBLEMS if any(row.get("refusal") for row in done) else Exit.OK)


def _settle(system: System, service: str, number: int, what: str) -> dict[str, Any]:
    letter = f"{service}/{number}"
    try:
        settled = system.post(service, f"/operations/dead-letters/{number}/{what}")
    except Refused as refusal:
        if refusal.code == "dead_letter_closed":  # together with the letter that it is a copy of
            return {"letter": letter, "state": "closed", "refusal": None}
        return {"letter": letter, "state": "open", "refusal": str(refusal)}
    return {"letter": letter, "state": settled["state"], "refusal": None}


def _find(
    system: System, services: Sequence[str], consumer: str | None, topic: str | None, state: str | None
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for service in services:
        found = system.get(
            service, "/operations/dead-letters", consumer=consumer, topic=topic, state=state, limit=1_000
        )
        rows.extend(map(_named, found))
    return rows


def _named(row: dict[str, Any]) -> dict[str, Any]:
    return {"letter": f"{row['service']}/{row['id']}", **row}


def _services(system: System, service: str | None) -> Sequence[str]:
    if service is not None and service not in system.services:
        raise usage(f"there is no service {service}; there are {', '.join(system.services)}")
    return system.services if service is None else [service]


def _split(system: System, letter: str) -> tuple[str, int]:
    service, _, number = letter.partition("/")
    if service not in system.services or not number.isdecimal():
        raise usage(f"a letter is named like {system.services[0]}/7")
    return service, int(number)
