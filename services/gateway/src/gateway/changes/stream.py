"""Server-sent events to one person: resumable by their ids, bounded in number, in time and in what waits for a reader."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import structlog
from doorstep_chassis.auth import Principal
from doorstep_chassis.clock import Clock
from doorstep_chassis.errors import DomainError
from doorstep_chassis.problems import problem_response
from doorstep_chassis.store.model import StoreUnavailable
from fastapi import Response
from starlette.types import Receive, Scope, Send

from gateway.changes.audience import hint_for
from gateway.changes.feed import Feed, Start, Told

HEARTBEAT_SECONDS = 15.0
RETRY_MS = 2_000
SEND_SECONDS = 10.0
"""A reader that leaves what it was sent untouched for this long is cut off."""

log = structlog.get_logger()


class TooManyStreams(DomainError):
    """The person already has as many streams open as one may have; close one, or share it."""

    code = "too_many_streams"
    status = 429
    headers: ClassVar = {"Retry-After": "15"}


class StreamsExhausted(DomainError):
    """The door has as many streams open as it can serve; come back later."""

    code = "streams_exhausted"
    status = 503
    headers: ClassVar = {"Retry-After": "30"}


class Slots:
    """How many streams may be open at once: for one person, and in all."""

    def __init__(self, *, per_person: int, at_most: int) -> None:
        self._per_person = per_person
        self._at_most = at_most
        self._open: Counter[UUID] = Counter()

    @property
    def taken(self) -> int:
        """Streams open now."""
        return self._open.total()

    @contextlib.contextmanager
    def one(self, person_id: UUID) -> Iterator[None]:
        """Errors: TooManyStreams, StreamsExhausted."""
        if self._open[person_id] >= self._per_person:
            raise TooManyStreams
        if self._open.total() >= self._at_most:
            raise StreamsExhausted
        self._open[person_id] += 1
        try:
            yield
        finally:
            self._open[person_id] -= 1
            if not self._open[person_id]:
                del self._open[person_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """For whom a stream is, until when, and whether they still may listen."""

    who: Principal
    until: datetime
    still_welcome: Callable[[], Awaitable[bool]]


class EventStream(Response):
    """The answer that goes on: `changed` with a hint as JSON, `reset` when what lies between is not told."""

    media_type = "text/event-stream"

    def __init__(
        self, feed: Feed, slots: Slots, clock: Clock, listener: Listener, start: Start, *, furthest: int, alive: bytes
    ) -> None:
        """`alive` is the line that is sent with the id when nothing else was: scripts in a page see no comments."""
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._feed = feed
        self._slots = slots
        self._clock = clock
        self._listener = listener
        self._start = start
        self._furthest = furthest
        self._alive = alive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._slots.one(self._listener.who.person_id):
                await self._serve(scope, receive, send)
        except (TooManyStreams, StreamsExhausted) as problem:
            await problem_response(problem, scope)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        stopping: asyncio.Event = scope["app"].state.stopping
        telling = asyncio.create_task(self._tell(send))
        ends = [telling, asyncio.create_task(_gone(receive)), asyncio.create_task(stopping.wait())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
            outcomes = await asyncio.gather(*ends, return_exceptions=True)
        if isinstance(outcomes[0], TimeoutError):
            log.info("stream.cut_off")
            return
        if isinstance(outcomes[0], Exception):
            raise outcomes[0]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SEND_SECONDS):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for chunk in self._chunks():
            async with asyncio.timeout(SEND_SECONDS):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def _chunks(self) -> AsyncIterator[bytes]:
        position = self._start.position
        yield b"retry: %d\n" % RETRY_MS + self._opening()
        beat = time.monotonic() + HEARTBEAT_SECONDS
        while (left := (self._listener.until - self._clock.now()).total_seconds()) > 0:
            try:
                async with asyncio.timeout(min(left, beat - time.monotonic())):
                    position, told = await self._feed.after(position)
            except TimeoutError:
                if not await self._listener.still_welcome():
                    return
                told = ()
            except StoreUnavailable:
                return  # the caller comes back, and resumes
            if self._feed.head - position > self._furthest:
                return  # so slow that coming back is quicker
            said = self._said(told)
            if said or time.monotonic() >= beat:
                # An id without data moves the caller's place without an event
                yield said or self._alive + f"\nid: {self._feed.id_at(position)}\n\n".encode()
                beat = time.monotonic() + HEARTBEAT_SECONDS

    def _opening(self) -> bytes:
        if self._start.reset is None:
            return f"id: {self._feed.id_at(self._start.position)}\n\n".encode()
        return self._reset(self._start.position, self._start.reset)

    def _reset(self, position: int, reason: str) -> bytes:
        return f'event: reset\nid: {self._feed.id_at(position)}\ndata: {{"reason":"{reason}"}}\n\n'.encode()

    def _said(self, told: Sequence[Told]) -> bytes:
        return b"".join(self._event(each) for each in told)

    def _event(self, told: Told) -> bytes:
        if told.changed is None:
            return self._reset(told.position, "not_understood")
        if told.organisation_id != self._listener.who.organisation_id:
            return b""
        hint = hint_for(self._listener.who, told.changed)
        if hint is None:
            return b""
        request_id = None if hint.request_id is None else str(hint.request_id)
        data = json.dumps({"kind": hint.kind, "request_id": request_id}, separators=(",", ":"))
        return f"event: changed\nid: {self._feed.id_at(told.position)}\ndata: {data}\n\n".encode()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
