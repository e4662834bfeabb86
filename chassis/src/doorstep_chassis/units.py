"""A command from outside as one unit of work: decide, append, answer; tried again on a conflict, once in effect by its key."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict

from doorstep_chassis import metrics
from doorstep_chassis.clock import Clock
from doorstep_chassis.domain import Event, Stream
from doorstep_chassis.errors import Conflict, DomainError, Unavailable
from doorstep_chassis.remembered import Remembered
from doorstep_chassis.store.model import StoreConflict, StoreUnavailable
from doorstep_chassis.store.port import Store
from doorstep_chassis.telemetry import current_traceparent
from doorstep_chassis.work import Cause, Work, attempt

T = TypeVar("T")

ATTEMPTS = 12
"""How often a command is decided again after a conflict before the caller is told to come back."""


PATIENCE = 3.0
"""Seconds after which a command is not begun again while the database is away."""


class IdempotencyKeyReused(DomainError):
    """The key was used by the same caller on the same route for another body."""

    code = "idempotency_key_reused"
    status = 422
    title = "The Idempotency-Key was used for another request"


class IdempotencyKeyInFlight(Conflict):
    """The first request under this key is still being worked on: come back for its answer."""

    code = "idempotency_key_in_flight"
    title = "The first request under this Idempotency-Key is still in flight"
    headers: ClassVar[Mapping[str, str]] = MappingProxyType({"Retry-After": "1"})


class TooManyConflicts(Unavailable):
    """Others kept changing the same thing: nothing was written, try again."""

    code = "too_many_conflicts"


class Answer(BaseModel):
    """What a command answers: an HTTP status and a JSON body without personal data, because it is remembered."""

    model_config = ConfigDict(frozen=True)

    status: int = 200
    body: dict[str, Any] = {}
    etag: str | None = None


class AnswerGiven(Event):
    """A command that changed something was answered under an idempotency key."""

    TOPIC: ClassVar[str] = "chassis.answer-given"

    fingerprint: str
    answer: Answer


def _evolve(state: AnswerGiven | None, event: AnswerGiven) -> AnswerGiven:
    return event


IDEMPOTENCY: Stream[AnswerGiven | None] = Stream("chassis.idempotency", None, _evolve)


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key belongs to its caller and route; the fingerprint is the body's."""

    organisation_id: UUID
    caller: str
    route: str
    key: str
    fingerprint: str


class Units:
    """Runs commands on a store: load, decide, append, in one unit each."""

    def __init__(self, store: Store, clock: Clock, service: str, remembered: Remembered | None = None) -> None:
        self.store = store
        self._clock = clock
        self._service = service
        self._remembered = remembered or Remembered()
        self._in_flight: set[UUID] = set()

    async def run(
        self,
        use_case: str,
        decide: Callable[[Work], T],
        *,
        cause_id: str | None = None,
        correlation_id: str | None = None,
        traceparent: str | None = None,
    ) -> T:
        """Decide and commit. The decision is pure and may run several times; its last run is the one that counts.

        Errors: what the decision refuses; TooManyConflicts, Unavailable when it was not written.
        """
        cause_id = cause_id or str(uuid4())
        traceparent = traceparent or current_traceparent()
        origin = _Origin(cause_id, correlation_id or cause_id, f"{self._service}.{use_case}", traceparent)
        began = time.monotonic()
        remembered: Remembered | None = self._remembered
        lost = 0
        for number in range(ATTEMPTS):
            try:
                return await self._once(decide, origin, remembered)
            except StoreConflict:
                remembered = None
                metrics.conflicted(use_case, retried=number + 1 < ATTEMPTS)
                await asyncio.sleep(random.uniform(0, 0.002) * number)  # noqa: S311 - spreads, does not protect
            except StoreUnavailable as problem:
                # The answer may have been lost after the commit: deciding again on what is there finds out.
                lost += 1
                if lost > 3 or time.monotonic() - began > PATIENCE:
                    raise Unavailable from problem
                await asyncio.sleep(0.1 * lost)
        raise TooManyConflicts

    async def answer(
        self,
        use_case: str,
        decide: Callable[[Work], Answer],
        key: IdempotencyKey,
        *,
        correlation_id: str | None = None,
        traceparent: str | None = None,
    ) -> Answer:
        """Like `run`, and the same key answers the same again. Only an answer that changed something is remembered.

        Of two under one key at once this process refuses the second. Where another process has the first, the store lets
        one of them be it, and the other answers the same.
        Errors: IdempotencyKeyReused, IdempotencyKeyInFlight, those of `run`.
        """
        ref = IDEMPOTENCY.at(key.organisation_id, f"{key.caller}|{key.route}|{key.key}")

        def once(work: Work) -> Answer:
            work.expect_new(ref)
            given = work.state(ref)
            if given is not None:
                if given.fingerprint != key.fingerprint:
                    raise IdempotencyKeyReused(field="Idempotency-Key")
                return given.answer
            answer = decide(work)
            if work.changed:
                work.append(ref, AnswerGiven(fingerprint=key.fingerprint, answer=answer))
            return answer

        if ref.id in self._in_flight:
            raise IdempotencyKeyInFlight(field="Idempotency-Key")
        self._in_flight.add(ref.id)
        try:
            return await self.run(
                use_case, once, cause_id=str(ref.id), correlation_id=correlation_id, traceparent=traceparent
            )
        finally:
            self._in_flight.discard(ref.id)

    async def _once(self, decide: Callable[[Work], T], origin: "_Origin", remembered: Remembered | None) -> T:
        cause = Cause(origin.id, origin.correlation_id, self._clock.now(), origin.owner, origin.traceparent)
        work = Work(remembered)
        try:
            result = await attempt(work, self.store, cause, decide)
            proved = work.changed or not work.recalled
        except StoreUnavailable:
            raise
        except Exception:
            if not work.recalled:
                raise
            proved = False
        if not proved:
            # What is refused, or changes nothing, no commit would check: decide on what the store holds.
            work = Work()
            result = await attempt(work, self.store, cause, decide)
        unit = work.unit()
        if not unit.empty:
            await work.commit(self.store, unit)
        return result


@dataclass(frozen=True, slots=True)
class _Origin:
    """A cause but for its instant, which is that of each try."""

    id: str
    correlation_id: str
    owner: str
    traceparent: str | None
