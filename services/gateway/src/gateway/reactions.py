"""What the gateway does when others speak: it keeps who has been told what about a request, and queues who is to be told.

Nothing is sent here: what is queued waits in the log, and one process sends it (notifications/sender.py).
"""

from collections.abc import Callable, Mapping
from typing import Any

from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.work import Work
from doorstep_contracts import directory, dispatch, intake

from gateway.commands import plan_digest, queue
from gateway.domain.correspondence import decide
from gateway.domain.correspondence.events import CorrespondenceEvent
from gateway.domain.correspondence.notices import notices
from gateway.domain.correspondence.state import CORRESPONDENCE, CorrespondenceState


def _news(decided: Callable[[CorrespondenceState, Any], tuple[CorrespondenceEvent, ...]]) -> Handler:
    """Hear of something about a request; where it is news, queue a notification for whomever it concerns."""

    def react(work: Work, event: Any, message: Message) -> None:
        ref = CORRESPONDENCE.at(event.organisation_id, event.request_id)
        for news in decided(work.state(ref), event):
            told = notices(work.state(ref), news, event.request_id)
            work.append(ref, news)
            for notice in told:
                queue(work, event.organisation_id, message.id, notice, request_id=event.request_id)

    return react


def _expired(state: CorrespondenceState, event: intake.RequestExpired) -> tuple[CorrespondenceEvent, ...]:
    return decide.decide_over(state, "expired")


def _cancelled(state: CorrespondenceState, event: intake.RequestCancelled) -> tuple[CorrespondenceEvent, ...]:
    return decide.decide_over(state, "cancelled", by_creator=event.by == "worker")


def _selected(state: CorrespondenceState, event: dispatch.WorkerSelected) -> tuple[CorrespondenceEvent, ...]:
    return decide.decide_self_selected(state, event.worker_id) if event.by == "self" else ()


def on_organisation(work: Work, event: intake.OrganisationAdded, message: Message) -> None:
    """An organisation's operators are told each morning what waits."""
    plan_digest(work, event.organisation_id, event.time_zone)


REACTIONS: Mapping[type, Handler] = {
    intake.RequestDrafted: _news(lambda state, event: decide.decide_heard(state, event.created_by)),
    intake.RequestConfirmed: _news(
        lambda state, event: decide.decide_confirmed(state, event.client_id, event.slot.start)
    ),
    intake.RequestCancelled: _news(_cancelled),
    intake.RequestDeclined: _news(lambda state, event: decide.decide_over(state, "declined")),
    intake.RequestExpired: _news(_expired),
    intake.OrganisationAdded: on_organisation,
    directory.ClientValidationRequested: _news(
        lambda state, event: decide.decide_asked(state, event.client_id, event.deadline)
    ),
    directory.ClientValidated: _news(lambda state, event: decide.decide_asking_over(state)),
    directory.ClientGateShut: _news(lambda state, event: decide.decide_asking_over(state)),
    dispatch.BroadcastOpened: _news(lambda state, event: decide.decide_call_opened(state, event.deadline)),
    dispatch.ApplicationReceived: _news(lambda state, event: decide.decide_applied(state, event.worker_id)),
    dispatch.BroadcastClosed: _news(lambda state, event: decide.decide_call_closed(state, event.reason)),
    dispatch.WorkerSelected: _news(_selected),
    dispatch.WorkerAssigned: _news(lambda state, event: decide.decide_assigned(state, event.worker_id)),
    dispatch.WorkerGateShut: _news(lambda state, event: decide.decide_unassigned(state)),
}
"""What is heard, and what follows."""
