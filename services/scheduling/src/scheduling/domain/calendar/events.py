"""What happens in one week of a worker's calendar. A slot over the edge of two weeks is written to both, in one unit."""

from datetime import datetime
from typing import ClassVar

from doorstep_chassis.domain import Event

from scheduling.domain.ids import HoldId
from scheduling.domain.slot import Slot


class CalendarSlotTaken(Event):
    """The slot is busy from now on."""

    TOPIC: ClassVar[str] = "scheduling.calendar-slot-taken"

    hold_id: HoldId
    slot: Slot


class CalendarSlotFreed(Event):
    """The slot that began at `start` is free again."""

    TOPIC: ClassVar[str] = "scheduling.calendar-slot-freed"

    hold_id: HoldId
    start: datetime


CalendarEvent = CalendarSlotTaken | CalendarSlotFreed
