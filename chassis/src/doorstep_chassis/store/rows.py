"""View rows in bulk: one statement a table to read, to write and to delete, whatever their number."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb
from sqlalchemy import JSON, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import quoted_name

from doorstep_chassis.store.model import RowChange

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def quote(name: str) -> str:
    """A name as it stands in SQL."""
    return str(_DIALECT.identifier_preparer.quote(quoted_name(name, None)))


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
        rest = [quote(column) for column in self.columns if column not in self.key]
        change = "UPDATE SET " + ", ".join(f"{column} = excluded.{column}" for column in rest) if rest else "NOTHING"
        self._select = f"SELECT {columns} FROM {name} WHERE ({key}) IN (SELECT * FROM unnest({key_arrays}))"  # noqa: S608
        self._upsert = f"INSERT INTO {name} ({columns}) SELECT * FROM unnest({arrays}) ON CONFLICT ({key}) DO {change}"  # noqa: S608
        self._delete = f"DELETE FROM {name} WHERE ({key}) IN (SELECT * FROM unnest({key_arrays}))"  # noqa: S608

    @staticmethod
    @cache
    def of(table: Table) -> "RowTable":
        """The statements, built once a table."""
        return RowTable(table)

    async def select(
        self, connection: AsyncConnection[Any], keys: Sequence[tuple[Any, ...]]
    ) -> Iterable[tuple[tuple[Any, ...], Mapping[str, Any]]]:
        """The rows that are there, with their keys."""
        cursor = connection.cursor(row_factory=tuple_row)
        await cursor.execute(self._select, [list(part) for part in zip(*keys, strict=True)])
        rows = [dict(zip(self.columns, row, strict=True)) for row in await cursor.fetchall()]
        return [(tuple(row[part] for part in self.key), row) for row in rows]

    async def write(self, cursor: AsyncCursor[Any], changes: Sequence[RowChange]) -> None:
        """Upsert what has values, delete what has none."""
        kept = [change.values for change in changes if change.values is not None]
        gone = [change.key for change in changes if change.values is None]
        if gone:
            await cursor.execute(self._delete, [list(part) for part in zip(*gone, strict=True)])
        if kept:
            parameters = [
                [_json(values.get(name)) for values in kept] if is_json else [values.get(name) for values in kept]
                for name, is_json in zip(self.columns, self._json, strict=True)
            ]
            await cursor.execute(self._upsert, parameters)


def _json(value: Any) -> Any:
    return None if value is None else Jsonb(value)
