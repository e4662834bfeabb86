"""The subscriber at the edge of the delivery rules: it drains what has arrived and hands it over as one read."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    OffsetOutOfRangeError,
    RecordTooLargeError,
    UnsupportedCodecError,
)
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage

from doorstep_chassis import failpoints, kafka_connection
from doorstep_chassis.backoff import LONGEST_PAUSE, pause_after
from doorstep_chassis.consumer.engine import Engine, Transient
from doorstep_chassis.consumer.records import Record, topic_base
from doorstep_chassis.store.model import Partition, StoreUnavailable

log = structlog.get_logger()

kafka_connection.mend()

_LASTING = (OffsetOutOfRangeError, RecordTooLargeError, CorruptRecordException, UnsupportedCodecError)
"""What the client says of a record, or of a place in the log, that it will say again."""

GATHERED_BYTES = 65_536
"""So much is handed to a lingering consumer at once."""

COMMIT_SECONDS = 1.0
"""How long a position that no effect depends on may wait to be stored, here and in Kafka."""


class BehindLogStart(Exception):
    """The next record to read is no longer in the topic: retention was shorter than the lag. Rebuild from the log."""


class TopicMissing(Exception):
    """Topics that are needed do not exist: `doorstep topics apply` creates them."""

    def __init__(self, topics: Sequence[str]) -> None:
        super().__init__(f"no such topic: {', '.join(topics)}; `doorstep topics apply` creates what is missing")
        self.topics = topics


async def check_topics(servers: Sequence[str], topics: Iterable[str]) -> None:
    """Errors: TopicMissing, naming those of the topics that do not exist."""
    admin = AIOKafkaAdminClient(bootstrap_servers=list(servers))
    try:
        await admin.start()
        missing = sorted(set(topics) - set(await admin.list_topics()))
    finally:
        await admin.close()
    if missing:
        raise TopicMissing(missing)


class _Reports:
    """What FastStream would log: the errors go to the consumer, the texts, which may quote a record, nowhere."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed

    def log(self, level: int, message: Any, *values: Any, exc_info: Any = None, extra: Any = None) -> None:
        if isinstance(exc_info, BaseException):
            self._failed(exc_info)


class KafkaConsumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """One engine on its topics: drains what has arrived and hands it over as one read.

    Positions come from the database; Kafka's committed offsets are written for lag tools alone.
    """

    def __init__(
        self,
        engine: Engine,
        topics: Sequence[str],
        servers: Sequence[str],
        *,
        instance: str | None = None,
        max_batch: int = 2000,
        session_timeout_ms: int = 30_000,
        linger: float = 0.0,
        failed: Callable[[BaseException], None] = lambda problem: None,
    ) -> None:
        self.engine = engine
        self.failure: BaseException | None = None
        self.handled_time: datetime | None = None
        """When the last record that was handled had been sent."""
        self._topics = topics
        self._servers = list(servers)
        self._max_batch = max_batch
        self._failed = failed
        self._busy = asyncio.Lock()
        self._retries = 0
        self._moved_at = time.monotonic()
        self._changing = False
        self._stopping = asyncio.Event()
        self._taking: asyncio.Task[None] | None = None
        self._uncommitted: dict[TopicPartition, int] = {}
        self._committer: asyncio.Task[None] | None = None
        self._broker = KafkaBroker(
            self._servers,
            client_id=engine.name,
            allow_auto_create_topics=False,
            retry_backoff_ms=kafka_connection.RETRY_MS,
            apply_types=False,
            logger=_Reports(self._reading_failed),
        )
        self._subscriber = self._broker.subscriber(
            *topics,
            group_id=engine.name,
            group_instance_id=None if instance is None else f"{engine.name}-{instance}",
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="none",
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=min(3_000, session_timeout_ms // 3),
            # Who lingers lets the broker gather: each fetch names all partitions, so fewer of them is most of the saving.
            fetch_min_bytes=GATHERED_BYTES if linger else 1,
            fetch_max_wait_ms=int(linger * 1000) if linger else 500,
            partition_assignment_strategy=(StickyPartitionAssignor,),
            listener=self,
            parser=self._parse,
            decoder=self._undecoded,
        )
        self._subscriber(self._drain)

    async def start(self) -> None:
        """Join the group. Errors: TopicMissing, so that it does not wait for ever for what nobody creates."""
        await check_topics(self._servers, self._topics)
        await self._broker.start()

    async def stop(self) -> None:
        """Finish the read in hand, then leave; a broker that is away is not waited for."""
        self._stopping.set()
        await self._stop_taking()
        async with self._busy:
            with contextlib.suppress(StoreUnavailable):
                await self.engine.save()
        await self._commit_offsets()
        if self._committer is not None:
            self._committer.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_PAUSE):
                await self._broker.stop()

    # Parsing and decoding never raise: every record arrives in `_drain`, as it came.

    async def _parse(self, record: Any) -> KafkaAckableMessage:
        return KafkaAckableMessage(body=b"", raw_message=record, consumer=self._consumer)

    async def _undecoded(self, message: KafkaAckableMessage) -> Any:
        return message.raw_message

    @property
    def _standing(self) -> bool:
        return self.failure is not None or self._stopping.is_set()

    @property
    def _consumer(self) -> Any:
        return self._subscriber.consumer

    async def _drain(self, first: Any) -> None:
        async with self._busy:
            if self._standing or self._changing or not await self._is_next(first):
                return
            consumer = self._consumer
            batches: dict[TopicPartition, list[Any]] = {TopicPartition(first.topic, first.partition): [first]}
            try:
                more = await consumer.getmany(timeout_ms=0, max_records=self._max_batch)
            except Exception as problem:
                self._reading_failed(problem)
                more = {}
            for place, records in more.items():
                batches.setdefault(place, []).extend(records)
            await self._handle(consumer, batches)

    async def _is_next(self, record: Any) -> bool:
        """Whether reading goes on right behind this record; one from before its partition was taken over is not next.

        Offsets alone do not tell: a compacted topic has gaps of its own.
        """
        place = TopicPartition(record.topic, record.partition)
        return self._taken(place) and await self._consumer.position(place) == record.offset + 1

    async def _handle(self, consumer: Any, batches: dict[TopicPartition, list[Any]]) -> None:
        mine = consumer.assignment()
        places = {place: _partition(place) for place in batches if place in mine and self._taken(place)}
        read = {
            partition: [_record(partition, generation, each) for each in batches[place]]
            for place, (partition, generation) in places.items()
        }
        if not read:
            return
        try:
            going_on = await self.engine.handle(read)
        except (StoreUnavailable, Transient) as problem:
            self._retries += 1
            self._moved_at = time.monotonic()
            pause = pause_after(self._retries)
            log.warning("consumer.waiting", consumer=self.engine.name, seconds=pause, exc_info=problem)
            for place in places:
                consumer.seek(place, batches[place][0].offset)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            return
        except Exception as problem:
            self._stop_reading(problem)
            return
        self._retries = 0
        self._moved_at = time.monotonic()
        for place, (partition, _) in places.items():
            offset = going_on[partition]
            if offset != batches[place][-1].offset + 1 and place in consumer.assignment():
                consumer.seek(place, offset)
            self._uncommitted[place] = offset
            self.handled_time = datetime.fromtimestamp(batches[place][-1].timestamp / 1000, UTC)
        failpoints.hit("consumer.before_offset_commit")
        self._commit_later()

    def _reading_failed(self, problem: BaseException) -> None:
        """The client tries again by itself; what it would only meet again, or jump over, is not its to decide."""
        if isinstance(problem, KafkaError) and not isinstance(problem, _LASTING):
            log.warning("consumer.waiting", consumer=self.engine.name, exc_info=problem)
        else:
            self._stop_reading(problem)

    def _stop_reading(self, problem: BaseException) -> None:
        """Nothing is skipped: the consumer stands still and says why, until somebody looks."""
        if self.failure is not None:
            return
        self.failure = problem
        self._consumer.pause(*self._consumer.assignment())
        log.error("consumer.stopped", consumer=self.engine.name, exc_info=problem)
        self._failed(problem)

    # How it goes

    def lag(self) -> dict[str, int]:
        """Records of each topic that are there and not yet handled, in the partitions held here, as the last fetch saw it."""
        consumer = self._consumer
        behind: dict[str, int] = {}
        for place in consumer.assignment() if consumer is not None else ():
            partition = _partition(place)[0]
            head = consumer.highwater(place)
            if self.engine.has(partition):
                left = max(0, (head or 0) - self.engine.position(partition))
                behind[place.topic] = behind.get(place.topic, 0) + left
        return behind

    def stuck(self, seconds: float = 60) -> bool:
        """Nothing has moved for so long although there is something to read, or the client has lost a part of itself.

        Who waits for the database, or has been stopped, is not stuck: a new process would do no better.
        """
        if self._standing:
            return False
        if not any(self.lag().values()):
            self._moved_at = time.monotonic()
        return time.monotonic() - self._moved_at > seconds or self._maimed

    @property
    def _maimed(self) -> bool:
        """A task of the client's that should never end has ended, and nobody told."""
        consumer = self._consumer
        if consumer is None or consumer._coordinator is None:
            return False
        tasks = (consumer._client._sync_task, consumer._fetcher._fetch_task, consumer._coordinator._coordination_task)
        return any(task is not None and task.done() for task in tasks)

    # Taking partitions over and giving them up

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Let nothing be fetched before the database has told where to go on."""
        self._changing = False
        for place in assigned:
            self._consumer.pause(place)
            self._consumer.seek(place, 0)
        self._taking = asyncio.create_task(self._take_over(assigned))

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Wait for the read in hand; what is held of these partitions is worth nothing any more."""
        self._changing = True  # the client would let a read wait for the end of the rebalance, which waits for the read
        await self._stop_taking()
        async with self._busy:
            await self._commit_offsets()
            for place in revoked:
                self.engine.revoke(_partition(place)[0])

    def _taken(self, place: TopicPartition) -> bool:
        return self.engine.has(_partition(place)[0])

    async def _take_over(self, places: Any) -> None:
        """Take the partitions, as soon as database and broker answer."""
        tries = 0
        while not self._standing:
            try:
                return await self._take(places)
            except (StoreUnavailable, KafkaError) as problem:
                tries += 1
                log.warning("consumer.waiting", consumer=self.engine.name, exc_info=problem)
                await asyncio.sleep(pause_after(tries))
            except Exception as problem:
                self._stop_reading(problem)
        return None

    async def _take(self, places: Any) -> None:
        consumer = self._consumer
        starts = await consumer.beginning_offsets(list(places)) if places else {}
        for place in places:
            partition, generation = _partition(place)
            offset = await self.engine.assign(partition, generation)
            if offset < starts[place]:
                raise BehindLogStart(f"{place.topic}-{place.partition}")
            consumer.seek(place, offset)
            self._uncommitted[place] = offset
        consumer.resume(*places)
        self._commit_later()

    async def _stop_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.wait([self._taking])

    def _commit_later(self) -> None:
        if self._committer is None or self._committer.done():
            self._committer = asyncio.create_task(self._commit_soon())

    async def _commit_soon(self) -> None:
        while self._uncommitted:
            await asyncio.sleep(COMMIT_SECONDS)
            async with self._busy:
                with contextlib.suppress(StoreUnavailable):
                    await self.engine.save()
                await self._commit_offsets()

    async def _commit_offsets(self) -> None:
        """For lag tools alone: what cannot be committed now is tried again later, or never."""
        mine = self._consumer.assignment() if self._consumer is not None else ()
        offsets = {place: offset for place, offset in self._uncommitted.items() if place in mine}
        self._uncommitted = {}
        if not offsets:
            return
        try:
            async with asyncio.timeout(1):
                await self._consumer.commit(offsets)
        except (KafkaError, TimeoutError):
            self._uncommitted = offsets | self._uncommitted


def _partition(place: TopicPartition) -> tuple[Partition, int]:
    base, generation = topic_base(place.topic)
    return Partition(base, place.partition), generation


def _record(partition: Partition, generation: int, raw: Any) -> Record:
    return Record(partition, generation, raw.offset, raw.key, raw.headers, raw.value)
