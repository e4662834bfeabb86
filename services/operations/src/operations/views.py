"""`doorstep views`: the read models of all services."""

from typing import Annotated, Any

import typer

from operations.console import AsJson, Away, DryRun, Exit, emit, say, show, usage
from operations.system import REBUILD_SECONDS, System

app = typer.Typer(no_args_is_help=True, help="Views: read models, rebuilt and never migrated.")

COLUMNS = ("service", "name", "version", "rows", "open_letters", "checksum", "fed_by")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show every view with its checksum; exit code 1 when one has open dead letters, 3 when a service is away."""
    system, rows, away = System(), [], []
    for service in system.services:
        try:
            rows.extend(system.get(service, "/operations/views"))
        except Away as problem:
            away.append(str(problem))
    show(rows, COLUMNS, as_json=as_json, empty="no views")
    for each in away:
        typer.echo(each, err=True)
    if away:
        raise typer.Exit(Exit.UNAVAILABLE)
    raise typer.Exit(Exit.PROBLEMS if any(row["open_letters"] for row in rows) else Exit.OK)


@app.command()
def rebuild(
    view: Annotated[str, typer.Argument(metavar="SERVICE/VIEW", help="gateway/board, for example")],
    as_json: AsJson = False,
    dry_run: DryRun = False,
) -> None:
    """Build a view anew beside the live one and swap them; exit code 1 when the old one was wrong."""
    system = System()
    service, _, name = view.partition("/")
    known: list[dict[str, Any]] = system.get(service, "/operations/views") if service in system.services else []
    found = next((row for row in known if row["name"] == name), None)
    if found is None:
        raise usage(f"there is no view {view}: `doorstep views status` lists them")
    if dry_run:
        say(f"would rebuild {view} version {found['version']} from {', '.join(found['fed_by'])}: {found['rows']} rows")
        return
    done = system.post(service, f"/operations/views/{name}/rebuild", timeout=REBUILD_SECONDS)
    if as_json:
        emit(done)
    else:
        say(f"{view}: {done['records']} records; before {done['before']}, after {done['after']}")
        say("the same" if done["same"] else "it was not what its records say; now it is")
    raise typer.Exit(Exit.OK if done["same"] else Exit.PROBLEMS)
