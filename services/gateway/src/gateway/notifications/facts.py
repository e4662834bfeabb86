"""What a mail says of a request, and what a digest says of an organisation: read from the board."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from doorstep_chassis.store.postgres import PostgresStore
from doorstep_contracts.base import Slot
from psycopg.rows import dict_row

from gateway.views.board import ORGANISATIONS, REQUESTS

SHOWN_DEADLINES = 5


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """A request as the board has it."""

    postal_code: str
    service: str
    rate_cents: int
    slot: Slot


@dataclass(frozen=True, slots=True)
class Deadline:
    """A request that something ends or settles at that instant."""

    request_id: UUID
    at: datetime
    lacks: Sequence[str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in an organisation: how many requests lack what, the most frequent first, and the soonest deadlines."""

    zone: str
    requests: int
    lacks: Sequence[tuple[str, int]]
    deadlines: Sequence[Deadline]


async def request_facts(store: PostgresStore, organisation_id: UUID, request_id: UUID) -> RequestFacts | None:
    """The request; None as long as the board has not heard of its draft."""
    row = await _one(
        store, REQUESTS.name, organisation_id, "AND request_id = %s AND created_at IS NOT NULL", request_id
    )
    if row is None:
        return None
    return RequestFacts(
        row["postal_code"],
        row["service"],
        row["rate_cents"],
        Slot(start=row["starts_at"], end=row["ends_at"], zone=row["zone"]),
    )


async def zone_of(store: PostgresStore, organisation_id: UUID) -> str:
    """The organisation's time zone."""
    row = await _one(store, ORGANISATIONS.name, organisation_id, "")
    return "Europe/Paris" if row is None or row["time_zone"] is None else str(row["time_zone"])


async def waiting_in(store: PostgresStore, organisation_id: UUID, now: datetime) -> Waiting:
    """Every request that has not ended and lacks something."""
    async with store.connection() as connection:
        cursor = await connection.cursor(row_factory=dict_row).execute(
            f"SELECT request_id, client_lacks, worker_lacks, client_deadline, starts_at FROM {REQUESTS.name}"  # noqa: S608
            " WHERE organisation_id = %s AND state IN ('draft', 'launched')".encode(),
            (organisation_id,),
        )
        rows = [(row, _lacks(row)) for row in await cursor.fetchall()]
    open_rows = [(row, lacks) for row, lacks in rows if lacks]
    counted = Counter(lack for _, lacks in open_rows for lack in lacks)
    deadlines = [Deadline(row["request_id"], at, lacks) for row, lacks in open_rows for at in _next(row, now)]
    return Waiting(
        zone=await zone_of(store, organisation_id),
        requests=len(open_rows),
        lacks=sorted(counted.items(), key=lambda each: (-each[1], each[0])),
        deadlines=sorted(deadlines, key=lambda each: (each.at, each.request_id))[:SHOWN_DEADLINES],
    )


def _lacks(row: Mapping[str, Any]) -> list[str]:
    return [*(row["client_lacks"] or ()), *(row["worker_lacks"] or ())]


def _next(row: Mapping[str, Any], now: datetime) -> list[datetime]:
    """The next instant at which the request ends unless somebody acts."""
    ahead = [each for each in (row["client_deadline"], row["starts_at"]) if each is not None and each >= now]
    return [min(ahead)] if ahead else []


async def _one(
    store: PostgresStore, table: str, organisation_id: UUID, condition: str, *values: Any
) -> Mapping[str, Any] | None:
    async with store.connection() as connection:
        cursor = await connection.cursor(row_factory=dict_row).execute(
            f"SELECT * FROM {table} WHERE organisation_id = %s {condition}".encode(),  # noqa: S608
            (organisation_id, *values),
        )
        return await cursor.fetchone()
