"""The end of the service's own log, for all who follow it in this process: commits of our own at once, others by NOTIFY."""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence

from doorstep_chassis.store.log import Committed, LogEntry
from doorstep_chassis.store.postgres import PostgresStore

_KEPT = 2_000


class LogTail:
    """`after(position)` gives what follows a position, waiting for it when there is nothing yet; it never polls."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._start = 0
        self._entries: list[LogEntry] = []
        self.head = 0
        self._moved = asyncio.Event()
        store.listeners.append(self._hear)

    def _hear(self, committed: Committed) -> None:
        """A commit of this process. One that does not join on to what is kept starts anew: the log has the rest."""
        if committed.previous_head != self._end or len(self._entries) > _KEPT:
            self._start, self._entries = committed.previous_head, []
        self._entries.extend(committed.entries)
        self._advance(committed.entries[-1].position)

    @property
    def _end(self) -> int:
        return self._entries[-1].position if self._entries else self._start

    def _advance(self, head: int) -> None:
        if head > self.head:
            self.head = head
            self._moved.set()
            self._moved = asyncio.Event()

    async def run(self) -> None:
        """Follow the commits of other processes, for ever."""
        async for head in self._store.wakeups():
            self._advance(head)

    async def past(self, position: int) -> None:
        """Wait until the log goes on behind a position."""
        while position >= self.head:
            await self._moved.wait()

    async def after(self, position: int, limit: int) -> Sequence[LogEntry]:
        """The next entries after a position, in order; at least one."""
        while True:
            await self.past(position)
            if self._start <= position < self._end:
                return self._slice(position, limit)
            entries = await self._store.log_after(position, limit)
            if entries:
                return entries
            await asyncio.sleep(0)

    def _slice(self, position: int, limit: int) -> Sequence[LogEntry]:
        first = bisect_right(self._entries, position, key=lambda entry: entry.position)
        return self._entries[first : first + limit]
