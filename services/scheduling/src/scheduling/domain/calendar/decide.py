"""Whether a worker is free: the one judgement behind the answer that a worker sees and the hold that is booked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from scheduling.domain.calendar.state import CalendarWeek
from scheduling.domain.ids import HoldId
from scheduling.domain.slot import Slot


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a worker is not free; `conflict` is the busy slot in the way."""

    reason: Literal["overlap", "slot_in_past"]
    conflict: Slot | None = None


def obstacle(
    weeks: Iterable[CalendarWeek], start: datetime, end: datetime, *, now: datetime, besides: HoldId | None = None
) -> Obstacle | None:
    """A worker is free at a slot that has not begun and that no busy slot overlaps; None says so.

    `weeks` are all those that the slot touches, in order; `besides` is a busy slot that counts as free.
    """
    if start < now:
        return Obstacle("slot_in_past")
    for week in weeks:
        found = week.overlapping(start, end, besides=besides)
        if found is not None:
            return Obstacle("overlap", found.slot)
    return None
