"""The calendar of workers, by day and by week: what is held and what is to be visited, each at its place."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from doorstep_chassis.service import Context
from fastapi import APIRouter, Request, Response

from gateway.people import People
from gateway.portals.calls import Calls, OnBehalf, Refused
from gateway.portals.catalogues import Catalogues, Offered
from gateway.portals.console_pages import console_page
from gateway.portals.console_rows import offered_at, zone_text
from gateway.portals.names import client_names
from gateway.portals.people import worker_label
from gateway.portals.session import Operator
from gateway.portals.texts import Texts, chosen_language
from gateway.upstream import ServiceUnavailable
from gateway.views.listing import home_zone, rows_of, workers_of

WORKERS_AT_ONCE = 30
STEP = 15
"""Minutes: the columns of a day."""
FIRST_HOUR, LAST_HOUR = 7, 20
"""What a day shows at least."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in a calendar; `first` and `last` are minutes of the day that is shown, in the organisation's zone."""

    request_id: UUID
    held: bool
    overlap: bool
    day: date
    first: int
    last: int
    hours: str
    away: str
    title: str
    place: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of a day's row: an entry, or nothing; `span` in columns."""

    span: int
    entry: Entry | None = None
    full_hour: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A worker and their entries; `known` is False while their calendar cannot be read."""

    worker_id: UUID
    label: str
    entries: Sequence[Entry]
    known: bool


def calendar_routes(context: Context, catalogues: Catalogues) -> APIRouter:
    """The page of the calendar."""
    router = APIRouter()

    @router.get("/console/calendar")
    async def calendar(
        request: Request,
        session: Operator,
        calls: OnBehalf,
        view: str = "day",
        day: str = "",
        skip: str = "0",
        part: str | None = None,
    ) -> Response:
        """A day or a week of all active workers, thirty at a time; `part=list` answers with the calendar alone."""
        texts, organisation_id = Texts(chosen_language(request)), session.principal.organisation_id
        home = await home_zone(context.store, organisation_id)
        today = context.clock.now().astimezone(ZoneInfo(home)).date()
        shown_view: Literal["day", "week"] = "week" if view == "week" else "day"
        chosen = _day(day, today)
        begin = chosen - timedelta(days=chosen.weekday()) if shown_view == "week" else chosen
        days = [begin + timedelta(days=number) for number in range(7 if shown_view == "week" else 1)]
        active = [row["worker_id"] for row in await workers_of(context.store, organisation_id) if row["active"]]
        first = int(skip) if skip.isascii() and skip.isdecimal() and len(skip) < 6 else 0
        asked = active[first : first + WORKERS_AT_ONCE]

        found = await asyncio.gather(*(_calendar(calls, worker_id, days, home) for worker_id in asked))
        workers = await People(context).names(organisation_id, asked)
        requests = {UUID(each["request_id"]) for entries in found if entries for each in entries}
        rows = await rows_of(context.store, organisation_id, sorted(requests))
        names = await client_names(calls, (row["client_id"] for row in rows.values()))
        offered = await offered_at(
            catalogues, calls, organisation_id, {row["postal_code"] for row in rows.values() if row["postal_code"]}
        )

        def entries_of(answer: Sequence[Mapping[str, Any]] | None) -> list[Entry]:
            made = (_entry(each, rows, names, offered, texts, home) for each in answer or ())
            return [clipped for entry in made for clipped in entry if clipped.day in days]

        lines = [
            Row(worker_id, worker_label(texts, worker_id, workers), entries_of(answer), answer is not None)
            for worker_id, answer in zip(asked, found, strict=True)
        ]
        hours = day_hours(entry for line in lines for entry in line.entries)
        step = timedelta(days=7 if shown_view == "week" else 1)
        return console_page(
            request,
            "console/calendar_list.html" if part == "list" else "console/calendar.html",
            session=session,
            here="calendar",
            view=shown_view,
            chosen=chosen,
            days=days,
            today=today,
            before=begin - step,
            after=begin + step,
            lines=lines,
            hours=hours,
            lanes={line.worker_id: [cells(lane, hours) for lane in lanes(line.entries)] for line in lines},
            skip=first,
            more=len(active) > first + WORKERS_AT_ONCE,
            workers_at_once=WORKERS_AT_ONCE,
        )

    return router


def _day(text: str, today: date) -> date:
    try:
        chosen = date.fromisoformat(text)
    except ValueError:
        return today
    return chosen if 2000 < chosen.year < 2199 else today


async def _calendar(
    calls: Calls, worker_id: UUID, days: Sequence[date], home: str
) -> Sequence[Mapping[str, Any]] | None:
    """A worker's entries on these days; None while scheduling does not tell."""
    start = datetime.combine(days[0], time(), ZoneInfo(home))
    end = datetime.combine(days[-1] + timedelta(days=1), time(), ZoneInfo(home))
    query = {"worker_id": str(worker_id), "from": start.isoformat(), "to": end.isoformat()}
    try:
        answer: Mapping[str, Any] = await calls.get("scheduling", "/calendar", **query)
    except (Refused, ServiceUnavailable):
        return None
    entries: Sequence[Mapping[str, Any]] = answer["entries"]
    return entries


