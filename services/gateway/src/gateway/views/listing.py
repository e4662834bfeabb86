"""Lists over the board, a page at a time: the newest first, or what is due soonest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any, Literal, get_args
from uuid import UUID

from doorstep_chassis.paging import Listing, Page
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_contracts.directory import ClientGateLack
from doorstep_contracts.dispatch import WorkerGateLack
from psycopg.rows import dict_row
from sqlalchemy import ClauseElement, ColumnElement, Date, Text, and_, case, cast, false, func, or_, select, tuple_
from sqlalchemy.dialects import postgresql

from gateway.views.board import ORGANISATIONS, REQUESTS, WORKERS

StateName = Literal["draft", "launching", "launched", "confirmed", "cancelled", "declined", "expired"]
Group = Literal["review", "launched", "confirmed", "draft", "ended"]
"""How operators part the board: who the client is must be said, live, to come, not launched yet, and over."""
Order = Literal["newest", "soonest"]
Lack = ClientGateLack | WorkerGateLack

Row = Mapping[str, Any]

GROUPS: tuple[Group, ...] = get_args(Group)
SHORTEST_ID = 4
"""How much of a request's id must be typed to find it."""

_DIALECT = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]
_ROW = REQUESTS.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which requests somebody looks for; what is None or empty does not matter. `now` parts what is to come and over.

    `lacks` finds what lacks one of these. Days are those of each slot's own place. `words` are looked up as the beginning
    of an id or a postal code, or in the service; requests of `client_ids` are found beside them.
    """

    now: datetime
    state: StateName | None = None
    group: Group | None = None
    lacks: Sequence[Lack] = ()
    first_day: date | None = None
    last_day: date | None = None
    worker_id: UUID | None = None
    words: str = ""
    client_ids: Sequence[UUID] = ()
    order: Order = "newest"

    @property
    def filters(self) -> dict[str, object]:
        """All that decides which rows are found, in which order, whenever it is."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "now"}


async def requests_page(
    store: PostgresStore, organisation_id: UUID, wish: Wish, *, key: bytes, limit: int, cursor: str | None
) -> Page[Row]:
    """The requests of an organisation that somebody looks for; `key` signs the cursors. Errors: CursorInvalid."""
    listing = Listing(key, "board", organisation_id, **wish.filters)
    newest = wish.order == "newest"
    at = _ROW.created_at if newest else _due()
    query = select(REQUESTS, _due().label("due")).where(*_wished(organisation_id, wish))
    after = listing.after(cursor)
    if after is not None:
        place, seen = tuple_(at, _ROW.request_id), tuple_(*after)
        query = query.where(place < seen if newest else place > seen)
    ordered = (at.desc(), _ROW.request_id.desc()) if newest else (at, _ROW.request_id)
    rows = await _rows(store, query.order_by(*ordered).limit(limit + 1))
    return listing.page(rows, limit, at="created_at" if newest else "due", id="request_id")


async def group_sizes(store: PostgresStore, organisation_id: UUID, wish: Wish) -> Mapping[Group, int]:
    """How many requests of each group there are by the same wish, whatever group it names."""
    counted = [func.count().filter(_in_group(group, wish.now)).label(group) for group in GROUPS]
    rows = await _rows(
        store, select(*counted).select_from(REQUESTS).where(*_wished(organisation_id, replace(wish, group=None)))
    )
    return {group: rows[0][group] for group in GROUPS}


async def request_row(store: PostgresStore, organisation_id: UUID, request_id: UUID) -> Row | None:
    """One request's row, with what is due."""
    query = select(REQUESTS, _due().label("due")).where(
        _ROW.organisation_id == organisation_id, _ROW.request_id == request_id
    )
    return next(iter(await _rows(store, query)), None)


async def rows_of(store: PostgresStore, organisation_id: UUID, request_ids: Sequence[UUID]) -> Mapping[UUID, Row]:
    """The rows of these requests, by id."""
    query = select(REQUESTS).where(_ROW.organisation_id == organisation_id, _ROW.request_id.in_(request_ids))
    return {row["request_id"]: row for row in await _rows(store, query)}


