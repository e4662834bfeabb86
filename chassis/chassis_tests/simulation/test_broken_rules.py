"""The simulation sees: each delivery rule broken on purpose, in the real code, breaks an invariant of some history."""

import pytest

from .breakages import BREAKAGES, Breakage
from .history import History
from .test_histories import SEED

ENOUGH = 20_000
INVARIANTS = {"twice", "order", "both", "neither", "lost", "parked twice", "skipped", "never", "blocked"}


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda each: f"rule {each.rule}, {each.name}")
def test_a_broken_rule_breaks_an_invariant(breakage: Breakage, capsys: pytest.CaptureFixture[str]) -> None:
    """With the rule whole the same histories hold: `test_histories` plays them."""
    for number in range(ENOUGH):
        problem = History(SEED + number, breakage.parts).run()
        if problem is not None:
            break
    else:
        pytest.fail(f"{ENOUGH} histories from DOORSTEP_SEED={SEED} do not notice it")
    with capsys.disabled():
        print(f"\nrule {breakage.rule}, {breakage.name}: DOORSTEP_SEED={SEED + number} ({number + 1}.): {problem}")
    assert problem.partition(":")[0] in INVARIANTS
