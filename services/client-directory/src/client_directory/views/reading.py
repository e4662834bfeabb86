"""Pages of the read models: SQL in, rows out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from doorstep_chassis.paging import Listing, Page
from doorstep_chassis.store.postgres import PostgresStore
from psycopg.rows import dict_row
from sqlalchemy import ColumnElement, Select, exists, select, tuple_
from sqlalchemy.dialects import postgresql

from client_directory.views.clients import CLIENTS
from client_directory.views.reviews import REVIEWS
from client_directory.views.served import SERVED

Row = Mapping[str, Any]

_DIALECT = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]


async def clients_page(
    store: PostgresStore,
    listing: Listing,
    organisation_id: UUID,
    *,
    postal_code: str | None,
    served_by: UUID | None,
    now: datetime,
    cursor: str | None,
    limit: int,
) -> Page[Row]:
    """The clients of a postal code, or of all; those alone whom a worker has served, where one is named."""
    query = select(CLIENTS).where(CLIENTS.c.organisation_id == organisation_id)
    if postal_code is not None:
        query = query.where(CLIENTS.c.postal_code == postal_code)
    if served_by is not None:
        query = query.where(_served(organisation_id, served_by, CLIENTS.c.client_id, now))
    return await _page(store, listing, query, CLIENTS.c.created_at, CLIENTS.c.client_id, cursor, limit)


async def reviews_page(
    store: PostgresStore, listing: Listing, organisation_id: UUID, *, cursor: str | None, limit: int
) -> Page[Row]:
    """The open reviews of an organisation."""
    query = select(REVIEWS).where(REVIEWS.c.organisation_id == organisation_id)
    return await _page(store, listing, query, REVIEWS.c.opened_at, REVIEWS.c.request_id, cursor, limit)


async def named_clients(
    store: PostgresStore, organisation_id: UUID, client_ids: Sequence[UUID], *, visited_by: UUID | None
) -> Sequence[Mapping[str, Any]]:
    """Those of these clients that are on file; where a worker is named, those who have a visit of theirs, past or to come."""
    query = select(CLIENTS.c.client_id, CLIENTS.c.details).where(
        CLIENTS.c.organisation_id == organisation_id, CLIENTS.c.client_id.in_(client_ids)
    )
    if visited_by is not None:
        query = query.where(
            exists(
                select(SERVED.c.visit_id).where(
                    SERVED.c.organisation_id == organisation_id,
                    SERVED.c.worker_id == visited_by,
                    SERVED.c.client_id == CLIENTS.c.client_id,
                    SERVED.c.cancelled.is_(False),
                )
            )
        )
    return await _rows(store, query.order_by(CLIENTS.c.client_id))


async def has_served(
    store: PostgresStore, organisation_id: UUID, worker_id: UUID, client_id: UUID, now: datetime
) -> bool:
    """Whether the worker has had an uncancelled visit with the client whose end has passed."""
    query = select(exists(select(SERVED).where(_served(organisation_id, worker_id, client_id, now))))
    return bool((await _rows(store, query))[0]["anon_1"])


def _served(
    organisation_id: UUID, worker_id: UUID, client_id: UUID | ColumnElement[UUID], now: datetime
) -> ColumnElement[bool]:
    return exists(
        select(SERVED.c.visit_id).where(
            SERVED.c.organisation_id == organisation_id,
            SERVED.c.worker_id == worker_id,
            SERVED.c.client_id == client_id,
            SERVED.c.cancelled.is_(False),
            SERVED.c.ends_at <= now,
        )
    )


async def _page(
    store: PostgresStore,
    listing: Listing,
    query: Select[Any],
    at: ColumnElement[datetime],
    row_id: ColumnElement[UUID],
    cursor: str | None,
    limit: int,
) -> Page[Row]:
    after = listing.after(cursor)
    if after is not None:
        query = query.where(tuple_(at, row_id) > tuple_(*after))
    rows = await _rows(store, query.order_by(at, row_id).limit(limit + 1))
    return listing.page(rows, limit, at=at.key or "", id=row_id.key or "")


async def _rows(store: PostgresStore, query: Select[Any]) -> Sequence[Row]:
    compiled = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    async with store.connection() as connection:
        cursor = await connection.cursor(row_factory=dict_row).execute(str(compiled).encode(), compiled.params)
        return await cursor.fetchall()
