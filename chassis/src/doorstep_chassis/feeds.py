"""What a view was made of, once more from the first record on: its service's log, or its topics."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from doorstep_contracts.registry import load_topics

from doorstep_chassis.consumer.log_feed import LOG, log_record
from doorstep_chassis.consumer.records import Record, topic_name
from doorstep_chassis.kafka import BehindLogStart
from doorstep_chassis.store.model import Partition
from doorstep_chassis.store.postgres import PostgresStore

CHUNK = 5_000
PATIENCE = 30.0
"""Seconds without a record after which a broker that owes some counts as away."""


@dataclass(frozen=True, slots=True)
class Span:
    """From the offset `start` up to `end` (exclusive), in this generation of a topic."""

    generation: int
    start: int
    end: int


Spans = Mapping[Partition, Span]
Batches = Mapping[Partition, Sequence[Record]]


class FeedStalled(Exception):
    """The broker has records that it does not deliver."""


class Feed(Protocol):
    """The records of each span, in order, some at a time."""

    def read(self, spans: Spans) -> AsyncIterator[Batches]: ...


class LogFeed:
    """The service's own log: an offset is a position, and the first one is 1."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    async def read(self, spans: Spans) -> AsyncIterator[Batches]:
        """Entries of the log."""
        position, last = max(0, spans[LOG].start - 1), spans[LOG].end - 1
        while position < last:
            entries = [each for each in await self._store.log_after(position, CHUNK) if each.position <= last]
            if not entries:
                return
            position = entries[-1].position
            yield {LOG: [log_record(entry) for entry in entries]}


class TopicFeed:
    """Topics, read without a group: nothing of the live consumers is touched."""

    def __init__(self, servers: Sequence[str]) -> None:
        self._servers = list(servers)

    async def read(self, spans: Spans) -> AsyncIterator[Batches]:
        """Records of the topics. Errors: BehindLogStart when the first of them are gone; FeedStalled."""
        left = {TopicPartition(topic_name(at.topic, span.generation), at.number): at for at, span in spans.items()}
        consumer = AIOKafkaConsumer(bootstrap_servers=self._servers, enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign(list(left))
            await _check_starts(consumer, left, spans)
            for place, partition in left.items():
                consumer.seek(place, spans[partition].start)
            moved = time.monotonic()
            while left:
                fetched = await consumer.getmany(*left, timeout_ms=500, max_records=CHUNK)
                batches = {left[place]: _within(spans[left[place]], left[place], raw) for place, raw in fetched.items()}
                if any(batches.values()):
                    moved = time.monotonic()
                    yield {partition: records for partition, records in batches.items() if records}
                elif time.monotonic() - moved > PATIENCE:
                    raise FeedStalled(f"{len(left)} partitions")
                for place in list(left):
                    if await consumer.position(place) >= spans[left[place]].end:
                        del left[place]
        finally:
            await consumer.stop()


def _within(span: Span, partition: Partition, raw: Sequence[Any]) -> Sequence[Record]:
    return [
        Record(partition, span.generation, each.offset, each.key, each.headers, each.value)
        for each in raw
        if each.offset < span.end
    ]


async def _check_starts(consumer: Any, places: Mapping[TopicPartition, Partition], spans: Spans) -> None:
    """Compaction takes records from the middle and that is meant; a log that begins later has lost some."""
    starts = await consumer.beginning_offsets(list(places))
    for place, partition in places.items():
        declared = load_topics().get(partition.topic)
        compacted = declared is not None and declared.compaction is not None
        if starts[place] > spans[partition].start and not compacted:
            raise BehindLogStart(f"{place.topic}-{place.partition}")
