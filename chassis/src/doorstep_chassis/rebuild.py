"""A view built anew beside the live one, from the log or the topics, and swapped with it in one transaction.

The shadow reads up to where the live view stands and no further, so that both may be compared by their checksums. Its
positions live in memory: a rebuild that fails is begun again.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import tuple_row
from sqlalchemy import MetaData, Table

from doorstep_chassis.consumer.engine import Engine, PoisonLimit
from doorstep_chassis.consumer.records import Decoder
from doorstep_chassis.errors import Conflict
from doorstep_chassis.feeds import Feed, Span
from doorstep_chassis.store.log import Committed
from doorstep_chassis.store.model import DeadLetterMark, Parked, Partition, Snapshot, Unit
from doorstep_chassis.store.port import RowKey
from doorstep_chassis.store.postgres import PostgresStore, tracking_name
from doorstep_chassis.store.rows import quote, write
from doorstep_chassis.views import View, checksum, make_tables

SUFFIX = "_rebuild"
NEVER_STOP = PoisonLimit(share=2)
"""A rebuild harms nobody: what it cannot take is judged at its end."""


class RebuildUnderWay(Conflict):
    """Another rebuild of this view is running."""

    code = "rebuild_under_way"


class RebuildRefused(Conflict):
    """The view of today cannot take records that the live one has taken: it stays as it is."""

    code = "rebuild_refused"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found: the records it read and the view's checksum before and after."""

    records: int
    before: str
    after: str
    applied_letters: int

    @property
    def same(self) -> bool:
        """Whether the live view was what its records say."""
        return self.before == self.after


@cache
def _shadows(metadata: MetaData) -> MetaData:
    shadows = MetaData()
    for table in metadata.sorted_tables:
        # Its indexes come with the swap: names would meet, and rows go in faster without.
        table.to_metadata(shadows, name=table.name + SUFFIX).indexes.clear()
    return shadows


def shadow_of(table: Table) -> Table:
    """The same table under the shadow's name."""
    return _shadows(table.metadata).tables[table.name + SUFFIX]


@dataclass(slots=True)
class _Place:
    generation: int
    next_offset: int = 0
    tracking: dict[str, int] = field(default_factory=dict)
    marks: list[DeadLetterMark] = field(default_factory=list)


class ShadowStore(PostgresStore):
    """The store as a rebuild sees it: the view's rows are those of the shadow, its positions are in memory."""

    def __init__(self, url: str) -> None:
        super().__init__(url, pool_size=2)
        self.places: dict[Partition, _Place] = {}
        self.parked: list[Parked] = []

    async def snapshot(self, consumer: str, partition: Partition) -> Snapshot:
        """Where the rebuild stands."""
        place = self.places[partition]
        return Snapshot(1, place.next_offset, place.generation, place.tracking, place.marks)

    async def load_rows(self, keys: Iterable[RowKey]) -> dict[RowKey, Mapping[str, Any]]:
        """The shadow's rows, under the names of the live tables."""
        live = {(shadow_of(table), key): (table, key) for table, key in keys}
        return {live[at]: row for at, row in (await super().load_rows(live)).items()}

    async def commit(self, unit: Unit) -> Committed:
        """Write the rows and remember the positions."""
        async with self.connection() as connection, connection.transaction():
            await write(connection, [change._replace(table=shadow_of(change.table)) for change in unit.rows])
        for move in unit.moves:
            place = self.places[move.partition]
            place.next_offset = move.next_offset
            place.tracking.update(move.tracking)
        self.parked.extend(unit.parked)
        return Committed(0, ())


