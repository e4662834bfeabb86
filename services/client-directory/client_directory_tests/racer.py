"""One of several processes that hear of drafts at the same moment: `python racer.py <database> <number> <drafts>`.

It says `ready`, waits for a line on its input, and then handles its drafts one by one.
"""

import asyncio
import sys

from client_directory.reactions import reactions
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.store.model import Partition
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.testing import Story

from client_directory_tests.world import MARIE, NOW, VAULT, an_id, drafted, key_issued


async def race(database: str, number: int, drafts: int) -> None:
    """Handle drafts of the same new person, each a read of its own."""
    store = PostgresStore(database)
    await store.open()
    engine = Engine("race", store, reactions(VAULT), EventDecoder(), SystemClock().now)
    told = Story("race", NOW)
    requests = [an_id(1_000 * (number + 1) + draft) for draft in range(drafts)]
    records = [told.record(event) for each in requests for event in (key_issued(each), drafted(MARIE, request_id=each))]
    for topic in {record.partition.topic for record in records}:
        await engine.assign(Partition(topic, number), 1)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for offset, record in enumerate(records):
        partition = Partition(record.partition.topic, number)
        await engine.handle({partition: [record._replace(partition=partition, offset=offset)]})
    await store.close()


if __name__ == "__main__":
    asyncio.run(race(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
