"""Workers who type the same new person at the same moment end with one client: several processes, real PostgreSQL."""

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path

from client_directory.domain.client.events import ClientCreated
from client_directory.domain.identifier.events import IdentifierClaimed
from client_directory.domain.resolution.events import ClientResolved
from doorstep_chassis.store.postgres import PostgresStore

HERE = Path(__file__).parent
PROCESSES, DRAFTS = 5, 10


async def test_fifty_drafts_of_one_new_person_make_one_client(store: PostgresStore, database: str) -> None:
    racers = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            str(HERE / "racer.py"),
            database,
            str(number),
            str(DRAFTS),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        )
        for number in range(PROCESSES)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert await racer.stdout.readline() == b"ready\n"
    await asyncio.gather(*(racer.communicate(b"go\n") for racer in racers))
    assert [racer.returncode for racer in racers] == [0] * PROCESSES

    events = [entry.event for entry in await store.log_after(0, 1_000)]
    resolved = [event for event in events if isinstance(event, ClientResolved)]
    assert Counter(type(event) for event in events if isinstance(event, (ClientCreated, IdentifierClaimed))) == {
        ClientCreated: 1,
        IdentifierClaimed: 2,
    }
    assert len({event.client_id for event in resolved}) == 1
    assert Counter((event.by, event.known) for event in resolved) == {("new", False): 1, ("match", False): 49}
    assert await store.letters() == []
