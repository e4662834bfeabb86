"""`doorstep streams`: what happened to one subject, over all services."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import typer

from operations.console import AsJson, Away, Exit, show
from operations.system import System

app = typer.Typer(no_args_is_help=True, help="Streams: what happened, in the order in which it did.")

COLUMNS = ("time", "service", "position", "event", "topic", "public")
CORRELATIONS = 40
"""How many acts are followed: more would make a query too long."""


@app.command("show")
def show_stream(
    subject: Annotated[UUID, typer.Argument(help="the id of a request, client, worker, visit …")],
    follow: Annotated[bool, typer.Option(help="also show what the same acts did to others")] = True,
    as_json: AsJson = False,
) -> None:
    """Show the chain of events that name a subject, or belong to the acts that do; never what they say of a person.

    Exit code 1 when nothing does, 3 when a service is away.
    """
    system = System()
    rows, away = chain(system, subject, follow=follow)
    show(rows if as_json else _short(rows), COLUMNS, as_json=as_json, empty=f"no event names {subject}")
    for each in away:
        typer.echo(each, err=True)
    if away:
        raise typer.Exit(Exit.UNAVAILABLE)
    raise typer.Exit(Exit.OK if rows else Exit.PROBLEMS)


def chain(system: System, subject: UUID, *, follow: bool = True) -> tuple[list[dict[str, Any]], list[str]]:
    """The events, and which services could not be asked."""
    events, away = _ask(system, mentions=[str(subject)])
    acts = list(dict.fromkeys(event["correlation_id"] for event in events))[:CORRELATIONS]
    if follow and acts:
        more, _ = _ask(system, correlation=acts)
        events += more
    once = {(event["source"], event["position"]): event for event in events}
    rows = [
        {**event, "topic": event["topics"], "sequence": event["position"]}
        for event in sorted(once.values(), key=lambda event: (event["time"], event["source"], event["position"]))
    ]
    return rows, away


def _short(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What everybody knows left out."""
    return [
        {**row, "time": row["time"][:23], "public": [kind.removeprefix("doorstep.") for kind in row["public"]]}
        for row in rows
    ]


def _ask(system: System, **query: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    events: list[dict[str, Any]] = []
    away: list[str] = []
    for service in system.services:
        try:
            events.extend(system.get(service, "/operations/log", **query))
        except Away as problem:
            away.append(str(problem))
    return events, away
