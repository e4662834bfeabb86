"""How an organisation finds workers."""

import pytest
from dispatch.domain.policy.decide import decide_set_policy
from dispatch.domain.policy.errors import RankingNotAvailable
from dispatch.domain.policy.events import PolicySet
from dispatch.domain.policy.state import POLICY, Policy

ON = PolicySet(version=1, broadcast=True, award="first_come", application_deadline_hours=12)


class TestNeverSet:
    never = POLICY.fold([])

    def test_broadcasts_are_off_an_operator_picks_and_calls_last_a_day(self) -> None:
        assert self.never == Policy(version=0, broadcast=False, award="operator_picks", application_deadline_hours=24)

    def test_to_set_what_holds_anyway_is_nothing(self) -> None:
        assert (
            decide_set_policy(self.never, broadcast=False, award="operator_picks", application_deadline_hours=24) == ()
        )

    def test_the_first_one_is_version_1(self) -> None:
        assert decide_set_policy(self.never, broadcast=True, award="first_come", application_deadline_hours=12) == (ON,)


class TestSet:
    policy = POLICY.fold([ON])

    def test_each_change_is_a_version(self) -> None:
        assert decide_set_policy(self.policy, broadcast=False, award="first_come", application_deadline_hours=12) == (
            PolicySet(version=2, broadcast=False, award="first_come", application_deadline_hours=12),
        )

    def test_the_same_again_is_nothing(self) -> None:
        assert decide_set_policy(self.policy, broadcast=True, award="first_come", application_deadline_hours=12) == ()

    def test_nothing_ranks_applicants(self) -> None:
        with pytest.raises(RankingNotAvailable) as refusal:
            decide_set_policy(self.policy, broadcast=True, award="best_ranked", application_deadline_hours=12)
        assert (refusal.value.code, refusal.value.field) == ("ranking_not_available", "award")
