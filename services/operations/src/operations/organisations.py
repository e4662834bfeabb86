"""`doorstep organisations`: who may use the system."""

from typing import Annotated
from uuid import UUID

import typer
from doorstep_chassis.domain import derived_id

from operations.console import AsJson, DryRun, Exit, emit, fail, say, usage
from operations.people import LoginTaken, add_people
from operations.system import System

app = typer.Typer(no_args_is_help=True, help="Organisations: the tenants of the system.")


@app.command()
def add(
    slug: Annotated[str, typer.Argument(help="a short name, the organisation's for ever; its id is made from it")],
    operator: Annotated[str, typer.Option(help="the login of its first operator")],
    time_zone: Annotated[str, typer.Option(help="by its IANA name")] = "Europe/Paris",
    workers_may_create: Annotated[
        bool, typer.Option(help="whether workers may create requests from the start")
    ] = False,
    as_json: AsJson = False,
    dry_run: DryRun = False,
) -> None:
    """Add an organisation with its first operator. The same slug again adds nothing."""
    if not slug or slug != slug.strip() or len(slug) > 80:
        raise usage("a slug is a short name without spaces around it")
    organisation_id = derived_id("organisation", slug)
    person_id = derived_id("operator", organisation_id, operator)
    added = {
        "organisation_id": str(organisation_id),
        "slug": slug,
        "time_zone": time_zone,
        "workers_may_create": workers_may_create,
        "operator": {"login": operator, "person_id": str(person_id)},
    }
    if not dry_run:
        system = System()
        body = {name: added[name] for name in ("organisation_id", "slug", "time_zone", "workers_may_create")}
        system.post("request-intake", "/organisations", body, key=f"organisations-add-{organisation_id}")
        if system.stack.people_file is not None:
            person: dict[str, UUID | str] = {"sub": person_id, "org": organisation_id, "role": "operator"}
            try:
                add_people(system.stack.people_file, {operator: person})
            except LoginTaken as taken:
                fail(str(taken), Exit.PROBLEMS)
    if as_json:
        emit(added)
        return
    say(f"{'would add' if dry_run else 'added'} {slug} as {organisation_id}, with the operator {operator}")
