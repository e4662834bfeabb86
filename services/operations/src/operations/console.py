"""How the command speaks: tables for people, JSON for programs, and exit codes that mean something."""

import json
import sys
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Annotated, Any

import httpx
import psycopg
import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from operations.stack_file import StackUnknown


class Exit(IntEnum):
    """0: as it should be. 1: found problems, or refused. 2: wrong usage. 3: something that is needed is away."""

    OK = 0
    PROBLEMS = 1
    USAGE = 2
    UNAVAILABLE = 3


class Refused(Exception):
    """A service refused, by the code of its problem."""

    def __init__(self, code: str, title: str) -> None:
        super().__init__(f"{title} ({code})")
        self.code = code


class Away(Exception):
    """Something that is needed does not answer."""


AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would happen, change nothing")]

WIDTH = 250
"""Tables are as wide as what is in them; a narrower terminal breaks their lines, not their cells."""

_console = Console(soft_wrap=True)
_tables = Console(width=WIDTH)
_errors = Console(stderr=True, soft_wrap=True)


class Reporting(TyperGroup):
    """The root of all commands: what goes wrong is told in one line, with its exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except Refused as refusal:
            fail(str(refusal), Exit.PROBLEMS)
        except (StackUnknown, Away) as problem:
            fail(str(problem), Exit.UNAVAILABLE)
        except (httpx.TransportError, psycopg.OperationalError, KafkaError) as problem:
            fail(f"something that is needed does not answer: {type(problem).__name__}", Exit.UNAVAILABLE)


def fail(text: str, code: Exit) -> None:
    """Say what is wrong and end with the code."""
    _errors.print(text, style="red", markup=False)
    raise typer.Exit(code)


def usage(text: str) -> typer.BadParameter:
    """Wrong usage, exit code 2."""
    return typer.BadParameter(text)


def show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """Rows as a table of these columns, or whole as JSON."""
    if as_json:
        emit(rows)
        return
    if not rows:
        say(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), no_wrap=True)
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    _tables.print(table)


def emit(value: Any) -> None:
    """A value as JSON."""
    sys.stdout.write(json.dumps(value, indent=2, default=str, ensure_ascii=False) + "\n")


def say(text: str) -> None:
    """A line for people."""
    _console.print(text, markup=False, highlight=False)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return str(value)
