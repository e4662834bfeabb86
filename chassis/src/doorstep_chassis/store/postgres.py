"""The store on PostgreSQL: reads on a pool, writes through one connection with group commit."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from doorstep_chassis import failpoints, metrics
from doorstep_chassis.domain import Event
from doorstep_chassis.store.group import Grouping
from doorstep_chassis.store.log import Committed, LogEntry
from doorstep_chassis.store.mapper import UnknownEvent, decode_event, encode
from doorstep_chassis.store.model import (
    DeadLetter,
    DeadLetterMark,
    Loaded,
    Partition,
    PositionConflict,
    Snapshot,
    StoreConflict,
    StoreUnavailable,
    StreamConflict,
    Unit,
    WrappedKeyRow,
)
from doorstep_chassis.store.port import RowKey
from doorstep_chassis.store.rows import RowTable, write
from doorstep_chassis.store.schema import POSITION_CONFLICT, STREAM_CONFLICT
from doorstep_chassis.store.statements import letter, parameters, results, tracking_name

_COMMIT = (
    "SELECT * FROM doorstep_commit(%b::uuid[], %b::bigint[], %b::text[], %b::bytea[], %b::uuid[], %b::bigint[],"
    " %b::text[], %b::text[], %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[], %b::text[], %b::bigint[], %s::jsonb)"
)

_SNAPSHOT = """
SELECT coalesce(p.version, 0), coalesce(p.next_offset, 0), coalesce(p.generation, 0),
       (SELECT coalesce(jsonb_object_agg(substr(t.application_name, length(%(prefix)s) + 1), t.notification_id), '{}')
        FROM notification_tracking t WHERE starts_with(t.application_name, %(prefix)s)),
       (SELECT coalesce(jsonb_agg(jsonb_build_array(encode(digest, 'hex'), state = 'open', source, sequence, subject,
                                                    block_key) ORDER BY id), '[]')
        FROM dead_letters d WHERE d.consumer = %(consumer)s AND d.topic = %(topic)s AND d.home = %(number)s)