async def recent_clients(store: PostgresStore, organisation_id: UUID, *, limit: int) -> Sequence[UUID]:
    """The clients of the newest requests, each once."""
    query = (
        select(_ROW.client_id)
        .where(_ROW.organisation_id == organisation_id, _ROW.client_id.is_not(None))
        .group_by(_ROW.client_id)
        .order_by(func.max(_ROW.created_at).desc(), _ROW.client_id)
        .limit(limit)
    )
    return [row["client_id"] for row in await _rows(store, query)]


async def workers_of(store: PostgresStore, organisation_id: UUID) -> Sequence[Row]:
    """The register of workers, as dispatch tells it."""
    query = select(WORKERS).where(WORKERS.c.organisation_id == organisation_id)
    return await _rows(store, query.order_by(WORKERS.c.active.desc(), WORKERS.c.worker_id))


async def home_zone(store: PostgresStore, organisation_id: UUID) -> str:
    """The organisation's own time zone."""
    query = select(ORGANISATIONS.c.time_zone).where(ORGANISATIONS.c.organisation_id == organisation_id)
    found = await _rows(store, query)
    return (found[0]["time_zone"] if found else None) or "Europe/Paris"


def _wished(organisation_id: UUID, wish: Wish) -> list[ColumnElement[bool]]:
    slot_day = cast(func.timezone(_ROW.zone, _ROW.starts_at), Date)
    conditions = [_ROW.organisation_id == organisation_id, _ROW.created_at.is_not(None)]
    if wish.state is not None:
        conditions.append(_ROW.state == wish.state)
    if wish.lacks:
        conditions.append(
            or_(*(_lacks(gate, code) for gate in (_ROW.client_lacks, _ROW.worker_lacks) for code in wish.lacks))
        )
    if wish.first_day is not None:
        conditions.append(slot_day >= wish.first_day)
    if wish.last_day is not None:
        conditions.append(slot_day <= wish.last_day)
    if wish.worker_id is not None:
        conditions.append(_ROW.worker_id == wish.worker_id)
    if wish.words or wish.client_ids:
        conditions.append(_found(wish))
    if wish.group is not None:
        conditions.append(_in_group(wish.group, wish.now))
    return conditions


def _found(wish: Wish) -> ColumnElement[bool]:
    words = wish.words.strip().lower().removeprefix("#")
    ways: list[ColumnElement[bool]] = []
    if words:
        ways.append(_ROW.service.contains(words, autoescape=True))
    if words.isascii() and words.isdecimal():
        ways.append(_ROW.postal_code.startswith(words, autoescape=True))
    if len(words) >= SHORTEST_ID:
        ways.append(cast(_ROW.request_id, Text).startswith(words, autoescape=True))
    if wish.client_ids:
        ways.append(_ROW.client_id.in_(wish.client_ids))
    return or_(false(), *ways)


def _in_group(group: Group, now: datetime) -> ColumnElement[bool]:
    in_review = _lacks(_ROW.client_lacks, "review")
    passed = and_(_ROW.state == "confirmed", _ROW.ends_at <= now)
    match group:
        case "review":
            return and_(_ROW.state == "draft", in_review)
        case "draft":
            return and_(_ROW.state == "draft", ~in_review)
        case "launched":
            return _ROW.state == "launched"
        case "confirmed":
            return and_(_ROW.state == "confirmed", _ROW.ends_at > now)
        case "ended":
            return or_(_ROW.state.in_(("cancelled", "declined", "expired")), passed)


def _lacks(lacks: Any, code: str) -> ColumnElement[bool]:
    return func.coalesce(lacks.has_key(code), false())


def _due() -> ColumnElement[datetime]:
    """The first deadline that still counts; for what is confirmed or over, its slot's start."""
    return case(
        (_ROW.state == "draft", func.least(_ROW.expires_at, _ROW.starts_at)),
        (_ROW.state == "launched", func.least(_ROW.client_deadline, _ROW.broadcast_deadline, _ROW.starts_at)),
        else_=_ROW.starts_at,
    )


async def _rows(store: PostgresStore, query: ClauseElement) -> Sequence[Row]:
    compiled = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    async with store.connection() as connection:
        found = await connection.cursor(row_factory=dict_row).execute(str(compiled).encode(), compiled.params)
        return await found.fetchall()
