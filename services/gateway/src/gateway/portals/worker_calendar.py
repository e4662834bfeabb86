"""My calendar by day and by week: what is held for me and what stands."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Response

from gateway.portals.worker_desk import AtDesk, Desk
from gateway.portals.worker_words import when

HOME = "Europe/Paris"
"""Whose today it is when a calendar holds nothing that says otherwise."""

QUARTER = 15
"""Minutes a row of the grid."""

EARLIEST, LATEST = 7, 20
"""The hours that are always shown."""

MOST_LANES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A hold or a visit in the place's own time; rows count quarters of an hour from midnight."""

    kind: str
    request_id: str
    visit_id: str | None
    hours: str
    day: date
    first_row: int
    last_row: int
    overlap_accepted: bool
    service: str = ""
    place: str = ""
    mine: bool = False

    @property
    def rows(self) -> int:
        """How many rows it takes, two at least so that its hours can be read."""
        return max(2, self.last_row - self.first_row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An entry in its lane, beside those that overlap it."""

    entry: Entry
    lane: int
    lanes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDay:
    """A day and what stands in it, the earliest first."""

    day: date
    placed: Sequence[Placed]


def calendar_routes(at_desk: AtDesk) -> APIRouter:
    """The calendar page."""
    router = APIRouter()

    @router.get("/calendar")
    async def calendar(
        view: str = "week", on: date | None = None, part: str = "", desk: Desk = Depends(at_desk)
    ) -> Response:
        """A day or a week, with the one before, the one after, and today."""
        today = desk.now.astimezone(ZoneInfo(HOME)).date()
        chosen = on or today
        length = 1 if view == "day" else 7
        first = chosen if view == "day" else chosen - timedelta(days=chosen.weekday())
        days = [first + timedelta(days=each) for each in range(length)]
        entries = await _entries(desk, days)
        shown = [ShownDay(day=day, placed=placed([entry for entry in entries if entry.day == day])) for day in days]
        from_hour = min([EARLIEST, *(entry.first_row * QUARTER // 60 for entry in entries)])
        to_hour = max([LATEST, *(-(-entry.last_row * QUARTER // 60) for entry in entries)])
        values: dict[str, Any] = {
            "view": "day" if view == "day" else "week",
            "days": shown,
            "today": today,
            "on": chosen,
            "before": first - timedelta(days=length),
            "after": first + timedelta(days=length),
            "from_hour": from_hour,
            "to_hour": to_hour,
            "title": _title(desk, days),
        }
        if part == "days":
            return desk.part("calendar_days.html", **values)
        return await desk.page("calendar.html", **values)

    return router


def _title(desk: Desk, days: Sequence[date]) -> str:
    if len(days) == 1:
        return desk.texts.day(days[0])
    return f"{desk.texts.weekday(days[0])} – {desk.texts.weekday(days[-1])} {days[-1].year}"


async def _entries(desk: Desk, days: Sequence[date]) -> list[Entry]:
    """All that stands on these days, each by the clocks of its own place."""
    midnight = datetime.combine(days[0], datetime.min.time(), ZoneInfo("UTC"))
    found = await desk.get(
        "scheduling",
        "/calendar",
        worker_id=str(desk.me),
        **{
            "from": (midnight - timedelta(days=1)).isoformat(),
            "to": (midnight + timedelta(days=len(days) + 1)).isoformat(),
        },
    )
    rows = found["entries"]
    calls = await _calls(desk) if rows else {}
    entries = await asyncio.gather(*(_entry(desk, row, calls) for row in rows))
    return [entry for entry in entries if entry.day in days]


async def _calls(desk: Desk) -> Mapping[str, Mapping[str, Any]]:
    return {call["request_id"]: call for call in (await desk.get("dispatch", "/calls"))["calls"]}


async def _entry(desk: Desk, row: Mapping[str, Any], calls: Mapping[str, Mapping[str, Any]]) -> Entry:
    zone = ZoneInfo(row["zone"])
    start, end = when(row["start"]).astimezone(zone), when(row["end"]).astimezone(zone)
    about, mine = await _about(desk, row, calls)
    service, place = "", ""
    if about is not None:
        offered = (await desk.offered([about["postal_code"]]))[about["postal_code"]]
        service, place = offered.service(about["service"], desk.texts.language), offered.place(about["postal_code"])
    first = (start.hour * 60 + start.minute) // QUARTER
    last = -(-(end.hour * 60 + end.minute) // QUARTER) if end.date() == start.date() else 24 * 60 // QUARTER
    return Entry(
        kind=row["kind"],
        request_id=row["request_id"],
        visit_id=row["visit_id"],
        hours=f"{desk.texts.hour(start, row['zone'])} – {desk.texts.hour(end, row['zone'])}",
        day=start.date(),
        first_row=first,
        last_row=last,
        overlap_accepted=row["overlap_accepted"],
        service=service,
        place=place,
        mine=mine,
    )


async def _about(
    desk: Desk, row: Mapping[str, Any], calls: Mapping[str, Mapping[str, Any]]
) -> tuple[Mapping[str, Any] | None, bool]:
    """What an entry is for, where the worker may know it; and whether they created its request."""
    mine = await desk.find("request-intake", f"/requests/{row['request_id']}")
    if mine is not None:
        return mine, True
    if row["visit_id"] is not None:
        return await desk.find("scheduling", f"/visits/{row['visit_id']}"), False
    return calls.get(row["request_id"]), False


def placed(entries: Sequence[Entry]) -> list[Placed]:
    """Entries side by side where they overlap; what would be a fourth lane shares the last."""
    shown: list[Placed] = []
    group: list[tuple[Entry, int]] = []
    busy: list[int] = []  # the row at which each lane is free again
    for entry in sorted(entries, key=lambda each: (each.first_row, each.last_row)):
        if group and entry.first_row >= max(busy):
            shown += _side_by_side(group, len(busy))
            group, busy = [], []
        lane = next((lane for lane, free in enumerate(busy) if free <= entry.first_row), len(busy))
        lane = min(lane, MOST_LANES - 1)
        end = entry.first_row + entry.rows
        if lane == len(busy):
            busy.append(end)
        else:
            busy[lane] = max(busy[lane], end)
        group.append((entry, lane + 1))
    return shown + (_side_by_side(group, len(busy)) if group else [])


def _side_by_side(group: Sequence[tuple[Entry, int]], lanes: int) -> list[Placed]:
    return [Placed(entry=entry, lane=lane, lanes=lanes) for entry, lane in group]
