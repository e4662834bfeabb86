"""The routes by which `doorstep` looks into a service and mends it; for services' own tokens only.

No answer holds what a record or an event says: names, places and counts only.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from doorstep_contracts.registry import EVENT_CLASSES, topic_of
from fastapi import APIRouter, Depends, Query
from psycopg.rows import tuple_row
from pydantic import BaseModel

from doorstep_chassis.auth import require
from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Decoder
from doorstep_chassis.consumer.redrive import Redriver
from doorstep_chassis.errors import NotFound, Unavailable
from doorstep_chassis.feeds import Feed
from doorstep_chassis.rebuild import Rebuild, Rebuilt
from doorstep_chassis.relay import KeyNotice, Publication
from doorstep_chassis.store.log import LogEntry
from doorstep_chassis.store.mapper import UnknownEvent
from doorstep_chassis.store.model import DeadLetter, StoreConflict, StoreUnavailable
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.views import View, checksum

ATTEMPTS = 10
"""How often a redrive is tried while the consumer keeps moving its position."""


class LetterUnknown(NotFound):
    """No dead letter of this service has this id."""

    code = "dead_letter_unknown"


class ConsumerGone(NotFound):
    """The dead letter belongs to a consumer that this version of the service no longer has."""

    code = "consumer_unknown"


class ViewUnknown(NotFound):
    """The service has no view of this name."""

    code = "view_unknown"


@dataclass(frozen=True, slots=True)
class Part:
    """One consumer of a service: what it does with a message, and how it understands records."""

    handlers: Mapping[type, Handler]
    decode: Decoder


@dataclass(frozen=True, slots=True)
class ViewPart:
    """One view of a service, and what it can be rebuilt from."""

    view: View
    decode: Decoder
    feed: Feed


@dataclass(frozen=True, slots=True)
class Operated:
    """What of a service these routes work on."""

    service: str
    source: str
    store: PostgresStore
    database_url: str
    now: Any
    publication: Publication
    parts: Mapping[str, Part]
    views: Mapping[str, ViewPart]


class LetterShown(BaseModel):
    """A dead letter without what is in it."""

    id: int
    service: str
    consumer: str
    topic: str
    generation: int
    partition: int
    offset: int
    event_type: str | None
    source: str | None
    sequence: int | None
    subject: UUID | None
    reason: str
    state: Literal["open", "applied", "discarded", "duplicate"]
    attempts: int
    parked_at: datetime
    size_bytes: int


class LetterSettled(BaseModel):
    """What became of a dead letter."""

    id: int
    state: str


class ViewShown(BaseModel):
    """A view, what feeds it, and its content as a checksum."""

    service: str
    name: str
    version: int
    consumer: str
    fed_by: tuple[str, ...]
    rows: int
    checksum: str
    open_letters: int


class ViewRebuilt(BaseModel):
    """A view after its rebuild; `same` = it was what its records say."""

    service: str
    name: str
    records: int
    before: str
    after: str
    same: bool
    applied_letters: int


class EventShown(BaseModel):
    """An event of the log without what it says; `public` names what it says to others."""

    time: datetime
    service: str
    source: str
    position: int
    event: str
    stream: str
    key: UUID | None
    correlation_id: str
    causation_id: str
    public: tuple[str, ...]
    topics: tuple[str, ...]


def operations_router(operated: Operated) -> APIRouter:
    """The routes over one service."""
    router = APIRouter(prefix="/operations", include_in_schema=False, dependencies=[Depends(require("service"))])

    @router.get("/dead-letters")
    async def dead_letters(
        consumer: str | None = None,
        topic: str | None = None,
        state: Literal["open", "applied", "discarded", "duplicate"] | None = None,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> list[LetterShown]:
        async with _reached():
            letters = await operated.store.letters(consumer=consumer, topic=topic, state=state, limit=limit)
        return [_letter(operated, letter) for letter in letters]

    @router.get("/dead-letters/{letter_id}")
    async def dead_letter(letter_id: int) -> LetterShown:
        return _letter(operated, await _find(operated, letter_id))

    @router.post("/dead-letters/{letter_id}/redrive")
    async def redrive(letter_id: int) -> LetterSettled:
        redriver = _redriver(operated, await _find(operated, letter_id))
        async with _reached():
            for _ in range(ATTEMPTS):
                try:
                    return LetterSettled(id=letter_id, state=await redriver.redrive(letter_id))
                except StoreConflict:
                    await asyncio.sleep(0.05)
        raise Unavailable("the consumer kept moving")

    @router.post("/dead-letters/{letter_id}/discard")
    async def discard(letter_id: int) -> LetterSettled:
        redriver = _redriver(operated, await _find(operated, letter_id))
        async with _reached():
            for _ in range(ATTEMPTS):
                try:
                    await redriver.discard(letter_id)
                except StoreConflict:
                    await asyncio.sleep(0.05)
                else:
                    return LetterSettled(id=letter_id, state="discarded")
        raise Unavailable("the consumer kept moving")

    @router.get("/views")
    async def views() -> list[ViewShown]:
        async with _reached():
            return [await _view(operated, part.view) for part in operated.views.values()]

    @router.post("/views/{name}/rebuild")
    async def rebuild(name: str) -> ViewRebuilt:
        part = operated.views.get(name)
        if part is None:
            raise ViewUnknown
        async with _reached():
            done = await Rebuild(
                operated.service, part.view, operated.database_url, part.decode, part.feed, operated.now
            ).run()
        return _rebuilt(operated, name, done)

    @router.get("/log")
    async def log(
        mentions: Annotated[Sequence[UUID], Query(max_length=50)] = (),
        correlation: Annotated[Sequence[str], Query(max_length=200)] = (),
        limit: Annotated[int, Query(ge=1, le=5_000)] = 1_000,
    ) -> list[EventShown]:
        """Events that name one of these ids, or belong to one of these acts. Reads the whole log: for people only."""
        async with _reached():
            entries = await _search(operated.store, [*map(str, mentions), *correlation], limit)
        shown = [_event(operated, entry) for entry in entries]
        return [each for each in shown if each is not None]

    return router


@asynccontextmanager
async def _reached() -> AsyncIterator[None]:
    try:
        yield
    except StoreUnavailable as problem:
        raise Unavailable("the database is away") from problem


async def _find(operated: Operated, letter_id: int) -> DeadLetter:
    async with _reached():
        found = await operated.store.letters(letter_id=letter_id)
    if not found:
        raise LetterUnknown
    return found[0]


def _redriver(operated: Operated, letter: DeadLetter) -> Redriver:
    part = operated.parts.get(letter.parked.consumer)
    if part is None:
        raise ConsumerGone
    return Redriver(letter.parked.consumer, operated.store, part.handlers, part.decode, operated.now)


def _letter(operated: Operated, letter: DeadLetter) -> LetterShown:
    parked = letter.parked
    # A record that nobody could read may hold anything, so only what we know by name leaves here.
    kind = next(
        (value.decode("utf-8", "replace") for name, value in parked.headers if name == "ce_type" and value), None
    )
    return LetterShown(
        id=letter.id,
        service=operated.service,
        consumer=parked.consumer,
        topic=parked.partition.topic,
        generation=parked.generation,
        partition=parked.partition.number,
        offset=parked.offset,
        event_type=kind if kind in EVENT_CLASSES else None,
        source=parked.source,
        sequence=parked.sequence,
        subject=_uuid(parked.subject or parked.block_key),
        reason=parked.reason,
        state=letter.state,
        attempts=letter.attempts,
        parked_at=parked.parked_at,
        size_bytes=len(parked.value or b""),
    )


async def _view(operated: Operated, view: View) -> ViewShown:
    consumer = view.consumer(operated.service)
    opened = await operated.store.open_letters(consumer)
    total = await checksum(operated.store, view)
    return ViewShown(
        service=operated.service,
        name=view.name,
        version=view.version,
        consumer=consumer,
        fed_by=tuple(view.topics) or ("log",),
        rows=sum(int(part.partition(":")[0]) for part in total.split("-")),
        checksum=total,
        open_letters=len(opened),
    )


def _rebuilt(operated: Operated, name: str, done: Rebuilt) -> ViewRebuilt:
    return ViewRebuilt(
        service=operated.service,
        name=name,
        records=done.records,
        before=done.before,
        after=done.after,
        same=done.same,
        applied_letters=done.applied_letters,
    )


async def _search(store: PostgresStore, texts: Sequence[str], limit: int) -> list[LogEntry]:
    if not texts:
        return []
    async with store.connection() as connection:
        cursor = await connection.cursor(binary=True, row_factory=tuple_row).execute(
            "SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events"
            " WHERE NOT starts_with(topic, 'chassis.')"
            " AND EXISTS (SELECT FROM unnest(%b::bytea[]) AS text WHERE position(text IN state) > 0)"
            " ORDER BY notification_id LIMIT %b::int",
            ([text.encode() for text in texts], limit),
        )
        return [LogEntry(*row) for row in await cursor.fetchall()]


def _event(operated: Operated, entry: LogEntry) -> EventShown | None:
    try:
        event, meta = entry.decoded
    except (UnknownEvent, ValueError):
        return None
    publish = operated.publication.get(type(event))
    said = [] if publish is None else list(publish(event, meta))
    classes = [each.event if isinstance(each, KeyNotice) else type(each) for each in said]
    return EventShown(
        time=meta.time,
        service=operated.service,
        source=operated.source,
        position=entry.position,
        event=type(event).__name__,
        stream=meta.stream,
        key=_uuid(meta.key),
        correlation_id=meta.correlation_id,
        causation_id=meta.causation_id,
        public=tuple(cls.ce_type for cls in classes),
        topics=tuple(topic_of(cls).name for cls in classes),
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
