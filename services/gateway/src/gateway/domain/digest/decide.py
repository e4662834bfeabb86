"""Once a day at seven; after an outage once, not for each day missed."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.digest.events import DigestPlanned
from gateway.domain.digest.state import DigestState, Planned, Unplanned

AT = time(7)


def decide_plan(state: DigestState, zone: str, *, now: datetime) -> tuple[DigestPlanned, ...]:
    """The organisation lives by this time zone."""
    if isinstance(state, Planned) and state.zone == zone:
        return ()
    return (DigestPlanned(zone=zone, due=next_morning(now, zone)),)


def decide_due(state: DigestState, *, now: datetime) -> tuple[DigestPlanned, ...]:
    """It is time: the next one is planned, and this one goes out."""
    if isinstance(state, Unplanned) or now < state.due:
        return ()
    return (DigestPlanned(zone=state.zone, due=next_morning(now, state.zone)),)


def next_morning(now: datetime, zone: str) -> datetime:
    """The first seven o'clock after this instant."""
    local = now.astimezone(ZoneInfo(zone))
    today = datetime.combine(local.date(), AT, ZoneInfo(zone))
    chosen = today if today > local else datetime.combine(local.date() + timedelta(days=1), AT, ZoneInfo(zone))
    return chosen.astimezone(now.tzinfo)
