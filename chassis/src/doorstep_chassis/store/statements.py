"""Units of work as parameters of the commit function, and its answer as what was committed."""

import json
from collections.abc import Sequence
from typing import Any

from doorstep_chassis.store.log import Committed, LogEntry
from doorstep_chassis.store.model import DeadLetter, Parked, Partition, Unit


def tracking_name(consumer: str, partition: Partition, source: str) -> str:
    """The library's `application_name` for T of (consumer, topic, partition, source)."""
    return f"{consumer}|{partition.topic}|{partition.number}|{source}"


def parameters(units: Sequence[Unit], encoded: Sequence[tuple[str, bytes]]) -> tuple[Any, ...]:
    events = [each for unit in units for each in unit.events]
    reads = [read for unit in units for read in unit.reads]
    moves = [move for unit in units for move in unit.moves]
    tracking = [
        (tracking_name(move.consumer, move.partition, source), sequence)
        for move in moves
        for source, sequence in move.tracking.items()
    ]
    # The last word on a key counts: one read may hold a person's key and its erasure, in either order.
    keys = {each.subject_id: each for unit in units for each in unit.keys}
    extra = None
    if keys or any(unit.parked or unit.closes for unit in units):
        extra = json.dumps(
            {
                "parked": [_parked_json(each) for unit in units for each in unit.parked],
                "closes": [{"id": each.id, "state": each.state} for unit in units for each in unit.closes],
                "keys": [
                    {"subject_id": str(each.subject_id), "wrapped": each.wrapped, "kek_id": each.kek_id}
                    for each in keys.values()
                ],
            }
        )
    return (
        [each.stream_id for each in events],
        [each.version for each in events],
        [topic for topic, _ in encoded],
        [state for _, state in encoded],
        [each.stream_id for each in reads],
        [each.version for each in reads],
        [move.consumer for move in moves],
        [move.partition.topic for move in moves],
        [move.partition.number for move in moves],
        [move.generation for move in moves],
        [move.expected_version for move in moves],
        [move.next_offset for move in moves],
        [name for name, _ in tracking],
        [sequence for _, sequence in tracking],
        extra,
    )


def results(units: Sequence[Unit], encoded: Sequence[tuple[str, bytes]], row: Any) -> list[Committed]:
    """Positions are drawn under the lock, one after the other: the last one and the counts give them all."""
    total = sum(len(unit.events) for unit in units)
    if not total:
        return [Committed(0, ()) for _ in units]
    previous, head = row
    position = head - total + 1
    stored = iter(encoded)
    results = []
    for unit in units:
        entries = []
        for each in unit.events:
            entries.append(LogEntry(position, each.stream_id, each.version, *next(stored), (each.event, each.meta)))
            position += 1
        results.append(Committed(previous, tuple(entries)))
        previous = position - 1
    return results


def _parked_json(parked: Parked) -> dict[str, Any]:
    return {
        "consumer": parked.consumer,
        "topic": parked.partition.topic,
        "generation": parked.generation,
        "partition": parked.partition.number,
        "offset": parked.offset,
        "digest": parked.digest.hex(),
        "key": None if parked.key is None else parked.key.hex(),
        # PostgreSQL keeps no text with a zero in it, and a header's name may hold anything: it stays escaped.
        "headers": [[json.dumps(name)[1:-1], None if value is None else value.hex()] for name, value in parked.headers],
        "value": None if parked.value is None else parked.value.hex(),
        "source": parked.source,
        "sequence": parked.sequence,
        "subject": parked.subject,
        "block_key": parked.block_key,
        "reason": parked.reason,
        "tracking": parked.tracking,
        "parked_at": parked.parked_at.isoformat(),
    }


def letter(row: Sequence[Any]) -> DeadLetter:
    letter_id, state, attempts, consumer, topic, generation, home, offset, digest, key, headers, value, *rest = row
    return DeadLetter(
        letter_id,
        state,
        attempts,
        Parked(
            consumer,
            Partition(topic, home),
            generation,
            offset,
            bytes(digest),
            key,
            tuple((json.loads(f'"{name}"'), None if held is None else bytes.fromhex(held)) for name, held in headers),
            value,
            *rest,
        ),
    )
