"""Facts about how a request finds its worker. Stream: dispatch.award, keyed by the request."""

from typing import ClassVar, Literal

from doorstep_chassis.domain import Event
from doorstep_contracts.base import Instant, OfferTerms, PostalCode, Slot, Version
from doorstep_contracts.dispatch import WorkerGateLack

from dispatch.domain.eligibility import Reason, Verdict
from dispatch.domain.ids import HoldId, SelectionId, WorkerId
from dispatch.domain.policy.events import Award
from dispatch.domain.request import Request

Chooser = Literal["self", "operator", "policy"]
SlotProblem = Literal["overlap", "slot_in_past", "request_ended"]
Closing = Literal["assigned", "deadline", "request_ended"]
Ending = Literal["cancelled", "declined", "expired", "ended_elsewhere"]
"""How a request ended; `ended_elsewhere`: scheduling knew of the end before we did."""


class AwardStarted(Event):
    """A request was launched; `creator` is the verdict on the worker who means to do it themselves."""

    TOPIC: ClassVar[str] = "dispatch.award-started"

    request: Request
    creator: Verdict | None


class NobodyCalled(Event):
    """Broadcasts are on, but none of the workers considered could be called."""

    TOPIC: ClassVar[str] = "dispatch.nobody-called"

    policy_version: Version
    verdicts: tuple[Verdict, ...]


class BroadcastOpened(Event):
    """The eligible among the workers considered were called, by the policy as it stood then."""

    TOPIC: ClassVar[str] = "dispatch.broadcast-opened"

    postal_code: PostalCode
    offer: OfferTerms
    slot: Slot
    policy_version: Version
    award: Award
    deadline: Instant
    verdicts: tuple[Verdict, ...]


class ApplicationReceived(Event):
    """A worker would do it."""

    TOPIC: ClassVar[str] = "dispatch.application-received"

    worker_id: WorkerId
    applied_at: Instant


class ApplicantPassed(Event):
    """An applicant's turn came, but they are not eligible any more."""

    TOPIC: ClassVar[str] = "dispatch.applicant-passed"

    worker_id: WorkerId
    reasons: tuple[Reason, ...]


class WorkerSelected(Event):
    """A worker was chosen, and scheduling is to hold their slot."""

    TOPIC: ClassVar[str] = "dispatch.worker-selected"

    worker_id: WorkerId
    selection_id: SelectionId
    slot: Slot
    accept_overlap: bool
    by: Chooser


class SelectionFailed(Event):
    """The slot of the chosen worker could not be held."""

    TOPIC: ClassVar[str] = "dispatch.selection-failed"

    worker_id: WorkerId
    selection_id: SelectionId
    reason: SlotProblem


class WorkerAssigned(Event):
    """The chosen worker's slot is held: the worker gate is open."""

    TOPIC: ClassVar[str] = "dispatch.worker-assigned"

    worker_id: WorkerId
    selection_id: SelectionId
    hold_id: HoldId


class WorkerGateShut(Event):
    """The worker gate is not open; this is what it lacks now."""

    TOPIC: ClassVar[str] = "dispatch.worker-gate-shut"

    missing: tuple[WorkerGateLack, ...]


class BroadcastClosed(Event):
    """The call takes no more applications."""

    TOPIC: ClassVar[str] = "dispatch.broadcast-closed"

    reason: Closing


class AwardConfirmed(Event):
    """The request was confirmed with the assigned worker."""

    TOPIC: ClassVar[str] = "dispatch.award-confirmed"


class AwardEnded(Event):
    """The request ended: nobody is called, chosen or assigned for it any more."""

    TOPIC: ClassVar[str] = "dispatch.award-ended"

    how: Ending


AwardEvent = (
    AwardStarted
    | NobodyCalled
    | BroadcastOpened
    | ApplicationReceived
    | ApplicantPassed
    | WorkerSelected
    | SelectionFailed
    | WorkerAssigned
    | WorkerGateShut
    | BroadcastClosed
    | AwardConfirmed
    | AwardEnded
)
