"""From launch to visit through the public API, against the raw floor: commit, produce, consume, as many hops, no more."""

import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from doorstep_local.topics import TopicDeclaration, apply
from psycopg import AsyncConnection

PARTITIONS = 24

# launch -> select -> hold -> assign -> confirm -> schedule: six commits and five topics between three services
ROUTES: Mapping[str, Sequence[tuple[str, str | None]]] = {
    "intake": (("floor.assigned", "floor.confirmed"),),
    "dispatch": (("floor.launched", "floor.selected"), ("floor.held", "floor.assigned")),
    "scheduling": (("floor.selected", "floor.held"), ("floor.confirmed", None)),
}
TOPICS = ("floor.launched", "floor.selected", "floor.held", "floor.assigned", "floor.confirmed")
BODY = b"x" * 400


def percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """p50 and p99 in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    return cuts[49] * 1000, cuts[98] * 1000


async def hop(url: str, bootstrap: str, name: str) -> None:
    """One process of the floor: each record is one INSERT with its COMMIT and one produce."""
    routes = dict(ROUTES[name])
    consumer = AIOKafkaConsumer(
        *routes, bootstrap_servers=bootstrap, group_id=f"floor-{name}", auto_offset_reset="earliest"
    )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await consumer.start()
    await producer.start()
    connection = await AsyncConnection.connect(url, autocommit=True)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    async for record in consumer:
        out = routes[record.topic]
        await connection.execute(
            "WITH kept AS (INSERT INTO kept (body) VALUES (%s)) SELECT pg_notify('kept', %s)",
            (record.value, record.key.decode() if out is None else ""),
        )
        if out is not None:
            await producer.send_and_wait(out, record.value, key=record.key)


@contextlib.asynccontextmanager
async def _processes(urls: Mapping[str, str], bootstrap: str) -> AsyncIterator[None]:
    processes = []
    try:
        for name in ROUTES:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.load.hops", urls[name], bootstrap, name, stdout=asyncio.subprocess.PIPE
            )
            processes.append(process)
        for process in processes:
            assert process.stdout is not None
            await process.stdout.readline()
        yield
    finally:
        for process in processes:
            process.kill()
            await process.wait()


async def floor(urls: Mapping[str, str], bootstrap: str, *, rate: int, seconds: float) -> list[float]:
    """Seconds from the first commit's start to the last commit's NOTIFY, for each of rate x seconds starts."""
    await apply(bootstrap, [TopicDeclaration(name, PARTITIONS, {}) for name in TOPICS])
    for url in urls.values():
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute("CREATE TABLE kept (id bigserial PRIMARY KEY, body bytea)")
    ended: dict[str, float] = {}
    async with _processes(urls, bootstrap):
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
        await producer.start()
        writer = await AsyncConnection.connect(urls["intake"], autocommit=True)

        async def start(key: str) -> None:
            await writer.execute("INSERT INTO kept (body) VALUES (%s)", (BODY,))
            await producer.send_and_wait("floor.launched", BODY, key=key.encode())

        watcher = asyncio.create_task(watch(urls["scheduling"], "kept", ended))
        begun = await paced(start, [str(uuid4()) for _ in range(int(rate * seconds))], rate)
        await all_ended(begun, ended)
        watcher.cancel()
        await writer.close()
        await producer.stop()
    return [ended[key] - at for key, at in begun.items()]


async def watch(url: str, channel: str, ended: dict[str, float]) -> None:
    """The instant of each NOTIFY with a payload."""
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(f"LISTEN {channel}".encode())
        async for notice in connection.notifies():
            if notice.payload:
                ended[notice.payload] = time.perf_counter()


async def paced(
    start: Callable[[str], Coroutine[object, object, None]], keys: Sequence[str], rate: int
) -> dict[str, float]:
    """Start each at its own instant, whether or not those before it have ended."""
    begun: dict[str, float] = {}
    tasks = []
    began = time.perf_counter()
    for number, key in enumerate(keys):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        begun[key] = time.perf_counter()
        tasks.append(asyncio.create_task(start(key)))
    await asyncio.gather(*tasks)
    return begun


async def all_ended(begun: Mapping[str, float], ended: Mapping[str, float]) -> None:
    """Wait for the last; one that never ends is a failure, not a figure."""
    async with asyncio.timeout(30):
        while len(ended) < len(begun):
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(hop(*sys.argv[1:4]))
