"""The publisher at the edge of the delivery rules: it sends whole batches, in order."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from doorstep_chassis import kafka_connection
from doorstep_chassis.backoff import LONGEST_PAUSE
from doorstep_chassis.relay import Outgoing

kafka_connection.mend()


@lru_cache(maxsize=10_000)
def partition_of(key: bytes, partitions: int) -> int:
    """Kafka's own rule: murmur2 of the key."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


class KafkaPublisher:
    """Sends records in order and whole: all of a read's records of one partition are one batch, acknowledged or not.

    So a batch that timed out can never be overtaken by a later one of the same partition.
    """

    def __init__(self, servers: Sequence[str], *, client_id: str) -> None:
        self._servers = list(servers)
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect. `acks=all` and idempotence: no record is lost or doubled by a retry of the client."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=10_000,
            retry_backoff_ms=kafka_connection.RETRY_MS,
            max_request_size=8 * 1024 * 1024,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer

    async def stop(self) -> None:
        """Let go; nothing that was sent is still wanted, and a broker that is away is not waited for."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            async with asyncio.timeout(LONGEST_PAUSE):
                await producer.stop()
        except (KafkaError, TimeoutError):
            await producer._sender.close()  # it would go on trying for ever
            await producer.client.close()

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Send and wait for all acknowledgements.

        Errors: KafkaError: which of them arrived is unknown; send them all again, through a fresh producer.
        """
        if self._producer is None:
            await self.start()
        assert self._producer is not None
        try:
            left: Sequence[Outgoing] = records
            while left:
                left = await self._send_round(self._producer, left)
        except KafkaError:
            await self.stop()
            raise

    async def _send_round(self, producer: AIOKafkaProducer, records: Sequence[Outgoing]) -> Sequence[Outgoing]:
        """One batch a partition; what does not fit, and all behind it, is left for the next round."""
        batches: dict[tuple[str, int], Any] = {}
        full: set[tuple[str, int]] = set()
        left = []
        for record in records:
            at = (record.topic, partition_of(record.key, await self._partitions(producer, record.topic)))
            batch = batches.get(at)
            if batch is None:
                batch = batches[at] = producer.create_batch()
            if at not in full:
                added = batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers))
                if added is not None:
                    continue
                full.add(at)
            left.append(record)
        futures = [
            await producer.send_batch(batch, topic, partition=partition)
            for (topic, partition), batch in batches.items()
        ]
        await asyncio.gather(*futures)
        return left

    async def _partitions(self, producer: AIOKafkaProducer, topic: str) -> int:
        found = producer.client.cluster.partitions_for_topic(topic)
        if not found:
            found = await producer.partitions_for(topic)
        return len(found)
