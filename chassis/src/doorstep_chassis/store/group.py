"""Grouping: when nothing else waits the caller goes at once; what waits meanwhile goes together in one round trip."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

Waiting = tuple[T, asyncio.Future[R]]


class Grouping(Generic[T, R]):
    """One call at a time for all who ask in one process: group commit for units of work, group load for streams.

    `alone` names the errors that may be one member's fault: a group that meets one is tried again one by one.
    """

    def __init__(
        self,
        call: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        alone: type[Exception] | tuple[type[Exception], ...] = (),
        largest: int = 200,
    ) -> None:
        self._call = call
        self._alone = alone
        self._largest = largest
        self._waiting: list[Waiting[T, R]] = []
        self._busy = False
        self._drain: asyncio.Task[None] | None = None

    async def __call__(self, item: T) -> R:
        """The item's own answer or error, whoever else was in its group."""
        if self._busy:
            future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
            self._waiting.append((item, future))
            return await future
        self._busy = True
        try:
            return (await self._call([item]))[0]
        finally:
            self._next()

    def _next(self) -> None:
        if self._waiting:
            self._drain = asyncio.create_task(self._drain_waiting())
        else:
            self._busy = False

    async def _drain_waiting(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[: self._largest], self._waiting[self._largest :]
                await self._together(group)
        finally:
            self._next()

    async def _together(self, group: Sequence[Waiting[T, R]]) -> None:
        try:
            results = await self._call([item for item, _ in group])
        except Exception as problem:
            if len(group) > 1 and isinstance(problem, self._alone):
                for each in group:
                    await self._together([each])
                return
            for _, future in group:
                if not future.done():
                    future.set_exception(problem)
        else:
            for (_, future), result in zip(group, results, strict=True):
                if not future.done():
                    future.set_result(result)

    async def drained(self) -> None:
        """Wait until nothing is under way."""
        if self._drain is not None:
            await asyncio.wait([self._drain])
