"""How a request finds its worker, by the state the search is in."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from dispatch.domain.award import decide
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
    AwardConfirmed,
    AwardEnded,
    AwardEvent,
    AwardStarted,
    BroadcastClosed,
    NobodyCalled,
)
from dispatch.domain.award.state import AWARD, AwardState
from dispatch.domain.eligibility import Verdict
from dispatch.domain.ids import SelectionId, WorkerId
from dispatch.domain.policy.state import Policy
from dispatch.domain.request import Request
from dispatch.domain.worker.events import Profile
from doorstep_chassis.errors import DomainError, NotFound

from .world import (
    ANNE,
    BRUNO,
    CHLOE,
    CLEANER,
    CREATOR,
    DEADLINE,
    HOLD,
    NOW,
    OTHER,
    PARISIAN,
    PLUMBER,
    RETIRED,
    S1,
    S2,
    SELF_KNOWN,
    SELF_NEW,
    SLOT,
    applied,
    assigned,
    failed,
    opened,
    selected,
    shut,
    started,
)

OFF = Policy()
ON = Policy(version=1, broadcast=True)
FIRST_COME = Policy(version=1, broadcast=True, award="first_come")
TICK = timedelta(microseconds=1)


def given(*events: AwardEvent) -> AwardState:
    return AWARD.fold(events)


def apply(state: AwardState, worker_id: WorkerId, profile: Profile | None = CLEANER, **changes: Any) -> Any:
    return decide.decide_apply(state, worker_id, profile, **{"selection_id": S1, "now": NOW, **changes})


def select(state: AwardState, worker_id: WorkerId, profile: Profile | None = CLEANER, **changes: Any) -> Any:
    return decide.decide_select(state, worker_id, profile, **{"selection_id": S1, "now": NOW, **changes})


def refuse(
    state: AwardState,
    reason: Any = "overlap",
    candidates: Mapping[WorkerId, Profile] | None = None,
    selection_id: SelectionId = S1,
) -> Sequence[AwardEvent]:
    return decide.decide_refused(state, selection_id, reason, candidates or {}, next_selection_id=S2)


def refusal(error: type[DomainError], decision: Any) -> DomainError:
    with pytest.raises(error) as caught:
        decision()
    return caught.value


class TestAbsentSelfKnown:
    """`self` with a known client."""

    def launch(self, creator: Profile | None, request: Request = SELF_KNOWN) -> Sequence[AwardEvent]:
        return decide.decide_self_award(given(), request, creator, selection_id=S1)

    def test_an_eligible_creator_is_chosen_at_once(self) -> None:
        assert self.launch(CLEANER) == (started(SELF_KNOWN), selected(CREATOR, "self"))

    def test_their_accepted_overlap_goes_with_the_choice(self) -> None:
        request = SELF_KNOWN.model_copy(update={"accept_overlap": True})
        assert self.launch(CLEANER, request) == (started(request), selected(CREATOR, "self", accept_overlap=True))

    @pytest.mark.parametrize(
        ("profile", "reason"),
        [(None, "not_registered"), (RETIRED, "inactive"), (PLUMBER, "service_not_held")],
    )
    def test_an_ineligible_creator_waits_for_an_operator_who_can_read_why(
        self, profile: Profile | None, reason: Any
    ) -> None:
        verdict = Verdict(worker_id=CREATOR, reasons=(reason,))
        assert self.launch(profile) == (AwardStarted(request=SELF_KNOWN, creator=verdict), shut("operator"))


class TestAbsentSelfNew:
    """`self` with a new client."""

    def launch(
        self,
        policy: Policy,
        creator: Profile | None = CLEANER,
        candidates: Mapping[WorkerId, Profile] | None = None,
    ) -> Sequence[AwardEvent]:
        return decide.decide_first_applicant(
            given(), SELF_NEW, creator, policy, candidates or {}, selection_id=S1, now=NOW
        )

    def test_without_broadcasts_the_creator_is_the_one_applicant(self) -> None:
        assert self.launch(OFF) == (started(SELF_NEW), applied(CREATOR), shut("selection"))

    def test_with_broadcasts_the_creator_is_the_first_of_more(self) -> None:
        candidates = {CREATOR: CLEANER, ANNE: CLEANER}
        assert self.launch(ON, candidates=candidates) == (
            started(SELF_NEW),
            opened(CREATOR, ANNE),
            applied(CREATOR),
            shut("selection"),
        )

    def test_where_nobody_else_can_be_called_no_call_opens(self) -> None:
        assert self.launch(ON, candidates={CREATOR: CLEANER}) == (
            started(SELF_NEW),
            NobodyCalled(policy_version=1, verdicts=(Verdict(worker_id=CREATOR, reasons=()),)),
            applied(CREATOR),
            shut("selection"),
        )

    @pytest.mark.parametrize("policy", [FIRST_COME, Policy(version=1, award="first_come")])
    def test_first_come_awards_the_creator_at_once_and_calls_nobody(self, policy: Policy) -> None:
        assert self.launch(policy, candidates={CREATOR: CLEANER, ANNE: CLEANER}) == (
            started(SELF_NEW),
            applied(CREATOR),
            selected(CREATOR, "policy"),
        )

    def test_an_ineligible_creator_waits_for_an_operator(self) -> None:
        verdict = Verdict(worker_id=CREATOR, reasons=("postal_code_not_served",))
        assert self.launch(ON, PARISIAN, {ANNE: CLEANER}) == (
            AwardStarted(request=SELF_NEW, creator=verdict),
            shut("operator"),
        )


class TestAbsentOther:
    """`other`."""

    def launch(
        self, policy: Policy, candidates: Mapping[WorkerId, Profile] | None = None, **changes: Any
    ) -> Sequence[AwardEvent]:
        return decide.decide_call(given(), OTHER, policy, candidates or {}, **{"now": NOW, **changes})

    def test_without_broadcasts_an_operator_must_act(self) -> None:
        assert self.launch(OFF, {ANNE: CLEANER}) == (started(), shut("operator"))

    def test_the_eligible_are_called_the_creator_is_not_and_every_verdict_is_kept(self) -> None:
        candidates = {CREATOR: CLEANER, ANNE: CLEANER, BRUNO: RETIRED, CHLOE: PARISIAN}
        call = opened(ANNE).model_copy(
            update={
                "verdicts": (
                    Verdict(worker_id=CREATOR, reasons=("creator_asks_for_another",)),
                    Verdict(worker_id=ANNE, reasons=()),
                    Verdict(worker_id=BRUNO, reasons=("inactive",)),
                    Verdict(worker_id=CHLOE, reasons=("postal_code_not_served",)),
                )
            }
        )
        assert self.launch(ON, candidates) == (started(), call, shut("applications"))

    def test_the_call_keeps_the_policy_it_was_opened_under(self) -> None:
        policy = Policy(version=7, broadcast=True, award="first_come", application_deadline_hours=2)
        call = opened(ANNE, award="first_come", deadline=NOW + timedelta(hours=2)).model_copy(
            update={"policy_version": 7}
        )
        assert self.launch(policy, {ANNE: CLEANER}) == (started(), call, shut("applications"))

    def test_no_deadline_is_later_than_the_start_of_the_slot(self) -> None:
        policy = Policy(version=1, broadcast=True, application_deadline_hours=24 * 30)
        assert self.launch(policy, {ANNE: CLEANER}) == (
            started(),
            opened(ANNE, deadline=SLOT.start),
            shut("applications"),
        )

    def test_nobody_is_called_once_the_slot_starts(self) -> None:
        assert self.launch(ON, {ANNE: CLEANER}, now=SLOT.start) == (started(), shut("operator"))

    def test_where_nobody_is_eligible_an_operator_must_act_and_can_read_why(self) -> None:
        assert self.launch(ON, {ANNE: RETIRED}) == (
            started(),
            NobodyCalled(policy_version=1, verdicts=(Verdict(worker_id=ANNE, reasons=("inactive",)),)),
            shut("operator"),
        )


class TestAbsent:
    def test_answers_of_scheduling_and_deadlines_mean_nothing(self) -> None:
        assert decide.decide_held(given(), S1, HOLD) == ()
        assert refuse(given()) == ()
        assert decide.decide_deadline(given(), now=DEADLINE + TICK) == ()
        assert decide.decide_confirmed(given()) == ()

    def test_there_is_nothing_to_apply_for_or_to_choose_for(self) -> None:
        refusal(NotFound, lambda: apply(given(), ANNE))
        refusal(NotFound, lambda: select(given(), ANNE))

    def test_an_end_is_remembered(self) -> None:
        assert decide.decide_end(given(), "cancelled") == (AwardEnded(how="cancelled"),)


class TestEndedBeforeLaunch:
    state = given(AwardEnded(how="expired"))

    def test_a_late_launch_starts_nothing(self) -> None:
        assert decide.decide_self_award(self.state, SELF_KNOWN, CLEANER, selection_id=S1) == ()
        assert decide.decide_call(self.state, OTHER, ON, {ANNE: CLEANER}, now=NOW) == ()
        assert (
            decide.decide_first_applicant(self.state, SELF_NEW, CLEANER, FIRST_COME, {}, selection_id=S1, now=NOW) == ()
        )

    def test_a_second_end_is_nothing(self) -> None:
        assert decide.decide_end(self.state, "cancelled") == ()

    def test_there_is_nothing_to_apply_for_or_to_choose_for(self) -> None:
        refusal(NotFound, lambda: apply(self.state, ANNE))
        refusal(NotFound, lambda: select(self.state, ANNE))


class TestWaitingOperator:
    state = given(started(), shut("operator"))

    def test_an_operator_assigns_any_active_worker(self) -> None:
        assert select(self.state, ANNE) == (selected(ANNE),)
        assert select(self.state, ANNE, PARISIAN) == (selected(ANNE),)

    def test_not_an_unknown_or_inactive_one(self) -> None:
        refusal(NotFound, lambda: select(self.state, ANNE, None))
        assert refusal(WorkerInactive, lambda: select(self.state, ANNE, RETIRED)).code == "worker_inactive"

    def test_until_the_slot_starts(self) -> None:
        assert select(self.state, ANNE, now=SLOT.start) == (selected(ANNE),)
        late = refusal(SelectionTooLate, lambda: select(self.state, ANNE, now=SLOT.start + TICK))
        assert (late.code, late.instant) == ("selection_too_late", SLOT.start)

    def test_no_call_no_application(self) -> None:
        refusal(NotFound, lambda: apply(self.state, ANNE))

    def test_a_creator_who_is_the_applicant_already_need_not_apply(self) -> None:
        state = given(started(SELF_NEW), applied(CREATOR), shut("selection"))
        assert apply(state, CREATOR) == ()
        refusal(NotFound, lambda: apply(state, ANNE))

    def test_the_creators_accepted_overlap_counts_for_the_creator_alone(self) -> None:
        request = SELF_NEW.model_copy(update={"accept_overlap": True})
        state = given(started(request), applied(CREATOR), shut("selection"))
        assert select(state, CREATOR) == (selected(CREATOR, accept_overlap=True),)
        assert select(state, ANNE) == (selected(ANNE),)

    def test_a_second_launch_starts_nothing(self) -> None:
        assert decide.decide_call(self.state, OTHER, ON, {ANNE: CLEANER}, now=NOW) == ()

    def test_an_end_ends(self) -> None:
        assert decide.decide_end(self.state, "declined") == (AwardEnded(how="declined"),)


class TestBroadcasting:
    state = given(started(), opened(ANNE, BRUNO), shut("applications"))
    first_come = given(started(), opened(ANNE, BRUNO, award="first_come"), shut("applications"))

    def test_who_was_called_may_apply_and_an_operator_picks(self) -> None:
        assert apply(self.state, ANNE) == (applied(ANNE), shut("selection"))

    def test_the_next_application_changes_nothing_in_what_is_missing(self) -> None:
        state = given(started(), opened(ANNE, BRUNO), shut("applications"), applied(ANNE), shut("selection"))
        assert apply(state, BRUNO) == (applied(BRUNO),)

    def test_twice_is_once(self) -> None:
        state = given(started(), opened(ANNE, BRUNO), shut("applications"), applied(ANNE), shut("selection"))
        assert apply(state, ANNE) == ()
        assert apply(state, ANNE, RETIRED, now=DEADLINE + TICK) == ()

    def test_first_come_awards_the_first(self) -> None:
        assert apply(self.first_come, BRUNO) == (applied(BRUNO), selected(BRUNO, "policy"))

    def test_the_deadline_is_inclusive_and_judged_by_the_act(self) -> None:
        assert apply(self.state, ANNE, now=DEADLINE) == (applied(ANNE, DEADLINE), shut("selection"))
        late = refusal(ApplicationsClosed, lambda: apply(self.state, ANNE, now=DEADLINE + TICK))
        assert (late.code, late.instant, dict(late.details)) == (
            "applications_closed",
            DEADLINE,
            {"reason": "deadline"},
        )

    @pytest.mark.parametrize(
        ("worker_id", "profile", "reasons"),
        [
            (ANNE, RETIRED, ["inactive"]),
            (ANNE, None, ["not_registered"]),
            (ANNE, PARISIAN, ["postal_code_not_served"]),
        ],
    )
    def test_who_is_not_eligible_any_more_is_told_why(
        self, worker_id: WorkerId, profile: Profile | None, reasons: list[str]
    ) -> None:
        problem = refusal(NotEligible, lambda: apply(self.state, worker_id, profile))
        assert (problem.code, dict(problem.details)) == ("not_eligible", {"reasons": reasons})

    @pytest.mark.parametrize("profile", [CLEANER, RETIRED, None])
    @pytest.mark.parametrize("worker_id", [CHLOE, CREATOR])
    def test_to_who_was_not_called_there_is_no_call(self, worker_id: WorkerId, profile: Profile | None) -> None:
        refusal(NotFound, lambda: apply(self.state, worker_id, profile))

    def test_an_operator_picks_or_assigns_directly(self) -> None:
        assert select(self.state, BRUNO) == (selected(BRUNO),)
        assert select(self.state, CHLOE, PARISIAN) == (selected(CHLOE),)

    def test_the_deadline_passes_without_applicants(self) -> None:
        assert decide.decide_deadline(self.state, now=DEADLINE) == ()
        assert decide.decide_deadline(self.state, now=DEADLINE + TICK) == (
            BroadcastClosed(reason="deadline"),
            shut("operator"),
        )

    def test_the_deadline_passes_with_applicants(self) -> None:
        state = given(started(), opened(ANNE, BRUNO), shut("applications"), applied(ANNE), shut("selection"))
        assert decide.decide_deadline(state, now=DEADLINE + TICK) == (
            BroadcastClosed(reason="deadline"),
            shut("selection"),
        )

    def test_an_end_closes_the_call(self) -> None:
        assert decide.decide_end(self.state, "cancelled") == (
            BroadcastClosed(reason="request_ended"),
            AwardEnded(how="cancelled"),
        )


class TestClosedByDeadline:
    state = given(
        started(),
        opened(ANNE, BRUNO),
        shut("applications"),
        applied(ANNE),
        shut("selection"),
        BroadcastClosed(reason="deadline"),
        shut("selection"),
    )

    def test_no_more_applications_and_why(self) -> None:
        late = refusal(ApplicationsClosed, lambda: apply(self.state, BRUNO))
        assert (late.instant, dict(late.details)) == (DEADLINE, {"reason": "deadline"})

    def test_it_closes_once(self) -> None:
        assert decide.decide_deadline(self.state, now=DEADLINE + TICK) == ()

    def test_an_operator_still_picks(self) -> None:
        assert select(self.state, ANNE) == (selected(ANNE),)

    def test_an_end_closes_nothing_twice(self) -> None:
        assert decide.decide_end(self.state, "expired") == (AwardEnded(how="expired"),)


class TestSelectingSelf:
    """The creator of a `self` request has been chosen, and no call is open."""

    by_self = given(started(SELF_KNOWN), selected(CREATOR, "self"))
    by_policy = given(started(SELF_NEW), applied(CREATOR), selected(CREATOR, "policy"))

    def test_a_held_slot_assigns(self) -> None:
        assert decide.decide_held(self.by_self, S1, HOLD) == (assigned(CREATOR),)

    @pytest.mark.parametrize("reason", ["overlap", "slot_in_past"])
    def test_a_refused_slot_is_what_the_gate_lacks_and_nobody_is_called(self, reason: Any) -> None:
        for state in (self.by_self, self.by_policy):
            assert refuse(state, reason, {ANNE: CLEANER}) == (failed(CREATOR, reason), shut("slot_refused"))


class TestSelectingByOperator:
    direct = given(started(), shut("operator"), selected(ANNE))
    picked = given(
        started(),
        opened(ANNE, BRUNO),
        shut("applications"),
        applied(ANNE),
        shut("selection"),
        applied(BRUNO),
        selected(ANNE),
    )

    def test_a_held_slot_assigns_and_closes_the_call(self) -> None:
        assert decide.decide_held(self.direct, S1, HOLD) == (assigned(ANNE),)
        assert decide.decide_held(self.picked, S1, HOLD) == (assigned(ANNE), BroadcastClosed(reason="assigned"))

    def test_a_refused_slot_leaves_the_other_applicants_to_pick_from(self) -> None:
        assert refuse(self.picked) == (failed(ANNE), shut("selection"))

    def test_a_refused_slot_leaves_the_call_open_where_nobody_else_applied(self) -> None:
        state = given(started(), opened(ANNE), shut("applications"), applied(ANNE), shut("selection"), selected(ANNE))
        assert refuse(state) == (failed(ANNE), shut("applications"))

    def test_a_refused_slot_leaves_an_operator_where_there_is_no_call(self) -> None:
        assert refuse(self.direct) == (failed(ANNE), shut("operator"))

    def test_answers_to_another_choice_mean_nothing(self) -> None:
        assert decide.decide_held(self.direct, S2, HOLD) == ()
        assert refuse(self.direct, selection_id=S2) == ()

    def test_the_same_choice_again_is_nothing_another_one_waits(self) -> None:
        assert select(self.direct, ANNE) == ()
        assert refusal(SelectionPending, lambda: select(self.direct, BRUNO)).code == "selection_pending"

    def test_applications_go_on_and_nothing_betrays_the_choice(self) -> None:
        state = given(started(), opened(ANNE, BRUNO), shut("applications"), selected(ANNE))
        assert apply(state, BRUNO) == (applied(BRUNO),)

    def test_the_deadline_closes_the_call_and_the_choice_stands(self) -> None:
        assert decide.decide_deadline(self.picked, now=DEADLINE + TICK) == (BroadcastClosed(reason="deadline"),)
        state = AWARD.evolve(self.picked, BroadcastClosed(reason="deadline"))
        assert decide.decide_held(state, S1, HOLD) == (assigned(ANNE),)
        assert refuse(state) == (failed(ANNE), shut("selection"))

    def test_an_end_closes_the_call(self) -> None:
        assert decide.decide_end(self.picked, "cancelled") == (
            BroadcastClosed(reason="request_ended"),
            AwardEnded(how="cancelled"),
        )

    def test_a_refusal_may_be_the_first_to_tell_of_an_end(self) -> None:
        assert refuse(self.picked, "request_ended") == (
            failed(ANNE, "request_ended"),
            BroadcastClosed(reason="request_ended"),
            AwardEnded(how="ended_elsewhere"),
        )


class TestSelectingByFirstCome:
    state = given(
        started(),
        opened(ANNE, BRUNO, CHLOE, award="first_come"),
        shut("applications"),
        applied(ANNE),
        selected(ANNE, "policy"),
        applied(BRUNO),
        applied(CHLOE),
    )

    def test_a_refused_slot_makes_it_the_next_ones_turn(self) -> None:
        assert refuse(self.state, candidates={BRUNO: CLEANER, CHLOE: CLEANER}) == (
            failed(ANNE),
            selected(BRUNO, "policy", S2),
        )

    def test_who_is_not_eligible_any_more_is_passed(self) -> None:
        assert refuse(self.state, candidates={BRUNO: RETIRED, CHLOE: CLEANER}) == (
            failed(ANNE),
            ApplicantPassed(worker_id=BRUNO, reasons=("inactive",)),
            selected(CHLOE, "policy", S2),
        )

    def test_after_the_last_the_call_goes_on(self) -> None:
        assert refuse(self.state, candidates={BRUNO: RETIRED}) == (
            failed(ANNE),
            ApplicantPassed(worker_id=BRUNO, reasons=("inactive",)),
            ApplicantPassed(worker_id=CHLOE, reasons=("not_registered",)),
            shut("applications"),
        )

    def test_after_the_last_and_the_deadline_an_operator_must_act(self) -> None:
        state = AWARD.evolve(self.state, BroadcastClosed(reason="deadline"))
        assert refuse(state)[-1] == shut("operator")

    def test_who_was_refused_or_passed_has_had_their_turn(self) -> None:
        again = given(
            started(),
            opened(ANNE, BRUNO, CHLOE, award="first_come"),
            shut("applications"),
            applied(ANNE),
            selected(ANNE, "policy"),
            applied(BRUNO),
            applied(CHLOE),
            failed(ANNE),
            ApplicantPassed(worker_id=BRUNO, reasons=("inactive",)),
            selected(CHLOE, "policy", S2),
        )
        assert refuse(again, candidates={ANNE: CLEANER, BRUNO: CLEANER}, selection_id=S2) == (
            failed(CHLOE, selection_id=S2),
            shut("applications"),
        )

    def test_a_slot_in_the_past_is_nobodys_to_hold(self) -> None:
        assert refuse(self.state, "slot_in_past", {BRUNO: CLEANER}) == (
            failed(ANNE, "slot_in_past"),
            shut("selection"),
        )

    def test_another_applicant_waits_for_their_turn(self) -> None:
        state = given(
            started(),
            opened(ANNE, BRUNO, award="first_come"),
            shut("applications"),
            applied(ANNE),
            selected(ANNE, "policy"),
        )
        assert apply(state, BRUNO, selection_id=S2) == (applied(BRUNO),)

    def test_after_a_refusal_without_others_the_next_application_wins(self) -> None:
        state = given(
            started(),
            opened(ANNE, BRUNO, award="first_come"),
            shut("applications"),
            applied(ANNE),
            selected(ANNE, "policy"),
            failed(ANNE),
            shut("applications"),
        )
        assert apply(state, BRUNO, selection_id=S2) == (applied(BRUNO), selected(BRUNO, "policy", S2))


class TestShutSlotRefused:
    state = given(started(SELF_KNOWN), selected(CREATOR, "self"), failed(CREATOR), shut("slot_refused"))

    def test_an_operator_hands_the_request_on(self) -> None:
        assert select(self.state, ANNE, selection_id=S2) == (selected(ANNE, selection_id=S2),)

    def test_or_tries_the_creator_again_and_then_must_act_themselves(self) -> None:
        state = AWARD.evolve(self.state, selected(CREATOR, selection_id=S2))
        assert refuse(state, selection_id=S2) == (failed(CREATOR, selection_id=S2), shut("operator"))

    def test_a_late_answer_to_the_refused_choice_means_nothing(self) -> None:
        assert decide.decide_held(self.state, S1, HOLD) == ()
        assert refuse(self.state) == ()

    def test_an_end_ends(self) -> None:
        assert decide.decide_end(self.state, "expired") == (AwardEnded(how="expired"),)


class TestAssigned:
    state = given(
        started(),
        opened(ANNE, BRUNO),
        shut("applications"),
        selected(ANNE),
        assigned(ANNE),
        BroadcastClosed(reason="assigned"),
    )

    def test_the_same_answer_again_is_nothing(self) -> None:
        assert decide.decide_held(self.state, S1, HOLD) == ()
        assert refuse(self.state) == ()

    def test_the_same_choice_again_is_nothing_another_is_refused(self) -> None:
        assert select(self.state, ANNE) == ()
        assert refusal(AlreadyAssigned, lambda: select(self.state, BRUNO)).code == "already_assigned"

    def test_no_more_applications_and_why(self) -> None:
        problem = refusal(ApplicationsClosed, lambda: apply(self.state, BRUNO))
        assert (problem.instant, dict(problem.details)) == (None, {"reason": "assigned"})

    def test_the_deadline_means_nothing_any_more(self) -> None:
        assert decide.decide_deadline(self.state, now=DEADLINE + TICK) == ()

    def test_the_request_is_confirmed_once(self) -> None:
        assert decide.decide_confirmed(self.state) == (AwardConfirmed(),)
        assert decide.decide_confirmed(AWARD.evolve(self.state, AwardConfirmed())) == ()

    def test_an_end_ends(self) -> None:
        confirmed = AWARD.evolve(self.state, AwardConfirmed())
        for state in (self.state, confirmed):
            assert decide.decide_end(state, "cancelled") == (AwardEnded(how="cancelled"),)


class TestEnded:
    state = given(
        started(),
        opened(ANNE, BRUNO),
        shut("applications"),
        selected(ANNE),
        BroadcastClosed(reason="request_ended"),
        AwardEnded(how="declined"),
    )

    def test_nothing_follows_from_what_comes_late(self) -> None:
        assert decide.decide_held(self.state, S1, HOLD) == ()
        assert refuse(self.state) == ()
        assert decide.decide_deadline(self.state, now=DEADLINE + TICK) == ()
        assert decide.decide_confirmed(self.state) == ()
        assert decide.decide_end(self.state, "cancelled") == ()
        assert decide.decide_call(self.state, OTHER, ON, {ANNE: CLEANER}, now=NOW) == ()

    def test_nobody_is_chosen_any_more_not_even_again(self) -> None:
        problem = refusal(AwardOver, lambda: select(self.state, ANNE))
        assert (problem.code, dict(problem.details)) == ("award_over", {"reason": "declined"})

    def test_no_more_applications_and_why(self) -> None:
        problem = refusal(ApplicationsClosed, lambda: apply(self.state, BRUNO))
        assert dict(problem.details) == {"reason": "request_ended"}