def _entry(
    told: Mapping[str, Any],
    rows: Mapping[UUID, Mapping[str, Any]],
    names: Mapping[UUID, str],
    offered: Mapping[str, Offered],
    texts: Texts,
    home: str,
) -> Iterable[Entry]:
    """One entry, a part for each day that it touches."""
    start, end = datetime.fromisoformat(told["start"]), datetime.fromisoformat(told["end"])
    zone, row = told["zone"], rows.get(UUID(told["request_id"]), {})
    postal_code: str = row.get("postal_code") or ""
    there = offered.get(postal_code)
    service = "" if there is None else there.service(row["service"], texts.language)
    client_id: UUID | None = row.get("client_id")
    name = None if client_id is None else names.get(client_id)
    local_start, local_end = start.astimezone(ZoneInfo(home)), end.astimezone(ZoneInfo(home))
    day = local_start.date()
    while day < local_end.date() or (day == local_end.date() and local_end.time() > time()):
        yield Entry(
            request_id=UUID(told["request_id"]),
            held=told["kind"] == "hold",
            overlap=told["overlap_accepted"],
            day=day,
            first=_minutes(local_start) if day == local_start.date() else 0,
            last=_minutes(local_end) if day == local_end.date() else 24 * 60,
            hours=f"{texts.hour(start, zone)} – {texts.hour(end, zone)}",
            away="" if zone == home else zone_text(zone),
            title=name or service or "—",
            place=" · ".join(text for text in (service, "" if there is None else there.place(postal_code)) if text),
        )
        day += timedelta(days=1)


def _minutes(local: datetime) -> int:
    return local.hour * 60 + local.minute


def day_hours(entries: Iterable[Entry]) -> range:
    """The hours of the day that are shown: the usual ones, and earlier or later where something stands there."""
    first, last = FIRST_HOUR, LAST_HOUR
    for entry in entries:
        first, last = min(first, entry.first // 60), max(last, -(-entry.last // 60))
    return range(first, last)


def lanes(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Entries in as few rows as keep those that overlap apart; one row at least."""
    made: list[list[Entry]] = [[]]
    for entry in sorted(entries, key=lambda each: (each.first, each.last)):
        free = next((lane for lane in made if not lane or _column_end(lane[-1]) <= entry.first // STEP), None)
        if free is None:
            made.append([entry])
        else:
            free.append(entry)
    return made


def _column_end(entry: Entry) -> int:
    return max(-(-entry.last // STEP), entry.first // STEP + 1)


def cells(lane: Sequence[Entry], hours: range) -> list[Cell]:
    """A row of the day in columns of fifteen minutes; what is empty is parted at each full hour."""
    made: list[Cell] = []
    at, end = hours.start * 60 // STEP, hours.stop * 60 // STEP
    for entry in lane:
        made += _empty(at, entry.first // STEP)
        made.append(Cell(_column_end(entry) - entry.first // STEP, entry))
        at = _column_end(entry)
    return made + _empty(at, end)


def _empty(first: int, last: int) -> list[Cell]:
    made, an_hour = [], 60 // STEP
    while first < last:
        until = min(last, (first // an_hour + 1) * an_hour)
        made.append(Cell(until - first, full_hour=first % an_hour == 0))
        first = until
    return made
