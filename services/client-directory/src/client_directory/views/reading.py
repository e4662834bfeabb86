"""Pages of the read models: SQL in, rows out; a cursor is where the next page begins."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from doorstep_chassis.errors import Invalid
from doorstep_chassis.store.postgres import PostgresStore
from psycopg.rows import dict_row
from sqlalchemy import ColumnElement, Select, exists, select, tuple_
from sqlalchemy.dialects import postgresql

from client_directory.views.clients import CLIENTS
from client_directory.views.reviews import REVIEWS
from client_directory.views.served import SERVED

_DIALECT = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]


class CursorInvalid(Invalid):
    """A cursor is one that the same list gave."""

    code = "cursor_invalid"


@dataclass(frozen=True, slots=True)
class Point:
    """A place in a list: an instant, and an id among those of one instant."""

    at: datetime
    id: UUID

    @classmethod
    def of(cls, cursor: str) -> "Point":
        """The place that a cursor names. Errors: CursorInvalid."""
        try:
            text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
            at, _, row_id = text.partition("|")
            instant = datetime.fromisoformat(at)
            if instant.utcoffset() is None:
                raise ValueError
            return cls(instant, UUID(hex=row_id))
        except (ValueError, binascii.Error):
            raise CursorInvalid(field="cursor") from None

    @property
    def cursor(self) -> str:
        """Opaque, so that it may change its make."""
        return urlsafe_b64encode(f"{self.at.isoformat()}|{self.id.hex}".encode()).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and where the next page begins; None on the last one."""

    rows: Sequence[Mapping[str, Any]]
    next_cursor: str | None


async def clients_page(
    store: PostgresStore,
    organisation_id: UUID,
    *,
    postal_code: str | None,
    served_by: UUID | None,
    now: datetime,
    after: Point | None,
    limit: int,
) -> Page:
    """The clients of a postal code, or of all; those alone whom a worker has served, where one is named."""
    query = select(CLIENTS).where(CLIENTS.c.organisation_id == organisation_id)
    if postal_code is not None:
        query = query.where(CLIENTS.c.postal_code == postal_code)
    if served_by is not None:
        query = query.where(_served(organisation_id, served_by, CLIENTS.c.client_id, now))
    return await _page(store, query, CLIENTS.c.created_at, CLIENTS.c.client_id, after, limit)


async def reviews_page(store: PostgresStore, organisation_id: UUID, *, after: Point | None, limit: int) -> Page:
    """The open reviews of an organisation."""
    query = select(REVIEWS).where(REVIEWS.c.organisation_id == organisation_id)
    return await _page(store, query, REVIEWS.c.opened_at, REVIEWS.c.request_id, after, limit)


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
    query: Select[Any],
    at: ColumnElement[datetime],
    row_id: ColumnElement[UUID],
    after: Point | None,
    limit: int,
) -> Page:
    if after is not None:
        query = query.where(tuple_(at, row_id) > tuple_(after.at, after.id))
    rows = await _rows(store, query.order_by(at, row_id).limit(limit + 1))
    page = rows[:limit]
    last = Point(page[-1][at.key or ""], page[-1][row_id.key or ""]) if len(rows) > limit else None
    return Page(page, None if last is None else last.cursor)


async def _rows(store: PostgresStore, query: Select[Any]) -> Sequence[Mapping[str, Any]]:
    compiled = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    async with store.connection() as connection:
        cursor = await connection.cursor(row_factory=dict_row).execute(str(compiled).encode(), compiled.params)
        return await cursor.fetchall()
