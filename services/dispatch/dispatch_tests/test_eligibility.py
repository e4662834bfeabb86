"""Rule 11: a verdict on everybody considered, with everything that stands against them."""

import pytest
from dispatch.domain.eligibility import Reason, Verdict, judge, judge_all
from dispatch.domain.ids import WorkerId
from dispatch.domain.request import Request
from dispatch.domain.worker.events import Profile

from .world import ANNE, BRUNO, CLEANER, CREATOR, OTHER, PARISIAN, PLUMBER, RETIRED, SELF_KNOWN

NOTHING = Profile.of(active=False, services=[], postal_codes=[], postal_prefixes=[])


@pytest.mark.parametrize(
    ("request_", "worker_id", "profile", "reasons"),
    [
        (OTHER, ANNE, CLEANER, ()),
        (OTHER, ANNE, RETIRED, ("inactive",)),
        (OTHER, ANNE, PLUMBER, ("service_not_held",)),
        (OTHER, ANNE, PARISIAN, ("postal_code_not_served",)),
        (OTHER, ANNE, NOTHING, ("inactive", "service_not_held", "postal_code_not_served")),
        (OTHER, ANNE, None, ("not_registered",)),
        (OTHER, CREATOR, CLEANER, ("creator_asks_for_another",)),
        (OTHER, CREATOR, RETIRED, ("creator_asks_for_another", "inactive")),
        (SELF_KNOWN, CREATOR, CLEANER, ()),
    ],
)
def test_verdict(request_: Request, worker_id: WorkerId, profile: Profile | None, reasons: tuple[Reason, ...]) -> None:
    verdict = judge(request_, worker_id, profile)
    assert verdict == Verdict(worker_id=worker_id, reasons=reasons)
    assert verdict.eligible is (reasons == ())


def test_everybody_gets_a_verdict() -> None:
    assert judge_all(OTHER, {ANNE: RETIRED, BRUNO: CLEANER}) == (
        Verdict(worker_id=ANNE, reasons=("inactive",)),
        Verdict(worker_id=BRUNO, reasons=()),
    )
