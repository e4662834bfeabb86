"""`doorstep`: the command for people who run the system."""

import typer

from operations import clock, dead_letters, organisations, streams, topics, views
from operations.console import Reporting
from operations.lag import lag

app = typer.Typer(
    name="doorstep",
    cls=Reporting,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Run Doorstep: exit code 0 = as it should be, 1 = found problems, 2 = wrong usage, 3 = something is away.",
)
app.add_typer(organisations.app, name="organisations")
app.add_typer(topics.app, name="topics")
app.command()(lag)
app.add_typer(streams.app, name="streams")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(views.app, name="views")
app.add_typer(clock.app, name="clock")

if __name__ == "__main__":
    app()
