"""The service's own log as a feed of records, for its views and timers: the same engine, the same rules."""

import asyncio
from collections.abc import Callable

import structlog
from pydantic import ValidationError

from doorstep_chassis.consumer.engine import Engine, Transient
from doorstep_chassis.consumer.records import Decoded, Message, Record, Refused
from doorstep_chassis.store.log import LogEntry
from doorstep_chassis.store.mapper import UnknownEvent, decode
from doorstep_chassis.store.model import Partition, StoreUnavailable
from doorstep_chassis.tail import LogTail

log = structlog.get_logger()

SAVE_SECONDS = 1.0
"""After how long without news the position is stored, where only entries that are none of its business moved it."""

LOG = Partition("log", 0)
"""A log is one partition, and a position in it an offset."""


def log_record(entry: LogEntry) -> Record:
    """The stored bytes as a record; the stream stands for the key."""
    return Record(LOG, 1, entry.position, entry.stream_id.bytes, (("topic", entry.topic.encode()),), entry.state, entry)


def log_decoder(source: str) -> Callable[[Record], Decoded]:
    """Understands records of the log that `source` names."""

    def understand(record: Record) -> Decoded:
        subject = (record.key or b"").hex()
        try:
            if record.entry is not None:
                event, meta = record.entry.decoded
            else:
                event, meta = decode((record.headers[0][1] or b"").decode(), record.value or b"")
        except UnknownEvent:
            return Refused(source, record.offset, subject, "unknown_event")
        except ValidationError:
            return Refused(source, record.offset, subject, "invalid_event")
        return Message(
            source,
            record.offset,
            subject,
            f"{source}/{record.offset}",
            meta.correlation_id,
            meta.traceparent,
            meta.time,
            event,
            meta,
        )

    return understand


async def follow(
    engine: Engine, tail: LogTail, *, batch: int, linger: float = 0.0, done: Callable[[], None] = lambda: None
) -> None:
    """Feed the engine from where it stands, for ever. `done` is called after each read.

    After the first entry it lingers, so that what is written together is taken together.
    """
    position: int | None = None
    retries = 0
    while True:
        try:
            if position is None:
                position = max(0, await engine.assign(LOG, 1) - 1)
            try:
                async with asyncio.timeout(SAVE_SECONDS):
                    await tail.past(position)
            except TimeoutError:
                await engine.save()
                await tail.past(position)
            await asyncio.sleep(linger)
            entries = await tail.after(position, batch)
            going_on = await engine.handle({LOG: [log_record(entry) for entry in entries]})
            position = max(0, going_on[LOG] - 1)
            retries = 0
            done()
        except (StoreUnavailable, Transient) as problem:
            retries += 1
            position = None
            log.warning("consumer.waiting", consumer=engine.name, exc_info=problem)
            await asyncio.sleep(min(5.0, 0.1 * 2 ** min(retries, 10)))
