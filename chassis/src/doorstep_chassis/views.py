"""Read models: tables and one function an event, under the delivery rules as a consumer of their own. Rebuilt, never migrated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from sqlalchemy import MetaData, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.rows import quote
from doorstep_chassis.store.schema import LOCK_TABLES, UNLOCK_TABLES


@dataclass(frozen=True)
class View:
    """A read model. `version` is part of its tables' names: a changed view is a new version beside the old one.

    `topics` empty: it follows the service's own log and its handlers are keyed by stored events; else by public ones.
    """

    name: str
    version: int
    metadata: MetaData
    handlers: Mapping[type, Handler]
    topics: Sequence[str] = ()
    changed: Callable[[], None] = lambda: None
    """Called when a view of the own log has moved, in the process that follows it."""

    def consumer(self, service: str) -> str:
        """The consumer it is: positions and dead letters are kept under this name."""
        return f"{service}.view.{self.name}@{self.version}"

    @property
    def tables(self) -> list[Table]:
        """Its tables, those that others refer to first."""
        return list(self.metadata.sorted_tables)


def view_metadata() -> MetaData:
    """Where a view's tables are declared."""
    return MetaData()


async def create_view_tables(store: PostgresStore, view: View) -> None:
    """Make the view's tables where they are not there yet."""
    await create_declared(store, view.tables)


async def create_declared(store: PostgresStore, tables: Sequence[Table]) -> None:
    """Make declared tables where they are not there yet, one process at a time."""
    async with store.connection() as connection:
        await connection.execute(LOCK_TABLES)
        try:
            await make_declared(connection, tables)
        finally:
            await connection.execute(UNLOCK_TABLES)


async def make_tables(connection: AsyncConnection[Any], view: View) -> None:
    """The same on this connection, and so in its transaction."""
    await make_declared(connection, view.tables)


async def make_declared(connection: AsyncConnection[Any], tables: Sequence[Table]) -> None:
    """Make declared tables and their indexes where they are not there yet, in this order."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in tables:
        await connection.execute(str(CreateTable(table, if_not_exists=True).compile(dialect=dialect)).encode())
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            await connection.execute(str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect)).encode())


async def checksum(store: PostgresStore, view: View, suffix: str = "") -> str:
    """The same for the same rows in any order: the sum of each row's hash, over all tables."""
    parts = []
    async with store.connection() as connection:
        for table in view.tables:
            cursor = await connection.execute(
                f"SELECT count(*) AS rows, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) AS total"  # noqa: S608
                f" FROM {quote(table.name + suffix)} t".encode()
            )
            row = await cursor.fetchone()
            assert row is not None
            parts.append(f"{row[0]}:{int(row[1]) % 2**64:016x}")
    return "-".join(parts)
