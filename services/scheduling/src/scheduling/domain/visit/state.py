"""What a visit is: not there yet, scheduled, or cancelled."""

from dataclasses import dataclass
from typing import assert_never

from doorstep_chassis.domain import Stream

from scheduling.domain.visit.events import EndedBy, VisitCancelled, VisitEvent, VisitScheduled


@dataclass(frozen=True, slots=True)
class Unscheduled:
    """There is no such visit."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """It stands in the calendar."""

    visit: VisitScheduled


@dataclass(frozen=True, slots=True)
class Cancelled:
    """It will not take place."""

    visit: VisitScheduled
    by: EndedBy
    reason_code: str | None


VisitState = Unscheduled | Scheduled | Cancelled


def evolve(state: VisitState, event: VisitEvent) -> VisitState:
    """What an event makes of the visit."""
    match event:
        case VisitScheduled():
            return Scheduled(event)
        case VisitCancelled():
            return state if isinstance(state, Unscheduled) else Cancelled(state.visit, event.by, event.reason_code)
        case _:
            assert_never(event)


VISIT: Stream[VisitState] = Stream("scheduling.visit", Unscheduled(), evolve)
"""Keyed by the visit's id."""
