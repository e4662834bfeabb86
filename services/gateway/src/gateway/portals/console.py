"""The operators' console: its navigation, and the board of requests with what each lacks and when it is due."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, get_args
from urllib.parse import urlencode
from uuid import UUID

from doorstep_chassis.service import Context
from fastapi import APIRouter, Query, Request, Response

from gateway.people import People
from gateway.portals.calls import Calls, OnBehalf
from gateway.portals.catalogues import Catalogues
from gateway.portals.console_calendar import calendar_routes
from gateway.portals.console_pages import console_page
from gateway.portals.console_request import request_routes
from gateway.portals.console_rows import Known, Line, line_of, offered_at
from gateway.portals.console_settings import settings_routes
from gateway.portals.console_words import CLIENT_LACKS, GROUPS, WAITS_FOR_OPERATOR, WORKER_LACKS
from gateway.portals.forms import Form, text_of
from gateway.portals.names import client_names, fits
from gateway.portals.people import worker_label
from gateway.portals.session import Operator, Session
from gateway.portals.texts import Texts, chosen_language
from gateway.views.listing import (
    Group,
    Lack,
    Order,
    Wish,
    group_sizes,
    home_zone,
    recent_clients,
    requests_page,
    workers_of,
)

ROWS = 50
FOUND = 100
"""How many requests a search shows."""
SEARCHED_CLIENTS = 1_000
"""Among how many clients, those of the newest requests, a name is looked for."""
LONGEST_WORDS = 100
EMPTY: Mapping[UUID, str] = MappingProxyType({})

LACK_CODES: tuple[str, ...] = tuple(code for union in get_args(Lack) for code in get_args(union))


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address of a board page says. A value that is none of the form's own counts as not chosen."""

    group: Group = "launched"
    lacks: str = ""
    first_day: date | None = None
    last_day: date | None = None
    worker_id: UUID | None = None
    order: Order | None = None
    cursor: str | None = None

    @property
    def used(self) -> bool:
        """Whether anything but the group is chosen."""
        return bool(self.lacks or self.first_day or self.last_day or self.worker_id)

    def wish(self, now: datetime) -> Wish:
        """As the board's list takes it: what is over stands newest first, all else by what is due soonest."""
        lacks: Any = WAITS_FOR_OPERATOR if self.lacks == "operator_acts" else (self.lacks,) if self.lacks else ()
        return Wish(
            now=now,
            group=self.group,
            lacks=lacks,
            first_day=self.first_day,
            last_day=self.last_day,
            worker_id=self.worker_id,
            order=self.order or ("newest" if self.group == "ended" else "soonest"),
        )

    def address(self, **changes: Any) -> str:
        """The page with these filters and changes; a changed filter begins at the first page."""
        chosen = replace(self, **{"cursor": None, **changes})
        named = {
            "group": chosen.group,
            "lacks": chosen.lacks,
            "from": chosen.first_day,
            "to": chosen.last_day,
            "worker": chosen.worker_id,
            "order": chosen.order,
            "cursor": chosen.cursor,
        }
        return "/console?" + urlencode({name: value for name, value in named.items() if value})


def filters_of(query: Any) -> Filters:
    """The filters that an address names."""

    def day(name: str) -> date | None:
        try:
            return date.fromisoformat(query.get(name, ""))
        except ValueError:
            return None

    try:
        worker_id = UUID(query.get("worker", ""))
    except ValueError:
        worker_id = None
    group, lacks, order = query.get("group"), query.get("lacks"), query.get("order")
    return Filters(
        group=group if group in GROUPS else "launched",
        lacks=lacks if lacks in (*LACK_CODES, "operator_acts") else "",
        first_day=day("from"),
        last_day=day("to"),
        worker_id=worker_id,
        order=order if order in get_args(Order) else None,
        cursor=query.get("cursor"),
    )


def console_routes(context: Context) -> APIRouter:
    """All pages of the console."""
    catalogues = Catalogues(context.clock)
    router = APIRouter()
    router.include_router(_board(context, catalogues))
    router.include_router(request_routes(context, catalogues))
    router.include_router(calendar_routes(context, catalogues))
    router.include_router(settings_routes())
    return router


def _board(context: Context, catalogues: Catalogues) -> APIRouter:
    people = People(context)
    router = APIRouter()

    async def lines(
        request: Request, session: Session, calls: Calls, rows: Any, named: Mapping[UUID, str] = EMPTY
    ) -> list[Line]:
        organisation_id = session.principal.organisation_id
        workers = {row[name] for row in rows for name in ("worker_id", "created_by")} - {None}
        known = Known(
            clients={**await client_names(calls, {row["client_id"] for row in rows} - set(named)), **named},
            workers=await people.names(organisation_id, sorted(workers)),
            offered=await offered_at(catalogues, calls, organisation_id, {row["postal_code"] for row in rows}),
            home=await home_zone(context.store, organisation_id),
        )
        texts = Texts(chosen_language(request))
        return [line_of(row, texts, context.clock.now(), known) for row in rows]

    @router.get("/console")
    async def board(
        request: Request, session: Operator, calls: OnBehalf, part: Annotated[str | None, Query()] = None
    ) -> Response:
        """The board; `part=list` answers with its tabs and rows alone."""
        filters, organisation_id = filters_of(request.query_params), session.principal.organisation_id
        wish = filters.wish(context.clock.now())
        found = await requests_page(
            context.store, organisation_id, wish, key=context.hmac_key, limit=ROWS, cursor=filters.cursor
        )
        texts = Texts(chosen_language(request))
        workers = [row["worker_id"] for row in await workers_of(context.store, organisation_id)]
        named = await people.names(organisation_id, workers)
        return console_page(
            request,
            "console/board_list.html" if part == "list" else "console/board.html",
            session=session,
            here="board",
            filters=filters,
            order=wish.order,
            sizes=await group_sizes(context.store, organisation_id, wish),
            groups=GROUPS,
            lines=await lines(request, session, calls, found.rows),
            next_page=None if found.next_cursor is None else filters.address(cursor=found.next_cursor),
            workers=[(worker_id, worker_label(texts, worker_id, named)) for worker_id in workers],
            client_lacks=CLIENT_LACKS,
            worker_lacks=WORKER_LACKS,
        )

    @router.post("/console/search")
    async def search(request: Request, session: Operator, calls: OnBehalf, form: Form) -> Response:
        """Requests by the beginning of their id or postal code, by service, or by their client's name.

        What is looked for may be somebody's name, so it is sent in the body and stands in no address.
        """
        organisation_id, words = session.principal.organisation_id, text_of(form, "q")[:LONGEST_WORDS]
        rows: Any = ()
        names: Mapping[UUID, str] = EMPTY
        if words:
            if not any(letter.isdigit() for letter in words):
                clients = await recent_clients(context.store, organisation_id, limit=SEARCHED_CLIENTS)
                named = await client_names(calls, clients)
                names = {client_id: name for client_id, name in named.items() if fits(name, words)}
            wish = Wish(now=context.clock.now(), words=words, client_ids=tuple(names))
            rows = (
                await requests_page(
                    context.store, organisation_id, wish, key=context.hmac_key, limit=FOUND, cursor=None
                )
            ).rows
        return console_page(
            request,
            "console/search_list.html" if text_of(form, "part") == "list" else "console/search.html",
            session=session,
            here="board",
            words=words,
            lines=await lines(request, session, calls, rows, names),
            most=FOUND,
        )

    return router
