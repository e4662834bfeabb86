"""View rows in bulk: one statement a table to read, to write and to delete, whatever their number."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb
from sqlalchemy import JSON, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import quoted_name

from doorstep_chassis.store.model import RowChange, StreamConflict

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def quote(name: str) -> str:
    """A name as it stands in SQL."""
    return str(_DIALECT.identifier_preparer.quote(quoted_name(name, None)))


_SEEN = '"row version"'
"""Which version of a row was read. PostgreSQL's `xmin` names it: the transaction that wrote it."""


class StoredRow(dict[str, Any]):
    """A row as the store gave it, with the version by which it knows it again."""

    __slots__ = ("version",)
    version: str


class Statement(NamedTuple):
    """One statement, its parameters, and how many rows it must change."""

    text: str
    parameters: list[list[Any]]
    rows: int


class RowTable:
    """The statements for one SQLAlchemy table. Columns are scalars or JSONB: an array column would not unnest."""

    def __init__(self, table: Table) -> None:
        self.columns = [column.name for column in table.columns]
        self.key = [column.name for column in table.primary_key.columns]
        types = {column.name: column.type.compile(dialect=_DIALECT) for column in table.columns}
        self._json = [isinstance(column.type, JSON) for column in table.columns]
        name = quote(table.name)
        columns = ", ".join(map(quote, self.columns))
        key = ", ".join(map(quote, self.key))
        key_arrays = ", ".join(f"%s::{types[column]}[]" for column in self.key)
        arrays = ", ".join(f"%s::{types[column]}[]" for column in self.columns)
        rest = [column for column in self.columns if column not in self.key] or self.key
        change = ", ".join(f"{quote(column)} = n.{quote(column)}" for column in rest)
        same = " AND ".join(f"t.{quote(column)} = n.{quote(column)}" for column in self.key)
        self._select = (
            f"SELECT {columns}, xmin::text FROM {name}"  # noqa: S608
            f" WHERE ({key}) IN (SELECT * FROM unnest({key_arrays}))"
        )
        self._insert = f"INSERT INTO {name} ({columns}) SELECT * FROM unnest({arrays}) ON CONFLICT ({key}) DO NOTHING"  # noqa: S608
        self._update = (
            f"UPDATE {name} t SET {change} FROM unnest({arrays}, %s::text[]) n ({columns}, {_SEEN})"  # noqa: S608
            f" WHERE {same} AND t.xmin::text = n.{_SEEN}"
        )
        self._delete = (
            f"DELETE FROM {name} t USING unnest({key_arrays}, %s::text[]) n ({key}, {_SEEN})"  # noqa: S608
            f" WHERE {same} AND t.xmin::text = n.{_SEEN}"
        )

    @staticmethod
    @cache
    def of(table: Table) -> "RowTable":
        """The statements, built once a table."""
        return RowTable(table)

    async def select(
        self, connection: AsyncConnection[Any], keys: Sequence[tuple[Any, ...]]
    ) -> Iterable[tuple[tuple[Any, ...], StoredRow]]:
        """The rows that are there, with their keys."""
        cursor = connection.cursor(row_factory=tuple_row)
        await cursor.execute(self._select, [list(part) for part in zip(*keys, strict=True)])
        rows = []
        for *values, version in await cursor.fetchall():
            row = StoredRow(zip(self.columns, values, strict=True))
            row.version = version
            rows.append((tuple(row[part] for part in self.key), row))
        return rows

    def statements(self, changes: Sequence[RowChange]) -> Iterable[Statement]:
        """Insert, update and delete; where a row is no longer as it was read, fewer rows are changed than named."""
        new = [each.values for each in changes if each.before is None and each.values is not None]
        kept = [each for each in changes if each.before is not None and each.values is not None]
        gone = [each for each in changes if each.before is not None and each.values is None]
        if gone:
            keys = [list(part) for part in zip(*(each.key for each in gone), strict=True)]
            yield Statement(self._delete, [*keys, _versions(gone)], len(gone))
        if kept:
            values = self._arrays([each.values for each in kept if each.values is not None])
            yield Statement(self._update, [*values, _versions(kept)], len(kept))
        if new:
            yield Statement(self._insert, self._arrays(new), len(new))

    def _arrays(self, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        return [
            [_json(row.get(name)) for row in rows] if is_json else [row.get(name) for row in rows]
            for name, is_json in zip(self.columns, self._json, strict=True)
        ]


def _versions(changes: Sequence[RowChange]) -> list[str]:
    return [each.before.version for each in changes if isinstance(each.before, StoredRow)]


def _json(value: Any) -> Any:
    return None if value is None else Jsonb(value)


async def write(connection: AsyncConnection[Any], changes: Iterable[RowChange]) -> None:
    """All rows in one round trip, a statement or three a table.

    Errors: StreamConflict where a row is no longer as it was read; the caller's transaction must not commit then.
    """
    by_table: dict[Table, list[RowChange]] = {}
    for change in changes:
        by_table.setdefault(change.table, []).append(change)
    async with connection.pipeline() as pipeline:
        sent = []
        for table, its_changes in by_table.items():
            for statement in RowTable.of(table).statements(its_changes):
                cursor = connection.cursor()
                await cursor.execute(statement.text.encode(), statement.parameters, prepare=True)
                sent.append((cursor, statement.rows))
        await pipeline.sync()
        if any(cursor.rowcount != rows for cursor, rows in sent):
            raise StreamConflict
