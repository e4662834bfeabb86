"""What becomes of a request's slot, and what scheduling has learned of the request meanwhile, in whatever order."""

from typing import ClassVar, Literal

from doorstep_chassis.domain import Event

from scheduling.domain.ids import ClientId, HoldId, SelectionId, VisitId, WorkerId
from scheduling.domain.slot import Slot
from scheduling.domain.visit.events import EndedBy, Hourly


class RequestConfirmed(Event):
    """Both gates of the request stood open with this hold; a visit follows, at this place and on these terms."""

    TOPIC: ClassVar[str] = "scheduling.request-confirmed"

    hold_id: HoldId
    client_id: ClientId
    service: str
    postal_code: str
    terms: Hourly


class RequestEnded(Event):
    """The request was cancelled, declined or expired."""

    TOPIC: ClassVar[str] = "scheduling.request-ended"

    by: EndedBy
    reason_code: str | None


class SlotHeld(Event):
    """The selected worker's calendar holds the slot; `overlap_accepted` says that it stands over another."""

    TOPIC: ClassVar[str] = "scheduling.slot-held"

    selection_id: SelectionId
    worker_id: WorkerId
    hold_id: HoldId
    slot: Slot
    overlap_accepted: bool


class SlotRefused(Event):
    """The selected worker's slot cannot be held; `conflict` is the busy slot in the way."""

    TOPIC: ClassVar[str] = "scheduling.slot-refused"

    selection_id: SelectionId
    worker_id: WorkerId
    reason: Literal["overlap", "slot_in_past", "request_ended"]
    conflict: Slot | None = None


class SlotReleased(Event):
    """The held slot is free again."""

    TOPIC: ClassVar[str] = "scheduling.slot-released"

    worker_id: WorkerId
    hold_id: HoldId
    slot: Slot
    reason: Literal["request_ended", "unassigned"]


class SlotBooked(Event):
    """The held slot has become a visit."""

    TOPIC: ClassVar[str] = "scheduling.slot-booked"

    hold_id: HoldId
    visit_id: VisitId


class BookingUndone(Event):
    """The visit is cancelled and its slot free again."""

    TOPIC: ClassVar[str] = "scheduling.booking-undone"

    worker_id: WorkerId
    hold_id: HoldId
    visit_id: VisitId
    slot: Slot
    by: EndedBy
    reason_code: str | None


HoldEvent = RequestConfirmed | RequestEnded | SlotHeld | SlotRefused | SlotReleased | SlotBooked | BookingUndone
