"""`python -m doorstep_local`: the parts of the local stack by hand."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from doorstep_local.jars import JarRefused, JarsUnavailable, kafka_jars
from doorstep_local.places import make_directory, var
from doorstep_local.process import ProcessCrashed, ProcessNotReady
from doorstep_local.stack import Stack


def add_parts(parser: argparse.ArgumentParser) -> None:
    """The words with which every command names the broker and the PostgreSQL it uses."""
    parser.add_argument(
        "--broker", default="local", metavar="local|HOST:PORT,...", help="our own Kafka, or one that runs"
    )
    parser.add_argument("--postgres", default="local", metavar="local|URL", help="our own PostgreSQL, or one that runs")
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="nodes of our own Kafka (default 1)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command until it is done, or until Ctrl-C or SIGTERM; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m doorstep_local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fetch", help="fetch and check Kafka's jars")
    for name, purpose in (
        ("kafka", "a broker, until Ctrl-C"),
        ("postgres", "a PostgreSQL, until Ctrl-C"),
        ("parts", "both, until Ctrl-C"),
    ):
        add_parts(commands.add_parser(name, help=purpose))
    chosen = parser.parse_args(arguments)

    try:
        _run(chosen)
    except KeyboardInterrupt:
        print("stopped")
    except (JarRefused, JarsUnavailable, ProcessCrashed, ProcessNotReady) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _run(chosen: argparse.Namespace) -> None:
    if chosen.command == "fetch":
        print(f"Apache Kafka's jars are in {kafka_jars()}")
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    make_directory(var())
    with tempfile.TemporaryDirectory(prefix=f"{chosen.command}-", dir=var(), ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o755)
        with Stack(Path(directory), broker=chosen.broker, postgres=chosen.postgres, nodes=chosen.nodes) as stack:
            if chosen.command in {"kafka", "parts"}:
                stack.start_kafka()
            if chosen.command in {"postgres", "parts"}:
                stack.start_postgres()
            print(f"data and logs in {stack.directory} until Ctrl-C", flush=True)
            stack.watch()
