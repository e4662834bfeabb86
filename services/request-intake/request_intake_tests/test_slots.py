"""From a local time to an instant: gaps, folds and offsets of the place's own time zone."""

from datetime import UTC, datetime

import pytest
from doorstep_chassis.errors import DomainError
from doorstep_contracts.base import Slot
from request_intake.slots import (
    LocalTimeAmbiguous,
    LocalTimeNonexistent,
    OffsetContradictsZone,
    StartMalformed,
    instant_of,
    is_time_zone,
    slot_at,
)

PARIS, REUNION = "Europe/Paris", "Indian/Reunion"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("start", "zone", "instant"),
    [
        ("2026-06-01T09:00", PARIS, utc(2026, 6, 1, 7)),
        ("2026-06-01T09:00", REUNION, utc(2026, 6, 1, 5)),
        ("2026-12-01T09:00:00", PARIS, utc(2026, 12, 1, 8)),
        ("2026-06-01T09:00:00.000+02:00", PARIS, utc(2026, 6, 1, 7)),
        ("2026-06-01T00:30+04:00", REUNION, utc(2026, 5, 31, 20, 30)),
        ("2026-06-01T09:00Z", "Etc/UTC", utc(2026, 6, 1, 9)),
        # the clocks of Paris skip 02:00 to 03:00 on 29 March 2026
        ("2026-03-29T01:59", PARIS, utc(2026, 3, 29, 0, 59)),
        ("2026-03-29T03:00", PARIS, utc(2026, 3, 29, 1)),
        # and show 02:00 to 03:00 twice on 25 October 2026
        ("2026-10-25T01:59", PARIS, utc(2026, 10, 24, 23, 59)),
        ("2026-10-25T02:30+02:00", PARIS, utc(2026, 10, 25, 0, 30)),
        ("2026-10-25T02:30+01:00", PARIS, utc(2026, 10, 25, 1, 30)),
        ("2026-10-25T03:00", PARIS, utc(2026, 10, 25, 2)),
    ],
)
def test_the_instant_of_a_local_time(start: str, zone: str, instant: datetime) -> None:
    assert instant_of(start, zone) == instant


@pytest.mark.parametrize(
    ("start", "zone", "refusal", "details"),
    [
        ("2026-03-29T02:00", PARIS, LocalTimeNonexistent, {}),
        ("2026-03-29T02:59", PARIS, LocalTimeNonexistent, {}),
        ("2026-03-29T02:30+01:00", PARIS, LocalTimeNonexistent, {}),
        ("2026-03-29T02:30+02:00", PARIS, LocalTimeNonexistent, {}),
        ("2026-10-25T02:00", PARIS, LocalTimeAmbiguous, {"offsets": ["+02:00", "+01:00"]}),
        ("2026-10-25T02:59", PARIS, LocalTimeAmbiguous, {"offsets": ["+02:00", "+01:00"]}),
        ("2026-10-25T02:30+03:00", PARIS, OffsetContradictsZone, {"offsets": ["+02:00", "+01:00"]}),
        ("2026-06-01T09:00+01:00", PARIS, OffsetContradictsZone, {"offsets": ["+02:00"]}),
        ("2026-06-01T09:00Z", PARIS, OffsetContradictsZone, {"offsets": ["+02:00"]}),
        ("2026-06-01T09:00+02:00", REUNION, OffsetContradictsZone, {"offsets": ["+04:00"]}),
    ],
)
def test_a_time_that_the_place_does_not_have_once(
    start: str, zone: str, refusal: type[DomainError], details: dict[str, list[str]]
) -> None:
    with pytest.raises(DomainError) as caught:
        instant_of(start, zone)
    assert (type(caught.value), caught.value.field, dict(caught.value.details)) == (refusal, "start", details)


@pytest.mark.parametrize(
    "start",
    [
        "",
        "demain",
        "2026-06-01",
        "2026-06-01 09:00",
        "2026-06-01T09",
        "2026-06-01T09:00:30",
        "2026-06-01T24:00",
        "2026-02-30T09:00",
        "2026-13-01T09:00",
        "2026-W23-1T09:00",
        "20260601T0900",
        "2026-06-01T09:00+2",
        "2026-06-01T09:00+25:00",
        "2026-06-01T09:00 +02:00",
        "2026-06-01T09:00\n",
        "٢٠٢٦-06-01T09:00",
        "1999-12-31T09:00",
        "9999-12-31T23:59",
        "+2026-06-01T09:00",
    ],
)
def test_what_is_no_date_and_time(start: str) -> None:
    with pytest.raises(StartMalformed):
        instant_of(start, PARIS)


def test_a_slot_takes_elapsed_minutes_across_a_clock_change() -> None:
    assert slot_at("2026-10-25T01:30", 120, PARIS) == Slot(
        start=utc(2026, 10, 24, 23, 30), end=utc(2026, 10, 25, 1, 30), zone=PARIS
    )


@pytest.mark.parametrize(
    ("name", "there"),
    [("Europe/Paris", True), ("Pacific/Tahiti", True), ("Europe/Lutetia", False), ("", False), ("Europe", False),
     ("../etc/passwd", False), ("/etc/localtime", False)],
)  # fmt: skip
def test_which_time_zones_there_are(name: str, there: bool) -> None:
    assert is_time_zone(name) is there
