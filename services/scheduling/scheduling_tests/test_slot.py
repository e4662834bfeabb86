"""Which weeks of a calendar a slot touches."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from scheduling.domain.slot import SlotEndsBeforeItStarts, SlotTooLong, weeks_of


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "weeks"),
    [
        pytest.param("2026-06-03T08:00", "2026-06-03T10:00", ("2026-W23",), id="inside a week"),
        pytest.param("2026-06-03T23:00", "2026-06-04T01:00", ("2026-W23",), id="over a midnight within it"),
        pytest.param("2026-06-07T23:00", "2026-06-08T01:00", ("2026-W23", "2026-W24"), id="over its edge"),
        pytest.param("2026-06-07T22:00", "2026-06-08T00:00", ("2026-W23",), id="up to its edge"),
        pytest.param("2026-06-08T00:00", "2026-06-08T02:00", ("2026-W24",), id="from its edge on"),
        pytest.param("2026-12-31T22:00", "2027-01-01T02:00", ("2026-W53",), id="over the year's end, one ISO week"),
        pytest.param("2027-01-03T23:00", "2027-01-04T01:00", ("2026-W53", "2027-W01"), id="over the ISO year's end"),
        pytest.param("2024-12-29T23:00", "2024-12-30T01:00", ("2024-W52", "2025-W01"), id="an ISO year that is early"),
        pytest.param("2026-06-01T00:00", "2026-06-08T00:00", ("2026-W23",), id="a whole week"),
        pytest.param("2026-06-03T00:00", "2026-06-10T00:00", ("2026-W23", "2026-W24"), id="seven days, two weeks"),
    ],
)
def test_a_slot_touches_the_weeks_that_it_shares_time_with(start: str, end: str, weeks: tuple[str, ...]) -> None:
    assert weeks_of(utc(start), utc(end)) == weeks


def test_weeks_are_those_of_utc_wherever_the_slot_is() -> None:
    monday_in_reunion = datetime(2026, 6, 8, 1, tzinfo=ZoneInfo("Indian/Reunion"))  # Sunday 21:00 in UTC
    assert weeks_of(monday_in_reunion, monday_in_reunion + timedelta(hours=2)) == ("2026-W23",)


@pytest.mark.parametrize("end", ["2026-06-01T08:00", "2026-06-01T07:59"])
def test_a_slot_ends_after_it_starts(end: str) -> None:
    with pytest.raises(SlotEndsBeforeItStarts):
        weeks_of(utc("2026-06-01T08:00"), utc(end))


def test_a_slot_is_at_most_seven_days_long() -> None:
    with pytest.raises(SlotTooLong):
        weeks_of(utc("2026-06-01T08:00"), utc("2026-06-08T08:00:01"))