class Rebuild:
    """Rebuilds one view of a service."""

    def __init__(
        self, service: str, view: View, url: str, decode: Decoder, feed: Feed, now: Callable[[], datetime]
    ) -> None:
        self._view = view
        self._consumer = view.consumer(service)
        self._store = ShadowStore(url)
        self._feed = feed
        self._engine = Engine(self._consumer, self._store, view.handlers, decode, now, poison=NEVER_STOP)
        self._records = 0

    async def run(self) -> Rebuilt:
        """Build, compare and swap. Errors: RebuildUnderWay, RebuildRefused: the live view stays; StoreUnavailable."""
        await self._store.open()
        try:
            async with self._alone() as connection:
                await self._make_shadow(connection)
                await self._catch_up(await self._live(connection))
                async with connection.transaction():
                    # Whoever moves a position waits here, so the live view stands still until it is swapped.
                    await connection.execute("SET LOCAL lock_timeout = '5s'")
                    await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '60s'")
                    await connection.execute("LOCK TABLE positions IN SHARE ROW EXCLUSIVE MODE")
                    await self._catch_up(await self._live(connection))
                    before = await checksum(self._store, self._view)
                    after = await checksum(self._store, self._view, SUFFIX)
                    applied = await self._settle_letters(connection)
                    await self._swap_tables(connection)
                    await self._move_positions(connection)
                return Rebuilt(self._records, before, after, applied)
        finally:
            await self._store.close()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[AsyncConnection[Any]]:
        async with self._store.connection() as connection:
            key = f"doorstep.rebuild.{self._consumer}"
            cursor = connection.cursor(row_factory=tuple_row)
            await cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (key,))
            if await cursor.fetchone() != (True,):
                raise RebuildUnderWay(f"{self._view.name} is being rebuilt")
            try:
                yield connection
            finally:
                await connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (key,))

    async def _make_shadow(self, connection: AsyncConnection[Any]) -> None:
        for table in reversed(self._view.tables):
            await connection.execute(f"DROP TABLE IF EXISTS {quote(shadow_of(table).name)}".encode())
        shadow = View(self._view.name, self._view.version, _shadows(self._view.metadata), {})
        await make_tables(connection, shadow)

    async def _live(self, connection: AsyncConnection[Any]) -> Mapping[Partition, int]:
        """Where the live view stands."""
        cursor = await connection.cursor(row_factory=tuple_row).execute(
            "SELECT topic, partition, generation, next_offset FROM positions WHERE consumer = %s", (self._consumer,)
        )
        targets: dict[Partition, int] = {}
        for topic, number, generation, next_offset in await cursor.fetchall():
            partition = Partition(topic, number)
            targets[partition] = next_offset
            if partition not in self._store.places:
                discarded = await self._store.letters(consumer=self._consumer, topic=topic, state="discarded")
                self._store.places[partition] = _Place(
                    generation,
                    marks=[
                        DeadLetterMark(each.parked.digest, False, None, None, None, None)
                        for each in discarded
                        if each.parked.partition == partition
                    ],
                )
                await self._engine.assign(partition, generation)
        return targets

    async def _catch_up(self, targets: Mapping[Partition, int]) -> None:
        spans = {
            partition: Span(self._store.places[partition].generation, self._engine.position(partition), target)
            for partition, target in targets.items()
            if self._engine.position(partition) < target
        }
        if not spans:
            return
        async for batches in self._feed.read(spans):
            await self._engine.handle(batches)
            self._records += sum(map(len, batches.values()))

    async def _settle_letters(self, connection: AsyncConnection[Any]) -> int:
        """Close what the rebuild could take although the live view could not; refuse the opposite."""
        opened = await self._store.open_letters(self._consumer)
        still = {(each.partition, each.generation, each.offset): each.reason for each in self._store.parked}
        known = {(each.parked.partition, each.parked.generation, each.parked.offset): each.id for each in opened}
        fresh = sorted({still[at] for at in still.keys() - known.keys()})
        if fresh:
            raise RebuildRefused(f"records that the live view has taken would be parked: {', '.join(fresh)}")
        applied = [known[at] for at in known.keys() - still.keys()]
        await connection.execute(
            "UPDATE dead_letters SET state = 'applied', attempts = attempts + 1 WHERE id = ANY(%s)", (applied,)
        )
        return len(applied)

    async def _swap_tables(self, connection: AsyncConnection[Any]) -> None:
        for table in reversed(self._view.tables):
            await connection.execute(f"DROP TABLE {quote(table.name)}".encode())
        for table in self._view.tables:
            shadow = shadow_of(table).name
            await connection.execute(f"ALTER TABLE {quote(shadow)} RENAME TO {quote(table.name)}".encode())
        await make_tables(connection, self._view)

    async def _move_positions(self, connection: AsyncConnection[Any]) -> None:
        """Raise every version: a unit of the live view that is under way is refused and reads again (rule 1)."""
        await connection.execute("UPDATE positions SET version = version + 1 WHERE consumer = %s", (self._consumer,))
        for partition, place in self._store.places.items():
            prefix = tracking_name(self._consumer, partition, "")
            await connection.execute(
                "DELETE FROM notification_tracking WHERE starts_with(application_name, %s)", (prefix,)
            )
            names = [prefix + source for source in place.tracking]
            await connection.execute(
                "INSERT INTO notification_tracking (application_name, notification_id)"
                " SELECT * FROM unnest(%s::text[], %s::bigint[])",
                (names, list(place.tracking.values())),
            )
