"""Everything dispatch can be asked to do: load, decide, append."""

from collections.abc import Mapping
from uuid import UUID

from doorstep_chassis.domain import Ref
from doorstep_chassis.work import Work

from dispatch.domain.award.decide import (
    decide_apply,
    decide_call,
    decide_confirmed,
    decide_deadline,
    decide_end,
    decide_first_applicant,
    decide_held,
    decide_refused,
    decide_select,
    decide_self_award,
    next_in_turn,
)
from dispatch.domain.award.events import Ending, SlotProblem
from dispatch.domain.award.state import AWARD, AwardState
from dispatch.domain.ids import HoldId, RequestId, SelectionId, WorkerId
from dispatch.domain.policy.decide import decide_set_policy
from dispatch.domain.policy.events import Award
from dispatch.domain.policy.state import POLICY, Policy
from dispatch.domain.request import Request
from dispatch.domain.roster.decide import decide_list
from dispatch.domain.roster.state import ROSTER, holders
from dispatch.domain.worker.decide import decide_register
from dispatch.domain.worker.events import Profile
from dispatch.domain.worker.state import WORKER, profile_of

# The register and the policy


def register_worker(work: Work, organisation_id: UUID, worker_id: WorkerId, profile: Profile) -> None:
    """Put a worker into the register as they are now, and on the rosters of their services, in one unit."""
    ref = WORKER.at(organisation_id, worker_id)
    before = work.state(ref)
    work.append(ref, *decide_register(before, worker_id, profile))
    known = profile_of(before)
    for service in sorted({*(known.services if known else ()), *profile.services}):
        roster = ROSTER.at(organisation_id, service)
        work.append(roster, *decide_list(work.state(roster), service, worker_id, profile))


def set_policy(
    work: Work, organisation_id: UUID, *, broadcast: bool, award: Award, application_deadline_hours: int
) -> Policy:
    """Say how the organisation finds workers from now on; calls that are open keep the policy they have."""
    ref = policy_of(organisation_id)
    events = decide_set_policy(
        work.state(ref), broadcast=broadcast, award=award, application_deadline_hours=application_deadline_hours
    )
    return work.append(ref, *events)


def policy_of(organisation_id: UUID) -> Ref[Policy]:
    """An organisation has one policy."""
    return POLICY.at(organisation_id, "policy")


# What people do


def apply(work: Work, organisation_id: UUID, request_id: RequestId, worker_id: WorkerId) -> None:
    """A worker would do it."""
    ref = AWARD.at(organisation_id, request_id)
    profile = _profile(work, organisation_id, worker_id)
    events = decide_apply(work.state(ref), worker_id, profile, selection_id=_selection_id(work), now=work.now)
    work.append(ref, *events)


def select(work: Work, organisation_id: UUID, request_id: RequestId, worker_id: WorkerId) -> AwardState:
    """An operator picks an applicant, or a worker directly."""
    ref = AWARD.at(organisation_id, request_id)
    profile = _profile(work, organisation_id, worker_id)
    events = decide_select(work.state(ref), worker_id, profile, selection_id=_selection_id(work), now=work.now)
    return work.append(ref, *events)


# What follows from the events of others


def launch(work: Work, organisation_id: UUID, request_id: RequestId, request: Request) -> None:
    """Begin to find a worker; only what the case needs is read."""
    ref = AWARD.at(organisation_id, request_id)
    work.expect_new(ref)
    if request.performer == "self":
        work.expect(ref, WORKER.at(organisation_id, request.created_by))
    state = work.state(ref)
    selection_id = _selection_id(work)
    if request.performer == "self" and request.known:
        creator = _profile(work, organisation_id, request.created_by)
        events = decide_self_award(state, request, creator, selection_id=selection_id)
    else:
        policy = work.state(policy_of(organisation_id))
        candidates = _holders(work, organisation_id, request) if policy.broadcast else {}
        if request.performer == "self":
            creator = _profile(work, organisation_id, request.created_by)
            events = decide_first_applicant(
                state, request, creator, policy, candidates, selection_id=selection_id, now=work.now
            )
        else:
            events = decide_call(state, request, policy, candidates, now=work.now)
    work.append(ref, *events)


def slot_held(
    work: Work, organisation_id: UUID, request_id: RequestId, selection_id: SelectionId, hold_id: HoldId
) -> None:
    """Scheduling holds the chosen worker's slot."""
    ref = AWARD.at(organisation_id, request_id)
    work.append(ref, *decide_held(work.state(ref), selection_id, hold_id))


def slot_refused(
    work: Work, organisation_id: UUID, request_id: RequestId, selection_id: SelectionId, reason: SlotProblem
) -> None:
    """Scheduling cannot hold the chosen worker's slot; whose turn it is then is judged by the roster of today."""
    ref = AWARD.at(organisation_id, request_id)
    state = work.state(ref)
    request = next_in_turn(state, selection_id, reason)
    candidates = {} if request is None else _holders(work, organisation_id, request)
    events = decide_refused(state, selection_id, reason, candidates, next_selection_id=_selection_id(work))
    work.append(ref, *events)


def confirm(work: Work, organisation_id: UUID, request_id: RequestId) -> None:
    """Intake confirmed the request."""
    ref = AWARD.at(organisation_id, request_id)
    work.append(ref, *decide_confirmed(work.state(ref)))


def end(work: Work, organisation_id: UUID, request_id: RequestId, how: Ending) -> None:
    """The request ended."""
    ref = AWARD.at(organisation_id, request_id)
    work.append(ref, *decide_end(work.state(ref), how))


def close_applications(work: Work, organisation_id: UUID, key: str) -> None:
    """The deadline for applications may have passed."""
    ref = AWARD.at(organisation_id, key)
    work.append(ref, *decide_deadline(work.state(ref), now=work.now))


def _profile(work: Work, organisation_id: UUID, worker_id: WorkerId) -> Profile | None:
    return profile_of(work.state(WORKER.at(organisation_id, worker_id)))


def _holders(work: Work, organisation_id: UUID, request: Request) -> Mapping[WorkerId, Profile]:
    return holders(work.state(ROSTER.at(organisation_id, request.offer.service)))


def _selection_id(work: Work) -> SelectionId:
    return SelectionId(work.new_id("selection"))
