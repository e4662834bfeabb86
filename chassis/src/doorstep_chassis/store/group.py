"""Group commit: when nothing else waits the caller commits itself, at once; what waits meanwhile goes together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from doorstep_chassis.store.log import Committed
from doorstep_chassis.store.model import StoreConflict, Unit


class GroupCommit:
    """One writer a process. A conflict anywhere in a group falls back to one unit after the other."""

    def __init__(self, write: Callable[[Sequence[Unit]], Awaitable[list[Committed]]], *, largest: int = 200) -> None:
        self._write = write
        self._largest = largest
        self._waiting: list[tuple[Unit, asyncio.Future[Committed]]] = []
        self._busy = False
        self._drain: asyncio.Task[None] | None = None

    async def commit(self, unit: Unit) -> Committed:
        """Write the unit, alone or with others; answers and errors are each unit's own."""
        if self._busy:
            future: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
            self._waiting.append((unit, future))
            return await future
        self._busy = True
        try:
            return (await self._write([unit]))[0]
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
                await self._write_group(group)
        finally:
            self._next()

    async def _write_group(self, group: list[tuple[Unit, asyncio.Future[Committed]]]) -> None:
        try:
            results = await self._write([unit for unit, _ in group])
        except StoreConflict as conflict:
            if len(group) == 1:
                _fail(group[0][1], conflict)
                return
            for each in group:
                await self._write_group([each])
        except Exception as problem:
            for _, future in group:
                _fail(future, problem)
        else:
            for (_, future), result in zip(group, results, strict=True):
                if not future.done():
                    future.set_result(result)

    async def drained(self) -> None:
        """Wait until nothing is being written."""
        if self._drain is not None:
            await asyncio.wait([self._drain])


def _fail(future: "asyncio.Future[Committed]", problem: Exception) -> None:
    if not future.done():
        future.set_exception(problem)
