"""When the next digest is due."""

from dataclasses import dataclass
from datetime import datetime

from doorstep_chassis.domain import Stream

from gateway.domain.digest.events import DigestPlanned


@dataclass(frozen=True, slots=True)
class Unplanned:
    """The organisation has not been heard of."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The next one."""

    zone: str
    due: datetime


DigestState = Unplanned | Planned


def evolve(state: DigestState, event: DigestPlanned) -> DigestState:
    """The state after one more event."""
    return Planned(event.zone, event.due)


DIGEST: Stream[DigestState] = Stream("gateway.digest", Unplanned(), evolve)
DAILY = "daily"
"""Its key: an organisation has one."""
