"""`python -m doorstep_local.demo`: Doorstep on real parts, its story played through the public door, then left to try."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from doorstep_chassis.domain import derived_id
from operations.stack_file import VARIABLE
from operations.system import System

from doorstep_local.cli import add_parts
from doorstep_local.door import Door, Unexpected
from doorstep_local.jars import JarRefused, JarsUnavailable
from doorstep_local.places import make_directory, var
from doorstep_local.postgres import ExternalPostgres
from doorstep_local.process import ProcessCrashed, ProcessNotReady
from doorstep_local.services import (
    MODULES,
    BrokerNotEmpty,
    Doorstep,
    remove_pointer,
    write_pointer,
)
from doorstep_local.stack import Stack
from doorstep_local.story import POSTAL_CODE, Cast, Story

OPERATOR, WORKER, COLLEAGUE = "odile", "camille", "driss"
NAMES = (
    ("Odile Marchand", "odile@exemple.test"),
    ("Camille Moreau", "camille@exemple.test"),
    ("Driss Benali", "driss@exemple.test"),
)


class SeedFailed(Exception):
    """The organisation of the story could not be set up."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the story; exit code 0 when it held, 1 when it did not or a process crashed, 130 when it was broken off."""
    parser = argparse.ArgumentParser(prog="python -m doorstep_local.demo", description=__doc__)
    add_parts(parser)
    parser.add_argument("--once", action="store_true", help="play the story, then stop everything")
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    directory = Path(tempfile.mkdtemp(prefix=f"demo-{os.getpid()}-", dir=make_directory(var())))
    directory.chmod(0o755)
    stack = Stack(directory, broker=chosen.broker, postgres=chosen.postgres, nodes=chosen.nodes)
    doorstep = Doorstep(stack, database_prefix=f"doorstep_{uuid4().hex[:8]}_")
    try:
        with stack:
            held = _demo(doorstep, once=chosen.once)
    except KeyboardInterrupt:
        _tidy(doorstep)
        return 130
    except (
        BrokerNotEmpty,
        JarRefused,
        JarsUnavailable,
        ProcessCrashed,
        ProcessNotReady,
        SeedFailed,
        Unexpected,
    ) as failure:
        sys.stderr.write(f"{failure}\nlogs in {directory}\n")
        return 1
    if not held:
        _say(f"logs in {directory}")
        return 1
    _tidy(doorstep)
    return 0


def _tidy(doorstep: Doorstep) -> None:
    """Nothing of the demo stays: neither its directory nor, on a server that is not ours, its databases."""
    shutil.rmtree(doorstep.stack.directory, ignore_errors=True)
    if isinstance(doorstep.stack.postgres, ExternalPostgres):
        for name in MODULES:
            doorstep.stack.postgres.drop_database(doorstep.database(name))


def _demo(doorstep: Doorstep, *, once: bool) -> bool:
    began = time.monotonic()
    pointer = var() / "stack.json"
    _say("1/3  starting the parts and the services")
    doorstep.start()
    write_pointer(doorstep, pointer)
    try:
        _say(f"\n2/3  one organisation ({time.monotonic() - began:.0f} s so far)")
        door = Door(doorstep.url, doorstep.issuer, doorstep.own_tokens())
        cast = seed(doorstep, door, slug=f"demo-{uuid4().hex[:6]}")
        _say(f"\n3/3  the story, through {doorstep.url}/v1 ({time.monotonic() - began:.0f} s so far)")
        story = Story(door, System(doorstep.file), cast, tell=_say)
        held = story.play()
        _say("")
        for failure in story.failures:
            _say(f"FAILED  {failure}")
        _say(f"{'every expectation held' if held else 'the story did not hold'} ({time.monotonic() - began:.0f} s)")
        if not once:
            _show_addresses(doorstep, story)
            with contextlib.suppress(KeyboardInterrupt):
                doorstep.stack.watch()
            _say("stopping")
        return held
    finally:
        remove_pointer(doorstep, pointer)


