"""From what a person enters as date and time to an instant, by the clocks of the place."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


class NoLocalTime(Exception):
    """`code` says why it is none; `offsets` names the readings of a time that comes twice, the earlier first."""

    def __init__(self, code: str, offsets: tuple[str, ...] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.offsets = offsets


def instant_of(date: str, time: str, zone: str, offset: str = "") -> datetime:
    """The instant (UTC) of a local date and time; the offset chooses between the two of a time that comes twice.

    Errors: NoLocalTime with start_malformed, local_time_nonexistent or local_time_ambiguous, as intake has them.
    """
    readings = _readings(date, time, zone)
    if not readings:
        raise NoLocalTime("local_time_nonexistent")
    named = {reading.isoformat()[-6:]: reading for reading in readings}
    if len(readings) > 1:
        if offset not in named:
            raise NoLocalTime("local_time_ambiguous", tuple(named))
        return named[offset].astimezone(UTC)
    return readings[0].astimezone(UTC)


def _readings(date: str, time: str, zone: str) -> list[datetime]:
    """Every time of the zone whose clocks show this: none in a gap, two in a fold."""
    try:
        local = datetime.strptime(f"{date} {time[:5]}", "%Y-%m-%d %H:%M")  # noqa: DTZ007
    except ValueError:
        raise NoLocalTime("start_malformed") from None
    readings: list[datetime] = []
    for fold in (0, 1):
        reading = local.replace(tzinfo=ZoneInfo(zone), fold=fold)
        shown = reading.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
        if shown == local and reading.utcoffset() not in [other.utcoffset() for other in readings]:
            readings.append(reading)
    return readings


def iso_start(date: str, time: str, zone: str, offset: str = "") -> str:
    """The start as intake takes it, `2027-03-01T09:00`; with its offset only where the time comes twice.

    Errors: as instant_of.
    """
    twice = len(_readings(date, time, zone)) > 1
    return f"{date}T{time[:5]}" + (offset if twice else "")
