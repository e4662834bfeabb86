"""The rules of a visit."""

from datetime import datetime
from typing import assert_never

from scheduling.domain.visit.errors import VisitHasStarted
from scheduling.domain.visit.events import EndedBy, VisitCancelled, VisitEvent, VisitScheduled
from scheduling.domain.visit.state import Cancelled, Scheduled, Unscheduled, VisitState


def decide_schedule(state: VisitState, visit: VisitScheduled) -> tuple[VisitEvent, ...]:
    """A visit is scheduled once."""
    return (visit,) if isinstance(state, Unscheduled) else ()


def has_started(state: VisitState, *, at: datetime) -> bool:
    """A visit has started from its slot's start on."""
    return isinstance(state, Scheduled) and state.visit.slot.start <= at


def decide_cancel(state: VisitState, *, by: EndedBy, reason_code: str | None, at: datetime) -> tuple[VisitEvent, ...]:
    """A visit that has not started can be cancelled (DOMAIN 10). Errors: VisitHasStarted."""
    match state:
        case Unscheduled() | Cancelled():
            return ()
        case Scheduled(visit=visit):
            if has_started(state, at=at):
                raise VisitHasStarted(instant=visit.slot.start)
            return (
                VisitCancelled(
                    visit_id=visit.visit_id,
                    chain_id=visit.chain_id,
                    request_id=visit.request_id,
                    hold_id=visit.hold_id,
                    worker_id=visit.worker_id,
                    client_id=visit.client_id,
                    by=by,
                    reason_code=reason_code,
                ),
            )
        case _:
            assert_never(state)
