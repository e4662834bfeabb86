"""What the Kafka client does not hand over as it stands, and what its consumer must do then: stop in sight, skip nothing."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaConnectionError, OffsetOutOfRangeError
from doorstep_chassis.consumer.engine import Transient
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.kafka import BehindLogStart, KafkaConsumer, TopicMissing
from doorstep_chassis.store.model import Partition
from doorstep_chassis.work import Work

from . import notes
from .stack import Stack, until
from .topic import Producer, engine, forget_before, headers, noted, reading


async def stopped(consumer: KafkaConsumer) -> BaseException:
    """Wait until it stands still."""

    async def stands() -> bool:
        return consumer.failure is not None

    await until(stands, "the consumer stops", 15)
    assert consumer.failure is not None
    return consumer.failure


async def heard(stack: Stack, count: int) -> None:
    """Wait until so much was heard."""

    async def enough() -> bool:
        return sum(map(len, (await stack.heard()).values())) >= count

    await until(enough, f"{count} heard", 15)


async def position(stack: Stack) -> int:
    """Where the reader goes on in partition 0."""
    return (await stack.stores["reader"].snapshot(stack.consumer, Partition(stack.topic, 0))).next_offset


async def test_a_missing_topic_is_named_at_once(stack: Stack) -> None:
    stack.topic = "no-such-topic"
    with pytest.raises(TopicMissing, match="no-such-topic"):
        async with asyncio.timeout(10), reading(stack):
            pass


async def test_a_header_name_that_is_not_text_stops_the_consumer(stack: Stack, producer: Producer) -> None:
    # given a record that the Kafka client cannot read, between two good ones
    await producer.note(1, "k", 1)
    await producer.send_with_header_name(b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", b"k")
    await producer.note(2, "k", 2)
    # when it is read, then the consumer stops there, having done what stands before it and nothing behind it
    async with reading(stack) as consumer:
        assert isinstance(await stopped(consumer), UnicodeDecodeError)
    assert await stack.heard() == {"k": [1]}
    assert await position(stack) == 1


async def test_a_topic_that_begins_behind_the_position_stops_the_consumer(stack: Stack, producer: Producer) -> None:
    """Row 23: retention was shorter than the lag of a consumer that was away."""
    for number in range(4):
        await producer.note(number + 1, "k", number)
    await forget_before(stack, 2)
    async with reading(stack) as consumer:
        assert isinstance(await stopped(consumer), BehindLogStart)
    assert await stack.heard() == {}
    assert await position(stack) == 0


async def test_a_topic_that_loses_what_a_waiting_consumer_has_not_read_stops_it(
    stack: Stack, producer: Producer
) -> None:
    """Row 23: retention overtook a consumer whose surroundings were away."""

    def hear(work: Work, event: notes.PublicNoted, message: Message) -> None:
        if event.number == 1:
            raise Transient
        notes.hear(work, event, message)

    await producer.note(1, "k", 0)
    async with reading(stack, engine(stack, reactions={notes.PublicNoted: hear})) as consumer:
        # given a consumer that waits before record 1
        await heard(stack, 1)
        for number in range(1, 5):
            await producer.note(number + 1, "k", number)
        # when records 1 and 2 go
        await forget_before(stack, 3)
        # then it does not jump to record 3
        assert isinstance(await stopped(consumer), OffsetOutOfRangeError)
    assert await stack.heard() == {"k": [0]}
    assert await position(stack) == 1


async def test_a_broker_that_does_not_tell_where_its_log_begins_is_asked_again(
    stack: Stack, producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await producer.note(1, "k", 1)
    asked = []
    tell = AIOKafkaConsumer.beginning_offsets

    async def beginning_offsets(self: AIOKafkaConsumer, places: object) -> object:
        asked.append(places)
        if len(asked) == 1:
            raise KafkaConnectionError
        return await tell(self, places)

    monkeypatch.setattr(AIOKafkaConsumer, "beginning_offsets", beginning_offsets)
    async with reading(stack):
        await heard(stack, 1)
    assert await stack.heard() == {"k": [1]}


async def test_a_member_that_takes_over_without_work_shows_no_lag(stack: Stack, producer: Producer) -> None:
    # given records that are done, by a consumer that could not commit its offsets
    for number in range(3):
        await producer.note(number + 1, "k", number)
    async with reading(stack) as consumer:
        consumer._uncommitted.clear()
        await heard(stack, 3)
        consumer._uncommitted.clear()
    # when another takes over
    async with reading(stack):

        async def no_lag() -> bool:
            return not any((await stack.committed_lag()).values())

        await until(no_lag, "the offsets in Kafka follow", 15)


async def test_a_record_read_before_its_partition_went_back_is_not_taken_for_the_next(
    stack: Stack, producer: Producer
) -> None:
    # given a consumer that has done records 0 and 1
    for number in range(2):
        await producer.note(number + 1, "k", number)
    async with reading(stack) as consumer:
        await heard(stack, 2)
        # when it is handed record 6, read from another position than the one it now has
        old = ConsumerRecord(stack.topic, 0, 6, 0, 0, b"k", noted("k", 6), None, 1, 1, tuple(headers("k", 7)))
        await consumer._drain(old)
        for number in range(2, 7):
            await producer.note(number + 1, "k", number)
        # then records 2 to 5 are not passed over
        await heard(stack, 7)
    assert await stack.heard() == {"k": [0, 1, 2, 3, 4, 5, 6]}


async def test_a_rebalance_does_not_wait_for_a_read_that_waits_for_it(stack: Stack, producer: Producer) -> None:
    await producer.note(1, "k", 0)
    async with reading(stack) as consumer:
        await heard(stack, 1)
        # given a rebalance that has just begun, and a record that was read before it
        subscription = consumer._consumer._subscription
        subscription.begin_reassignment()
        old = ConsumerRecord(stack.topic, 0, 0, 0, 0, b"k", noted("k", 0), None, 1, 1, tuple(headers("k", 1)))
        revoking = asyncio.create_task(consumer.on_partitions_revoked(consumer._consumer.assignment()))
        await asyncio.sleep(0)
        # when the record's turn comes, then neither waits for the other
        async with asyncio.timeout(5):
            await consumer._drain(old)
            await revoking


async def test_a_consumer_that_waits_or_stands_still_on_purpose_is_alive(stack: Stack, producer: Producer) -> None:
    tries = 0

    def hear(work: Work, event: notes.PublicNoted, message: Message) -> None:
        nonlocal tries
        tries += 1
        raise Transient if event.number == 1 else MemoryError

    async with reading(stack, engine(stack, reactions={notes.PublicNoted: hear})) as consumer:
        # given a consumer that has had nothing to do for long
        consumer._moved_at -= 100
        assert not consumer.stuck(60)
        # when it waits for its surroundings
        consumer._moved_at -= 100
        await producer.note(1, "k", 1)

        async def tried() -> bool:
            return tries > 1

        await until(tried, "it has tried again")
        # then it is alive
        assert not consumer.stuck(60)
        # and so it is when it has been stopped, which readiness tells
        consumer._stop_reading(ValueError())
        consumer._moved_at -= 100
        assert not consumer.stuck(60)


async def test_a_consumer_that_no_longer_moves_is_not_alive(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    async with reading(stack) as consumer:
        monkeypatch.setattr(consumer, "lag", lambda: {stack.topic: 1})
        assert not consumer.stuck(60)
        consumer._moved_at -= 100
        assert consumer.stuck(60)


async def test_a_consumer_whose_client_has_lost_a_part_is_not_alive(stack: Stack) -> None:
    async with reading(stack) as consumer:
        assert not consumer.stuck(60)
        task = consumer._consumer._client._sync_task
        task.cancel()
        await asyncio.wait([task])
        assert consumer.stuck(60)
