"""The one deadline of dispatch: until when an open call takes applications."""

from doorstep_chassis.store.model import Meta
from doorstep_chassis.timers import OnDue, Schedule, Timer

from dispatch.commands import close_applications
from dispatch.domain.award.events import BroadcastClosed, BroadcastOpened

APPLICATIONS = "applications"


def opened(event: BroadcastOpened, meta: Meta) -> tuple[Timer]:
    """A call ends at its deadline."""
    return (Timer(APPLICATIONS, event.deadline),)


def closed(event: BroadcastClosed, meta: Meta) -> tuple[Timer]:
    """A closed call needs no deadline."""
    return (Timer(APPLICATIONS, None),)


SCHEDULE: Schedule = {BroadcastOpened: opened, BroadcastClosed: closed}
ON_DUE: dict[str, OnDue] = {APPLICATIONS: close_applications}
