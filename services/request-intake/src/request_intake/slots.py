"""From a local time to a slot: times are those of the place, as its time zone has them. Pure."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from doorstep_chassis.errors import Invalid
from doorstep_contracts.base import Slot

# Whole minutes of this millennium; everything else that ISO 8601 knows (weeks, days of the year) is no time of a visit.
_LOCAL = re.compile(
    r"(?P<local>2\d{3}-\d\d-\d\dT([01]\d|2[0-3]):\d\d)(:00(\.0{1,6})?)?(?P<offset>Z|[+-]\d\d:\d\d)?", re.ASCII
)


class StartMalformed(Invalid):
    """A start is a date and time to the minute in ISO 8601, with or without an offset: `2026-06-01T09:00`."""

    code = "start_malformed"


class LocalTimeNonexistent(Invalid):
    """The clocks of the place skip this time."""

    code = "local_time_nonexistent"


class LocalTimeAmbiguous(Invalid):
    """The clocks of the place show this time twice, so its offset must be said; `offsets` names both."""

    code = "local_time_ambiguous"


class OffsetContradictsZone(Invalid):
    """The offset is not the one that the place has at this time; `offsets` names what it has."""

    code = "offset_contradicts_zone"


def slot_at(start: str, minutes: int, time_zone: str) -> Slot:
    """The slot that starts at a local time of the zone and takes so many elapsed minutes.

    Errors: StartMalformed, LocalTimeNonexistent, LocalTimeAmbiguous, OffsetContradictsZone.
    """
    instant = instant_of(start, time_zone)
    return Slot(start=instant, end=instant + timedelta(minutes=minutes), zone=time_zone)


def instant_of(start: str, time_zone: str) -> datetime:
    """The one instant (UTC) that a local time of the zone stands for.

    Errors: as slot_at.
    """
    local, offset = _parsed(start)
    readings = _readings(local, ZoneInfo(time_zone))
    if not readings:
        raise LocalTimeNonexistent(field="start")
    if offset is not None:
        fitting = [reading for reading in readings if reading.utcoffset() == offset]
        if not fitting:
            raise OffsetContradictsZone(field="start", details={"offsets": _offsets(readings)})
        return fitting[0].astimezone(UTC)
    if len(readings) > 1:
        raise LocalTimeAmbiguous(field="start", details={"offsets": _offsets(readings)})
    return readings[0].astimezone(UTC)


def _parsed(start: str) -> tuple[datetime, timedelta | None]:
    parts = _LOCAL.fullmatch(start)
    if parts is None:
        raise StartMalformed(field="start")
    try:
        parsed = datetime.fromisoformat(parts["local"] + (parts["offset"] or ""))
    except ValueError:
        raise StartMalformed(field="start") from None
    return parsed.replace(tzinfo=None), parsed.utcoffset()


def _readings(local: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every time of the zone whose clocks show this: none in a gap, two in a fold, earlier first."""
    readings: list[datetime] = []
    for fold in (0, 1):
        reading = local.replace(tzinfo=zone, fold=fold)
        shown = reading.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0)
        if shown == local and reading.utcoffset() not in [other.utcoffset() for other in readings]:
            readings.append(reading)
    return readings


def _offsets(readings: list[datetime]) -> list[str]:
    return [reading.isoformat()[-6:] for reading in readings]


def is_time_zone(name: str) -> bool:
    """Whether the IANA database has a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the last two: names that lead out of it, or to a directory
        return False
    return True
