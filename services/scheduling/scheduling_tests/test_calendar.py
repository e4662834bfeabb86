"""Free or busy: the one judgement behind availability and holds."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scheduling.domain.calendar.decide import Obstacle, obstacle
from scheduling.domain.calendar.events import CalendarEvent, CalendarSlotFreed, CalendarSlotTaken
from scheduling.domain.calendar.state import CALENDAR, Busy, CalendarWeek
from scheduling.domain.ids import HoldId
from scheduling.domain.slot import Slot, Week, weeks_of

from .world import HOLD_1, HOLD_2, NOW, an_id, slot

PARIS = ZoneInfo("Europe/Paris")


def local(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold).astimezone(UTC)


def between(start: datetime, end: datetime) -> Slot:
    return Slot(start=start, end=end, zone="Europe/Paris")


def written(*slots: Slot) -> dict[Week, CalendarWeek]:
    """A calendar with these slots, each written to every week it touches."""
    events: dict[Week, list[CalendarEvent]] = {}
    for number, each in enumerate(slots):
        for week in weeks_of(each.start, each.end):
            taken = CalendarSlotTaken(hold_id=HoldId(an_id(100 + number)), slot=each)
            events.setdefault(week, []).append(taken)
    return {week: CALENDAR.fold(each) for week, each in events.items()}


def judged(calendar: dict[Week, CalendarWeek], wanted: Slot, *, now: datetime = NOW) -> Obstacle | None:
    weeks = [calendar.get(week, CalendarWeek()) for week in weeks_of(wanted.start, wanted.end)]
    return obstacle(weeks, wanted.start, wanted.end, now=now)


MORNING = slot("2026-06-01T08:00", 2)
OVER_MIDNIGHT = slot("2026-06-03T22:00", 4)
OVER_THE_WEEK = slot("2026-06-07T22:00", 4)
OVER_THE_YEAR = slot("2026-12-31T22:00", 4)
OVER_THE_ISO_YEAR = slot("2027-01-03T22:00", 4)
LONG = slot("2026-06-04T00:00", 7 * 24)
# The clocks of Paris go forward on 29 March 2026 at 02:00 and back on 25 October at 03:00.
SPRING = between(local("2026-03-29T01:30"), local("2026-03-29T03:30"))
AUTUMN = between(local("2026-10-25T02:30"), local("2026-10-25T02:45"))

OVERLAP = [
    pytest.param(MORNING, MORNING, id="the same slot"),
    pytest.param(MORNING, slot("2026-06-01T07:00", 1.5), id="its beginning"),
    pytest.param(MORNING, slot("2026-06-01T09:30", 1), id="its end"),
    pytest.param(MORNING, slot("2026-06-01T08:30", 0.5), id="inside it"),
    pytest.param(MORNING, slot("2026-06-01T06:00", 8), id="around it"),
    pytest.param(OVER_MIDNIGHT, slot("2026-06-04T01:00", 1), id="after midnight"),
    pytest.param(OVER_THE_WEEK, slot("2026-06-07T21:00", 2), id="before the week's edge"),
    pytest.param(OVER_THE_WEEK, slot("2026-06-08T01:00", 2), id="after the week's edge"),
    pytest.param(slot("2026-06-08T01:00", 1), OVER_THE_WEEK, id="the later week alone is busy"),
    pytest.param(OVER_THE_YEAR, slot("2027-01-01T01:00", 1), id="after the year's end"),
    pytest.param(OVER_THE_ISO_YEAR, slot("2027-01-04T01:00", 1), id="after the ISO year's end"),
    pytest.param(LONG, slot("2026-06-09T00:00", 7 * 24), id="long slots over three weeks, the middle one shared"),
    pytest.param(LONG, slot("2026-06-10T23:00", 1), id="the last hour of a long slot"),
    pytest.param(
        SPRING, between(local("2026-03-29T03:00"), local("2026-03-29T04:00")), id="the day that lacks an hour"
    ),
    pytest.param(
        AUTUMN, between(local("2026-10-25T02:40"), local("2026-10-25T02:40", fold=1)), id="an hour comes twice"
    ),
]

FREE = [
    pytest.param(MORNING, slot("2026-06-01T10:00", 1), id="touches its end"),
    pytest.param(MORNING, slot("2026-06-01T07:00", 1), id="touches its beginning"),
    pytest.param(MORNING, slot("2026-06-02T08:00", 2), id="the next day"),
    pytest.param(OVER_MIDNIGHT, slot("2026-06-04T02:00", 1), id="touches over midnight"),
    pytest.param(OVER_THE_WEEK, slot("2026-06-08T02:00", 1), id="touches over the week's edge"),
    pytest.param(slot("2026-06-07T22:00", 2), slot("2026-06-08T00:00", 2), id="touch at the week's edge"),
    pytest.param(OVER_THE_YEAR, slot("2027-01-01T02:00", 1), id="touches over the year's end"),
    pytest.param(OVER_THE_ISO_YEAR, slot("2027-01-04T02:00", 1), id="touches over the ISO year's end"),
    pytest.param(LONG, slot("2026-06-11T00:00", 7 * 24), id="long slots that touch over three weeks"),
    pytest.param(SPRING, between(local("2026-03-29T03:30"), local("2026-03-29T04:30")), id="touch where an hour lacks"),
    pytest.param(
        AUTUMN,
        between(local("2026-10-25T02:30", fold=1), local("2026-10-25T02:45", fold=1)),
        id="the same wall time, an hour later",
    ),
]

EARLY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("busy", "wanted"), OVERLAP)
def test_a_slot_that_shares_time_with_a_busy_one_is_not_free(busy: Slot, wanted: Slot) -> None:
    assert judged(written(busy), wanted, now=EARLY) == Obstacle("overlap", busy)


@pytest.mark.parametrize(("busy", "wanted"), FREE)
def test_a_slot_that_shares_none_is_free(busy: Slot, wanted: Slot) -> None:
    assert judged(written(busy), wanted, now=EARLY) is None


def test_a_slot_that_has_begun_is_not_free() -> None:
    assert judged({}, MORNING, now=MORNING.start + timedelta(microseconds=1)) == Obstacle("slot_in_past")


def test_a_slot_may_be_taken_up_to_the_instant_it_begins() -> None:
    assert judged({}, MORNING, now=MORNING.start) is None


def test_the_earliest_busy_slot_is_named() -> None:
    calendar = written(slot("2026-06-08T01:00", 1), slot("2026-06-07T23:30", 0.25), slot("2026-06-07T22:00", 1))
    assert judged(calendar, OVER_THE_WEEK) == Obstacle("overlap", slot("2026-06-07T22:00", 1))


def test_a_slot_of_ones_own_may_count_as_free() -> None:
    week = CALENDAR.fold([CalendarSlotTaken(hold_id=HOLD_1, slot=MORNING)])
    assert obstacle([week], MORNING.start, MORNING.end, now=NOW, besides=HOLD_1) is None


def test_what_is_freed_is_free_and_the_rest_stays() -> None:
    calendar = CALENDAR.fold(
        [
            CalendarSlotTaken(hold_id=HOLD_1, slot=MORNING),
            CalendarSlotTaken(hold_id=HOLD_2, slot=MORNING),
            CalendarSlotFreed(hold_id=HOLD_1, start=MORNING.start),
        ]
    )
    assert calendar == CalendarWeek((Busy(hold_id=HOLD_2, slot=MORNING),), timedelta(hours=2))


def test_freeing_what_is_not_taken_changes_nothing() -> None:
    taken = CalendarSlotTaken(hold_id=HOLD_1, slot=MORNING)
    freed = CalendarSlotFreed(hold_id=HOLD_2, start=MORNING.start)
    assert CALENDAR.fold([taken, freed]) == CALENDAR.fold([taken])


MINUTES = st.integers(0, 7 * 24 * 60 - 1)


@given(
    taken=st.lists(st.tuples(MINUTES, st.integers(1, 3_000)), max_size=12),
    freed=st.sets(st.integers(0, 11)),
    wanted=st.tuples(MINUTES, st.integers(1, 3_000)),
)
def test_the_week_finds_what_looking_at_every_slot_finds(
    taken: list[tuple[int, int]], freed: set[int], wanted: tuple[int, int]
) -> None:
    monday = datetime(2026, 6, 1, tzinfo=UTC)

    def at(minutes: tuple[int, int]) -> Slot:
        start = monday + timedelta(minutes=minutes[0])
        return between(start, start + timedelta(minutes=minutes[1]))

    busy = [Busy(hold_id=HoldId(an_id(number)), slot=at(minutes)) for number, minutes in enumerate(taken)]
    events: list[CalendarEvent] = [CalendarSlotTaken(hold_id=each.hold_id, slot=each.slot) for each in busy]
    events += [CalendarSlotFreed(hold_id=busy[n].hold_id, start=busy[n].slot.start) for n in freed if n < len(busy)]
    start, end = at(wanted).start, at(wanted).end
    overlapping = [
        each for n, each in enumerate(busy) if n not in freed and each.slot.start < end and each.slot.end > start
    ]
    first = min(overlapping, key=lambda each: each.slot.start, default=None)
    assert CALENDAR.fold(events).overlapping(start, end) == first
