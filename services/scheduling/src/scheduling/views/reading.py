"""Reading a view's rows for an answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from doorstep_chassis.store.postgres import PostgresStore
from psycopg.rows import dict_row
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.psycopg import dialect

_DIALECT = dialect()  # type: ignore[no-untyped-call]


async def rows(store: PostgresStore, query: Select[Any]) -> Sequence[Mapping[str, Any]]:
    """The rows of a query. Errors: StoreUnavailable."""
    compiled = query.compile(dialect=_DIALECT)
    async with store.connection() as connection:
        cursor = await connection.cursor(row_factory=dict_row).execute(str(compiled).encode(), compiled.params)
        return await cursor.fetchall()
