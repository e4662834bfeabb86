"""A slot, and the weeks of a calendar that it touches."""

from datetime import UTC, datetime, timedelta
from typing import NewType

from doorstep_chassis.errors import Invalid
from pydantic import BaseModel, ConfigDict

LONGEST = timedelta(days=7)
"""No slot is longer, so that it touches two weeks at most."""

Week = NewType("Week", str)
"""An ISO week in UTC, as `2026-W23`: Monday 00:00 to the next Monday 00:00."""


class SlotEndsBeforeItStarts(Invalid):
    """A slot ends after it starts."""

    code = "slot_ends_before_it_starts"


class SlotTooLong(Invalid):
    """A slot is at most 7 days long."""

    code = "slot_too_long"


class Slot(BaseModel):
    """A start and a later end, both instants in UTC, in a place's time zone (its IANA name)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    start: datetime
    end: datetime
    zone: str


def weeks_of(start: datetime, end: datetime) -> tuple[Week, ...]:
    """The weeks that a slot touches, the first one first; a slot that ends as a week begins does not touch it.

    Errors: SlotEndsBeforeItStarts, SlotTooLong.
    """
    if end <= start:
        raise SlotEndsBeforeItStarts
    if end - start > LONGEST:
        raise SlotTooLong
    weeks = []
    day = start.astimezone(UTC)
    monday = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=day.weekday())
    while monday < end:
        year, number, _ = monday.isocalendar()
        weeks.append(Week(f"{year}-W{number:02}"))
        monday += timedelta(weeks=1)
    return tuple(weeks)