FROM (SELECT 1) one
LEFT JOIN positions p ON p.consumer = %(consumer)s AND p.topic = %(topic)s AND p.partition = %(number)s
"""

_LETTER_COLUMNS = (
    'id, state, attempts, consumer, topic, generation, home, "offset", digest, key, headers, value, source, sequence,'
    " subject, block_key, reason, tracking, parked_at"
)


_AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.ReadOnlySqlTransaction,
)
"""What says nothing of the unit, only that this session does not serve it: ended, or on a server that takes no writes."""

_FAULTS = (psycopg.Error, UnknownEvent, ValueError, TypeError)
"""What may be wrong with one unit or one stream alone: what cannot be encoded, decoded or kept."""


class PostgresStore:
    """A `Store` in one database. Its `listeners` hear of every commit of this process at once, in the order of the log."""

    def __init__(self, url: str, *, pool_size: int = 4) -> None:
        self._url = url
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=pool_size,
            open=False,
            timeout=2,
            reconnect_timeout=1,  # who needs a connection asks for one; a pool that goes on by itself waits ever longer
            kwargs={"autocommit": True},
            configure=_configure,
        )
        self._commit = Grouping(self._write, alone=(StoreConflict, *_FAULTS))
        self._load = Grouping(self._read, alone=_FAULTS)
        self._writer: AsyncConnection[Any] | None = None
        self.listeners: list[Callable[[Committed], None]] = []

    async def open(self) -> None:
        """Connect; the tables must be there (`create_tables`)."""
        await self._pool.open()

    async def close(self) -> None:
        """Let go of every connection."""
        await self._commit.drained()
        await self._pool.close()
        if self._writer is not None:
            await self._writer.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A pooled connection; what PostgreSQL says when it is away becomes `StoreUnavailable`."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (*_AWAY, PoolTimeout) as problem:
            raise StoreUnavailable(type(problem).__name__) from problem

    # Reading

    async def load(self, stream_ids: Iterable[UUID]) -> dict[UUID, Loaded]:
        """These streams, in one query with those that others wait for."""
        return await self._load(list(stream_ids))

    async def _read(self, wanted: Sequence[list[UUID]]) -> list[dict[UUID, Loaded]]:
        ids = {each for stream_ids in wanted for each in stream_ids}
        found: dict[UUID, list[Event]] = {each: [] for each in ids}
        async with self.connection() as connection:
            cursor = await connection.cursor(binary=True, row_factory=tuple_row).execute(
                "SELECT originator_id, topic, state FROM stored_events WHERE originator_id = ANY(%b)"
                " ORDER BY originator_id, originator_version",
                (list(ids),),
                prepare=True,
            )
            for stream_id, topic, state in await cursor.fetchall():
                found[stream_id].append(decode_event(topic, state))
        loaded = {each: Loaded(each, len(events), tuple(events)) for each, events in found.items()}
        return [{each: loaded[each] for each in stream_ids} for stream_ids in wanted]

    async def load_keys(self, subject_ids: Iterable[UUID]) -> dict[UUID, WrappedKeyRow]:
        """The wrapped keys of these persons."""
        async with self.connection() as connection:
            cursor = await connection.cursor(row_factory=tuple_row).execute(
                "SELECT subject_id, wrapped, kek_id FROM data_keys WHERE subject_id = ANY(%b)", (list(subject_ids),)
            )
            return {row[0]: WrappedKeyRow(*row) for row in await cursor.fetchall()}

    async def load_rows(self, keys: Iterable[RowKey]) -> dict[RowKey, Mapping[str, Any]]:
        """View rows by primary key, one query a table."""
        by_table: dict[Any, list[tuple[Any, ...]]] = {}
        for table, key in keys:
            by_table.setdefault(table, []).append(key)
        found: dict[RowKey, Mapping[str, Any]] = {}
        async with self.connection() as connection:
            for table, wanted in by_table.items():
                for key, values in await RowTable.of(table).select(connection, wanted):
                    found[table, key] = values
        return found

    async def log_after(self, position: int, limit: int) -> Sequence[LogEntry]:
        """The log in commit order."""
        async with self.connection() as connection:
            cursor = await connection.cursor(binary=True, row_factory=tuple_row).execute(
                "SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events"
                " WHERE notification_id > %b::bigint ORDER BY notification_id LIMIT %b::int",
                (position, limit),
            )
            return [LogEntry(*row) for row in await cursor.fetchall()]

    async def head(self) -> int:
        """The last position of the log."""
        return int(await self._scalar("SELECT coalesce(max(notification_id), 0) FROM stored_events"))

    async def snapshot(self, consumer: str, partition: Partition) -> Snapshot:
        """One statement, so one instant (delivery rule 2)."""
        async with self.connection() as connection:
            cursor = await connection.cursor(row_factory=tuple_row).execute(
                _SNAPSHOT,
                {
                    "consumer": consumer,
                    "topic": partition.topic,
                    "number": partition.number,
                    "prefix": tracking_name(consumer, partition, ""),
                },
            )
            row = await cursor.fetchone()
        assert row is not None
        version, next_offset, generation, tracking, marks = row
        return Snapshot(
            version,
            next_offset,
            generation,
            tracking,
            [DeadLetterMark(bytes.fromhex(digest), *rest) for digest, *rest in marks],
        )

    async def open_letters(self, consumer: str, topic: str | None = None) -> Sequence[DeadLetter]:
        """Open dead letters, oldest first."""
        return await self.letters(consumer=consumer, topic=topic, state="open")

    async def open_count(self, consumer: str) -> int:
        """How many dead letters of a consumer are open."""
        async with self.connection() as connection:
            cursor = await connection.cursor(row_factory=tuple_row).execute(
                "SELECT count(*) FROM dead_letters WHERE consumer = %s AND state = 'open'", (consumer,)
            )
            row = await cursor.fetchone()
        assert row is not None
        return int(row[0])

    async def letters(
        self,
        *,
        consumer: str | None = None,
        topic: str | None = None,
        state: str | None = None,
        letter_id: int | None = None,
        limit: int = 10_000,
    ) -> Sequence[DeadLetter]:
        """Dead letters by what is named, oldest first."""
        async with self.connection() as connection:
            cursor = await connection.cursor(row_factory=tuple_row).execute(
                sql.SQL(
                    "SELECT {} FROM dead_letters WHERE (%(consumer)s::text IS NULL OR consumer = %(consumer)s)"
                    " AND (%(topic)s::text IS NULL OR topic = %(topic)s) AND (%(state)s::text IS NULL OR state = %(state)s)"
                    " AND (%(id)s::bigint IS NULL OR id = %(id)s) ORDER BY id LIMIT %(limit)s"
                ).format(sql.SQL(_LETTER_COLUMNS)),
                {"consumer": consumer, "topic": topic, "state": state, "id": letter_id, "limit": limit},
            )
            return [letter(row) for row in await cursor.fetchall()]

    # Writing

    async def commit(self, unit: Unit) -> Committed:
        """A unit with view rows in a transaction of its own; every other through the group."""
        if unit.rows:
            return await self._commit_rows(unit)
        return await self._commit(unit)

    async def _write(self, units: Sequence[Unit]) -> list[Committed]:
        """All units in one call of the commit function: one round trip, one transaction."""
        encoded = [encode(each) for unit in units for each in unit.events]
        values = parameters(units, encoded)
        failpoints.hit("store.before_commit")
        began = time.perf_counter()
        try:
            connection = await self._writing()
            async with connection.cursor(row_factory=tuple_row) as cursor:
                await cursor.execute(_COMMIT, values, prepare=True)
                row = await cursor.fetchone()
        except psycopg.Error as problem:
            await self._forget_writer(problem)
            raise _translated(problem) from problem
        failpoints.hit("store.committed")
        metrics.committed(units=len(units), events=len(encoded), seconds=time.perf_counter() - began)
        committed = results(units, encoded, row)
        for listener in self.listeners:
            for result in committed:
                if result.entries:
                    listener(result)
        return committed

    async def _commit_rows(self, unit: Unit) -> Committed:
        """A view's rows with the position that they stand for: sent together, looked at together."""
        encoded = [encode(each) for each in unit.events]
        async with self.connection() as connection:
            try:
                # A pipeline around it all: nothing is waited for before the rows are sent, too.
                async with connection.pipeline(), connection.transaction():
                    cursor = connection.cursor(row_factory=tuple_row)
                    await cursor.execute(_COMMIT, parameters([unit], encoded), prepare=True)
                    await write(connection, unit.rows)
                    row = await cursor.fetchone()
            except psycopg.Error as problem:
                raise _translated(problem) from problem
        failpoints.hit("store.committed")
        return results([unit], encoded, row)[0]

    async def _writing(self) -> AsyncConnection[Any]:
        if self._writer is None or self._writer.closed:
            self._writer = await AsyncConnection.connect(self._url, autocommit=True)
            await _configure(self._writer)
        return self._writer

    async def _forget_writer(self, problem: psycopg.Error) -> None:
        if self._writer is not None and isinstance(problem, _AWAY):
            writer, self._writer = self._writer, None
            await writer.close()

    # The relay's row

    async def take_relay(self) -> tuple[int, int]:
        """Raise the epoch and read the position (rule 6)."""
        async with self.connection() as connection:
            cursor = await connection.cursor(row_factory=tuple_row).execute(
                "UPDATE relay SET epoch = epoch + 1 RETURNING epoch, position"
            )
            row = await cursor.fetchone()
        assert row is not None
        return row[0], row[1]

    async def store_relay_position(self, epoch: int, position: int) -> bool:
        """Only under the newest epoch, only forward."""
        async with self.connection() as connection:
            cursor = await connection.execute(
                "UPDATE relay SET position = greatest(position, %s) WHERE epoch = %s", (position, epoch)
            )
            return cursor.rowcount == 1

    async def relay_position(self) -> int:
        """How far the relay has published."""
        return int(await self._scalar("SELECT position FROM relay"))

    async def _scalar(self, query: str) -> Any:
        async with self.connection() as connection:
            cursor = await connection.cursor(row_factory=tuple_row).execute(query)
            row = await cursor.fetchone()
        assert row is not None
        return row[0]

    # Hearing of other processes, and agreeing with them

    async def wakeups(self) -> AsyncIterator[int]:
        """The log's head at each commit of any process, and each time it listens (again): it may have missed some."""
        while True:
            try:
                async with await AsyncConnection.connect(self._url, autocommit=True) as connection:
                    await connection.execute("LISTEN stored_events")
                    cursor = connection.cursor(row_factory=tuple_row)
                    await cursor.execute("SELECT coalesce(max(notification_id), 0) FROM stored_events")
                    async for (head,) in cursor:
                        yield head
                    async for notice in connection.notifies():
                        yield int(notice.payload)
            except psycopg.Error:
                await asyncio.sleep(0.5)

    @asynccontextmanager
    async def leadership(self, name: str) -> AsyncIterator[AsyncConnection[Any]]:
        """Wait until this instance alone leads under this name; the lock is lost with the connection it yields."""
        try:
            async with await AsyncConnection.connect(self._url, autocommit=True) as connection:
                await connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (name,))
                yield connection
        except _AWAY as problem:
            raise StoreUnavailable(type(problem).__name__) from problem


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.execute("SET idle_in_transaction_session_timeout = '5s'")


def _translated(problem: psycopg.Error) -> Exception:
    if problem.sqlstate == POSITION_CONFLICT:
        return PositionConflict()
    lost = isinstance(problem, psycopg.errors.UniqueViolation) and problem.diag.table_name == "stored_events"
    if lost or problem.sqlstate == STREAM_CONFLICT:
        return StreamConflict()
    if isinstance(problem, _AWAY):
        return StoreUnavailable(type(problem).__name__)
    return problem
