"""Consume, decide, append: a backlog on real Kafka, through the delivery rules, the plain way, and read only."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.domain import derived_id
from doorstep_chassis.kafka import KafkaConsumer
from doorstep_chassis.metrics import parked
from doorstep_chassis.publisher import KafkaPublisher
from doorstep_chassis.relay import Outgoing
from doorstep_chassis.remembered import Remembered
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_contracts.envelope import Envelope, to_headers
from doorstep_contracts.registry import encode
from doorstep_local.topics import TopicDeclaration, apply
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from psycopg import conninfo

from tests.load.example import INSTANT, REACTIONS, Figures, application

PARTITIONS = 24
EVENTS_A_REQUEST = 10


def outgoing(topic: str, number: int, total: int) -> Outgoing:
    """The n-th record of the backlog, as a relay would send it."""
    said = application(number, max(1, total // EVENTS_A_REQUEST))
    envelope = Envelope(
        id=str(derived_id("load", topic, number)),
        source="/doorstep/load/main",
        type=said.ce_type,
        time=INSTANT,
        subject=said.subject,
        dataschema=said.dataschema,
        sequence=number + 1,
        correlation_id="load",
        causation_id="load",
    )
    return Outgoing(topic, envelope.key, encode(said), to_headers(envelope))


async def fill(bootstrap: str, topic: str, total: int) -> float:
    """Make the topic and its backlog; records a second through our publisher."""
    await apply(bootstrap, [TopicDeclaration(topic, PARTITIONS, {})])
    publisher = KafkaPublisher(bootstrap.split(","), client_id="load")
    await publisher.start()
    spent = 0.0
    for first in range(0, total, 1000):
        records = [outgoing(topic, number, total) for number in range(first, min(total, first + 1000))]
        began = time.perf_counter()
        await publisher.send(records)
        spent += time.perf_counter() - began
    await publisher.stop()
    return total / spent


async def ours(url: str, bootstrap: str, topic: str, total: int, *, group: int) -> float:
    """Events a second of one process, from starting the consumer until the last effect is committed."""
    await asyncio.to_thread(create_tables, url)
    store = PostgresStore(url)
    await store.open()
    done = asyncio.Event()
    seen = 0

    def observe(record: Record, outcome: str) -> None:
        nonlocal seen
        if outcome != "applied":
            parked("load", outcome)
        seen += 1
        if seen == total:
            done.set()

    engine = Engine(
        f"load-{topic}",
        store,
        REACTIONS,
        EventDecoder(),
        SystemClock().now,
        remembered=Remembered(),
        observe=observe,
    )
    consumer = KafkaConsumer(engine, [topic], bootstrap.split(","), max_batch=group)
    began = time.perf_counter()
    await consumer.start()
    await done.wait()
    took = time.perf_counter() - began
    await consumer.stop()
    assert await store.head() == total
    await store.close()
    return total / took


class SeenRequest(Aggregate):
    """The plain way's aggregate."""

    @event("Opened")
    def __init__(self, request_id: str) -> None:
        self.count = 0

    @event("ApplicationSeen")
    def see(self, worker_id: str) -> None:
        """One more."""
        self.count += 1

    @staticmethod
    def create_id(request_id: str) -> UUID:
        """The same request, the same id."""
        return derived_id("load", "plain", request_id)


async def plain(url: str, bootstrap: str, topic: str, total: int, *, limit: int) -> float:
    """Events a second of one handler call and one transaction a message, the same libraries as their tutorials have it."""
    parts = conninfo.conninfo_to_dict(url)
    requests: Application[UUID] = Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(parts["dbname"]),
            "POSTGRES_HOST": str(parts["host"]),
            "POSTGRES_PORT": str(parts.get("port", "5432")),
            "POSTGRES_USER": str(parts["user"]),
            "POSTGRES_PASSWORD": str(parts.get("password", "")),
        }
    )
    broker = KafkaBroker(bootstrap.split(","), logger=None)
    done = asyncio.Event()
    seen = 0

    @broker.subscriber(topic, group_id=f"plain-{topic}", auto_offset_reset="earliest", ack_policy=AckPolicy.ACK)
    async def handle(body: dict[str, Any]) -> None:
        nonlocal seen
        try:
            request: SeenRequest = requests.repository.get(SeenRequest.create_id(body["request_id"]))
        except AggregateNotFoundError:
            request = SeenRequest(request_id=body["request_id"])
        request.see(body["worker_id"])
        requests.save(request)
        seen += 1
        if seen == limit:
            done.set()

    began = time.perf_counter()
    await broker.start()
    await done.wait()
    took = time.perf_counter() - began
    await broker.stop()
    requests.close()
    return limit / took


async def floor(bootstrap: str, topic: str, total: int) -> float:
    """Records a second of reading alone."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=None)
    began = time.perf_counter()
    await consumer.start()
    seen = 0
    while seen < total:
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            seen += len(records)
    took = time.perf_counter() - began
    await consumer.stop()
    return total / took


async def measure(
    database: Callable[[str], str], bootstrap: str, total: int, *, groups: Sequence[int] = (2000, 10)
) -> Figures:
    """Backlogs of their own for each way; the plain way and the small groups get a smaller one."""
    small = max(2000, total // 10)
    publish = await fill(bootstrap, "load.backlog", total)
    await fill(bootstrap, "load.small", small)
    plain_rate = await plain(database("consume_plain"), bootstrap, "load.small", small, limit=min(small, 3000))
    large = await ours(database("consume_ours"), bootstrap, "load.backlog", total, group=groups[0])
    by_ten = await ours(database("consume_ten"), bootstrap, "load.small", small, group=groups[1])
    return {
        "publish_records_per_s": publish,
        "consume_decide_append_events_per_s": large,
        "consume_decide_append_vs_plain": large / plain_rate,
        "consume_decide_append_groups_of_10_events_per_s": by_ten,
        "consume_decide_append_groups_of_10_vs_plain": by_ten / plain_rate,
        "consume_plain_events_per_s": plain_rate,
        "consume_floor_read_records_per_s": await floor(bootstrap, "load.backlog", total),
    }
