"""`doorstep lag`: how far each consumer stands behind its topics, in records, by the databases' own positions."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from doorstep_chassis.consumer.records import topic_name
from doorstep_contracts.registry import Topic, load_topics
from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from operations.console import AsJson, Exit, show
from operations.system import System

COLUMNS = ("service", "consumer", "topic", "behind", "partitions_behind", "open_letters")

Positions = Mapping[tuple[str, str, int], tuple[int, int]]
"""(consumer, topic, partition) -> generation, next offset."""


def lag(
    most: Annotated[
        int | None, typer.Option("--max", min=0, help="exit code 1 when a consumer is further behind")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how many records each consumer, relay and view of the log has still to handle."""
    rows = asyncio.run(_rows(System()))
    show(rows, COLUMNS, as_json=as_json, empty="no consumers")
    over = most is not None and any(row["behind"] > most for row in rows)
    raise typer.Exit(Exit.PROBLEMS if over else Exit.OK)


async def _rows(system: System) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    ends = await _end_offsets(system.stack.bootstrap)
    for service in system.services:
        positions, letters, head, relayed = await _database(system.database(service))
        subscribed = sorted({(consumer, topic) for consumer, topic, _ in positions} | _declared(service, positions))
        for consumer, topic in subscribed:
            behind = [head + 1 - positions[consumer, topic, 0][1]] if topic == "log" else []
            if topic in load_topics():
                behind = [
                    _behind(ends, load_topics()[topic], number, positions.get((consumer, topic, number)))
                    for number in range(load_topics()[topic].partitions)
                ]
            rows.append(_row(service, consumer, topic, behind, letters.get((consumer, topic), 0)))
        if _publishes(service):
            rows.append(_row(service, f"{service}.relay", "log", [head - relayed], 0))
    return rows


def _row(service: str, consumer: str, topic: str, behind: Sequence[int], letters: int) -> dict[str, Any]:
    return {
        "service": service,
        "consumer": consumer,
        "topic": topic,
        "behind": sum(behind),
        "partitions_behind": sum(each > 0 for each in behind),
        "open_letters": letters,
    }


def _behind(ends: Mapping[tuple[str, int], int], topic: Topic, number: int, position: tuple[int, int] | None) -> int:
    generation, next_offset = position or (1, 0)
    return max(0, ends.get((topic_name(topic.name, generation), number), 0) - next_offset)


def _declared(service: str, positions: Positions) -> set[tuple[str, str]]:
    """Subscriptions of the contracts that have no position yet. A view's version is part of its consumer's name."""
    begun = {(consumer.partition("@")[0], topic) for consumer, topic, _ in positions}
    return {
        (consumer, topic.name)
        for topic in load_topics().values()
        for consumer in topic.consumers
        if consumer.partition(".")[0] == service and (consumer, topic.name) not in begun
    }


def _publishes(service: str) -> bool:
    return any(service in topic.producers for topic in load_topics().values())


async def _database(url: str) -> tuple[Positions, Mapping[tuple[str, str], int], int, int]:
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        cursor = connection.cursor(row_factory=tuple_row)
        await cursor.execute("SELECT consumer, topic, partition, generation, next_offset FROM positions")
        positions = {(row[0], row[1], row[2]): (row[3], row[4]) for row in await cursor.fetchall()}
        await cursor.execute(
            "SELECT consumer, topic, count(*) FROM dead_letters WHERE state = 'open' GROUP BY consumer, topic"
        )
        letters = {(row[0], row[1]): row[2] for row in await cursor.fetchall()}
        await cursor.execute(
            "SELECT (SELECT coalesce(max(notification_id), 0) FROM stored_events), (SELECT position FROM relay)"
        )
        row = await cursor.fetchone()
        assert row is not None
        return positions, letters, row[0], row[1]


async def _end_offsets(bootstrap: str) -> Mapping[tuple[str, int], int]:
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=bootstrap.split(","))
    await consumer.start()
    try:
        wanted = set(load_topics()) & set(await consumer.topics())
        places = [TopicPartition(name, number) for name in wanted for number in range(load_topics()[name].partitions)]
        ends = await consumer.end_offsets(places)
    finally:
        await consumer.stop()
    return {(place.topic, place.partition): end for place, end in ends.items()}
