"""How a request finds its worker: from its launch to an assignment or an end (rules 9, 11, 12 and 13)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import assert_never

from doorstep_chassis.errors import NotFound
from doorstep_contracts.dispatch import WorkerGateLack

from dispatch.domain.award.errors import (
    AlreadyAssigned,
    ApplicationsClosed,
    AwardOver,
    NotEligible,
    SelectionPending,
    SelectionTooLate,
    WorkerInactive,
)
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
    Ending,
    NobodyCalled,
    SelectionFailed,
    SlotProblem,
    WorkerAssigned,
    WorkerGateShut,
    WorkerSelected,
)
from dispatch.domain.award.state import (
    Absent,
    Assigned,
    AwardState,
    Broadcasting,
    Dossier,
    Ended,
    EndedBeforeLaunch,
    Selecting,
    Selection,
    ShutSlotRefused,
    WaitingOperator,
)
from dispatch.domain.eligibility import judge, judge_all
from dispatch.domain.ids import HoldId, SelectionId, WorkerId
from dispatch.domain.policy.state import Policy
from dispatch.domain.request import Request
from dispatch.domain.worker.events import Profile

Candidates = Mapping[WorkerId, Profile]


# The launch: three ways to begin


def decide_self_award(
    state: AwardState, request: Request, creator: Profile | None, *, selection_id: SelectionId
) -> tuple[AwardEvent, ...]:
    """`self` with a known client: the creator is chosen at once if they are eligible, else an operator must act."""
    if not isinstance(state, Absent):
        return ()
    verdict = judge(request, request.created_by, creator)
    started = AwardStarted(request=request, creator=verdict)
    if not verdict.eligible:
        return started, _shut("operator")
    return started, _select(request, request.created_by, selection_id, by="self")


def decide_first_applicant(
    state: AwardState,
    request: Request,
    creator: Profile | None,
    policy: Policy,
    candidates: Candidates,
    *,
    selection_id: SelectionId,
    now: datetime,
) -> tuple[AwardEvent, ...]:
    """`self` with a new client: the creator is the first applicant; `first_come` awards it at once, without a call.

    Else somebody picks, and a call goes out beside it where broadcasts are on. An ineligible creator waits for an operator.
    """
    if not isinstance(state, Absent):
        return ()
    verdict = judge(request, request.created_by, creator)
    started = AwardStarted(request=request, creator=verdict)
    if not verdict.eligible:
        return started, _shut("operator")
    applied = ApplicationReceived(worker_id=request.created_by, applied_at=now)
    if policy.award == "first_come":
        return started, applied, _select(request, request.created_by, selection_id, by="policy")
    return started, *_call(request, policy, candidates, now), applied, _shut("selection")


def decide_call(
    state: AwardState, request: Request, policy: Policy, candidates: Candidates, *, now: datetime
) -> tuple[AwardEvent, ...]:
    """`other`: a call to everybody eligible but the creator where broadcasts are on, else an operator must act."""
    if not isinstance(state, Absent):
        return ()
    called = _call(request, policy, candidates, now)
    opened = any(isinstance(event, BroadcastOpened) for event in called)
    return AwardStarted(request=request, creator=None), *called, _shut("applications" if opened else "operator")


def _call(request: Request, policy: Policy, candidates: Candidates, now: datetime) -> tuple[AwardEvent, ...]:
    """Call whom the policy calls; a verdict on everybody considered is kept either way."""
    if not policy.broadcast or now >= request.slot.start:
        return ()
    verdicts = judge_all(request, candidates)
    if not any(each.eligible and each.worker_id != request.created_by for each in verdicts):
        return (NobodyCalled(policy_version=policy.version, verdicts=verdicts),)
    deadline = now + timedelta(hours=policy.application_deadline_hours)
    return (
        BroadcastOpened(
            postal_code=request.postal_code,
            offer=request.offer,
            slot=request.slot,
            policy_version=policy.version,
            award=policy.award,
            deadline=min(deadline, request.slot.start),
            verdicts=verdicts,
        ),
    )


# Applications


def decide_apply(
    state: AwardState, worker_id: WorkerId, profile: Profile | None, *, selection_id: SelectionId, now: datetime
) -> tuple[AwardEvent, ...]:
    """Whom the call went to may apply up to and including its deadline, if still eligible; twice is once.
    Errors: NotFound (no call, for all this worker may know), ApplicationsClosed, NotEligible.
    """
    if isinstance(state, Absent | EndedBeforeLaunch):
        raise NotFound
    dossier = state.dossier
    if dossier.applied(worker_id):
        return ()
    call = dossier.call
    if call is None or not dossier.called(worker_id):
        raise NotFound
    if reasons := judge(dossier.request, worker_id, profile).reasons:
        raise NotEligible(rule="11", details={"reasons": list(reasons)})
    if call.closed is not None and call.closed != "deadline":
        raise ApplicationsClosed(details={"reason": call.closed})
    if now > call.deadline or call.closed == "deadline":
        raise ApplicationsClosed(instant=call.deadline, details={"reason": "deadline"})
    applied = ApplicationReceived(worker_id=worker_id, applied_at=now)
    if isinstance(state, Broadcasting):
        if call.award == "first_come":
            return applied, _select(dossier.request, worker_id, selection_id, by="policy")
        if state.lack != "selection":
            return applied, _shut("selection")
    return (applied,)


def decide_deadline(state: AwardState, *, now: datetime) -> tuple[AwardEvent, ...]:
    """The deadline ends the call, never the request: without applicants it waits for an operator."""
    if isinstance(state, Absent | EndedBeforeLaunch):
        return ()
    dossier = state.dossier
    if dossier.call is None or not dossier.open or now <= dossier.call.deadline:
        return ()
    closed = BroadcastClosed(reason="deadline")
    if isinstance(state, Broadcasting):
        return closed, _shut("selection" if dossier.pending else "operator")
    return (closed,)


# The choice, and what the calendar says to it


def decide_select(
    state: AwardState, worker_id: WorkerId, profile: Profile | None, *, selection_id: SelectionId, now: datetime
) -> tuple[AwardEvent, ...]:
    """An operator picks an applicant, or any active worker, until the slot starts.

    Errors: NotFound (request or worker), AwardOver, SelectionPending, AlreadyAssigned, WorkerInactive, SelectionTooLate.
    """
    if isinstance(state, Absent | EndedBeforeLaunch) or profile is None:
        raise NotFound
    match state:
        case Ended():
            raise AwardOver(details={"reason": state.how})
        case Selecting():
            if state.selection.worker_id == worker_id:
                return ()
            raise SelectionPending
        case Assigned():
            if state.worker_id == worker_id:
                return ()
            raise AlreadyAssigned
        case WaitingOperator() | Broadcasting() | ShutSlotRefused():
            request = state.dossier.request
        case _:
            assert_never(state)
    if not profile.active:
        raise WorkerInactive
    if request.begun(now):
        raise SelectionTooLate(instant=request.slot.start)
    return (_select(request, worker_id, selection_id, by="operator"),)


def decide_held(state: AwardState, selection_id: SelectionId, hold_id: HoldId) -> tuple[AwardEvent, ...]:
    """The slot is held, so the chosen worker is assigned; an answer to an older choice, or after the end, is nothing."""
    if not isinstance(state, Selecting) or state.selection.selection_id != selection_id:
        return ()
    assigned = WorkerAssigned(worker_id=state.selection.worker_id, selection_id=selection_id, hold_id=hold_id)
    return (assigned, BroadcastClosed(reason="assigned")) if state.dossier.open else (assigned,)


def decide_refused(
    state: AwardState,
    selection_id: SelectionId,
    reason: SlotProblem,
    candidates: Candidates,
    *,
    next_selection_id: SelectionId,
) -> tuple[AwardEvent, ...]:
    """The slot is refused: under `first_come` the next applicant who is still eligible is tried, else somebody must act.

    A slot in the past is nobody's to hold, so nobody else is tried.
    """
    if not isinstance(state, Selecting) or state.selection.selection_id != selection_id:
        return ()
    selection, dossier = state.selection, state.dossier
    failed = SelectionFailed(worker_id=selection.worker_id, selection_id=selection_id, reason=reason)
    if reason == "request_ended":
        return failed, *_end(dossier, "ended_elsewhere")
    waiting = [each.worker_id for each in dossier.pending if each.worker_id != selection.worker_id]
    if next_in_turn(state, selection_id, reason) is None:
        return failed, _shut(_lack_after(selection, dossier, bool(waiting)))
    passed: list[AwardEvent] = []
    for worker_id in waiting:
        verdict = judge(dossier.request, worker_id, candidates.get(worker_id))
        if verdict.eligible:
            return failed, *passed, _select(dossier.request, worker_id, next_selection_id, by="policy")
        passed.append(ApplicantPassed(worker_id=worker_id, reasons=verdict.reasons))
    return failed, *passed, _shut(_lack_after(selection, dossier, False))


def next_in_turn(state: AwardState, selection_id: SelectionId, reason: SlotProblem) -> Request | None:
    """The request for which a refusal makes it the next applicant's turn: then today's candidates are needed."""
    if not isinstance(state, Selecting) or state.selection.selection_id != selection_id or reason != "overlap":
        return None
    call = state.dossier.call
    return state.dossier.request if call is not None and call.award == "first_come" else None


def _lack_after(selection: Selection, dossier: Dossier, waiting: bool) -> WorkerGateLack:
    if waiting:
        return "selection"
    if dossier.open:
        return "applications"
    if selection.by != "operator" and dossier.call is None:
        return "slot_refused"
    return "operator"


# The end


def decide_confirmed(state: AwardState) -> tuple[AwardEvent, ...]:
    """The request is confirmed with the assigned worker."""
    return (AwardConfirmed(),) if isinstance(state, Assigned) and not state.confirmed else ()


def decide_end(state: AwardState, how: Ending) -> tuple[AwardEvent, ...]:
    """A request that ended leaves no open call; scheduling lets go of the slot by itself."""
    if isinstance(state, EndedBeforeLaunch | Ended):
        return ()
    if isinstance(state, Absent):
        return (AwardEnded(how=how),)
    return _end(state.dossier, how)


def _end(dossier: Dossier, how: Ending) -> tuple[AwardEvent, ...]:
    ended = AwardEnded(how=how)
    return (BroadcastClosed(reason="request_ended"), ended) if dossier.open else (ended,)


def _select(request: Request, worker_id: WorkerId, selection_id: SelectionId, *, by: Chooser) -> WorkerSelected:
    return WorkerSelected(
        worker_id=worker_id,
        selection_id=selection_id,
        slot=request.slot,
        accept_overlap=request.accepts_overlap(worker_id),
        by=by,
    )


def _shut(lack: WorkerGateLack) -> WorkerGateShut:
    return WorkerGateShut(missing=(lack,))
