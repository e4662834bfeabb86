"""`make bench`: ours, the plain way and the floor, in one run on one machine; the table, and var/bench.json."""

import argparse
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import uvloop
from doorstep_chassis.runtime import tune_collector
from doorstep_local.kafka import LocalKafka
from doorstep_local.places import make_directory, var
from doorstep_local.postgres import LocalPostgres

from tests.load import append, chain, consume, views
from tests.load.example import Figures

GOALS: dict[str, tuple[str, float]] = {
    "append_50_writers_vs_plain": (">=", 10),
    "consume_decide_append_events_per_s": (">=", 15_000),
    "consume_decide_append_vs_plain": (">=", 30),
    "consume_decide_append_groups_of_10_vs_plain": (">=", 8),
    "launch_to_visit_p50_vs_floor": ("<=", 3),
    "view_rebuild_events_per_s": (">=", 60_000),
    "service_memory_mb_max": ("<", 120),
    "service_idle_cpu_percent_max": ("<", 2),
}


def show(figures: Figures) -> None:
    """The table: each figure, its goal where it has one, and whether it is met."""
    print(f"\n{'figure':55} {'value':>14}   goal")
    for name, value in figures.items():
        if not isinstance(value, int | float):
            continue
        goal = ""
        if name in GOALS:
            sign, bound = GOALS[name]
            met = value >= bound if sign == ">=" else value <= bound if sign == "<=" else value < bound
            goal = f"{sign} {bound:,.0f}  {'met' if met else 'MISSED'}"
        print(f"{name:55} {value:14,.1f}   {goal}")


def say(text: str) -> None:
    """What is measured now."""
    print(f"-- {text}", flush=True)


async def measure(directory: Path, scale: float) -> Figures:
    """Everything, one after the other; nothing else should run meanwhile."""
    figures: Figures = {}
    postgres = LocalPostgres(directory / "postgres")
    kafka = LocalKafka(directory / "kafka")
    postgres.start()
    kafka.start()
    figures["on"] = f"{platform.python_version()}, {postgres.description}, {kafka.description}, {os.cpu_count()} cores"
    say(str(figures["on"]))
    steps: Sequence[tuple[str, Callable[[], Coroutine[Any, Any, Figures]]]] = (
        (
            "appends by 50 writers",
            lambda: append.measure(
                {name: postgres.create_database(f"append_{name}") for name in ("plain", "append", "ours", "floor")},
                seconds=8 * scale,
            ),
        ),
        (
            "consume, decide, append",
            lambda: consume.measure(postgres.create_database, kafka.bootstrap, int(100_000 * scale)),
        ),
        ("log and views", lambda: views.measure(postgres.create_database("views"), int(200_000 * scale))),
        (
            "launch to visit",
            lambda: chain.measure(postgres, kafka, directory / "stack", rate=20, seconds=60 * scale),
        ),
    )
    try:
        for name, step in steps:
            say(name)
            figures.update(await step())
    finally:
        kafka.kill()
        postgres.stop()
    return figures


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="less than 1: a shorter run, for a look")
    scale = parser.parse_args().scale
    tune_collector()
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir=make_directory(var())))
    directory.chmod(0o755)
    try:
        figures = uvloop.run(measure(directory, scale))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    show(figures)
    (var() / "bench.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"\nwritten to {var() / 'bench.json'}")


if __name__ == "__main__":
    main()
