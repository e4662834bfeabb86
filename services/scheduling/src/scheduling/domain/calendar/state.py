"""The busy slots of one week of a worker's calendar."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from doorstep_chassis.domain import Stream

from scheduling.domain.calendar.events import CalendarEvent, CalendarSlotFreed, CalendarSlotTaken
from scheduling.domain.ids import HoldId
from scheduling.domain.slot import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """One busy slot and who keeps it."""

    hold_id: HoldId
    slot: Slot


@dataclass(frozen=True, slots=True)
class CalendarWeek:
    """The busy slots that touch the week, ordered by start. Accepted overlaps may stand over each other."""

    busy: tuple[Busy, ...] = ()
    longest: timedelta = timedelta()
    """No slot is longer: what begins so long before an instant has ended by then."""

    def overlapping(self, start: datetime, end: datetime, *, besides: HoldId | None = None) -> Busy | None:
        """The first busy slot that shares time with this one; slots that only touch share none."""
        first = bisect_right(self.busy, start - self.longest, key=_start)
        last = bisect_left(self.busy, end, key=_start)
        for each in self.busy[first:last]:
            if each.slot.end > start and each.hold_id != besides:
                return each
        return None


def evolve(week: CalendarWeek, event: CalendarEvent) -> CalendarWeek:
    """What an event makes of the week."""
    busy = week.busy
    match event:
        case CalendarSlotTaken(hold_id=hold_id, slot=slot):
            at = bisect_right(busy, slot.start, key=_start)
            taken = Busy(hold_id=hold_id, slot=slot)
            return CalendarWeek((*busy[:at], taken, *busy[at:]), max(week.longest, slot.end - slot.start))
        case CalendarSlotFreed(hold_id=hold_id, start=start):
            first, last = bisect_left(busy, start, key=_start), bisect_right(busy, start, key=_start)
            rest = tuple(each for each in busy[first:last] if each.hold_id != hold_id)
            return CalendarWeek((*busy[:first], *rest, *busy[last:]), week.longest)
        case _:
            assert_never(event)


def _start(busy: Busy) -> datetime:
    return busy.slot.start


CALENDAR: Stream[CalendarWeek] = Stream("scheduling.calendar", CalendarWeek(), evolve)
"""Keyed by worker and week: `<worker id>/2026-W23`."""
