"""Lists over the board: the newest first, a page at a time."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from doorstep_chassis.paging import Listing, Page
from doorstep_chassis.store.postgres import PostgresStore
from psycopg.rows import dict_row

StateName = Literal["draft", "launching", "launched", "confirmed", "cancelled", "declined", "expired"]


async def requests_page(
    store: PostgresStore,
    organisation_id: UUID,
    *,
    key: bytes,
    state: StateName | None,
    limit: int,
    cursor: str | None,
) -> Page[Mapping[str, Any]]:
    """Requests of an organisation, of this state where one is named; `key` signs the cursors."""
    listing = Listing(key, "board", organisation_id, state=state)
    created_at, request_id = listing.after(cursor) or (None, None)
    async with store.connection() as connection:
        found = await connection.cursor(row_factory=dict_row).execute(
            "SELECT * FROM board_requests_v1 WHERE organisation_id = %(organisation_id)s AND created_at IS NOT NULL"
            " AND (%(state)s::text IS NULL OR state = %(state)s)"
            " AND (%(created_at)s::timestamptz IS NULL"
            "      OR (created_at, request_id) < (%(created_at)s, %(request_id)s::uuid))"
            " ORDER BY created_at DESC, request_id DESC LIMIT %(limit)s",
            {
                "organisation_id": organisation_id,
                "state": state,
                "created_at": created_at,
                "request_id": request_id,
                "limit": limit + 1,
            },
        )
        rows = await found.fetchall()
    return listing.page(rows, limit, at="created_at", id="request_id")
