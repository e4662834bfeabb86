"""What an operator sees of an award, by the state it is in."""

from typing import Any

import pytest
from dispatch.domain.award.events import (
    ApplicantPassed,
    AwardConfirmed,
    AwardEnded,
    AwardEvent,
    AwardStarted,
    BroadcastClosed,
)
from dispatch.domain.award.state import AWARD, Absent, EndedBeforeLaunch
from dispatch.domain.eligibility import Verdict
from dispatch.views.broadcast import Broadcast, broadcast

from .world import (
    ANNE,
    BRUNO,
    CHLOE,
    CREATOR,
    REQUEST,
    SELF_KNOWN,
    SELF_NEW,
    applied,
    assigned,
    failed,
    opened,
    selected,
    shut,
    started,
)

CALL = (started(), opened(ANNE, BRUNO, CHLOE), shut("applications"))


def shown(*events: AwardEvent) -> Broadcast:
    state = AWARD.fold(events)
    assert not isinstance(state, Absent | EndedBeforeLaunch)
    return broadcast(REQUEST, state)


@pytest.mark.parametrize(
    ("events", "state", "missing", "worker_id"),
    [
        ((started(), shut("operator")), "waiting_operator", ("operator",), None),
        (CALL, "broadcasting", ("applications",), None),
        ((*CALL, applied(ANNE), shut("selection")), "broadcasting", ("selection",), None),
        ((*CALL, BroadcastClosed(reason="deadline"), shut("operator")), "waiting_operator", ("operator",), None),
        ((*CALL, selected(ANNE)), "selecting", ("slot",), ANNE),
        (
            (started(SELF_KNOWN), selected(CREATOR, "self"), failed(CREATOR), shut("slot_refused")),
            "slot_refused",
            ("slot_refused",),
            None,
        ),
        ((*CALL, selected(ANNE), assigned(ANNE)), "assigned", (), ANNE),
        ((*CALL, selected(ANNE), assigned(ANNE), AwardConfirmed()), "confirmed", (), ANNE),
        ((*CALL, selected(ANNE), assigned(ANNE), AwardEnded(how="cancelled")), "ended", (), None),
    ],
)
def test_state_and_what_is_missing(events: tuple[AwardEvent, ...], state: str, missing: Any, worker_id: Any) -> None:
    found = shown(*events)
    assert (found.state, found.missing, found.worker_id) == (state, missing, worker_id)


def test_what_became_of_each_application() -> None:
    tried = (
        *CALL,
        applied(ANNE),
        applied(BRUNO),
        applied(CHLOE),
        selected(ANNE),
        failed(ANNE),
        ApplicantPassed(worker_id=BRUNO, reasons=("inactive",)),
        shut("selection"),
    )

    def standings(*events: AwardEvent) -> list[str]:
        return [each.state for each in shown(*events).applications]

    assert standings(*tried) == ["refused", "refused", "applied"]
    assert standings(*tried, selected(CHLOE)) == ["refused", "refused", "selected"]
    assert standings(*tried, assigned(CHLOE)) == ["refused", "refused", "assigned"]
    assert standings(*tried, assigned(ANNE)) == ["assigned", "refused", "not_chosen"]
    assert standings(*tried, AwardEnded(how="expired")) == ["refused", "refused", "ended"]
    assert [(each.worker_id, each.reasons) for each in shown(*tried).refusals] == [
        (ANNE, ("overlap",)),
        (BRUNO, ("inactive",)),
    ]


def test_the_creators_own_verdict_stands_first_and_once() -> None:
    verdict = Verdict(worker_id=CREATOR, reasons=("inactive",))
    alone = shown(AwardStarted(request=SELF_KNOWN, creator=verdict), shut("operator"))
    assert [(each.worker_id, each.eligible, each.reasons) for each in alone.verdicts] == [
        (CREATOR, False, ("inactive",))
    ]
    called = shown(started(SELF_NEW), opened(CREATOR, ANNE), applied(CREATOR), shut("selection"))
    assert [each.worker_id for each in called.verdicts] == [CREATOR, ANNE]


def test_the_call_keeps_its_policy_and_says_why_it_is_closed() -> None:
    assert shown(started(), shut("operator")).call is None
    call = shown(*CALL, BroadcastClosed(reason="deadline"), shut("operator")).call
    assert call is not None
    assert (call.policy_version, call.award, call.closed) == (1, "operator_picks", "deadline")
