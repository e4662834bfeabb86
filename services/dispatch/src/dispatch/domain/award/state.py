"""Where the search for a request's worker stands."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from doorstep_chassis.domain import Stream
from doorstep_contracts.dispatch import WorkerGateLack

from dispatch.domain.award.events import (
    ApplicantPassed,
    ApplicationReceived,
    AwardConfirmed,
    AwardEnded,
    AwardEvent,
    AwardStarted,
    BroadcastClosed,
    BroadcastOpened,
    Chooser,
    Closing,
    Ending,
    NobodyCalled,
    SelectionFailed,
    WorkerAssigned,
    WorkerGateShut,
    WorkerSelected,
)
from dispatch.domain.eligibility import Verdict
from dispatch.domain.ids import HoldId, SelectionId, WorkerId
from dispatch.domain.policy.events import Award
from dispatch.domain.request import Request


@dataclass(frozen=True, slots=True)
class Application:
    """A worker would do it, since then."""

    worker_id: WorkerId
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class Setback:
    """A worker was chosen, or next in turn, and why it came to nothing."""

    worker_id: WorkerId
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """The broadcast: by which version of the policy, until when (inclusive), and why it is closed, if it is."""

    policy_version: int
    award: Award
    deadline: datetime
    closed: Closing | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that has been gathered about one request."""

    request: Request
    creator: Verdict | None
    verdicts: tuple[Verdict, ...] = ()
    call: Call | None = None
    applications: tuple[Application, ...] = ()
    setbacks: tuple[Setback, ...] = ()

    @property
    def open(self) -> bool:
        """Whether a call takes applications."""
        return self.call is not None and self.call.closed is None

    @property
    def pending(self) -> tuple[Application, ...]:
        """The applications that have not come to nothing, first come first."""
        failed = {setback.worker_id for setback in self.setbacks}
        return tuple(each for each in self.applications if each.worker_id not in failed)

    def applied(self, worker_id: WorkerId) -> bool:
        """Whether this worker has applied."""
        return any(each.worker_id == worker_id for each in self.applications)

    def called(self, worker_id: WorkerId) -> bool:
        """Whether the call went to this worker."""
        return any(each.worker_id == worker_id and each.eligible for each in self.verdicts)


@dataclass(frozen=True, slots=True)
class Selection:
    """A choice that scheduling has not answered yet."""

    selection_id: SelectionId
    worker_id: WorkerId
    by: Chooser


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing has been heard of this request."""


@dataclass(frozen=True, slots=True)
class EndedBeforeLaunch:
    """The request ended before its launch was heard of: should that come late, nothing follows from it."""

    how: Ending


@dataclass(frozen=True, slots=True)
class WaitingOperator:
    """No call is open and nobody is chosen: an operator must act."""

    dossier: Dossier
    lack: WorkerGateLack


@dataclass(frozen=True, slots=True)
class Broadcasting:
    """A call is open and nobody is chosen."""

    dossier: Dossier
    lack: WorkerGateLack


@dataclass(frozen=True, slots=True)
class Selecting:
    """Somebody is chosen; whether their slot can be held is not known yet. A call may be open beside it."""

    dossier: Dossier
    selection: Selection


@dataclass(frozen=True, slots=True)
class ShutSlotRefused:
    """The creator wanted to do it themselves and their slot is taken: nobody is called unasked."""

    dossier: Dossier


@dataclass(frozen=True, slots=True)
class Assigned:
    """The chosen worker's slot is held."""

    dossier: Dossier
    worker_id: WorkerId
    hold_id: HoldId
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The request ended: final."""

    dossier: Dossier
    how: Ending


Unstarted = Absent | EndedBeforeLaunch
Started = WaitingOperator | Broadcasting | Selecting | ShutSlotRefused | Assigned | Ended
AwardState = Unstarted | Started


def evolve(state: AwardState, event: AwardEvent) -> AwardState:
    """The state after one more event."""
    if isinstance(state, Absent | EndedBeforeLaunch):
        if isinstance(event, AwardStarted):
            return WaitingOperator(Dossier(event.request, event.creator), "operator")
        return EndedBeforeLaunch(event.how) if isinstance(event, AwardEnded) else state
    return _evolve_started(state, state.dossier, event)


def _evolve_started(state: Started, dossier: Dossier, event: AwardEvent) -> Started:
    match event:
        case AwardStarted():
            return state
        case NobodyCalled():
            return replace(state, dossier=replace(dossier, verdicts=event.verdicts))
        case BroadcastOpened():
            call = Call(event.policy_version, event.award, event.deadline)
            return Broadcasting(replace(dossier, verdicts=event.verdicts, call=call), "applications")
        case ApplicationReceived():
            application = Application(event.worker_id, event.applied_at)
            return replace(state, dossier=replace(dossier, applications=(*dossier.applications, application)))
        case ApplicantPassed():
            return replace(state, dossier=_with_setback(dossier, Setback(event.worker_id, event.reasons)))
        case WorkerSelected():
            return Selecting(dossier, Selection(event.selection_id, event.worker_id, event.by))
        case SelectionFailed():
            return _waiting(_with_setback(dossier, Setback(event.worker_id, (event.reason,))), "operator")
        case WorkerAssigned():
            return Assigned(dossier, event.worker_id, event.hold_id)
        case WorkerGateShut():
            return _waiting(dossier, event.missing[0])
        case BroadcastClosed():
            return _close(state, dossier, event.reason)
        case AwardConfirmed():
            return replace(state, confirmed=True) if isinstance(state, Assigned) else state
        case AwardEnded():
            return Ended(dossier, event.how)
        case _:
            assert_never(event)


def _waiting(dossier: Dossier, lack: WorkerGateLack) -> WaitingOperator | Broadcasting | ShutSlotRefused:
    if lack == "slot_refused":
        return ShutSlotRefused(dossier)
    return Broadcasting(dossier, lack) if dossier.open else WaitingOperator(dossier, lack)


def _close(state: Started, dossier: Dossier, reason: Closing) -> Started:
    if dossier.call is None:
        return state
    closed = replace(dossier, call=replace(dossier.call, closed=reason))
    return WaitingOperator(closed, state.lack) if isinstance(state, Broadcasting) else replace(state, dossier=closed)


def _with_setback(dossier: Dossier, setback: Setback) -> Dossier:
    return replace(dossier, setbacks=(*dossier.setbacks, setback))


AWARD: Stream[AwardState] = Stream("dispatch.award", Absent(), evolve)
