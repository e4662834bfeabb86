"""The topic from both its ends, in the test's own process: any bytes in, and the reader's consumer on it."""

import json
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.record.util import calc_crc32c
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine, Handler
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.kafka import KafkaConsumer
from doorstep_contracts.envelope import Envelope, to_headers

from . import notes
from .stack import SESSION_MS, Stack

Headers = list[tuple[str, bytes | None]]

DECODER = EventDecoder(notes.CLASSES, frozenset())


def engine(
    stack: Stack,
    *,
    reactions: Mapping[type, Handler] = notes.REACTIONS,
    observe: Callable[[Record, str], None] = lambda record, outcome: None,
) -> Engine:
    """The reader's engine on the reader's database."""
    return Engine(stack.consumer, stack.stores["reader"], reactions, DECODER, SystemClock().now, observe=observe)


@asynccontextmanager
async def reading(stack: Stack, on: Engine | None = None) -> AsyncIterator[KafkaConsumer]:
    """One more member of the reader's group, in this process."""
    consumer = KafkaConsumer(
        on or engine(stack), [stack.topic], stack.bootstrap.split(","), session_timeout_ms=SESSION_MS
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


class Producer:
    """Puts any bytes into partition 0 of the topic."""

    def __init__(self, topic: str, producer: AIOKafkaProducer) -> None:
        self._topic = topic
        self._producer = producer

    async def send(self, headers: Headers, key: bytes | None, value: bytes | None) -> int:
        """Send one record; its offset."""
        batch = self._producer.create_batch()
        batch.append(timestamp=None, key=key, value=value, headers=headers)
        return await self._sent(batch)

    async def note(self, sequence: int, key: str, number: int) -> int:
        """Send a good note."""
        return await self.send(headers(key, sequence), key.encode(), noted(key, number))

    async def send_with_header_name(self, name: bytes, key: bytes) -> int:
        """Send one record with a header whose name is any eight bytes, as no client of ours would make it."""
        batch = self._producer.create_batch()
        batch.append(timestamp=None, key=key, value=b"{}", headers=[("a-header", b"")])
        raw = bytearray(batch._build())
        place = raw.index(b"a-header")
        raw[place : place + 8] = name
        struct.pack_into(">I", raw, 17, calc_crc32c(bytes(raw[21:])))
        batch._buffer = bytes(raw)
        return await self._sent(batch)

    async def _sent(self, batch: Any) -> int:
        sent = await (await self._producer.send_batch(batch, self._topic, partition=0))
        return int(sent.offset)


def headers(key: str, sequence: int, kind: str = notes.PublicNoted.ce_type, **changes: bytes | None) -> Headers:
    """The headers of a note that another service published; `changes` replace some."""
    envelope = Envelope(
        id=f"id-{sequence}",
        source="/doorstep/elsewhere/main",
        type=kind,
        time=datetime(2026, 3, 2, 9, tzinfo=UTC),
        subject=key,
        dataschema="urn:doorstep:schema:any",
        sequence=sequence,
        correlation_id="c",
        causation_id="c",
    )
    return [(name, changes.get(name, value)) for name, value in to_headers(envelope)]


def noted(key: str, number: int, **more: Any) -> bytes:
    """The value of a note."""
    return json.dumps({"organisation_id": str(notes.ORGANISATION), "key": key, "number": number, **more}).encode()


async def forget_before(stack: Stack, offset: int) -> None:
    """Let the topic's partition 0 begin at this offset, as retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap.split(","))
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(stack.topic, 0): RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()
