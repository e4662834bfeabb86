"""Lists over the board: the newest first, a page at a time."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from doorstep_chassis.errors import Invalid
from doorstep_chassis.store.postgres import PostgresStore
from psycopg.rows import dict_row

StateName = Literal["draft", "launching", "launched", "confirmed", "cancelled", "declined", "expired"]


class CursorInvalid(Invalid):
    """A cursor is one that a list gave."""

    code = "cursor_invalid"


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and where the next page goes on."""

    rows: Sequence[Mapping[str, Any]]
    cursor: str | None


async def requests_page(
    store: PostgresStore,
    organisation_id: UUID,
    *,
    state: StateName | None,
    limit: int,
    cursor: str | None,
) -> Page:
    """Requests of an organisation, of this state where one is named."""
    created_at, request_id = (None, None) if cursor is None else _read_cursor(cursor)
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
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, _cursor(rows[-1]) if more else None)


def _cursor(row: Mapping[str, Any]) -> str:
    text = json.dumps([row["created_at"].isoformat(), str(row["request_id"])])
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        created_at, request_id = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return datetime.fromisoformat(created_at), UUID(request_id)
    except (ValueError, TypeError, AttributeError):
        raise CursorInvalid(field="cursor") from None
