"""`doorstep clock`: the one clock of a development stack."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from doorstep_chassis.clock import SystemClock, advance_shift, read_shift

from operations.console import AsJson, DryRun, Exit, emit, fail, say, usage
from operations.system import System

app = typer.Typer(
    no_args_is_help=True, help="The clock of a development stack, so that deadlines can be tried by hand."
)

_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)


def span(text: str) -> timedelta:
    """A span of time as it is typed: `49h`, `1d12h`, `90m`, `30s`."""
    found = _SPAN.fullmatch(text)
    if not text or found is None:
        raise usage("a span looks like 49h, 1d12h, 90m or 30s")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    try:
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise usage("that is too long") from None


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show what time it is in the stack."""
    _tell(read_shift(_file()), as_json=as_json)


@app.command()
def advance(
    by: Annotated[str, typer.Argument(metavar="SPAN", help="49h, 1d12h, 90m, 30s; a clock never goes back")],
    as_json: AsJson = False,
    dry_run: DryRun = False,
) -> None:
    """Move the clock of every process of the stack forward."""
    forward = span(by)
    file = _file()
    _tell(read_shift(file) + forward if dry_run else advance_shift(file, forward), as_json=as_json)


def _file() -> Path:
    file = System().stack.clock_file
    if file is None:
        fail("this system tells the true time: only a development stack has a clock to move", Exit.PROBLEMS)
        raise AssertionError
    return file


def _tell(shift: timedelta, *, as_json: bool) -> None:
    now: datetime = SystemClock().now() + shift
    if as_json:
        emit({"now": now.isoformat(timespec="seconds"), "shift_seconds": shift.total_seconds()})
        return
    say(f"{now.isoformat(timespec='seconds')} in the stack, {shift} ahead of this machine")
