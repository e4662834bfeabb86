"""What dispatch does on each event of intake and scheduling. Any order is fine: the award's state decides."""

from collections.abc import Callable, Mapping

from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.work import Work
from doorstep_contracts.base import RequestEvent
from doorstep_contracts.intake import (
    RequestCancelled,
    RequestConfirmed,
    RequestDeclined,
    RequestExpired,
    RequestLaunched,
)
from doorstep_contracts.scheduling import SlotHeld, SlotRefused

from dispatch import commands
from dispatch.domain.award.events import Ending
from dispatch.domain.ids import HoldId, RequestId, SelectionId, WorkerId
from dispatch.domain.request import Request


def on_launched(work: Work, event: RequestLaunched, message: Message) -> None:
    """A launched request needs a worker."""
    request = Request(
        created_by=WorkerId(event.created_by),
        performer=event.performer,
        known=event.known,
        postal_code=event.postal_code,
        offer=event.offer,
        slot=event.slot,
        accept_overlap=event.accept_overlap,
    )
    commands.launch(work, event.organisation_id, RequestId(event.request_id), request)


def on_held(work: Work, event: SlotHeld, message: Message) -> None:
    """A held slot assigns its worker."""
    request_id, selection_id = RequestId(event.request_id), SelectionId(event.selection_id)
    commands.slot_held(work, event.organisation_id, request_id, selection_id, HoldId(event.hold_id))


def on_refused(work: Work, event: SlotRefused, message: Message) -> None:
    """A refused slot makes it somebody else's turn, or shuts the gate."""
    request_id, selection_id = RequestId(event.request_id), SelectionId(event.selection_id)
    commands.slot_refused(work, event.organisation_id, request_id, selection_id, event.reason)


def on_confirmed(work: Work, event: RequestConfirmed, message: Message) -> None:
    """A confirmed request keeps its worker."""
    commands.confirm(work, event.organisation_id, RequestId(event.request_id))


def on_ended(how: Ending) -> Callable[[Work, RequestEvent, Message], None]:
    """An ended request needs nobody any more."""

    def on_end(work: Work, event: RequestEvent, message: Message) -> None:
        commands.end(work, event.organisation_id, RequestId(event.request_id), how)

    return on_end


REACTIONS: Mapping[type, Handler] = {
    RequestLaunched: on_launched,
    SlotHeld: on_held,
    SlotRefused: on_refused,
    RequestConfirmed: on_confirmed,
    RequestCancelled: on_ended("cancelled"),
    RequestDeclined: on_ended("declined"),
    RequestExpired: on_ended("expired"),
}
