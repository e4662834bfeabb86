"""Lists in pages. A cursor is where the next page begins: opaque, signed, and good for the list that gave it alone.

A page begins after the last row that was seen, not after so many rows: rows that come or go in between are neither
skipped nor shown twice, and rows of one instant stand in the order of their ids.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from doorstep_chassis.errors import Invalid

R = TypeVar("R", bound=Mapping[str, Any])


class CursorInvalid(Invalid):
    """A cursor is one that the same list, with the same filters, gave."""

    code = "cursor_invalid"


class Point(NamedTuple):
    """A place in a list: an instant, and an id among those of one instant."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Rows, and where the next page begins; None on the last one."""

    rows: Sequence[R]
    next_cursor: str | None


class Listing:
    """One list of one organisation with its filters, whose cursors no other list takes.

    `filters` are all that decides which rows are in it, whose rows they are among them.
    """

    def __init__(self, key: bytes, name: str, organisation_id: UUID, **filters: object) -> None:
        bound = json.dumps([name, str(organisation_id), filters], sort_keys=True, default=str)
        self._signed = URLSafeSerializer(
            key,
            salt=f"cursor|{bound}",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def after(self, cursor: str | None) -> Point | None:
        """Where the page begins; None = at the beginning. Errors: CursorInvalid."""
        if cursor is None:
            return None
        try:
            at, row_id = self._signed.loads(cursor)
        except (BadData, ValueError):  # text that is no ASCII raises the latter
            raise CursorInvalid(field="cursor") from None
        return Point(datetime.fromisoformat(at), UUID(row_id))

    def page(self, rows: Sequence[R], limit: int, *, at: str, id: str) -> Page[R]:
        """The page, out of one row more than it holds; `at` and `id` name the columns that the rows are ordered by."""
        if len(rows) <= limit:
            return Page(rows, None)
        last = rows[limit - 1]
        return Page(rows[:limit], self._signed.dumps([last[at].isoformat(), str(last[id])]))