def seed(
    doorstep: Doorstep, door: Door, *, slug: str, logins: tuple[str, str, str] = (OPERATOR, WORKER, COLLEAGUE)
) -> Cast:
    """One organisation with an operator, by the `doorstep` command; its workers, by the operator at the door."""
    odile, camille, driss = logins
    added = _doorstep(doorstep, "organisations", "add", slug, "--operator", odile, "--workers-may-create")
    organisation_id = UUID(added["organisation_id"])
    workers = _seed_workers(organisation_id)
    ids = {camille: workers[0]["worker_id"], driss: workers[1]["worker_id"]}
    people = {login: {"sub": worker, "org": organisation_id, "role": "worker"} for login, worker in ids.items()}
    people[odile] = {"sub": added["operator"]["person_id"], "org": organisation_id, "role": "operator"}
    for login, (name, email) in zip(logins, NAMES, strict=True):
        people[login] |= {"name": name, "email": email}
    doorstep.add_people(people)
    operator = door.person(odile)
    for worker in workers:
        answer = operator.post("/workers", worker)
        if answer.status != 201:
            raise SeedFailed(f"a worker was not registered: {answer.status} {answer.code}")
    _say(f"   {slug}: operator Odile; {len(workers)} workers, Camille and Driss among them")
    return Cast(
        organisation_id=organisation_id,
        operator=operator,
        worker=door.person(camille),
        colleague=door.person(driss),
        colleague_id=UUID(ids[driss]),
    )


def _seed_workers(organisation_id: UUID) -> list[dict[str, Any]]:
    """The workers of the seed file, under ids of this organisation's own."""
    found: list[dict[str, Any]] = json.loads((files("dispatch") / "data" / "workers.json").read_text("utf-8"))
    return [
        {**worker, "worker_id": str(derived_id("worker", organisation_id, worker["worker_id"]))} for worker in found
    ]


def _doorstep(doorstep: Doorstep, *words: str) -> Any:
    """Run the `doorstep` command as a person would."""
    _say(f"   $ doorstep {' '.join(words)}")
    done = subprocess.run(
        [sys.executable, "-m", "operations.main", *words, "--json"],
        env={**os.environ, VARIABLE: str(doorstep.stack.directory / "stack.json")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SeedFailed(f"doorstep {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def _show_addresses(doorstep: Doorstep, story: Story) -> None:
    """What to try by hand."""
    token = f"curl -s {doorstep.issuer}/token -H 'content-type: application/json' -d '{{\"person\":\"{OPERATOR}\"}}'"
    bearer = '-H "authorization: Bearer $TOKEN"'
    lines: Mapping[str, str] = {
        "the portals": f"{doorstep.url}/ (sign in as Odile, Camille or Driss)",
        "the public door": f"{doorstep.url}/v1, described at {doorstep.url}/docs",
        "every mail that was sent": doorstep.mail,
        "a token (people: odile, camille, driss)": f'TOKEN=$({token} | sed \'s/.*"access_token":"\\([^"]*\\).*/\\1/\')',
        "the board": f"curl -s {bearer} {doorstep.url}/v1/board",
        "a request": f"curl -s {bearer} {doorstep.url}/v1/requests/{story.requests.get('case_2')}",
        "the catalogue": f"curl -s {bearer} '{doorstep.url}/v1/catalogue?postal_code={POSTAL_CODE}'",
        "its event chain": f".venv/bin/doorstep streams show {story.requests.get('case_2')}",
        "how the system is": " ; ".join(
            f".venv/bin/doorstep {each}" for each in ("lag", "dead-letters list", "views status")
        ),
        "the clock": ".venv/bin/doorstep clock advance 49h",
        "broker, databases, logs": f"{doorstep.stack.bootstrap}, {doorstep.stack.postgres.url()}, {doorstep.stack.directory}",
    }
    _say("\nEverything keeps running until Ctrl-C. To try:")
    for what, how in lines.items():
        _say(f"   {what}\n      {how}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
